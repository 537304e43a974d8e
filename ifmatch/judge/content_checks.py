"""What is wrong with the content of versions: changed, not what was sent, torn, applied twice or not to be applied."""

from collections.abc import Callable, Iterator

from ifmatch.judge.anomaly import WITNESS, Anomaly, Name, witness
from ifmatch.judge.history import Operation, Outcome
from ifmatch.judge.history_index import ContentMismatch, HistoryIndex
from ifmatch.judge.wording import all_described, content, described

Check = Callable[[HistoryIndex], Iterator[Anomaly]]


def changed_versions(index: HistoryIndex) -> Iterator[Anomaly]:
    """Reads that found another content in a version than was seen in it before."""
    for read in index.differing_reads:
        before = index.contents[index.numbers[read.version]]
        if len(read.seen) == len(before) == 1:
            yield _changed(index, read, before)


def _changed(index: HistoryIndex, read: Operation, before: tuple[str, ...]) -> Anomaly:
    version = str(read.version)
    first = _first_read(index, version, before)
    shown_by = "the server's history" if first is None else described(first)
    here = f"{described(read)} found {content(index, read.seen)} in version {version}"
    return Anomaly(
        name=Name.CHANGED,
        operations=witness(first, read),
        sentence=f"{here}, where {shown_by} shows {content(index, before)}.",
        versions=(version,),
        entries=index.entry_of(version),
    )


def _first_read(index: HistoryIndex, version: str, markers: tuple[str, ...]) -> Operation | None:
    """The first read that saw such a content in a version."""
    return next(
        (read for read in index.reads if (read.version, read.seen) == (version, markers)), None
    )


def other_content(index: HistoryIndex) -> Iterator[Anomaly]:
    """Versions that hold something else than what the write sent that was told it made them."""
    for mismatch in index.mismatches:
        maker = index.maker(mismatch.version)
        if maker is not None:
            yield _other_content(index, mismatch, maker)


def _other_content(index: HistoryIndex, mismatch: ContentMismatch, maker: Operation) -> Anomaly:
    version, sender = mismatch.version, mismatch.sender
    whose = (
        f"what {described(sender)} sent"
        if sender
        else f"the marker {mismatch.marker} of nobody we know"
    )
    return Anomaly(
        name=Name.OTHER_CONTENT,
        operations=witness(maker, sender),
        sentence=f"{described(maker)} was told that it made version {version}, which holds {whose}.",
        versions=(version,),
        entries=index.entry_of(version),
    )


def torn_versions(index: HistoryIndex) -> Iterator[Anomaly]:
    """Versions that hold the markers of several writes."""
    for number in index.torn:
        yield _torn(index, index.versions[number], index.contents[number])
    for read in index.differing_reads:
        if len(read.seen) > 1:
            yield _torn(index, str(read.version), read.seen)


def _torn(index: HistoryIndex, version: str, markers: tuple[str, ...]) -> Anomaly:
    read = witness(index.first_read_of(version))
    writers = index.writers_of(markers)[: WITNESS - len(read)]
    senders = all_described(writers) or "others"
    return Anomaly(
        name=Name.TORN,
        operations=(*writers, *read),
        sentence=f"Version {version} holds parts of what {senders} sent.",
        versions=(version,),
        entries=index.entry_of(version),
    )


def double_applies(index: HistoryIndex) -> Iterator[Anomaly]:
    """Writes that were sent once and made two versions."""
    for mismatch, sender in _sent_but_unclaimed(index, Outcome.OK, Outcome.UNKNOWN):
        versions = _first_two_versions(index, sender, mismatch.marker)
        if len(versions) == 2:
            one, other = versions
            yield Anomaly(
                name=Name.DOUBLE_APPLY,
                operations=(sender,),
                sentence=f"{described(sender)} was sent once and made the versions {one} and {other}.",
                versions=versions,
                entries=(*index.entry_of(one), *index.entry_of(other)),
            )


def _first_two_versions(index: HistoryIndex, write: Operation, marker: str) -> tuple[str, ...]:
    """The version that a write was told it made, then those that show its marker."""
    contents = zip(index.versions, index.contents, strict=True)
    shown = [version for version, markers in contents if marker in markers]
    made = [write.version] if write.version else []
    return tuple(dict.fromkeys(made + shown))[:2]


def _sent_but_unclaimed(
    index: HistoryIndex, *outcomes: Outcome
) -> Iterator[tuple[ContentMismatch, Operation]]:
    """The versions that no write claims, with the write of ours that sent what they hold."""
    for mismatch in index.mismatches:
        sender = mismatch.sender
        if (
            sender is not None
            and sender.outcome in outcomes
            and index.maker(mismatch.version) is None
        ):
            yield mismatch, sender


def _applied_although(outcome: Outcome, name: Name, why: str) -> Check:
    """The check for versions made by writes of an outcome that must leave no trace."""

    def check(index: HistoryIndex) -> Iterator[Anomaly]:
        for mismatch, sender in _sent_but_unclaimed(index, outcome):
            version = mismatch.version
            yield Anomaly(
                name=name,
                operations=(sender,),
                sentence=f"{described(sender)} {why}, and yet version {version} holds what it sent.",
                versions=(version,),
                entries=index.entry_of(version),
            )

    return check


ghost_writes = _applied_although(Outcome.REFUSED, Name.GHOST, "was refused")
truncated_bodies = _applied_although(Outcome.ABORTED, Name.TRUNCATED, "was cut short")
