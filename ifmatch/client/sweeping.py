"""Removing what earlier runs left: only what is ours for certain, and who refers to others first."""

from collections.abc import Iterable, Iterator, Sequence

from ifmatch.client.label import Search, searches
from ifmatch.client.ledger import Item, item_of
from ifmatch.client.leftovers import ACTED_ON, Leftover, State, in_safe_order, look
from ifmatch.client.target import Target
from ifmatch.client.tidying import INTERRUPTED, why_it_stays
from ifmatch.log.events import Journalled
from ifmatch.log.journal import standing


def found(target: Target, journal: Sequence[Journalled], run: str = "") -> list[Leftover]:
    """What runs have left on a target, looked at: what a journal names, and what bears the label of the run or of any.

    The newest comes first. Raises TargetUnusable when the target does not answer.
    """
    journalled = [item_of(one) for one in standing(journal)]
    searched = list(searches(target, run))
    labelled = [item for search in searched for item in search.items]
    leftovers: dict[str, Leftover] = {}
    for item in (*reversed(journalled), *labelled):
        for leftover in look(target, item) if _name(item) not in leftovers else ():
            leftovers.setdefault(leftover.name, leftover)
    # By its journal what a run left is known without any search.
    unseen = [] if journal else [search for search in searched if search.gap]
    return [*leftovers.values(), *map(_not_seen, unseen)]


def _not_seen(search: Search) -> Leftover:
    """What may be there still of a type that could not be searched to the end."""
    return Leftover(Item(search.type, "", ""), State.UNKNOWN, search.gap)


def _name(item: Item) -> str:
    return f"{item.type}/{item.id}"


def sweep(target: Target, leftovers: Iterable[Leftover]) -> Iterator[tuple[Leftover, str]]:
    """Put right what can be; each leftover with the reason why it stays, empty where it is gone or as it was.

    Ctrl-C ends it with what was done until then.
    """
    target.quota.release_reserve()
    to_do = []
    for leftover in leftovers:
        if leftover.state in ACTED_ON:
            to_do.append(leftover)
        else:
            yield leftover, _noted(target, leftover)
    refused = []
    for leftover in in_safe_order(to_do):
        reason = _put_right(target, leftover)
        if reason == INTERRUPTED:
            yield leftover, reason
            return
        if reason:
            refused.append(leftover)
        else:
            yield leftover, ""
    # Some servers refuse a delete while an index still knows who referred to it: what stays is tried once more.
    for leftover in refused:
        yield leftover, _put_right(target, leftover)


def _noted(target: Target, leftover: Leftover) -> str:
    """What nothing is done about: that it is not there, or why it stays, goes into the journal, if it has a name."""
    if not any(leftover.item.key[1:]):
        return leftover.reason
    target.ledger.take_over(leftover.item)
    if leftover.state is State.GONE:
        target.ledger.removed(leftover.item, "not found")
        return ""
    target.ledger.left(leftover.item, leftover.reason)
    return leftover.reason


def _put_right(target: Target, leftover: Leftover) -> str:
    """Look once more, since somebody may have come in between, and put it right; the reason why it stays."""
    (now,) = look(target, leftover.item)
    if now.state not in ACTED_ON:
        return _noted(target, now)
    target.ledger.take_over(now.item)
    reason = why_it_stays(target, now.item)
    if reason:
        target.ledger.left(now.item, reason)
    return reason
