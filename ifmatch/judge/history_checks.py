"""What is wrong with the server's own `_history`: it changes, lacks versions, or lists them in an impossible order."""

from collections.abc import Iterator
from itertools import pairwise

from ifmatch.judge.anomaly import Anomaly, Name, witness
from ifmatch.judge.history import ANY, Entry, Kind, Operation
from ifmatch.judge.history_index import HistoryIndex
from ifmatch.judge.wording import content, described


def history_forks(index: HistoryIndex) -> Iterator[Anomaly]:
    """The final history must begin with every page of it that was read before."""
    for page in index.history.earlier:
        yield from _differing_entries(index, page)
        for lost in page[index.listed :][:1]:
            sentence = f"The server's history had version {lost.version} and later has it no more."
            yield _history_fork(index, sentence, lost)


def _differing_entries(index: HistoryIndex, page: tuple[Entry, ...]) -> Iterator[Anomaly]:
    reordered = _reordered(page, index.entries)
    replaced = _replaced(page, index.entries)
    if reordered is not None:
        yield _history_fork(index, _how_reordered(*reordered), *reordered)
    elif replaced is not None:
        yield _history_fork(index, _how_replaced(index, page, *replaced), *replaced)


def _history_fork(index: HistoryIndex, sentence: str, *entries: Entry) -> Anomaly:
    versions = tuple(entry.version for entry in entries)
    return Anomaly(
        name=Name.HISTORY_FORK,
        operations=witness(*map(index.maker, versions)),
        sentence=sentence,
        versions=versions,
        entries=entries,
    )


def _reordered(page: tuple[Entry, ...], entries: tuple[Entry, ...]) -> tuple[Entry, Entry] | None:
    """The first two versions that both list, the one in this order, the other in that."""
    before, after = _versions(page), _versions(entries)
    once = [entry for entry in page if entry.version in after]
    later = [entry for entry in entries if entry.version in before]
    pairs = zip(once, later, strict=False)
    return next(((old, new) for old, new in pairs if old.version != new.version), None)


def _replaced(page: tuple[Entry, ...], entries: tuple[Entry, ...]) -> tuple[Entry, Entry] | None:
    """The first entry in whose place another one stands later."""
    pairs = zip(page, entries, strict=False)
    return next(((old, new) for old, new in pairs if _identity(old) != _identity(new)), None)


def _identity(entry: Entry) -> tuple[str, tuple[str, ...]]:
    return entry.version, entry.markers


def _versions(entries: tuple[Entry, ...]) -> set[str]:
    return {entry.version for entry in entries}


def _how_reordered(old: Entry, new: Entry) -> str:
    before = f"The server's history listed version {old.version} before version {new.version}"
    after = f"and later version {new.version} before version {old.version}"
    return f"{before}, {after}."


def _how_replaced(index: HistoryIndex, page: tuple[Entry, ...], old: Entry, new: Entry) -> str:
    """Whether the history lost a version, lacked one for a while, or changed its mind."""
    had = f"version {old.version} ({content(index, old.markers)})"
    has = f"version {new.version} ({content(index, new.markers)})"
    lost = old.version not in _versions(index.entries)
    if lost:
        return f"The server's history had {had} and later has it no more: in its place is {has}."
    lacked = new.version not in _versions(page)
    if lacked:
        return f"A history that was read meanwhile had {had}, but not what comes before it: {has}."
    return f"Where the server's history had {had}, it later has {has}."


def missing(index: HistoryIndex) -> Iterator[Anomaly]:
    """What was acknowledged, or was there from the start, must be in the final history."""
    if index.history.entries is not None:
        yield from _missing_versions(index)
        yield from _missing_contents(index)


def _missing_versions(index: HistoryIndex) -> Iterator[Anomaly]:
    for number in range(index.listed, len(index.versions)):
        version, write = index.versions[number], index.makers[number]
        if write is not None:
            yield _missing(index, f"{described(write)} was accepted", version, write)
        elif version == index.history.initial:
            yield _missing(
                index, f"Version {version} was there before the first operation", version
            )


def _missing(
    index: HistoryIndex, fact: str, version: str, write: Operation | None = None
) -> Anomaly:
    sentence = f"{fact}, but the server's history does not have it."
    return Anomaly(Name.MISSING, witness(write), sentence, (version,), index.entries[-1:])


