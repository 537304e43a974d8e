"""A read shows what was acknowledged before it was sent."""

from collections.abc import Iterator

from ifmatch.monitor.looks import NOTHING, version_read
from ifmatch.monitor.watch import Fact, Observed
from ifmatch.monitor.writes import Write


def read_your_writes(observed: Observed) -> Iterator[Fact]:
    """A read shows the last write that was over before it began, or a later one.

    FHIR R4 http.html#update: what was accepted is what a later read returns. Only what a later read does show was
    behind; what no read ever shows is lost, and other rules speak of that. What races has rules of its own.
    """
    asked, shown = observed.asked, version_read(observed.asked, observed.answer)
    if asked is None or shown is None or observed.raced:
        return
    name = (asked.type, asked.id)
    found = observed.seen.writes.last_before(name, observed.began)
    if found is None:
        return
    write, older = found
    due = NOTHING if write.deletes else write.version
    if not write.deletes and not due:
        return  # the write told no version that could be missed
    yield Fact(
        not _is_behind(write, older, shown),
        f"a read that shows what exchange {write.exchange} was told is done",
        f"reads lag behind acknowledged writes: {_seen(observed, write, shown)}",
        contradicts=write.exchange,
        explained=lambda: not observed.seen.looks.shown_after(name, due, observed.ended),
    )


def _is_behind(write: Write, older: set[str], shown: str) -> bool:
    """Whether a read shows the state before a write: another one that was known, or nothing before it was there."""
    return shown in older or (shown == NOTHING and not write.deletes)


def _seen(observed: Observed, write: Write, shown: str) -> str:
    late = round((observed.began - write.ended).total_seconds() * 1000)
    what = f"version {shown}" if shown else "nothing"
    return f"{what} is shown {late} ms after, and what was written only later"
