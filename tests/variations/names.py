"""Ids and versions in another form: what the server behind calls one way, the client is shown another way."""

import hashlib
import itertools
import json
import random
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, unquote

from hostile.message import Asked, Reply

#: What the server behind gives out as ids and versions. Clients choose ids of other forms.
_GIVEN = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TOKEN = re.compile(r"[A-Za-z0-9.\-]+")

#: The headers that name versions.
_NAMING = ("if-match", "if-none-match")

#: The headers that a request of the front's own has of the client's.
_OF_ANY_REQUEST = ("host", "authorization", "accept")

Onward = Callable[[Asked], Reply]

#: The forms: how the how manyth thing of a sort is called, which the server behind calls so.
FORMS: dict[str, Callable[[int, str], str]] = {
    "gaps": lambda number, given: str(number * 7 + random.Random(given).randrange(7)),
    "zero": lambda number, given: str(number),
    "hash": lambda number, given: hashlib.sha1(given.encode()).hexdigest(),
    "dotted": lambda number, given: f"1.2.{number + 1}-r.{len(given)}",
    "long": lambda number, given: hashlib.sha256(given.encode()).hexdigest(),
    "uuid": lambda number, given: given,
}


@dataclass
class Naming:
    """The two names of one sort of things, both ways. Things of different owners may share a name."""

    form: Callable[[int, str], str]
    shown: dict[str, str] = field(default_factory=dict)
    behind: dict[tuple[str, str], str] = field(default_factory=dict)
    counts: dict[str, Iterator[int]] = field(default_factory=dict)

    def learn(self, owner: str, given: str) -> None:
        """Give a thing the name that clients are shown."""
        if given in self.shown or not _GIVEN.fullmatch(given):
            return
        number = next(self.counts.setdefault(owner, itertools.count()))
        self.shown[given] = name = self.form(number, given)
        self.behind[owner, name] = given


class Names:
    """The ids and the versions of one server."""

    def __init__(self, ids: str, versions: str) -> None:
        self.ids, self.versions = Naming(FORMS[ids]), Naming(FORMS[versions])
        self._lock = threading.Lock()

    def __call__(self, asked: Asked, onward: Onward) -> Reply:
        """Pass a request on under the names of the server behind, and its answer back under those of the client."""
        meant = self._meant(asked, onward)
        reply = onward(meant)
        with self._lock:
            self._learn(meant, reply)
            return self._shown(reply)

    # ------------------------------------------------------------ towards the server

    def _meant(self, asked: Asked, onward: Onward) -> Asked:
        kind, name, rest = _address(asked.path)
        behind, path = self._id(name), asked.path
        if name:
            version = f"/_history/{self._version(behind, rest)}" if rest else ""
            tail = "/_history" if asked.is_history else version
            query = f"?{asked.criteria}" if asked.criteria else ""
            path = f"{asked.path.partition(f'/{kind}/')[0]}/{kind}/{quote(behind)}{tail}{query}"
        elif asked.criteria:
            path = re.sub(r"(?<=[?&]_id=)[^&]+", lambda found: self._id(found[0]), path)
            if any(asked.header(one) for one in _NAMING):
                behind = self._match(asked, path, onward)
        headers = [
            (n, self._tags(behind, v) if n.lower() in _NAMING else v) for n, v in asked.headers
        ]
        return replace(asked, path=path, headers=headers, body=self._content(asked, onward))

    def _match(self, asked: Asked, path: str, onward: Onward) -> str:
        """The only resource that the criteria of a write find, for a version is that of one resource."""
        headers = [(n, v) for n, v in asked.headers if n.lower() in _OF_ANY_REQUEST]
        found = [one["id"] for one in _resources(onward(Asked("GET", path, headers, b"")).json)]
        return found[0] if len(found) == 1 else ""

    def _id(self, name: str) -> str:
        return self.ids.behind.get(("", name), name)

    def _version(self, owner: str, name: str) -> str:
        return self.versions.behind.get((owner, name), name)

    def _tags(self, owner: str, header: str) -> str:
        return _TOKEN.sub(lambda found: self._version(owner, found[0]), header)

    def _content(self, asked: Asked, onward: Onward) -> bytes:
        body = asked.body
        content = Reply(body=body).json
        if not isinstance(content, dict):
            return body
        meant = self._resource(content)
        if content.get("resourceType") == "Bundle":
            entries = [self._entry(one, asked, onward) for one in content.get("entry", [])]
            meant = {**content, "entry": entries}
        return body if meant == content else json.dumps(meant).encode()

    def _resource(self, resource: dict) -> dict:
        name = resource.get("id")
        return {**resource, "id": self._id(name)} if isinstance(name, str) else resource

    def _entry(self, entry: dict, asked: Asked, onward: Onward) -> dict:
        """An entry of a batch or a transaction; one that says not what to do is the server's to refuse."""
        request = entry.get("request")
        if request is None:
            return entry
        _, name, _ = _address(f"/{request['url']}")
        behind = self._id(name)
        if not name and "ifMatch" in request:
            behind = self._match(asked, f"{asked.path.rstrip('/')}/{request['url']}", onward)
        meant = {**request, "url": request["url"].replace(name, behind) if name else request["url"]}
        if "ifMatch" in request:
            meant["ifMatch"] = self._tags(behind, request["ifMatch"])
        resource = {"resource": self._resource(entry["resource"])} if "resource" in entry else {}
        return {**entry, **resource, "request": meant}

    # ------------------------------------------------------------ towards the client

    def _learn(self, asked: Asked, reply: Reply) -> None:
        for name, version in _told(asked, reply):
            self.ids.learn("", name)
            if version:
                self.versions.learn(name, version)

    def _shown(self, reply: Reply) -> Reply:
        def shown(found: re.Match[str]) -> str:
            name = found[0]
            return self.ids.shown.get(name) or self.versions.shown.get(name) or name

        body = _GIVEN.sub(shown, reply.body.decode()).encode()
        return replace(
            reply, body=body, headers=[(n, _GIVEN.sub(shown, v)) for n, v in reply.headers]
        )


def _address(path: str) -> tuple[str, str, str]:
    """Type, id and version that a path names; empty where it names none."""
    found = re.search(
        r"/([A-Z]\w+)/([^/?]+)(?:/_history(?:/([^/?]+))?)?(?:\?|$)", unquote(path.partition("?")[0])
    )
    return (found[1], found[2], found[3] or "") if found else ("", "", "")


def _told(asked: Asked, reply: Reply) -> Iterator[tuple[str, str]]:
    """Id and version of everything that an answer speaks of, the oldest first."""
    listed = list(_resources(reply.json))
    for resource in reversed(listed):
        yield resource["id"], str(resource.get("meta", {}).get("versionId", ""))
    _, name, version = _address(reply.header("location") or asked.path)
    tag = reply.header("etag")[3:-1]
    if name and reply.status < 300:
        yield name, version or tag


def _resources(content: Any) -> Iterator[dict]:
    """The resources in a body that have an id: itself, or those in a bundle."""
    if not isinstance(content, dict):
        return
    if "id" in content and content.get("resourceType") != "Bundle":
        yield content
    for entry in content.get("entry", []):
        yield from _resources(entry.get("resource"))
