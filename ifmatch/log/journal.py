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
        key = (entry.type, entry.id or entry.unique)
        match entry.action:
            case Fate.INTENDED:
                there.setdefault(key, Standing(Fate.INTENDED, entry))
            case Fate.CREATED | Fate.LEFT:
                before = there.pop((entry.type, entry.unique), None) or there.pop(key, None)
                there[key] = Standing(Fate(entry.action), _with_original(entry, before))
            case _:  # refused, deleted, restored: however it ended, it is not there
                there.pop(key, None)
    return tuple(there.values())


def _with_original(entry: Journalled, before: Standing | None) -> Journalled:
    """An entry with the content that the resource had before us, which only the first entry holds."""
    if entry.original or before is None:
        return entry
    return replace(entry, original=before.entry.original)
