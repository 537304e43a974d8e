"""What earlier runs left on a target: found by a journal or by the label, and looked at before it is touched.

Nothing is ours because of its id: somebody else may have put something there since. It has to bear our mark.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import Any

from ifmatch.client.label import has_identifier_of_ours, labels
from ifmatch.client.ledger import Item
from ifmatch.client.subject import is_bundle
from ifmatch.client.target import Target
from ifmatch.client.tidying import cannot_delete, ids_of
from ifmatch.errors import OutcomeUnknown
from ifmatch.rules.answer import Resource, objects_in
from ifmatch.rules.content import differences
from ifmatch.rules.expectation import describe

#: The mark that an update of ours leaves.
_MARK = re.compile(r"\bifmatch [0-9a-f]{32}\b")


class State(StrEnum):
    """What a look at the target says of a leftover."""

    OURS = "to be removed"
    CHANGED = "to be restored"
    GONE = "not there any more"
    KEPT = "has to stay"
    NOT_OURS = "left alone"
    UNKNOWN = "cannot be seen"


#: What a sweep does something about.
ACTED_ON = (State.OURS, State.CHANGED)


@dataclass(frozen=True)
class Leftover:
    """A resource that a run left, as it is now; `run` is the label that it bears."""

    item: Item
    state: State
    reason: str = ""
    run: str = ""
    refers_to: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """Type and id; the identifier while the id is not known; for what no search finds, what it would bear."""
        if not any(self.item.key[1:]):
            return f"{self.item.type}/(whatever bears the label)"
        return f"{self.item.type}/{self.item.id or f'(identifier {self.item.unique})'}"


# ---------------------------------------------------------------- looked at


def look(target: Target, item: Item) -> list[Leftover]:
    """What has become of an item; more than one where a request was carried out twice."""
    try:
        ids = [item.id] if item.id else ids_of(target, item)
        found = [_seen(target, item, one) for one in ids]
        return found or [Leftover(item, State.GONE, "no search finds it")]
    except OutcomeUnknown as unknown:
        return [Leftover(item, State.UNKNOWN, str(unknown))]


def _seen(target: Target, item: Item, resource_id: str) -> Leftover:
    item = Item(item.type, resource_id, item.unique, item.original, item.created)
    answer = target.read(item.type, resource_id)
    if answer.status in (404, 410):
        return Leftover(item, State.GONE, f"a read answers {answer.status}")
    if answer.resource is None:
        return Leftover(item, State.UNKNOWN, f"a read is answered {describe(answer)}")
    state, reason = _judged(target, item, answer.resource)
    run = next(iter(labels(answer.resource)), "")
    return Leftover(item, state, reason, run, frozenset(_references(answer.resource)))


def _judged(target: Target, item: Item, resource: Resource) -> tuple[State, str]:
    """What is to be done about a resource that is there, and why nothing when nothing is."""
    if item.original is not None:
        return _lent(item, resource)
    if not _bears_our_mark(target, item, resource):
        return State.NOT_OURS, "it does not bear our mark: somebody else has put it there since"
    reason = cannot_delete(target)
    return (State.KEPT, reason) if reason else (State.OURS, "")


def _lent(item: Item, resource: Resource) -> tuple[State, str]:
    """What was only lent is restored, unless it is as it was or somebody else has written to it after us."""
    original = item.original or {}
    if not differences(_without_meta(original), _without_meta(resource)):
        return State.GONE, "it holds what it held before the run"
    if not _MARK.search(json.dumps(resource)):
        return State.NOT_OURS, "it was lent to us, and somebody else has written to it since"
    return State.CHANGED, ""


def _without_meta(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if name != "meta"}


def _bears_our_mark(target: Target, item: Item, resource: Resource) -> bool:
    """Whether the content is ours. A tag alone does not say so: servers keep tags when somebody else updates."""
    content = _without_meta({**resource, "id": ""})
    if labels(content) or has_identifier_of_ours(resource):
        return True
    if _has_text_of_ours(item, json.dumps(content)):
        return True
    return bool(labels(resource)) and _has_one_version(target, item)


def _has_text_of_ours(item: Item, content: str) -> bool:
    """Whether there is the mark of an update, or what makes the resource unique."""
    has_unique = bool(item.unique) and item.unique in content
    return has_unique or _MARK.search(content) is not None


def _has_one_version(target: Target, item: Item) -> bool:
    """Whether nobody has written to it since it was made."""
    answer = target.history(item.type, item.id)
    listed = objects_in((answer.resource or {}).get("entry")) if is_bundle(answer) else []
    return len(listed) == 1


def _references(node: Any) -> Iterator[str]:
    """The resources that a part of a resource refers to, as type and id."""
    if isinstance(node, list):
        for part in node:
            yield from _references(part)
    if isinstance(node, dict):
        reference = node.get("reference")
        if isinstance(reference, str):
            yield "/".join(reference.split("/")[-2:])
        yield from _references(list(node.values()))


# ---------------------------------------------------------------- in which order


def in_safe_order(leftovers: Sequence[Leftover]) -> list[Leftover]:
    """Who refers to others before what is referred to. In a circle there is no such order: then as given."""
    by_name = {leftover.name: leftover for leftover in leftovers}
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(by_name, ()))
    for leftover in leftovers:
        others = leftover.refers_to & by_name.keys() - {leftover.name}
        for name in others:
            sorter.add(name, leftover.name)
    try:
        return [by_name[name] for name in sorter.static_order()]
    except CycleError:
        return list(leftovers)


def counted(leftovers: Iterable[Leftover]) -> dict[State, int]:
    """How many there are in each state, those that there are none of left out."""
    states = [leftover.state for leftover in leftovers]
    return {state: states.count(state) for state in State if state in states}
