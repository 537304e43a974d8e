"""The server's own `_history`, page by page, as entries. Pure: a Bundle in, entries out (FHIR R4 http.html#history)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ifmatch.judge.history import Entry
from ifmatch.race.invocations import marks_in
from ifmatch.rules.answer import Answer, Resource, instant

_VERSION_IN_URL = re.compile(r"/_history/([^/?]+)")


@dataclass(frozen=True, slots=True)
class Page:
    """One page, newest first: its entries, the address of the following page or nothing, the total if given."""

    entries: tuple[Entry, ...]
    following: str
    total: int | None


def page_of(answer: Answer, marks: tuple[str, ...], before: int) -> Page | None:
    """The page in an answer; None when one of its entries cannot be read. So many entries came on pages before it."""
    bundle = answer.resource
    if answer.status != 200 or bundle is None:
        return None
    listed = bundle.get("entry", [])
    if not isinstance(listed, list):
        return None
    entries = list[Entry]()
    for number, raw in enumerate(listed, before):
        entry = _entry(raw, marks, number)
        if entry is None:
            return None
        entries.append(entry)
    total = bundle.get("total")
    return Page(tuple(entries), _following(bundle), total if isinstance(total, int) else None)


def _following(bundle: Resource) -> str:
    links = bundle.get("link")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next":
            return str(link.get("url"))
    return ""


def _entry(raw: object, marks: tuple[str, ...], number: int) -> Entry | None:
    if not isinstance(raw, dict):
        return None
    method = str(_part(raw, "request").get("method") or "PUT")
    version = next(_names(raw), "")
    if not version and method == "DELETE":
        version = f"(deletion, {number} from the end)"  # no text demands that a deletion has a name
    if not version:
        return None
    resource = _part(raw, "resource") or None
    return Entry(version, marks_in(resource, marks), _updated(raw), method)


def _names(raw: dict[str, Any]) -> Iterator[str]:
    """What an entry calls its version, the best source first."""
    response = _part(raw, "response")
    version = _part(raw, "resource", "meta").get("versionId")
    etag = str(response.get("etag") or "").removeprefix("W/").strip('"')
    yield from (str(name) for name in (version, etag) if name)
    for url in (response.get("location"), _part(raw, "request").get("url"), raw.get("fullUrl")):
        found = _VERSION_IN_URL.search(str(url))
        if found:
            yield found[1]


def _updated(raw: dict[str, Any]) -> datetime | None:
    updated = _part(raw, "resource", "meta").get("lastUpdated")
    return instant(updated or _part(raw, "response").get("lastModified"))


def _part(raw: dict[str, Any], *path: str) -> dict[str, Any]:
    """The object at a path; empty when there is none, or something else."""
    part: Any = raw
    for name in path:
        part = part.get(name)
        if not isinstance(part, dict):
            return {}
    found: dict[str, Any] = part
    return found
