"""Mutating an answer: a pure function of the request, the right answer, and what was remembered of earlier ones."""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from hostile.message import Asked, Reply

from .cells import EXTREMES, WRONG_TYPES, Cell, Part

#: There is nothing there.
NOTHING = object()


@dataclass
class Memory:
    """The right answers so far that showed one resource: of each resource the newest, and the one before."""

    newest: dict[str, Reply] = field(default_factory=dict)
    before: dict[str, Reply] = field(default_factory=dict)

    def note(self, reply: Reply) -> None:
        """Take in an answer."""
        name, version = _name_of(reply), _version_of(reply)
        if not name or not version:
            return
        last = self.newest.get(name)
        if last is not None and _version_of(last) != version:
            self.before[name] = last
        self.newest[name] = reply

    def previous(self, name: str, version: str) -> Reply | None:
        """The answer that showed the version before this one."""
        last = self.newest.get(name)
        return last if last is not None and _version_of(last) != version else self.before.get(name)

    def other(self, name: str, unlike: Callable[[Reply], bool] = lambda _: True) -> Reply | None:
        """An answer about another resource of the same type: of those that are unlike, the newest."""
        kind = name.partition("/")[0]
        others = (
            self.newest[key]
            for key in reversed(self.newest)
            if key != name and key.startswith(f"{kind}/")
        )
        return next(filter(unlike, others), None)


def interaction_of(asked: Asked, reply: Reply) -> str:
    """Which interaction an answer belongs to; empty for one that no cell speaks of."""
    if asked.is_statement or asked.method == "DELETE":
        return ""
    if reply.is_refusal:
        return "refusal"
    if reply.status == 201:
        return "create"
    if asked.method == "GET":
        return _reading(asked, reply)
    return {"PUT": "update", "PATCH": "patch"}.get(asked.method, "")


def _reading(asked: Asked, reply: Reply) -> str:
    if reply.status != 200:
        return ""
    if asked.is_history:
        return "history"
    return "search" if asked.criteria else "read"


def mutated(cell: Cell, asked: Asked, reply: Reply, memory: Memory) -> Reply:
    """The answer as the cell has it; the same one when it is about another interaction, or has nothing to change."""
    if interaction_of(asked, reply) != cell.interaction:
        return reply
    return _CHANGES[cell.part.of](cell, asked, reply, memory)


def same(one: Reply, other: Reply) -> bool:
    """Whether two answers say the same, however their JSON is written."""
    alike = (one.status, dict(one.headers)) == (other.status, dict(other.headers))
    return alike and (one.body == other.body or _parsed(one) == _parsed(other))


def _parsed(reply: Reply) -> Any:
    """The body as JSON; one that nobody can parse as it is."""
    try:
        return reply.json or reply.body
    except RecursionError:
        return reply.body


# ---------------------------------------------------------------- status


#: A status of another class.
_OTHER_CLASS = {2: 500, 4: 200}


