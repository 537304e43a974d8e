"""Which cell of the table door x case x state a write falls into, as the server sees it: where a fault can act."""

import re
from dataclasses import dataclass

from ifmatch.reference.message import PATCH_FORMATS, Request
from ifmatch.reference.search import find
from ifmatch.reference.store import Store, Version


@dataclass(frozen=True)
class Cell:
    """A door by which a write comes in, what its If-Match names, and the state of what it is written to."""

    door: str
    case: str
    state: str


#: The doors of requests by id and by criteria, by their method; a patch by id is known by its format.
_BY_ID = {"PUT": "update", "DELETE": "delete"}
_BY_CRITERIA = {
    "PUT": "conditional-update",
    "PATCH": "conditional-patch",
    "DELETE": "conditional-delete",
}

#: An entity tag, weak or strong: the mark of a weak one, and the version.
_TAG = re.compile(r'(W/)?"([^"]*)"')
_BARE = re.compile(r"[A-Za-z0-9.\-]+")


def cell_of(store: Store, request: Request) -> Cell | None:
    """The cell of a request, None when it is no write to a resource."""
    door = _door(request)
    history = _history(store, request) if door else None
    if history is None:
        return None
    return Cell(door, _case(request, history), _state(history))


def _door(request: Request) -> str:
    """The door of a request, empty when it is none."""
    if request.within:
        is_json = PATCH_FORMATS.get(request.media_type) == "json-patch"
        name = "json-patch" if is_json else request.method.lower()
        return f"{request.within}-{name}"
    if len(request.path) == 1:
        return _BY_CRITERIA.get(request.method, "")
    if request.method == "PATCH":
        return PATCH_FORMATS.get(request.media_type, "")
    return _BY_ID.get(request.method, "")


def _history(store: Store, request: Request) -> list[Version] | None:
    """The versions of what a request is about, None when it is about no resource, or about several."""
    if len(request.path) == 2:
        return store.history(*request.path)
    found = find(store, request.path[0], request.criteria) if request.path else []
    return store.history(found[0].type, found[0].id) if len(found) == 1 else None


def _state(history: list[Version]) -> str:
    if not history:
        return "never"
    if history[-1].resource is None:
        return "deleted"
    return "revived" if any(version.resource is None for version in history) else "exists"


def _case(request: Request, history: list[Version]) -> str:
    """What the If-Match of a request names, of a resource with these versions."""
    lines = request.headers.get("if-match")
    if lines is None:
        return "missing"
    if lines == ("*",):
        return "star"
    live = _live(history)
    form, named = _form(lines)
    if form == "weak":
        return _case_of_one(named[0], live)
    return f"{form}-stale" if _is_superseded(named, live) else form


def _is_superseded(named: list[str], live: list[str]) -> bool:
    """Whether versions are named, and the current one is not among them."""
    return bool(named) and bool(live) and live[-1] not in named


def _case_of_one(named: str, live: list[str]) -> str:
    """What one weak tag names: of what never was, any version is as good as the current one."""
    if not live or named == live[-1]:
        return "current"
    return "stale" if named in live else "never-existed"


def _live(history: list[Version]) -> list[str]:
    """The names of the versions that are no deletions."""
    return [version.version for version in history if version.resource is not None]


def _form(lines: tuple[str, ...]) -> tuple[str, list[str]]:
    """The form of an If-Match, and the versions in it."""
    value = ", ".join(lines)
    if _BARE.fullmatch(value):
        return "bare", [value]
    tags = _TAG.findall(value)
    versions = [version for _, version in tags]
    if len(lines) > 1:
        return "two-lines", versions
    if not _is_list_of(tags, value):
        return "malformed", []
    return _form_of_tags([weak for weak, _ in tags]), versions


def _is_list_of(tags: list[tuple[str, str]], value: str) -> bool:
    """Whether a value consists of these tags and nothing else."""
    written = [f'{weak}"{version}"' for weak, version in tags]
    return bool(tags) and value == ", ".join(written)


def _form_of_tags(marks: list[str]) -> str:
    """The form of one tag or several, by the marks of weak ones."""
    if len(marks) > 1:
        return "list"
    return "weak" if marks[0] else "strong"
