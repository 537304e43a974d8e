"""What is wrong by the claims alone: links (If-Match), markers, and the server's own history. Needs no clock.

Each check reads the evidence and yields what it finds; the order of `CLOCK_FREE` is that of precedence.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, pairwise

from ifmatch.judge.anomaly import WITNESS, Anomaly, Name, known, request, tell
from ifmatch.judge.history import ANY, Entry, Kind, Operation, Outcome
from ifmatch.judge.index import HistoryIndex

Check = Callable[[HistoryIndex], Iterator[Anomaly]]


def _duplicate_versions(evidence: HistoryIndex) -> Iterator[Anomaly]:
    for version, write, first in evidence.twice:
        if first is None:
            sentence = f"{tell(write)} was told that it made version {version}, which was there before."
            yield Anomaly(Name.DUPLICATE_VERSION, (write,), sentence, (version,))
        else:
            sentence = f"{tell(first)} and {tell(write)} were both told that they made version {version}."
            yield Anomaly(Name.DUPLICATE_VERSION, (first, write), sentence, (version,))
    entries = evidence.history.entries or ()
    for other in (entries[i] for i in evidence.again):
        one = entries[evidence.number[other.version]]
        sentence = f"The server's history lists version {one.version} twice."
        yield Anomaly(Name.DUPLICATE_VERSION, _makers(evidence, one), sentence, (one.version,), (one, other))


def _duplicate_creates(evidence: HistoryIndex) -> Iterator[Anomaly]:
    """More creations under one condition than deletions could have made room for."""
    if not evidence.conditional:
        return
    creations = [w for w in evidence.conditional if w.status == 201]
    deletions = sum(w.kind is Kind.DELETE for w in chain(evidence.accepted, evidence.unknown))
    if len(creations) + (evidence.history.initial is not None) > 1 + deletions:
        sentence = f"{' and '.join(map(tell, creations[:2]))} made a resource each, where the condition allows one."
        yield Anomaly(Name.DUPLICATE_CREATE, tuple(creations[:WITNESS]), sentence)
    for search in evidence.conditional:
        if (search.matches or 0) > 1:
            made = (
                f"{' and '.join(map(tell, creations[: WITNESS - 1]))} were told that they made one; "
                if creations
                else ""
            )
            sentence = f"{made}{request(search)} found {search.matches} resources, where the condition allows one."
            yield Anomaly(Name.DUPLICATE_CREATE, (*creations[: WITNESS - 1], search), sentence)


def _forks(evidence: HistoryIndex) -> Iterator[Anomaly]:
    """Two writes that name one version as the one they replaced."""
    first_child: dict[str, Operation] = {}
    doubtful = {write.id for write in evidence.gone}
    bound = (w for w in evidence.makers if w is not None and w.outcome is Outcome.UNKNOWN) if evidence.unknown else ()
    for write in chain(evidence.accepted, bound):
        base = write.base
        if base is None or base == ANY or write.id in doubtful:
            continue
        first = first_child.setdefault(base, write)
        if first is not write:
            one, other = sorted((first, write), key=lambda w: w.invoked)
            if one.overlaps(other) or _listed(
                evidence, one
            ):  # else the server forgot it, and then could not know better
                yield _fork(one, other)


def _listed(evidence: HistoryIndex, write: Operation) -> bool:
    return evidence.history.entries is None or evidence.number.get(write.version, 0) < evidence.listed


def _fork(first: Operation, second: Operation) -> Anomaly:
    versions = tuple(write.version for write in (first, second) if write.version)
    if first.overlaps(second):
        both = f"{tell(first)} and {tell(second)} were in flight together"
        sentence = f"{both} and both replaced version {first.base}: one update is lost."
        return Anomaly(Name.LOST_UPDATE, (first, second), sentence, versions)
    sentence = (
        f"{tell(second)} was accepted although {tell(first)} had replaced version {first.base} before it was sent."
    )
    return Anomaly(Name.STALE_SUCCESS, (first, second), sentence, versions)


def _history_forks(evidence: HistoryIndex) -> Iterator[Anomaly]:
    """The final history must begin with every page of it that was read before."""
    entries = evidence.history.entries or ()
    for page in evidence.history.earlier:
        differing = (
            (o, n) for o, n in zip(page, entries, strict=False) if (o.version, o.markers) != (n.version, n.markers)
        )
        if pair := _turned(page, entries):
            old, new = pair
            sentence = f"The server's history listed version {old.version} before version {new.version}, and later "
            yield _history_fork(evidence, f"{sentence}version {new.version} before version {old.version}.", *pair)
        elif pair := next(differing, None):
            yield _history_fork(evidence, _forked(evidence, page, *pair), *pair)
        for lost in page[len(entries) :][:1]:
            yield _history_fork(
                evidence, f"The server's history had version {lost.version} and later has it no more.", lost
            )


def _history_fork(evidence: HistoryIndex, sentence: str, *entries: Entry) -> Anomaly:
    makers = {write.id: write for entry in entries for write in _makers(evidence, entry)}
    versions = tuple(entry.version for entry in entries)
    return Anomaly(Name.HISTORY_FORK, tuple(makers.values()), sentence, versions, entries)


def _turned(page: tuple[Entry, ...], entries: tuple[Entry, ...]) -> tuple[Entry, Entry] | None:
    """Two versions that both list, the one in this order, the other in that."""
    before, after = ({entry.version for entry in listed} for listed in (page, entries))
    once = (entry for entry in page if entry.version in after)
    later = (entry for entry in entries if entry.version in before)
    return next(((old, new) for old, new in zip(once, later, strict=False) if old.version != new.version), None)


def _forked(evidence: HistoryIndex, page: tuple[Entry, ...], old: Entry, new: Entry) -> str:
    """Whether the history lost a version, lacked one for a while, or changed its mind."""
    before, after = ({entry.version for entry in entries} for entries in (page, evidence.history.entries or ()))
    had, has = (f"version {entry.version} ({_held(evidence, entry.markers)})" for entry in (old, new))
    if old.version not in after:
        return f"The server's history had {had} and later has it no more: in its place is {has}."
    if new.version not in before:
        return f"A history that was read meanwhile had {had}, but not what comes before it: {has}."
    return f"Where the server's history had {had}, it later has {has}."


def _missing(evidence: HistoryIndex) -> Iterator[Anomaly]:
    """What was acknowledged, or was there from the start, must be in the final history."""
    entries = evidence.history.entries
    if entries is None:
        return
    for version, write in zip(evidence.versions[evidence.listed :], evidence.makers[evidence.listed :], strict=True):
        if write is not None or version == evidence.history.initial:
            who = f"{tell(write)} was accepted" if write else f"Version {version} was there before the first operation"
            yield Anomaly(
                Name.MISSING,
                known(write),
                f"{who}, but the server's history does not have it.",
                (version,),
                entries[-1:],
            )
    unbound = {write.id for write in evidence.nameless if write.kind is not Kind.DELETE}
    if unbound and all(entry.markers or entry.deleted for entry in entries):
        unbound -= {write.id for write in evidence.makers if write is not None}
        for write in evidence.nameless:
            if write.id in unbound:
                sentence = f"{tell(write)} was accepted, but no version in the server's history shows what it sent."
                yield Anomaly(Name.MISSING, (write,), sentence, (), entries[-1:])


def _changed(evidence: HistoryIndex) -> Iterator[Anomaly]:
    for read in evidence.differing:
        version = str(read.version)
        before = evidence.content[evidence.number[version]]
        if len(read.seen) == len(before) == 1:
            entries = _entries(evidence, version)
            first = next((r for r in evidence.reads if r.version == version and r.seen == before), None)
            shown = tell(first) if first is not None else "the server's history"
            found, other = _held(evidence, read.seen), _held(evidence, before)
            sentence = f"{tell(read)} found {found} in version {version}, where {shown} shows {other}."
            yield Anomaly(Name.CHANGED, (*known(first), read), sentence, (version,), entries)


def _other_content(evidence: HistoryIndex) -> Iterator[Anomaly]:
    for stray in evidence.strays:
        claimant = evidence.maker(stray.version)
        if claimant is not None:
            whose = f"what {tell(stray.owner)} sent" if stray.owner else f"the marker {stray.marker} of nobody we know"
            sentence = f"{tell(claimant)} was told that it made version {stray.version}, which holds {whose}."
            yield Anomaly(
                Name.OTHER_CONTENT,
                (claimant, *known(stray.owner)),
                sentence,
                (stray.version,),
                _entries(evidence, stray.version),
            )


def _phantom_reads(evidence: HistoryIndex) -> Iterator[Anomaly]:
    """Versions that are read, but that nobody made. A write that we know nothing more of may have made one."""
    unmade = _unmade(evidence)
    hidden = unmade and evidence.history.entries is None and next(evidence.unobserved(), None) is not None
    for i, read in zip(evidence.read_at, evidence.reads, strict=True) if unmade else ():
        if i in unmade and (read.seen or not hidden):
            yield Anomaly(
                Name.PHANTOM, (read,), f"{tell(read)} found a version that nobody made.", (evidence.versions[i],)
            )


def _phantom_bases(evidence: HistoryIndex) -> Iterator[Anomaly]:
    """Versions that an accepted write replaced, but that nobody made."""
    unmade = _unmade(evidence)
    for write in evidence.makers:
        base = write.base if write is not None else None
        if write is not None and base is not None and base != ANY and evidence.number.get(base, -1) in unmade | {-1}:
            yield Anomaly(Name.PHANTOM, (write,), f"{tell(write)} replaced a version that nobody made.", (base,))


def _unmade(evidence: HistoryIndex) -> set[int]:
    """The versions that do not exist: `_history` does not list them, or without one nobody is known who made them.

    What a refused write made does exist; that it should not is told elsewhere.
    """
    claimed = evidence.history.entries is not None
    ghosts = {evidence.number[stray.version] for stray in evidence.strays if stray.owner is not None and not claimed}
    unlisted = enumerate(evidence.makers[evidence.listed :], evidence.listed)
    unmade = {i for i, maker in unlisted if maker is None} - ghosts
    return unmade - {evidence.number.get(evidence.history.initial, -1)}


def _torn(evidence: HistoryIndex) -> Iterator[Anomaly]:
    first = ((evidence.versions[i], evidence.content[i]) for i in evidence.torn)
    later = ((str(read.version), read.seen) for read in evidence.differing if len(read.seen) > 1)
    for version, seen in chain(first, later):
        read = known(evidence.first_sight(version))
        writers = evidence.writers_of(seen)[: WITNESS - len(read)]
        sentence = f"Version {version} holds parts of what {' and '.join(map(tell, writers)) or 'others'} sent."
        yield Anomaly(Name.TORN, (*writers, *read), sentence, (version,), _entries(evidence, version))


def _doubles(evidence: HistoryIndex) -> Iterator[Anomaly]:
    for stray in evidence.strays:
        owner = stray.owner
        if (
            owner is not None
            and owner.outcome in (Outcome.OK, Outcome.UNKNOWN)
            and evidence.maker(stray.version) is None
        ):
            shown = zip(evidence.versions, evidence.content, strict=True)
            seen_in = (version for version, seen in shown if stray.marker in seen)
            versions = [*dict.fromkeys((*([owner.version] if owner.version else ()), *seen_in))][:2]
            if len(versions) < 2:
                continue
            entries = tuple(entry for version in versions for entry in _entries(evidence, version))
            sentence = f"{tell(owner)} was sent once and made the versions {' and '.join(versions)}."
            yield Anomaly(Name.DOUBLE_APPLY, (owner,), sentence, tuple(versions), entries)


def _applied(outcome: Outcome, name: Name, why: str) -> Check:
    """The check for versions made by writes of an outcome that must leave no trace."""

    def check(evidence: HistoryIndex) -> Iterator[Anomaly]:
        for stray in evidence.strays:
            if stray.owner is not None and stray.owner.outcome is outcome and evidence.maker(stray.version) is None:
                sentence = f"{tell(stray.owner)} {why}, and yet version {stray.version} holds what it sent."
                yield Anomaly(name, (stray.owner,), sentence, (stray.version,), _entries(evidence, stray.version))

    return check


def _skipped(evidence: HistoryIndex) -> Iterator[Anomaly]:
    """In `_history`, the version before the one that a write made must be the one that it named."""
    before = ""
    for i, (version, base) in enumerate(zip(evidence.versions[: evidence.listed], evidence.bases, strict=False)):
        if base is not None and base != before and (base != ANY or _nothing_before(evidence, i)):
            yield from (_skip(evidence, i, maker) for maker in known(evidence.makers[i]))
        before = version


def well_linked(evidence: HistoryIndex) -> bool:
    """Whether, in `_history`, each write follows the version that it named, and none is left over."""
    complete = len(evidence.versions) == evidence.listed and not evidence.nameless
    return complete and next(_skipped(evidence), None) is None


def _nothing_before(evidence: HistoryIndex, i: int) -> bool:
    entries = evidence.history.entries or ()
    return i == 0 or entries[i - 1].deleted


def _skip(evidence: HistoryIndex, i: int, write: Operation) -> Anomaly:
    entries = (evidence.history.entries or ())[max(i - 1, 0) : i + 1]
    between = known(evidence.makers[i - 1]) if i else ()
    if i and numbered_backwards(entries[0].version, entries[1].version):
        listed = f"The server's history lists version {entries[1].version} after version {entries[0].version}"
        sentence = f"{listed}, though {tell(write)} made it from version {write.base}."
        return Anomaly(Name.HISTORY_ORDER, (*between, write), sentence, (entries[1].version,), entries)
    replaced = ("the deletion " if entries[0].deleted else "version ") + entries[0].version if i else "nothing"
    sentence = f"{tell(write)} made version {entries[-1].version}, which in the server's history replaced {replaced}."
    sentence += f" {tell(between[0])} is overwritten unseen." if between else ""
    return Anomaly(Name.SKIPPED, (*between, write), sentence, (entries[-1].version,), entries)


def numbered_backwards(old: str | None, new: str | None) -> bool:
    """Whether two versions are numbers that a server lists the wrong way round.

    Versions are opaque, so this accuses nobody; it tells whose fault a contradiction is.
    """
    return str(old).isdecimal() and str(new).isdecimal() and int(str(new)) < int(str(old))


def _updated_backwards(evidence: HistoryIndex) -> Iterator[Anomaly]:
    """lastUpdated has a coarse resolution, so equal ones are fine."""
    dated = [entry for entry in evidence.history.entries or () if entry.updated is not None]
    for old, new in pairwise(dated):
        if new.updated < old.updated:  # type: ignore[operator]
            dates = f"was last updated at {new.updated}, before version {old.version} at {old.updated}"
            sentence = f"Version {new.version} {dates}, which it replaced."
            makers = (*_makers(evidence, old), *_makers(evidence, new))
            yield Anomaly(Name.UPDATED_BACKWARDS, makers, sentence, (old.version, new.version), (old, new))


#: The checks that need no clock, in the order of precedence: what one explains, the later ones do not tell again.
CLOCK_FREE: tuple[Check, ...] = (
    _duplicate_versions,
    _duplicate_creates,
    _forks,
    _history_forks,
    _missing,
    _changed,
    _other_content,
    _torn,
    _doubles,
    _applied(Outcome.REFUSED, Name.GHOST, "was refused"),
    _applied(Outcome.ABORTED, Name.TRUNCATED, "was cut short"),
    _phantom_reads,
    _phantom_bases,
    _skipped,
    _updated_backwards,
)

#: Those that have nothing to say where each write follows the version that it named.
ABOUT_LINKS = frozenset({_forks, _phantom_bases, _skipped})


def _makers(evidence: HistoryIndex, entry: Entry) -> tuple[Operation, ...]:
    return known(evidence.maker(entry.version))


def _entries(evidence: HistoryIndex, version: str) -> tuple[Entry, ...]:
    return tuple(entry for entry in evidence.history.entries or () if entry.version == version)[:1]


def _held(evidence: HistoryIndex, markers: Iterable[str]) -> str:
    """What a version holds, told by the write that sent it: no person can read a mark."""
    markers = tuple(markers)
    writers = {write.marker: write for write in evidence.writers_of(markers)}
    told = (f"what {tell(writers[m])} sent" if m in writers else f"the mark {m} of nobody we know" for m in markers)
    return " and ".join(told) or "no mark of ours"