def _status(cell: Cell, asked: Asked, reply: Reply, memory: Memory) -> Reply:
    if cell.mutation == "one-off":
        return replace(reply, status=reply.status + 1)
    return replace(reply, status=_OTHER_CLASS[reply.status // 100])


# ---------------------------------------------------------------- headers


def _header(cell: Cell, asked: Asked, reply: Reply, memory: Memory) -> Reply:
    name = str(cell.part.path[0])
    now = reply.header(name.lower())
    if not now:
        return reply
    source = _source(cell.mutation, asked, reply, memory)
    given: Mapping[str, Callable[[], str | None]] = {
        "absent": lambda: None,
        "empty": lambda: "",
        "string": lambda: "ifmatch",
        "extreme": lambda: EXTREMES[cell.part.name],
        "one-off": lambda: _one_off_in(name, now),
        "sent": lambda: asked.header({"ETag": "if-match"}.get(name, name.lower())) or now,
        "previous": lambda: source.header(name.lower()) if source else now,
        "other": lambda: source.header(name.lower()) if source else now,
    }
    return reply.but(**{name.replace("-", "_").lower(): given[cell.mutation]()})


def _one_off_in(name: str, value: str) -> str:
    """A header with one character changed, in the part of it that carries its meaning."""
    if name in ("Date", "Last-Modified"):
        second = re.search(r"\d(?= GMT)", value)
        assert second is not None
        return f"{value[: second.start()]}{(int(second[0]) + 1) % 10}{value[second.end() :]}"
    if name == "Content-Type":
        media_type, semicolon, rest = value.partition(";")
        return _one_off(media_type) + semicolon + rest
    return f'{_one_off(value[:-1])}"' if value.endswith('"') else _one_off(value)


def _one_off(text: str) -> str:
    """A text with its last character changed into another of its sort."""
    if text.endswith("Z"):  # of an instant the last digit
        return _one_off(text[:-1]) + "Z"
    last = text[-1:]
    if last.isdigit():
        return text[:-1] + str((int(last) + 1) % 10)
    return text[:-1] + ("y" if last == "x" else "x")


# ---------------------------------------------------------------- elements


def _elements(cell: Cell, asked: Asked, reply: Reply, memory: Memory) -> Reply:
    if not isinstance(reply.json, dict) or not reply.json:
        return reply
    content = copy.deepcopy(reply.json)
    for resource in _shown(content):
        name, version = (
            f"{resource.get('resourceType')}/{resource.get('id')}",
            _version_in(resource),
        )
        now = _at(resource, cell.part)
        source = {
            "previous": lambda n=name, v=version: memory.previous(n, v),
            "other": lambda n=name, now=now: memory.other(
                n, lambda one: _at(one.json, cell.part) not in (NOTHING, now)
            ),
            "sent": lambda: Reply(body=asked.body),
        }.get(cell.mutation, lambda: None)()
        _change(resource, cell, source.json if source else None)
    return reply.holding(content)


def _shown(content: dict) -> Iterator[dict]:
    """The resources in a body: itself, or those in a bundle."""
    if content.get("resourceType") != "Bundle":
        yield content
    for entry in content.get("entry", []):
        if "resource" in entry:
            yield entry["resource"]


def _change(resource: dict, cell: Cell, source: dict | None) -> None:
    now = _at(resource, cell.part)
    if cell.mutation in ("previous", "other", "sent"):
        value = _at(source, cell.part) if source else now
    else:
        value = _made(cell, now)
    _put(resource, cell.part, value)


def _made(cell: Cell, now: Any) -> Any:
    empty = {"string": "", "list": [], "object": {}}
    if cell.mutation in WRONG_TYPES:
        return WRONG_TYPES[cell.mutation]
    if cell.mutation == "extreme":
        return EXTREMES[cell.part.name]
    if cell.mutation == "empty":
        return empty[cell.part.kind]
    return NOTHING if cell.mutation == "absent" or now is NOTHING else _one_off(now)


def _at(node: Any, part: Part) -> Any:
    for step in part.path:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            return NOTHING
    return node


def _put(resource: dict, part: Part, value: Any) -> None:
    *way, last = part.path
    node: Any = resource
    for step in way:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            return
    if value is not NOTHING:
        node[last] = value
    elif last in node:
        del node[last]


# ---------------------------------------------------------------- bodies


def _body(cell: Cell, asked: Asked, reply: Reply, memory: Memory) -> Reply:
    if not reply.body:
        return reply
    source = _source(cell.mutation, asked, reply, memory)
    given: Mapping[str, Callable[[], bytes]] = {
        "absent": lambda: b"",
        "empty": lambda: b"{}",
        "extreme": lambda: EXTREMES["body"].encode(),
        "one-off": lambda: reply.body[:-1],
        "sent": lambda: asked.body,
        "previous": lambda: source.body if source else reply.body,
        "other": lambda: source.body if source else reply.body,
    }
    if cell.mutation in WRONG_TYPES:
        return reply.holding(WRONG_TYPES[cell.mutation])
    return replace(reply, body=given[cell.mutation]())


def _source(mutation: str, asked: Asked, reply: Reply, memory: Memory) -> Reply | None:
    """The earlier answer that a mutation takes from, if there is one."""
    name, version = _name_of(reply), _version_of(reply)
    if mutation == "previous":
        return memory.previous(name, version)
    return memory.other(name) if mutation == "other" else None


_CHANGES = {"status": _status, "header": _header, "resource": _elements, "body": _body}


# ---------------------------------------------------------------- what an answer speaks of


def _name_of(reply: Reply) -> str:
    """Type and id of the one resource that an answer shows."""
    shown = reply.json
    if not isinstance(shown, dict) or "id" not in shown:
        location = unquote(reply.header("location").partition("/_history/")[0])
        return "/".join(location.split("/")[-2:]) if location else ""
    return f"{shown.get('resourceType')}/{shown['id']}"


def _version_of(reply: Reply) -> str:
    tag = reply.header("etag")
    return tag[3:-1] if tag else _version_in(reply.json)


def _version_in(resource: dict) -> str:
    meta = resource.get("meta") or {}
    return str(meta.get("versionId", ""))
