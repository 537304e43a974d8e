"""In a history no version is older than the one before it."""

from collections.abc import Iterator
from itertools import pairwise

from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.answer import Resource, instant, is_same_instant


def last_updated_never_back(observed: Observed) -> Iterator[Fact]:
    """A history lists the newest version first, so the times of its entries never rise from one to the next.

    FHIR R4 resource.html#metadata and http.html#history. Times may be equal, and are compared as finely as the coarser
    of two is told.
    """
    times = [_time_of(entry) for entry in observed.history]
    for newer, older in pairwise(times):
        yield from _in_order(newer, older)


def _in_order(newer: object, older: object) -> Iterator[Fact]:
    later, earlier = instant(newer), instant(older)
    if later is not None and earlier is not None:
        holds = later >= earlier or is_same_instant(newer, older)
        yield Fact(holds, f"a time of {newer} or earlier for the version before", f"{older}")


def _time_of(entry: Resource) -> object:
    """When the version of an entry was made: as its resource says, else as its response does."""
    resource, response = entry.get("resource"), entry.get("response")
    meta = resource.get("meta") if isinstance(resource, dict) else None
    told = meta.get("lastUpdated") if isinstance(meta, dict) else None
    return told or (response.get("lastModified") if isinstance(response, dict) else None)
