"""Who made the versions that no answer claims: by the marker that they show, or, for a deletion, by what it named.

A write of unknown outcome is either attributed to the version that shows its marker, or it is not there. That leaves
nothing to search for.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain
from math import inf
from operator import attrgetter

from ifmatch.judge.history import Kind, Operation, deletions
from ifmatch.judge.history_index import ContentMismatch, HistoryIndex


def attribute_unclaimed_versions(index: HistoryIndex) -> None:
    """Gives each version that nobody claims to the write whose marker it shows; what does not fit is a mismatch."""
    unclaimed = {write.marker: write for write in chain(index.unknown, index.versionless)}
    mismatched = _attribute_by_marker(index, unclaimed)
    index.mismatches = _with_senders(index, mismatched)
    if index.history.entries is None:
        _attribute_unseen_versions(index, unclaimed)


def _attribute_by_marker(
    index: HistoryIndex, unclaimed: dict[str | None, Operation]
) -> dict[int, str]:
    """Takes the writes whose version is found out of those unclaimed; returns the contents that fit nobody."""
    mismatched: dict[int, str] = {}
    for number, marker in _unexplained_contents(index):
        nobody_claims_it = index.makers[number] is None
        if nobody_claims_it and marker in unclaimed:
            write = unclaimed.pop(marker)
            index.attribute(index.versions[number], write)
        else:
            mismatched[number] = marker
    return mismatched


def _unexplained_contents(index: HistoryIndex) -> Iterator[tuple[int, str]]:
    """The versions whose content is not what their maker sent, or whose maker is not known."""
    for number, (markers, maker) in enumerate(zip(index.contents, index.makers, strict=True)):
        if len(markers) == 1 and (
            maker is None or (maker.marker != markers[0] and _content_is_known(maker))
        ):
            yield number, markers[0]


def _content_is_known(write: Operation) -> bool:
    """Whether it is known what a version holds that a write made: its marker, or nothing."""
    return write.marker is not None or write.kind is Kind.DELETE


def _with_senders(index: HistoryIndex, mismatched: dict[int, str]) -> list[ContentMismatch]:
    senders: dict[str | None, Operation] = {}
    for write in index.writers_of(mismatched.values()):
        senders.setdefault(write.marker, write)
    numbers_and_markers = mismatched.items()
    return [
        ContentMismatch(index.versions[i], marker, senders.get(marker))
        for i, marker in numbers_and_markers
    ]


def _attribute_unseen_versions(index: HistoryIndex, unclaimed: dict[str | None, Operation]) -> None:
    """Without `_history`: accepted writes whose version nobody saw have made one all the same."""
    for write in index.versionless:
        observed = write.marker is not None and write.marker not in unclaimed
        if write.kind is not Kind.DELETE and not observed:
            index.attribute(_unseen_version(write), write)


def _unseen_version(write: Operation) -> str:
    """The name we give to a version that was made but never shown."""
    return f"(unseen, made by operation {write.id})"


def attribute_deletions(index: HistoryIndex) -> None:
    """A deletion has no content, hence no marker, and is often answered without a version: go by what it named.

    One of which it is doubtful whether it deleted anything still proves that it left the resource deleted, which is
    what a read answered 410 proves (RFC 9110 section 13.1.1 lets a server accept what seems to have been done
    already).
    """
    deletes = deletions(index.versionless)
    if not deletes:
        return
    deletes.sort(key=attrgetter("invoked"))
    certain, doubtful = _certain_and_doubtful(index, deletes)
    if index.history.entries is None:
        _attribute_unseen_deletions(index, certain)
    else:
        doubtful = _attribute_listed_deletions(index, certain, doubtful)
    index.absences += doubtful


def _attribute_unseen_deletions(index: HistoryIndex, deletes: list[Operation]) -> None:
    for delete in deletes:
        index.attribute(_unseen_version(delete), delete)


def _certain_and_doubtful(
    index: HistoryIndex, deletes: list[Operation]
) -> tuple[list[Operation], list[Operation]]:
    """Those that did delete what they named, and those that may have met a deletion made after it."""
    candidates, doubtful = _first_of_each_base(deletes)
    rivals = _Rivals([*candidates, *deletions(index.makers), *deletions(index.unknown)])
    certain: list[Operation] = []
    for delete in candidates:
        since = _made_since(index, delete.base)
        may_have_met_one = rivals.any_beside(delete, since)
        (doubtful if may_have_met_one else certain).append(delete)
    return certain, doubtful


def _made_since(index: HistoryIndex, version: str | None) -> float:
    """When a version may have been made, at the earliest."""
    maker = index.maker(version)
    return -inf if maker is None else maker.invoked


def _first_of_each_base(deletes: list[Operation]) -> tuple[list[Operation], list[Operation]]:
    """The deletions that name no version or are the first to name it; and those that name it again."""
    first: list[Operation] = []
    again: list[Operation] = []
    named: set[str | None] = set()
    for delete in deletes:
        names_it_again = delete.names_version and delete.base in named
        (again if names_it_again else first).append(delete)
        named.add(delete.base)
    return first, again


class _Rivals:
    """Deletions that another one may have met, in such an order that asking for them costs O(log n)."""

    def __init__(self, deletes: Iterable[Operation]) -> None:
        nobody: tuple[Operation, ...] = ()
        ordered = sorted(deletes, key=attrgetter("invoked"))
        self._starts = [delete.invoked for delete in ordered]
        self._latest = list(accumulate(ordered, _two_latest, initial=nobody))

    def any_beside(self, delete: Operation, since: float) -> bool:
        """Whether another deletion began before this one was over and ended after some moment."""
        begun = bisect_right(self._starts, delete.end)
        return any(rival is not delete and rival.end >= since for rival in self._latest[begun])


def _two_latest(pair: tuple[Operation, ...], new: Operation) -> tuple[Operation, ...]:
    """The two that ended last: whichever is asked about, one of them is another."""
    return tuple(sorted((*pair, new), key=attrgetter("end"))[-2:])


def _attribute_listed_deletions(
    index: HistoryIndex, certain: list[Operation], doubtful: list[Operation]
) -> list[Operation]:
    """Gives the deletions that `_history` lists to those who named what they replaced; returns who got none.

    Where one deletion is left over and one is listed that nobody claims, they belong together.
    """
    unclaimed = _unclaimed_deletions(index)
    left_over = [*doubtful]
    for delete in certain:
        version = unclaimed.pop(str(delete.base), None)
        if version is None:
            left_over.append(delete)
        else:
            index.attribute(version, delete)
    if len(left_over) == len(unclaimed) == 1 and not deletions(index.unknown):
        _, version = unclaimed.popitem()
        index.attribute(version, left_over.pop())
    return left_over


def _unclaimed_deletions(index: HistoryIndex) -> dict[str, str]:
    """The deletions in `_history` since the first operation that nobody claims, by the version that they replaced."""
    unclaimed: dict[str, str] = {}
    previous = ""
    for entry in index.entries:
        if entry.version == index.history.initial:
            unclaimed.clear()
        elif entry.deleted and index.maker(entry.version) is None:
            unclaimed[previous] = entry.version
        previous = entry.version
    return unclaimed
