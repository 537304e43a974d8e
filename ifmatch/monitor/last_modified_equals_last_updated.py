"""Last-Modified and meta.lastUpdated of a version tell the same time."""

from collections.abc import Iterator

from ifmatch.monitor.shown import Kept, version_spoken_of
from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.answer import Resource, is_same_second


def last_modified_equals_last_updated(observed: Observed) -> Iterator[Fact]:
    """The Last-Modified of an answer is the lastUpdated of the version that it is about, to the second.

    FHIR R4 resource.html#metadata. Where the answer has no body, the version is held against what others show of it,
    whichever comes first.
    """
    answer, seen = observed.answer, observed.seen
    version = version_spoken_of(answer, observed.asked)
    if version is None:
        return
    header, own = answer.header("last-modified"), answer.resource
    earlier, shown = seen.modified.get(version), seen.versions.get(version)
    if own is not None:
        yield from _of_own(own, header, earlier)
    elif header is not None and shown is not None:
        yield _compared(header, shown.resource, shown.exchange)


def _of_own(own: Resource, header: str | None, earlier: Kept | None) -> Iterator[Fact]:
    """A resource in an answer, held against the header of that answer, else against an earlier one."""
    if header is not None:
        yield _compared(header, own, "")
    elif earlier is not None:
        yield _compared(earlier.text, own, earlier.exchange)


def _compared(header: str, resource: Resource, exchange: str) -> Fact:
    meta = resource.get("meta")
    element = meta.get("lastUpdated") if isinstance(meta, dict) else None
    where = f", by exchange {exchange}" if exchange else ""
    return Fact(
        is_same_second(header, element),
        f"a Last-Modified and a meta.lastUpdated of one time{where}",
        f"Last-Modified: {header}, meta.lastUpdated: {element}",
        contradicts=exchange,
    )
