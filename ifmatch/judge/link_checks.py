"""What accepted writes contradict by the versions that they name and make: duplicates, forks, phantoms."""

from collections.abc import Iterable, Iterator
from itertools import chain

from ifmatch.judge.anomaly import WITNESS, Anomaly, Name, witness
from ifmatch.judge.history import Kind, Operation
from ifmatch.judge.history_index import HistoryIndex, names_a_version
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
        sentence = f"{described(write)} was told that it made version {version}, which was there before."
    else:
        sentence = f"{described(first)} and {described(write)} were both told that they made version {version}."
    return Anomaly(Name.DUPLICATE_VERSION, witness(first, write), sentence, (version,))


def duplicate_creates(index: HistoryIndex) -> Iterator[Anomaly]:
    """More creations under one condition than deletions could have made room for."""
    if not index.conditional:
        return
    creations = [write for write in index.conditional if write.status == 201]
    deletions = [write for write in chain(index.accepted, index.unknown) if write.kind is Kind.DELETE]
    existing = 0 if index.history.initial is None else 1
    if existing + len(creations) > 1 + len(deletions):
        first_two = all_described(creations[:2])
        yield Anomaly(
            name=Name.DUPLICATE_CREATE,
            operations=tuple(creations[:WITNESS]),
            sentence=f"{first_two} made a resource each, where the condition allows one.",
        )
    for search in index.conditional:
        if (search.matches or 0) > 1:
            yield _several_matches(search, creations[: WITNESS - 1])


def _several_matches(search: Operation, creations: list[Operation]) -> Anomaly:
    made = f"{all_described(creations)} were told that they made one; " if creations else ""
    found = f"{request(search)} found {search.matches} resources, where the condition allows one."
    return Anomaly(Name.DUPLICATE_CREATE, (*creations, search), made + found)


def forks(index: HistoryIndex) -> Iterator[Anomaly]:
    """Two writes that name one version as the one they replaced."""
    first_successor: dict[str | None, Operation] = {}
    doubtful = {operation.id for operation in index.absences}
    for write in chain(index.accepted, index.attributed_unknowns()):
        if not names_a_version(write) or write.id in doubtful:
            continue
        first = first_successor.setdefault(write.base, write)
        if first is not write:
            yield from _fork(index, first, write)


def _fork(index: HistoryIndex, *writes: Operation) -> Iterator[Anomaly]:
    first, second = sorted(writes, key=lambda write: write.invoked)
    overlapping = first.overlaps(second)
    if overlapping:
        name = Name.LOST_UPDATE
        both = f"{described(first)} and {described(second)} were in flight together"
        sentence = f"{both} and both replaced version {first.base}: one update is lost."
    else:
        name = Name.STALE_SUCCESS
        before = f"{described(first)} had replaced version {first.base} before it was sent"
        sentence = f"{described(second)} was accepted although {before}."
    # A server that forgot the first write could not know better than to accept the second.
    if overlapping or _was_kept(index, first):
        versions = tuple(write.version for write in (first, second) if write.version)
        yield Anomaly(name, (first, second), sentence, versions)


def _was_kept(index: HistoryIndex, write: Operation) -> bool:
    """Whether `_history` lists what a write made; without one nobody says that it does not."""
    return index.history.entries is None or index.numbers.get(write.version, 0) < index.listed


def phantom_reads(index: HistoryIndex) -> Iterator[Anomaly]:
    """Versions that are read, but that nobody made."""
    unmade = _unmade(index)
    if not unmade:
        return
    # A write of which nothing more is known may have made a version whose content was not shown.
    may_be_ours = index.history.entries is None and bool(index.unobserved())
    for number, read in zip(index.read_numbers, index.reads, strict=True):
        if number in unmade and (read.seen or not may_be_ours):
            yield _phantom(read, "found", index.versions[number])


def phantom_bases(index: HistoryIndex) -> Iterator[Anomaly]:
    """Versions that an accepted write replaced, but that nobody made."""
    unmade = _unmade(index)
    for write in filter(None, index.makers):
        if not names_a_version(write):
            continue
        number = index.numbers.get(write.base)
        if number is None or number in unmade:
            yield _phantom(write, "replaced", str(write.base))


def _phantom(operation: Operation, did: str, version: str) -> Anomaly:
    sentence = f"{described(operation)} {did} a version that nobody made."
    return Anomaly(Name.PHANTOM, (operation,), sentence, (version,))


def _unmade(index: HistoryIndex) -> set[int]:
    """The versions that do not exist: `_history` does not list them, or without one nobody is known who made them."""
    unlisted = enumerate(index.makers[index.listed :], index.listed)
    unmade = {number for number, maker in unlisted if maker is None}
    unmade.discard(index.numbers.get(index.history.initial, -1))
    if index.history.entries is None:
        unmade -= set(_made_by_refused_writes(index))
    return unmade


def _made_by_refused_writes(index: HistoryIndex) -> Iterable[int]:
    """What a refused write made does exist; that it should not is another anomaly."""
    return (index.numbers[mismatch.version] for mismatch in index.mismatches if mismatch.sender is not None)
