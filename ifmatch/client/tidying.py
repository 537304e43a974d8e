"""Tidying up at the end of a run: what it made is removed, and what it borrowed is as it was."""

import json
import time
from collections.abc import Iterator

from ifmatch.client.ledger import Item
from ifmatch.client.redaction import REDACTED
from ifmatch.client.subject import IDENTIFIER_SYSTEM, entries, identifiers, tag_of
from ifmatch.client.target import Target
from ifmatch.errors import OutcomeUnknown, TargetUnusable
from ifmatch.rules.answer import Answer, Effect
from ifmatch.rules.expectation import describe

#: Seconds after which tidying up reports how far it is.
_REPORTED_EVERY = 2.0

#: Why something stays when the user did not wait for the end.
INTERRUPTED = "tidying up was interrupted"
_TARGET_GONE = "the target does not answer any more"

#: The reasons for which nothing further is tried.
_FINAL = (INTERRUPTED, _TARGET_GONE)


def tidy_up(target: Target) -> bool:
    """Remove what the run made, the newest first, and restore what it borrowed. Never judges.

    What stays goes into the journal with the reason. Ctrl-C ends it; returns whether that happened.
    """
    target.quota.release_reserve()
    end = _put_all_right(target)
    for item in target.ledger.open_items():
        target.ledger.left(item, end)
    return end == INTERRUPTED


def _put_all_right(target: Target) -> str:
    """Put one item right after the other; the reason why all that are left must stay, or nothing."""
    for item in _reported(target, target.ledger.open_items()):
        reason = why_it_stays(target, item)
        if reason in _FINAL:
            return reason
        if reason:
            target.ledger.left(item, reason)
    return ""


def _reported(target: Target, items: list[Item]) -> Iterator[Item]:
    """The items one by one; every few seconds the user sees how many are done."""
    last = time.monotonic()
    for number, item in enumerate(items):
        if time.monotonic() - last > _REPORTED_EVERY:
            target.tell(f"tidying up: {number} of {len(items)} done; Ctrl-C leaves the rest")
            last = time.monotonic()
        yield item


def why_it_stays(target: Target, item: Item) -> str:
    """Put one item right; the reason why it stays, or nothing."""
    try:
        return _put_right_twice(target, item)
    except OutcomeUnknown as error:
        return str(error)
    except TargetUnusable:
        return _TARGET_GONE
    except KeyboardInterrupt:
        return INTERRUPTED


def _put_right_twice(target: Target, item: Item) -> str:
    """A connection may be dropped under a removal, and unlike a test, a removal may be sent again."""
    try:
        return _put_right(target, item)
    except OutcomeUnknown:
        return _put_right(target, item)


def _put_right(target: Target, item: Item) -> str:
    """Restore or remove one item; the reason why it stays, or nothing."""
    if item.original is not None:
        return _restore(target, item)
    if cannot_delete(target):
        return cannot_delete(target)
    return _remove(target, item) if item.id else _find_and_remove(target, item)


def cannot_delete(target: Target) -> str:
    """Why nothing can be deleted there; empty when it can, as far as is known."""
    return (
        f"{target.profile.title} has no delete" if target.profile.offers("delete") is False else ""
    )


def _find_and_remove(target: Target, item: Item) -> str:
    """Remove what a request without a usable answer may have made: more than one where the target made it twice."""
    ids = ids_of(target, item)
    if not ids:
        target.ledger.removed(item, "not found")
        return ""
    target.ledger.created(item, ids[0])
    others = [target.ledger.enter(item.type, item.unique, one) for one in ids[1:]]
    for one in (item, *others):
        reason = _remove(target, one)
        if reason:
            target.ledger.left(one, reason)
    return ""


def ids_of(target: Target, item: Item) -> list[str]:
    """The ids under which the target has what a request without a usable answer may have made.

    It is found by the identifier that only it carries. Raises OutcomeUnknown when nobody can look for it.
    """
    if not item.unique or target.profile.offers("search-type") is False:
        raise OutcomeUnknown(
            "it may exist: the request that may have made it was answered without an id"
        )
    for answer in _searches(target, item):
        if not _is_list(answer):
            raise OutcomeUnknown(
                f"it may exist, and the search for its identifier was answered {describe(answer)}"
            )
        if ids := _ids_found(answer, item.unique):
            return ids
    return []


def _searches(target: Target, item: Item) -> Iterator[Answer]:
    """Two searches for an item by its identifier: the index may lag behind."""
    for pause in (0, 1):
        time.sleep(pause)
        yield target.search(item.type, f"identifier={IDENTIFIER_SYSTEM}|{item.unique}")


def _is_list(answer: Answer) -> bool:
    return answer.effect is Effect.ACCEPTED and answer.resource is not None


def _ids_found(answer: Answer, unique: str) -> list[str]:
    found = [resource for resource in entries(answer) if unique in identifiers(resource)]
    return [str(resource["id"]) for resource in found if resource.get("id")]


def _remove(target: Target, item: Item) -> str:
    target.delete(item.type, item.id)
    if not _is_listed(target, item):
        return ""
    seen = target.read(item.type, item.id)
    if seen.status not in (404, 410):
        return _remove_version(target, item, seen)
    target.ledger.removed(item)
    return ""


def _remove_version(target: Target, item: Item, seen: Answer) -> str:
    """Some servers delete only the version that is named."""
    answer = target.delete(item.type, item.id, if_match=tag_of(seen) or "*")
    return f"its delete was answered {describe(answer)}" if _is_listed(target, item) else ""


def _is_listed(target: Target, item: Item) -> bool:
    return target.ledger.find(item.type, item.id) is not None


def _restore(target: Target, item: Item) -> str:
    if REDACTED in json.dumps(item.original):
        return "its content could not be restored: what is known of it has a secret taken out"
    answer = _put_back(target, item)
    if answer.effect is not Effect.ACCEPTED:
        return f"its content could not be restored: {describe(answer)}"
    target.ledger.removed(item, "restored")
    return ""


def _put_back(target: Target, item: Item) -> Answer:
    seen = target.read(item.type, item.id)
    body = {**(item.original or {}), "id": item.id}
    return target.update(item.type, item.id, body, if_match=tag_of(seen) or ())
