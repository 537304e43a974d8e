"""What accepted writes contradict by the versions that they name and make: duplicates, forks, phantoms."""

from collections.abc import Iterator
from itertools import chain
from operator import attrgetter

from ifmatch.judge.anomaly import WITNESS, Anomaly, Name, witness
from ifmatch.judge.history import Operation, deletions
from ifmatch.judge.history_index import HistoryIndex
from ifmatch.judge.wording import all_described, described, request


def duplicate_versions(index: HistoryIndex) -> Iterator[Anomaly]:
    """Two writes that made one version, or a version that `_history` lists twice."""
    for claim in index.duplicate_claims:
        yield _duplicate_claim(claim.version, claim.write, claim.first)
    for number in index.listed_again:
        again = index.entries[number]
        version = again.version
        first = index.entries[index.numbers[version]]
        yield Anomaly(
            name=Name.DUPLICATE_VERSION,
            operations=witness(index.maker(version)),
            sentence=f"The server's history lists version {version} twice.",
            versions=(version,),
            entries=(first, again),
        )


def _duplicate_claim(version: str, write: Operation, first: Operation | None) -> Anomaly:
    if first is None:
        sentence = (
            f"{described(write)} was told that it made version {version}, which was there before."
        )
    else:
        sentence = f"{described(first)} and {described(write)} were both told that they made version {version}."
    return Anomaly(Name.DUPLICATE_VERSION, witness(first, write), sentence, (version,))


def duplicate_creates(index: HistoryIndex) -> Iterator[Anomaly]:
    """Several resources under one condition, by the answers to those who made them or by a search."""
    creations = [write for write in index.conditional if write.status == 201]
    if creations:
        yield from _too_many_creations(index, creations)
    yield from _too_many_matches(index, creations)


def _too_many_creations(index: HistoryIndex, creations: list[Operation]) -> Iterator[Anomaly]:
    """More creations than the one that is allowed and those that deletions may have made room for."""
    existing = 0 if index.history.initial is None else 1
    deleted = len(deletions(index.accepted)) + len(deletions(index.unknown))
    if existing + len(creations) > 1 + deleted:
        first_two = all_described(creations[:2])
        yield Anomaly(
            name=Name.DUPLICATE_CREATE,
            operations=tuple(creations[:WITNESS]),
            sentence=f"{first_two} made a resource each, where the condition allows one.",
        )


def _too_many_matches(index: HistoryIndex, creations: list[Operation]) -> Iterator[Anomaly]:
    """Searches that found more than the one that is allowed."""
    shown = creations[: WITNESS - 1]
    made = f"{all_described(shown)} were told that they made one; " if shown else ""
    for search in index.conditional:
        if search.matches is not None and search.matches > 1:
            found = f"{request(search)} found {search.matches} resources, where the condition allows one."
            yield Anomaly(Name.DUPLICATE_CREATE, (*shown, search), made + found)


def forks(index: HistoryIndex) -> Iterator[Anomaly]:
    """Two writes that name one version as the one they replaced."""
    first_successor: dict[str | None, Operation] = {}
    for write in _replacing_writes(index):
        first = first_successor.setdefault(write.base, write)
        if first is not write:
            yield from _fork(index, first, write)


def _replacing_writes(index: HistoryIndex) -> Iterator[Operation]:
    """The writes that surely took effect and replaced the version they name."""
    doubtful = {operation.id for operation in index.absences}
    effective = chain(index.accepted, index.attributed_unknowns())
    return (write for write in effective if write.names_version and write.id not in doubtful)


def _fork(index: HistoryIndex, *writes: Operation) -> Iterator[Anomaly]:
    first, second = sorted(writes, key=attrgetter("invoked"))
    if first.overlaps(second):
        yield _lost_update(first, second)
    elif _was_kept(index, first):
        # A server that forgot the first write could not know better than to accept the second.
        yield _stale_success(first, second)


def _lost_update(first: Operation, second: Operation) -> Anomaly:
    together = f"{described(first)} and {described(second)} were in flight together"
    return Anomaly(
        name=Name.LOST_UPDATE,
        operations=(first, second),
        sentence=f"{together} and both replaced version {first.base}: one update is lost.",
        versions=_versions_made(first, second),
    )


def _stale_success(first: Operation, second: Operation) -> Anomaly:
    before = f"{described(first)} had replaced version {first.base} before it was sent"
    return Anomaly(
        name=Name.STALE_SUCCESS,
        operations=(first, second),
        sentence=f"{described(second)} was accepted although {before}.",
        versions=_versions_made(first, second),
    )


def _versions_made(*writes: Operation) -> tuple[str, ...]:
    return tuple(write.version for write in writes if write.version)


def _was_kept(index: HistoryIndex, write: Operation) -> bool:
    """Whether `_history` lists what a write made; without one nobody says that it does not."""
    return index.history.entries is None or index.numbers.get(write.version, 0) < index.listed


def phantom_reads(index: HistoryIndex) -> Iterator[Anomaly]:
    """Versions that are read, but that nobody made."""
    unmade = _unmade(index)
    if unmade:
        reads = zip(index.read_numbers, index.reads, strict=True)
        phantoms = [read for number, read in reads if number in unmade]
        yield from (
            _phantom(read, "found", read.version) for read in phantoms if _must_be_made(index, read)
        )


def _must_be_made(index: HistoryIndex, read: Operation) -> bool:
    """Whether no write of which nothing more is known can have made what a read saw."""
    return bool(read.seen) or index.history.entries is not None or not index.unobserved()


def phantom_bases(index: HistoryIndex) -> Iterator[Anomaly]:
    """Versions that an accepted write replaced, but that nobody made."""
    unknown = -1
    unmade = _unmade(index) | {unknown}
    for write in filter(None, index.makers):
        if write.names_version and index.numbers.get(write.base, unknown) in unmade:
            yield _phantom(write, "replaced", write.base)


def _phantom(operation: Operation, did: str, version: str | None) -> Anomaly:
    sentence = f"{described(operation)} {did} a version that nobody made."
    return Anomaly(Name.PHANTOM, (operation,), sentence, (str(version),))


def _unmade(index: HistoryIndex) -> set[int]:
    """The versions that do not exist: `_history` does not list them, or without one nobody is known who made them."""
    unlisted = range(index.listed, len(index.versions))
    unmade = {number for number in unlisted if index.makers[number] is None}
    unmade.discard(index.numbers.get(index.history.initial, -1))
    return unmade - _made_by_refused_writes(index)


def _made_by_refused_writes(index: HistoryIndex) -> set[int]:
    """Without `_history`: what a refused write made does exist; that it should not is another anomaly."""
    if index.history.entries is not None:
        return set()
    return {
        index.numbers[mismatch.version]
        for mismatch in index.mismatches
        if mismatch.sender is not None
    }
