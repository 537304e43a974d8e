"""Last-Modified and meta.lastUpdated of a version tell the same time."""

from collections.abc import Iterator

from ifmatch.monitor.shown import version_spoken_of
from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.answer import Resource, is_same_second


def last_modified_equals_last_updated(observed: Observed) -> Iterator[Fact]:
    """The Last-Modified of an answer is the lastUpdated of the version that it is about, to the second.

    FHIR R4 resource.html#metadata. Where the answer has no body, the version is held against what others show of it,
    whichever comes first.
    """
    version = version_spoken_of(observed.answer, observed.asked)
    if version is None:
        return
    header, own = observed.answer.header("last-modified"), observed.answer.resource
    kept, told = observed.seen.versions.get(version), observed.seen.modified.get(version)
    if header is not None and own is not None:
        yield _compared(header, own, "")
    elif header is not None and kept is not None:
        yield _compared(header, kept.resource, kept.exchange)
    elif own is not None and told is not None:
        yield _compared(told.text, own, told.exchange)


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
