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
    answer, seen = observed.answer, observed.seen
    version = version_spoken_of(answer, observed.asked)
    if version is None:
        return
    header, own = answer.header("last-modified"), answer.resource
    earlier, shown = seen.modified.get(version), seen.versions.get(version)
    if own is not None and header is not None:
        yield _compared(header, own, "")
    elif own is not None and earlier is not None:
        yield _compared(earlier.text, own, earlier.exchange)
    elif header is not None and shown is not None:
        yield _compared(header, shown.resource, shown.exchange)


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
