"""The timeline of a run: when each case was judged, a lane for each interaction."""

from collections.abc import Iterator
from dataclasses import dataclass

from ifmatch.log.events import VerdictReached
from ifmatch.report.allure_http import milliseconds
from ifmatch.report.page.views import anchor_of
from ifmatch.report.run import Run
from ifmatch.report.text import one_line
from ifmatch.rules.verdict import Verdict

#: The narrowest bar that can be seen, in thousandths of the width.
_NARROWEST = 1.5


@dataclass(frozen=True)
class Bar:
    """One case: where it begins and how long it is, in thousandths of the run."""

    start: float
    width: float
    verdict: Verdict
    anchor: str
    title: str


@dataclass(frozen=True)
class Lane:
    """The cases of one interaction."""

    name: str
    bars: tuple[Bar, ...]


def lanes(run: Run) -> list[Lane]:
    """The lanes in the order in which they were begun. What is watched in every exchange has no time of its own."""
    grouped: dict[str, list[Bar]] = {}
    for case in _timed(run):
        grouped.setdefault(case.rule.partition(".")[0], []).append(_bar(case, run))
    return [Lane(name, tuple(bars)) for name, bars in grouped.items()]


def _timed(run: Run) -> Iterator[VerdictReached]:
    cases = [case for judged in run.rules for case in judged.cases]
    yield from sorted((case for case in cases if case.started), key=lambda case: case.started)


def _bar(case: VerdictReached, run: Run) -> Bar:
    whole = max(run.duration * 1000, 1)
    start = (milliseconds(case.started) - milliseconds(run.started)) / whole
    return Bar(
        start=round(1000 * start, 1),
        width=round(max(1000 * case.duration_ms / whole, _NARROWEST), 1),
        verdict=case.verdict,
        anchor=anchor_of(case.rule),
        title=one_line(f"{case.rule}: {case.verdict}, {case.duration_ms / 1000:.2f} s"),
    )
