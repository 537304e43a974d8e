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

    def ends_at(self, count: int) -> bool:
        """Whether a history of so many entries is as long as the server says it is."""
        return self.total is None or self.total <= count


def page_of(answer: Answer, marks: tuple[str, ...], before: int) -> Page | None:
    """The page in an answer; None when one of its entries cannot be read. So many entries came on pages before it."""
    bundle = answer.resource
    if answer.status != 200 or bundle is None:
        return None
    entries = _entries(bundle.get("entry", []), marks, before)
    if entries is None:
        return None
    total = bundle.get("total")
    return Page(
        entries=entries,
        following=_following(bundle),
        total=total if isinstance(total, int) else None,
    )


def _entries(listed: object, marks: tuple[str, ...], before: int) -> tuple[Entry, ...] | None:
    if not isinstance(listed, list):
        return None
    entries = [_entry(raw, marks, number) for number, raw in enumerate(listed, before)]
    readable = tuple(filter(None, entries))
    return readable if len(readable) == len(entries) else None


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
    # No text demands that a deletion has a name.
    nameless = f"(deletion, {number} from the end)" if method == "DELETE" else ""
    version = next(_names(raw), nameless)
    if not version:
        return None
    return Entry(
        version=version,
        markers=marks_in(_part(raw, "resource") or None, marks),
        updated=_updated(raw),
        method=method,
    )


def _names(raw: dict[str, Any]) -> Iterator[str]:
    """What an entry calls its version, the best source first."""
    response = _part(raw, "response")
    version = _part(raw, "resource", "meta").get("versionId")
    if version:
        yield str(version)
    etag = str(response.get("etag") or "").removeprefix("W/").strip('"')
    if etag:
        yield etag
    url = _part(raw, "request").get("url")
    for address in (response.get("location"), url, raw.get("fullUrl")):
        yield from _VERSION_IN_URL.findall(str(address))


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
