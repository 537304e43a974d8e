"""The variations, each a layer between the client and the server that keeps every promise.

A layer takes a request and a way onward, and returns the answer: it may change either, or answer by itself.
"""

import json
import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from hostile.habits import content_of, outcome
from hostile.message import Asked, Reply

Onward = Callable[[Asked], Reply]
Layer = Callable[[Asked, Onward], Reply]

# ---------------------------------------------------------------- times


def times(form: str) -> Layer:
    """lastUpdated with so many digits behind the second, in this zone."""
    digits, zone = int(form[0]), form[1:]

    def vary(asked: Asked, onward: Onward) -> Reply:
        reply = onward(replace(asked, path=_MADE_UP.sub(r"\1", asked.path)))
        return _rewritten(
            reply, lambda name, value: _time(value, digits, zone) if name in _TIMES else value
        )

    return vary


_TIMES = ("lastUpdated", "lastModified")

#: The digits of a time in a query that the server behind never had.
_MADE_UP = re.compile(r"(_since=[^&]*\.\d{3})\d+")


def _time(text: str, digits: int, zone: str) -> str:
    """A time of the server behind, which has milliseconds: more digits are made up from what it is."""
    told = datetime.fromisoformat(text)
    if zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[4:])
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
        told = told.astimezone(timezone(offset))
    second = told.strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{told.microsecond // 1000:03}{random.Random(text).randrange(10_000):04}"[:digits]
    return f"{second}.{fraction}{zone}" if fraction else f"{second}{zone}"


def _rewritten(reply: Reply, change: Callable[[str, Any], Any]) -> Reply:
    """An answer with its elements changed, wherever they stand."""

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(one) for one in node]
        if isinstance(node, dict):
            return {name: change(name, walk(value)) for name, value in node.items()}
        return node

    return reply.holding(walk(reply.json)) if reply.json else reply


# ---------------------------------------------------------------- what a server adds

_OURS = "https://server.example/added"
_ADDED: dict[str, Callable[[dict], dict]] = {
    "narrative": lambda r: {
        "text": {"status": "generated", "div": f"<div xmlns='{_XHTML}'>{r['id']}</div>"}
    },
    "extension": lambda r: {
        "extension": [*r.get("extension", []), {"url": _OURS, "valueString": r["id"]}]
    },
    "identifier": lambda r: {
        "identifier": [*r.get("identifier", []), {"system": _OURS, "value": r["id"]}]
    },
    "tag": lambda r: {
        "meta": {**r["meta"], "tag": [*r["meta"].get("tag", []), {"system": _OURS, "code": "seen"}]}
    },
    "author": lambda r: {
        "extension": [
            {"url": _OURS, "valueString": f"writer of {r['meta']['versionId']}"},
            *r.get("extension", []),
        ]
    },
    "source": lambda r: {"meta": {**r["meta"], "source": f"{_OURS}#{r['meta']['versionId']}"}},
}
_XHTML = "http://www.w3.org/1999/xhtml"


def adds(what: str) -> Layer:
    """The server adds something to every resource that it shows; what comes back with an update it does not keep."""

    def vary(asked: Asked, onward: Onward) -> Reply:
        reply = onward(replace(asked, body=_without_ours(asked.body)))
        shown = reply.json
        if "entry" in shown:
            entries = [_entry_with(entry, what) for entry in shown["entry"]]
            return reply.holding({**shown, "entry": entries})
        return reply.holding(_with(shown, what)) if "meta" in shown and "id" in shown else reply

    return vary


def _entry_with(entry: dict, what: str) -> dict:
    return {**entry, "resource": _with(entry["resource"], what)} if "resource" in entry else entry


def _with(resource: dict, what: str) -> dict:
    if "versionId" not in resource.get("meta", {}):  # one that is not stored
        return resource
    # An identifier that is not a list is that of a type where only one can be.
    if what == "identifier" and not isinstance(resource.get("identifier"), list):
        return resource
    return {**resource, **_ADDED[what](resource)}


def _without_ours(body: bytes) -> bytes:
    if _OURS.encode() not in body and _XHTML.encode() not in body:
        return body

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(one) for one in node if not _is_ours(one)]
        if isinstance(node, dict):
            members = {name: walk(value) for name, value in node.items() if not _is_ours(value)}
            return {name: value for name, value in members.items() if value != []}
        return node

    content = Reply(body=body).json
    return json.dumps(walk(content)).encode() if content else body


