"""Removing what earlier runs left: only what is ours for certain, and who refers to others first."""

from collections.abc import Iterable, Iterator

from ifmatch.client.ledger import Item, item_of
from ifmatch.client.leftovers import ACTED_ON, Leftover, State, in_safe_order, labelled, look
from ifmatch.client.target import Target
from ifmatch.client.tidying import INTERRUPTED, why_it_stays
from ifmatch.log.events import Journalled
from ifmatch.log.journal import standing

#: Some servers refuse a delete while an index still knows who referred to it, so what stays is tried once more.
_TRIES = 2


def found(target: Target, journal: Iterable[Journalled], run: str = "") -> list[Leftover]:
    """What runs have left on a target, looked at: what a journal names, and what bears the label of the run or of any.

    The newest comes first. Raises TargetUnusable when the target does not answer.
    """
    journalled = [item_of(one) for one in standing(journal)]
    leftovers: dict[str, Leftover] = {}
    for item in (*reversed(journalled), *labelled(target, run)):
        for leftover in look(target, item) if _name(item) not in leftovers else ():
            leftovers.setdefault(leftover.name, leftover)
    return list(leftovers.values())


def _name(item: Item) -> str:
    return f"{item.type}/{item.id}"


def sweep(target: Target, leftovers: Iterable[Leftover]) -> Iterator[tuple[Leftover, str]]:
    """Put right what can be; each leftover with the reason why it stays, empty where it is gone or as it was.

    Ctrl-C ends it with what was done until then.
    """
    target.quota.release_reserve()
    leftovers = list(leftovers)
    waiting = in_safe_order([one for one in leftovers if one.state in ACTED_ON])
    yield from (_noted(target, one) for one in leftovers if one.state not in ACTED_ON)
    for number in range(_TRIES):
        is_last, refused = number == _TRIES - 1, []
        for leftover in waiting:
            reason = _put_right(target, leftover)
            if reason and reason != INTERRUPTED and not is_last:
                refused.append(leftover)
                continue
            yield leftover, reason
            if reason == INTERRUPTED:
                return
        waiting = refused


def _noted(target: Target, leftover: Leftover) -> tuple[Leftover, str]:
    """What nothing is done about: that it is not there, or why it stays, goes into the journal."""
    target.ledger.take_over(leftover.item)
    if leftover.state is State.GONE:
        target.ledger.removed(leftover.item, "not found")
        return leftover, ""
    target.ledger.left(leftover.item, leftover.reason)
    return leftover, leftover.reason


def _put_right(target: Target, leftover: Leftover) -> str:
    """Look once more, since somebody may have come in between, and put it right; the reason why it stays."""
    (now,) = look(target, leftover.item)
    if now.state not in ACTED_ON:
        return _noted(target, now)[1]
    target.ledger.take_over(now.item)
    reason = why_it_stays(target, now.item)
    if reason:
        target.ledger.left(now.item, reason)
    return reason
