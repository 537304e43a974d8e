"""What a run made on the target, and what of it is still there, as the run's journal tells it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ifmatch.log.events import Event, Journalled
from ifmatch.log.journal import Fate, Standing, standing

#: Why something is left, unless the journal itself gives a reason.
_WHY_LEFT: Mapping[Fate, str] = {
    Fate.CREATED: "not deleted",
    Fate.LEFT: "not deleted",
    Fate.INTENDED: "may exist: the run ended while it was being created",
}


@dataclass(frozen=True)
class Leftover:
    """Something of ours that is still on the target, and why."""

    type: str
    id: str
    reason: str


def left(log: Iterable[Event], complete: bool) -> tuple[Leftover, ...]:
    """What was made and not taken away. What was only intended counts in a run cut short: it may have been made."""
    there = standing(_journal(log))
    sure = [one for one in there if one.fate is not Fate.INTENDED or not complete]
    return tuple(Leftover(one.entry.type, one.entry.id, _why_left(one)) for one in sure)


def made(log: Iterable[Event]) -> Mapping[str, int]:
    """How many resources were made, by type."""
    names = {(entry.type, entry.id) for entry in _journal(log) if entry.action == Fate.CREATED}
    return Counter(resource_type for resource_type, _ in sorted(names))


def _journal(log: Iterable[Event]) -> list[Journalled]:
    return [event for event in log if isinstance(event, Journalled)]


def _why_left(one: Standing) -> str:
    """The reason, with the identifier that finds a resource whose id the target never gave."""
    entry = one.entry
    reason = entry.reason or _WHY_LEFT[one.fate]
    return reason if entry.id or not entry.unique else f"{reason} (identifier {entry.unique})"
