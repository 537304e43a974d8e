"""What a journal comes to: which resources of ours may still be on the target. The only place where it is folded."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from ifmatch.log.events import Journalled


class Fate(StrEnum):
    """What is last known of a resource that may still be there."""

    INTENDED = "intended"
    CREATED = "created"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Standing:
    """A resource that may still be there: the last that the journal says of it, and how it came to be."""

    fate: Fate
    entry: Journalled


def standing(entries: Iterable[Journalled]) -> tuple[Standing, ...]:
    """What was intended or made, and neither refused, deleted nor restored since, the oldest first.

    A resource is known by its id once the target has told it, before that by the identifier that was sent.
    """
    there: dict[tuple[str, str], Standing] = {}
    for entry in entries:
        by_id, by_unique = (entry.type, entry.id or entry.unique), (entry.type, entry.unique)
        if entry.action not in list(Fate):  # refused, deleted, restored: however it ended, it is not there
            there.pop(by_id, None)
            continue
        fate = Fate(entry.action)
        if fate is Fate.INTENDED:
            there.setdefault(by_id, Standing(fate, entry))
            continue
        before = there.pop(by_unique, None) or there.pop(by_id, None)
        original = before.entry.original if before else None
        there[by_id] = Standing(fate, replace(entry, original=entry.original or original))
    return tuple(there.values())