def _missing_contents(index: HistoryIndex) -> Iterator[Anomaly]:
    for write in _without_version(index):
        sentence = f"{described(write)} was accepted, but no version in the server's history shows what it sent."
        yield Anomaly(Name.MISSING, (write,), sentence, entries=index.entries[-1:])


def _without_version(index: HistoryIndex) -> list[Operation]:
    """The accepted writes that made no version, where `_history` shows the markers of all."""
    writes = [write for write in index.versionless if write.kind is not Kind.DELETE]
    if writes and all(entry.markers or entry.deleted for entry in index.entries):
        makers = {maker.id for maker in filter(None, index.makers)}
        return [write for write in writes if write.id not in makers]
    return []


def skipped_predecessors(index: HistoryIndex) -> Iterator[Anomaly]:
    """In `_history`, the version before the one that a write made must be the one that it named."""
    for number in _out_of_link(index):
        write = index.makers[number]
        if write is not None:
            yield _skipped(index, number, write)


def follows_links(index: HistoryIndex) -> bool:
    """Whether, in `_history`, each write follows the version that it named, and none is left over."""
    complete = len(index.versions) == index.listed and not index.versionless
    return complete and next(_out_of_link(index), None) is None


def _out_of_link(index: HistoryIndex) -> Iterator[int]:
    """The versions in `_history` whose maker named another one than the one before, or any where there was none."""
    before = ""
    listed = zip(index.versions[: index.listed], index.bases, strict=False)
    for number, (version, base) in enumerate(listed):
        if base is not None and base != before and not _replaced_any(index, number):
            yield number
        before = version


def _replaced_any(index: HistoryIndex, number: int) -> bool:
    """Whether the maker of a version in `_history` asked for any version, and there was one."""
    return index.bases[number] == ANY and number > 0 and not index.entries[number - 1].deleted


def _skipped(index: HistoryIndex, number: int, write: Operation) -> Anomaly:
    """A write that replaced something else than what it named, or that the server lists out of place."""
    if number == 0:
        return _overwrite(index, number, write, "nothing", None)
    before, entry = index.entries[number - 1 : number + 1]
    overwritten = index.makers[number - 1]
    if numbered_backwards(before.version, entry.version):
        listed = (
            f"The server's history lists version {entry.version} after version {before.version}"
        )
        return Anomaly(
            name=Name.HISTORY_ORDER,
            operations=witness(overwritten, write),
            sentence=f"{listed}, though {described(write)} made it from version {write.base}.",
            versions=(entry.version,),
            entries=(before, entry),
        )
    replaced = f"the deletion {before.version}" if before.deleted else f"version {before.version}"
    return _overwrite(index, number, write, replaced, overwritten)


def _overwrite(
    index: HistoryIndex, number: int, write: Operation, replaced: str, overwritten: Operation | None
) -> Anomaly:
    version = index.entries[number].version
    sentence = f"{described(write)} made version {version}, which in the server's history replaced {replaced}."
    if overwritten is not None:
        sentence += f" {described(overwritten)} is overwritten unseen."
    return Anomaly(
        name=Name.SKIPPED,
        operations=witness(overwritten, write),
        sentence=sentence,
        versions=(version,),
        entries=index.entries[max(number - 1, 0) : number + 1],
    )


def numbered_backwards(old: str | None, new: str | None) -> bool:
    """Whether two versions are numbers that a server lists the wrong way round.

    Versions are opaque, so this accuses nobody; it says only whose fault a contradiction is.
    """
    both = str(old), str(new)
    return all(version.isdecimal() for version in both) and int(both[1]) < int(both[0])


def dates_backwards(index: HistoryIndex) -> Iterator[Anomaly]:
    """lastUpdated has a coarse resolution, so equal ones are fine."""
    dated = [(entry.updated, entry) for entry in index.entries if entry.updated is not None]
    for (old_date, old), (new_date, new) in pairwise(dated):
        if new_date < old_date:
            yield _updated_backwards(index, old, new)


def _updated_backwards(index: HistoryIndex, old: Entry, new: Entry) -> Anomaly:
    dates = f"was last updated at {new.updated}, before version {old.version} at {old.updated}"
    return Anomaly(
        name=Name.UPDATED_BACKWARDS,
        operations=witness(index.maker(old.version), index.maker(new.version)),
        sentence=f"Version {new.version} {dates}, which it replaced.",
        versions=(old.version, new.version),
        entries=(old, new),
    )