def _is_ours(node: Any) -> bool:
    if isinstance(node, dict):
        return _OURS in (node.get("url"), node.get("system")) or _XHTML in str(node.get("div"))
    return isinstance(node, str) and node.startswith(f"{_OURS}#")


# ---------------------------------------------------------------- what a server leaves out, or does not do


def pages(size: str) -> Layer:
    """Searches and histories in pages of this size."""

    def vary(asked: Asked, onward: Onward) -> Reply:
        lists = asked.method == "GET" and (asked.is_history or asked.criteria)
        if not lists or "_count=" in asked.path:
            return onward(asked)
        joint = "&" if asked.criteria else "?"
        return onward(replace(asked, path=f"{asked.path}{joint}_count={size}"))

    return vary


def no_op(_: str) -> Layer:
    """An update that changes nothing makes no version."""

    def vary(asked: Asked, onward: Onward) -> Reply:
        if asked.method != "PUT" or asked.criteria:
            return onward(asked)
        there = onward(Asked("GET", asked.path, [], b""))
        same = there.status == 200 and content_of(there.json) == content_of(
            Reply(body=asked.body).json
        )
        named = asked.header("if-match") in ("", there.header("etag"))
        wish = asked.header("prefer")
        return there if same and named and wish in ("", "return=representation") else onward(asked)

    return vary


def refusals(_: str) -> Layer:
    """A refusal carries the ETag of what is there."""

    def vary(asked: Asked, onward: Onward) -> Reply:
        reply = onward(asked)
        if asked.method == "GET" or not reply.is_refusal:
            return reply
        tag = onward(Asked("GET", asked.path.partition("?")[0], [], b"")).header("etag")
        return reply.but(etag=tag) if tag else reply

    return vary


def search(how: str) -> Layer:
    """A search finds nothing that is less than 0.8 s old, or has something to say about itself."""
    return _lagging() if how == "lags" else _outspoken


def _lagging() -> Layer:
    made: dict[str, float] = {}

    def is_old(entry: dict) -> bool:
        return time.monotonic() - made.get(entry["resource"]["id"], 0.0) > 0.8

    def vary(asked: Asked, onward: Onward) -> Reply:
        reply = onward(asked)
        if reply.status == 201:
            made[reply.header("location").partition("/_history/")[0].rpartition("/")[2]] = (
                time.monotonic()
            )
        if not _is_search(asked) or "entry" not in reply.json:
            return reply
        old = [entry for entry in reply.json["entry"] if is_old(entry)]
        found = {**reply.json, "total": len(old), "entry": old}
        return reply.holding(found if old else {n: v for n, v in found.items() if n != "entry"})

    return vary


def _outspoken(asked: Asked, onward: Onward) -> Reply:
    reply = onward(asked)
    if not _is_search(asked) or reply.status != 200:
        return reply
    said = {"resource": outcome(200, "informational").json, "search": {"mode": "outcome"}}
    return reply.holding({**reply.json, "entry": [said, *reply.json.get("entry", [])]})


def _is_search(asked: Asked) -> bool:
    return asked.method == "GET" and bool(asked.criteria) and not asked.is_history


def location(_: str) -> Layer:
    """Location is relative to what was asked for (RFC 9110 section 10.2.2)."""

    def vary(asked: Asked, onward: Onward) -> Reply:
        reply = onward(asked)
        told = reply.header("location")
        return reply.but(location=urlsplit(told).path) if told else reply

    return vary


def versioning(_: str) -> Layer:
    """The server keeps no versions, says so, and shows none: no ETag, no versionId, no history."""

    def unversioned(name: str, value: Any) -> Any:
        if name == "interaction":
            return [one for one in value if "history" not in one["code"] and one["code"] != "vread"]
        if name == "resource" and isinstance(value, list):
            return [{**one, "versioning": "no-version", "readHistory": False} for one in value]
        return _without_version(value) if isinstance(value, dict) else value

    def vary(asked: Asked, onward: Onward) -> Reply:
        if asked.is_history:
            return outcome(404, "not-found")
        reply = onward(
            replace(asked, headers=[h for h in asked.headers if h[0].lower() != "if-match"])
        )
        location = reply.header("location").partition("/_history/")[0]
        return _rewritten(reply, unversioned).but(etag=None, location=location or None)

    return vary


