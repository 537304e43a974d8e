"""A night of a fleet: what is not done yet is run, and all of it becomes one matrix, one page and one exit code."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ifmatch.errors import ConfigurationError, ExitCode
from ifmatch.fleet.gravity import gravest
from ifmatch.fleet.hosts import hosts
from ifmatch.fleet.job import Job
from ifmatch.fleet.night import Night, nights_beside
from ifmatch.fleet.side_by_side import SideBySide
from ifmatch.fleet.trend import Trend, trend_since
from ifmatch.fleet.view import View
from ifmatch.report import compare, page
from ifmatch.report.compare import Kind
from ifmatch.report.console import MARKS, conclusion
from ifmatch.report.document import Document
from ifmatch.report.matrix import fits, print_matrix, print_totals
from ifmatch.report.page.side_by_side import side_by_side
from ifmatch.report.text import one_line

#: The table for a spreadsheet.
SHEET = "fleet.csv"

#: Kinds of changes that a person is shown without looking for them.
_SHOWN = (Kind.FAILS, Kind.ERRORS, Kind.INCONCLUSIVE, Kind.WARNS, Kind.UNJUDGED, Kind.FIXED)


def run_night(
    console: Console,
    night: Night,
    jobs: Sequence[Job],
    specs: Sequence[str],
    at_once: int,
    last: Night | None,
) -> int:
    """Run what is not done yet, so many at once on each host; returns one exit code for the whole night."""
    began = time.perf_counter()
    waiting = [job for job in jobs if not night.is_done(job)]
    console.print(f"ifmatch · {night.title}: {_plan(jobs, waiting, specs, at_once)}", markup=False)
    night.write()
    interrupted = bool(waiting) and _run(console, night, waiting, specs, at_once)
    outcome = _Outcome(night, jobs)
    trend = trend_since(last, jobs) if last else None
    if not interrupted:
        night.finish()
    _write_page(outcome, trend)
    _print(console, outcome, trend)
    if interrupted:
        console.print("\nINCOMPLETE   The night was interrupted; --resume goes on with it.")
    seconds = time.perf_counter() - began
    console.print(f"\nreport  {night.folder / page.FILE_NAME}    {seconds:.1f} s", soft_wrap=True)
    return int(ExitCode.INTERRUPTED) if interrupted else gravest(outcome.codes)


# ---------------------------------------------------------------- before


def _plan(jobs: Sequence[Job], waiting: Sequence[Job], specs: Sequence[str], at_once: int) -> str:
    """How much is going to be run, and until when at the latest."""
    done = len(jobs) - len(waiting)
    parts = [f"{len(jobs)} runs, {at_once} at once on {', '.join(specs) or 'this machine'}"]
    if done:
        parts.append(f"{done} of them done before")
    if waiting:
        latest = latest_end(waiting, at_once * max(1, len(specs)))
        parts.append(f"all have ended in {_minutes(latest)} at the latest")
    return "; ".join(parts) + "\n"


def latest_end(jobs: Sequence[Job], slots: int) -> float:
    """Seconds after which all have ended, however slow their targets are.

    Until the last run begins, either every slot is busy, or one of its own target's runs is at work.
    """
    seconds = {job.name: job.bound.seconds or 0.0 for job in jobs}
    by_target = attrgetter("target")
    chains = groupby(sorted((job for job in jobs if job.target), key=by_target), by_target)
    in_a_row = [sum(seconds[job.name] for job in group) for _, group in chains]
    longest = max([*in_a_row, *seconds.values()])
    return sum(seconds.values()) / slots + longest


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _run(
    console: Console, night: Night, jobs: Sequence[Job], specs: Sequence[str], at_once: int
) -> bool:
    """Run the jobs; returns whether somebody broke them off."""
    reached, troubles = hosts(specs)
    for trouble in troubles:
        console.print(f"{trouble} The night goes on without it.", style="yellow", markup=False)
    runs = SideBySide(jobs, reached, at_once)
    View(console, jobs, counting=True).watch(runs, night.ended)
    return runs.interrupted


# ---------------------------------------------------------------- after


@dataclass(frozen=True)
class _Outcome:
    """What a night came to: the whole reports by name, and the others with the reason."""

    night: Night
    jobs: Sequence[Job]

    @cached_property
    def reports(self) -> Mapping[str, Document]:
        """The whole reports, with the name of the run in place of the profile's label."""
        found = {job.name: job.report for job in self.jobs if self.night.is_done(job)}
        return {name: _labelled(name, report) for name, report in found.items() if report}

    @property
    def without(self) -> list[tuple[str, str]]:
        """The runs that came to no whole report, each with the reason."""
        others = [job.name for job in self.jobs if job.name not in self.reports]
        return [(name, self._why(name)) for name in others]

    @property
    def codes(self) -> list[int]:
        """The exit codes of all runs; one that was never begun is no success."""
        endings = [self.night.endings.get(job.name) for job in self.jobs]
        return [int(ending["code"]) if ending else int(ExitCode.INTERRUPTED) for ending in endings]

    def _why(self, name: str) -> str:
        ending = self.night.endings.get(name)
        return str(ending["sentence"]) if ending else "It was not begun."


def _labelled(name: str, report: Document) -> Document:
    return {**report, "profile": {**report["profile"], "label": name}}


def _write_page(outcome: _Outcome, trend: Trend | None) -> None:
    """The page with all targets, which leads to the page of each, and the same as a table."""
    folder, reports = outcome.night.folder, outcome.reports
    pages = [f"{name}/{page.FILE_NAME}" for name in reports]
    changes = trend.view if trend else None
    title = f"{outcome.night.title}, {outcome.night.started[:10]}"
    text = side_by_side(title, list(reports.items()), pages, changes, outcome.without)
    try:
        (folder / page.FILE_NAME).write_text(text, encoding="utf-8")
        (folder / SHEET).write_text(compare.csv(list(reports.values())), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be written: {error.strerror}. Choose another folder with -o DIR."
        ) from None


def _print(console: Console, outcome: _Outcome, trend: Trend | None) -> None:
    reports = list(outcome.reports.values())
    console.print()
    if reports:
        show = print_matrix if fits(reports) else print_totals
        show(console, reports)
    if trend:
        _print_trend(console, trend)
    without = outcome.without
    if without:
        console.print(
            f"\n{len(reports)} of {len(outcome.jobs)} runs came to a whole report; not these:"
        )
    for name, why in without:
        console.print(f"  {name}   {one_line(why)}", markup=False, soft_wrap=True)
    left_out = [rule for report in reports for rule in report["left_out"]]
    word, style = conclusion(gravest(outcome.codes), {}, left_out)
    console.print(Text(f"\n{word}", style))


def _print_trend(console: Console, trend: Trend) -> None:
    console.print(f"\nSince the night of {trend.day}: {trend.counted}", markup=False)
    for name, change in trend.of_kinds(*_SHOWN):
        mark, colour = MARKS[change.now] if change.now else (" ", "")
        line = (
            Text("  ")
            .append(mark, colour)
            .append(f" {name}   {change.rule}   {change.kind.heading.lower()}: ")
        )
        console.print(line.append(f"was {change.before}, now {change.after}"), soft_wrap=True)


def night_before(night: Night, since: str) -> Night | None:
    """The night that this one is compared with: the one in a folder, else the newest that lies beside it."""
    if since:
        return Night.read(Path(since))
    earlier = [other for other in nights_beside(night.folder) if other.started < night.started]
    return next((other for other in earlier if other.finished), None)
