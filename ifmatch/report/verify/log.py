"""The log held against itself: it is whole, and nothing in it was changed, added or taken out."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from ifmatch.log.events import (
    Event,
    ExchangeRecorded,
    RunFinished,
    RunStarted,
    Unreadable,
    VerdictReached,
)
from ifmatch.log.reader import FILE_NAME
from ifmatch.log.seal import broken_seal
from ifmatch.report.verify.evidence import Evidence, case_called, named
from ifmatch.rules.catalogue import is_watched


def log(evidence: Evidence) -> Iterator[str]:
    """The log has its beginning and its end, nothing in it was changed, and nothing is missing or there twice."""
    yield from _wrong_end(evidence)
    yield from _wrong_beginning(evidence.events)
    unreadable = _unreadable(evidence)
    if unreadable:
        yield f"{unreadable} lines cannot be read"
    exchanges = [event for event in evidence.events if isinstance(event, ExchangeRecorded)]
    yield from named("exchanges that are missing", _gaps(exchanges))
    yield from named("exchanges that are there twice", _twice(one.id for one in exchanges))
    yield from named("exchanges that no verdict names", _orphans(evidence, exchanges))
    yield from named(
        "exchanges that a verdict names and are not there", _unseen(evidence, exchanges)
    )
    yield from named("verdicts that are there twice", _twice(_judged(evidence.events)))


def _wrong_end(evidence: Evidence) -> Iterator[str]:
    if wrong := broken_seal(evidence.folder, evidence.events):
        yield wrong


def _wrong_beginning(events: list[Event]) -> Iterator[str]:
    if events and not isinstance(events[0], RunStarted):
        yield "its first line is missing"
    for kind in (RunStarted, RunFinished):
        if sum(isinstance(event, kind) for event in events) > 1:
            yield f"it holds more than one {'beginning' if kind is RunStarted else 'end'}"


def _unreadable(evidence: Evidence) -> int:
    """How many lines are no event of this version, or none at all, which a reader passes over."""
    lines = (evidence.folder / FILE_NAME).read_bytes().removesuffix(b"\n").count(b"\n") + 1
    unknown = sum(isinstance(event, Unreadable) for event in evidence.events)
    return lines - len(evidence.events) + unknown


def _gaps(exchanges: list[ExchangeRecorded]) -> list[str]:
    """The ids that were given and are not there. Each process counts its own."""
    seen: dict[str, set[int]] = defaultdict(set)
    for exchange in exchanges:
        prefix, _, number = exchange.id.rpartition("-")
        if number.isdecimal():
            seen[prefix].add(int(number))
    return [
        f"{prefix}-{number}".lstrip("-")
        for prefix, numbers in seen.items()
        for number in sorted(set(range(1, max(numbers) + 1)) - numbers)
    ]


def _twice(names: Iterator[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _judged(events: list[Event]) -> Iterator[str]:
    """Each case that was judged. What is watched was once judged by each of several processes."""
    for event in events:
        if isinstance(event, VerdictReached) and not is_watched(event.rule):
            yield case_called(event.rule, event.resource_type, event.row)


def _orphans(evidence: Evidence, exchanges: list[ExchangeRecorded]) -> list[str]:
    """What was exchanged for a rule, and stands in no verdict: the verdict was dropped, or names others."""
    if not evidence.run.complete:
        return []
    in_verdicts = set(_named_in_verdicts(evidence))
    return [one.id for one in exchanges if _is_of_a_step(one) and one.id not in in_verdicts]


def _unseen(evidence: Evidence, exchanges: list[ExchangeRecorded]) -> list[str]:
    """What a verdict rests on, and the log has not."""
    there = {one.id for one in exchanges}
    return sorted(set(_named_in_verdicts(evidence)) - there)


def _named_in_verdicts(evidence: Evidence) -> Iterator[str]:
    for event in evidence.events:
        if isinstance(event, VerdictReached):
            yield from event.exchanges


def _is_of_a_step(exchange: ExchangeRecorded) -> bool:
    """Whether a verdict has to name an exchange. What raced is in its history."""
    return exchange.step is not None and not exchange.raced