def _without_version(value: dict) -> dict:
    """A part of an answer that names no version."""
    return {n: v for n, v in value.items() if n not in ("versionId", "etag")}


# ---------------------------------------------------------------- patience


def jitter(most: str) -> Layer:
    """Every answer takes up to so many milliseconds longer, mostly less."""

    def vary(asked: Asked, onward: Onward) -> Reply:
        time.sleep(int(most) / 1000 * random.random() ** 3)
        return onward(asked)

    return vary


def busy(status: str) -> Layer:
    """Now and then a request is put off by a second."""
    chance, lock = random.Random(status), threading.Lock()

    def vary(asked: Asked, onward: Onward) -> Reply:
        with lock:
            is_busy = chance.random() < 0.005
        return outcome(int(status), "throttled").but(retry_after="1") if is_busy else onward(asked)

    return vary


# ---------------------------------------------------------------- what a server says of itself

#: Interactions that a statement may leave out; an update it must claim, for the server takes them.
_UNCLAIMED = ("delete", "history-instance", "history-type", "search-type", "vread", "create")
_FLAGS = (
    "updateCreate",
    "conditionalCreate",
    "conditionalUpdate",
    "conditionalDelete",
    "readHistory",
)

#: What a server says of itself that also reads from other servers.
_CLIENT = {"mode": "client", "resource": [{"type": "Patient", "interaction": [{"code": "read"}]}]}


def statement(what: str) -> Layer:
    """The capability statement claims less than it could, nothing, more than a server's part, or is not there."""
    chance = random.Random(what)
    left_out = {*chance.sample(_UNCLAIMED, 3), *chance.sample(_FLAGS, 3)}

    def less(reply: Reply) -> Reply:
        def change(name: str, value: Any) -> Any:
            return (
                [one for one in value if one["code"] not in left_out]
                if name == "interaction"
                else value
            )

        kept = _rewritten(reply, change).json
        types = [
            {n: v for n, v in one.items() if n not in left_out}
            for one in kept["rest"][0]["resource"]
        ]
        return reply.holding({**kept, "rest": [{**kept["rest"][0], "resource": types}]})

    says: dict[str, Callable[[Reply], Reply]] = {
        "no-formats": lambda reply: reply.holding(
            {n: v for n, v in reply.json.items() if n != "patchFormat"}
        ),
        "nulls": lambda reply: _rewritten(
            reply, lambda name, value: None if name in ("interaction", "updateCreate") else value
        ),
        "less": less,
        "nothing": lambda reply: reply.holding(
            {n: v for n, v in reply.json.items() if n != "rest"}
        ),
        "missing": lambda reply: outcome(404, "not-found"),
        "client-too": lambda reply: reply.holding(
            {**reply.json, "rest": [_CLIENT, *reply.json["rest"]]}
        ),
    }[what]

    def vary(asked: Asked, onward: Onward) -> Reply:
        reply = onward(asked)
        return says(reply) if asked.is_statement else reply

    return vary


# ---------------------------------------------------------------- how it is written


def writing(form: str) -> Layer:
    """JSON as other servers write it."""

    def shuffled(content: Any) -> Any:
        if isinstance(content, list):
            return [shuffled(one) for one in content]
        if not isinstance(content, dict):
            return content
        names = sorted(content, reverse=True)
        return {name: shuffled(content[name]) for name in names}

    forms: dict[str, Callable[[Any], str]] = {
        "pretty": lambda content: json.dumps(content, indent=2) + "\n",
        "shuffled": lambda content: json.dumps(shuffled(content)),
        "compact": lambda content: json.dumps(content, separators=(",", ":"), ensure_ascii=False),
    }

    def vary(asked: Asked, onward: Onward) -> Reply:
        reply = onward(asked)
        return replace(reply, body=forms[form](reply.json).encode()) if reply.json else reply

    return vary


#: The layers by the name of their variation, the outermost first.
LAYERS: dict[str, Callable[[str], Layer]] = {
    "jitter": jitter,
    "busy": busy,
    "json": writing,
    "statement": statement,
    "location": location,
    "search": search,
    "adds": adds,
    "times": times,
    "pages": pages,
}

#: Those that speak the names of the server behind.
INNER: dict[str, Callable[[str], Layer]] = {
    "versioning": versioning,
    "refusals": refusals,
    "no-op": no_op,
}
