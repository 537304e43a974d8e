"""The server's own `_history`, page by page, as entries. Pure: a Bundle in, entries out (FHIR R4 http.html#history)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ifmatch.judge.history import Entry
from ifmatch.race.invocations import marks_in
from ifmatch.rules.answer import Answer, Resource, instant
from ifmatch.rules.profile import ResourceKind

_VERSION_IN_URL = re.compile(r"/_history/([^/?]+)")


@dataclass(frozen=True, slots=True)
class Page:
    """One page, newest first: its entries, the address of the following page or nothing, the total if given.

    A deletion without a name has an empty version.
    """

    entries: tuple[Entry, ...]
    following: str
    total: int | None


@dataclass(frozen=True, slots=True)
class Listing:
    """The entries of several pages, newest first, and how many there were when the first page was given.

    Pages are counted from the newest version, so a version that is made between two of them moves what follows: the
    next page repeats the end of the one before. With more new ones than a page holds the order is lost: `is_torn`.
    """

    entries: tuple[Entry, ...] = ()
    total: int | None = None
    is_torn: bool = False

    def with_page(self, page: Page) -> "Listing":
        """The listing with one more page; what only repeats the end of the page before is left out."""
        if not self.entries:
            return Listing(page.entries, page.total)
        repeated = _repeated(self.entries, page.entries)
        new = page.entries[repeated:]
        is_torn = any(entry in self.entries for entry in new)
        return Listing((*self.entries, *new), self.total, self.is_torn or is_torn)

    @property
    def is_whole(self) -> bool:
        """Whether it is as long as the server says it is."""
        return self.total is None or self.total <= len(self.entries)

    @property
    def oldest_first(self) -> tuple[Entry, ...]:
        """The entries in the order in which they came about, each deletion with a name."""
        named = [_named(entry, number) for number, entry in enumerate(self.entries)]
        return tuple(reversed(named))


def _repeated(listed: tuple[Entry, ...], following: tuple[Entry, ...]) -> int:
    """How many entries at the beginning of a page are those at the end of what was listed before it."""
    most = min(len(listed), len(following))
    return next((n for n in range(most, 0, -1) if listed[-n:] == following[:n]), 0)


def _named(entry: Entry, number: int) -> Entry:
    # No text demands that a deletion has a name.
    return entry if entry.version else replace(entry, version=f"(deletion, {number} from the end)")


def page_of(answer: Answer, kind: ResourceKind) -> Page | None:
    """The page in an answer; None when one of its entries cannot be read."""
    bundle = answer.resource
    if answer.status != 200 or bundle is None:
        return None
    entries = _entries(bundle.get("entry", []), kind)
    if entries is None:
        return None
    total = bundle.get("total")
    return Page(
        entries=entries,
        following=_following(bundle),
        total=total if isinstance(total, int) else None,
    )


def _entries(listed: object, kind: ResourceKind) -> tuple[Entry, ...] | None:
    if not isinstance(listed, list):
        return None
    entries = [_entry(raw, kind) for raw in listed]
    readable = tuple(filter(None, entries))
    return readable if len(readable) == len(entries) else None


def _following(bundle: Resource) -> str:
    links = bundle.get("link")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next":
            return str(link.get("url"))
    return ""


def _entry(raw: object, kind: ResourceKind) -> Entry | None:
    if not isinstance(raw, dict):
        return None
    method = str(_part(raw, "request").get("method") or "")
    version = next(_names(raw), "")
    if not version and method != "DELETE":
        return None
    return Entry(
        version=version,
        markers=marks_in(_part(raw, "resource") or None, kind),
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
