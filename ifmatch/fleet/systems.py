"""The five source systems, one run each on its embedded server, side by side in a matrix."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

from rich.console import Console

from ifmatch import HOME
from ifmatch.errors import ConfigurationError, ExitCode
from ifmatch.fleet.gravity import gravest
from ifmatch.fleet.hosts import Here
from ifmatch.fleet.job import Ending, Job
from ifmatch.fleet.side_by_side import SideBySide
from ifmatch.fleet.view import View
from ifmatch.report import page
from ifmatch.report.console import console_for, roughly
from ifmatch.report.document import Document
from ifmatch.report.matrix import print_matrix
from ifmatch.report.page.side_by_side import side_by_side
from ifmatch.report.promises import excluded_by
from ifmatch.rules import catalogue
from ifmatch.rules import profile as profiles
from ifmatch.suite.folder import new_folder, new_run_id, point_latest_to
from ifmatch.suite.forecast import seconds_of
from ifmatch.suite.race_settings import race_settings, seconds_in

SYSTEMS = ("spine", "reasonable-adjustments", "koppeltaal", "aidbox", "cerner-dstu2")

#: Seconds for an answer of an embedded server that shares the machine with others, and for a run to begin and to end.
#: Measured on two busy cores: 5 to 9 ms in the middle.
_LATENCY, _START = 0.006, 2.0


def run_all(given: Mapping[str, Any], rest: Sequence[str]) -> int:
    """Run every source system in a process of its own, and return the gravest of their exit codes.

    `given` holds the options by field, `rest` the words for pytest. Without an effort races are left out, unless rules
    are named: this run is to be looked at, not to be waited for. Ctrl-C ends the runs, each of which tidies up, and
    gives 2; once more, and nothing is waited for.
    """
    catalogue.demand_carried_out(given["rules"] or "*")
    folder = Path(given["report_dir"]) if given["report_dir"] else new_folder(new_run_id())
    console, at_once = console_for(), min(os.cpu_count() or 1, len(SYSTEMS))
    racing = bool(given["effort"] or given["rules"])
    without_races = [] if racing else [f"--ignore={HOME / 'features' / 'race'}"]
    jobs = _jobs(folder, _with_its_share(given, at_once), [*rest, *without_races])
    console.print(
        f"ifmatch · {len(SYSTEMS)} systems, each on an embedded server that keeps its promises, {at_once} at once: "
        f"{_how_long(given, racing, at_once)}\n"
    )
    started = time.perf_counter()
    runs, endings = SideBySide(jobs, [Here()], at_once), list[Ending]()
    View(console, jobs).watch(runs, endings.append)
    codes = [ending.code for ending in endings]
    code = int(ExitCode.INTERRUPTED) if runs.interrupted else gravest(codes)
    reports = _reports_of(jobs)
    if not reports:  # as after a slip on the command line: each system's line has said so
        return code
    console.print()
    print_matrix(console, list(reports.values()))
    _write_page(folder, reports)
    point_latest_to(folder)
    _print_end(console, folder, racing, runs.interrupted)
    console.print(f"\nreport  {folder}/    {time.perf_counter() - started:.1f} s", soft_wrap=True)
    return code


def _print_end(console: Console, folder: Path, racing: bool, interrupted: bool) -> None:
    """Where to read on, and what was not run."""
    console.print(f"\nevery rule, system by system: {folder / page.FILE_NAME}", soft_wrap=True)
    if not racing:
        console.print("\nRaces were left out: `ifmatch --effort quick` runs them, too.")
    if interrupted:
        console.print("\nINCOMPLETE   The run was interrupted.")


def _with_its_share(given: Mapping[str, Any], at_once: int) -> dict[str, Any]:
    """The options of each run: where all have a budget together, each has what its turn may take of it."""
    if not given["budget"]:
        return dict(given)
    turns = ceil(len(SYSTEMS) / at_once)
    return {**given, "budget": f"{seconds_in(given['budget']) / turns:.1f}s"}


def _how_long(given: Mapping[str, Any], racing: bool, at_once: int) -> str:
    """How long all of it takes, roughly, and when a budget ends it."""
    races = race_settings(given["effort"] or "quick", given["writers"] or 4, 1)
    works = (
        seconds_of(_cases(system, given["rules"], racing), races, _LATENCY) for system in SYSTEMS
    )
    foreseen = roughly(sum(_START + work for work in works) / at_once)
    return (
        f"about {foreseen}, and {given['budget']} at most"
        if given["budget"]
        else f"about {foreseen}"
    )


def _cases(system: str, globs: str | None, racing: bool) -> Iterator[str]:
    """The rules that a system is judged by, one for each resource type."""
    profile = profiles.load(system)
    for rule in catalogue.rules():
        is_left_out = not racing and rule.id.startswith("race.")
        if (
            is_left_out
            or excluded_by(profile, rule)
            or not catalogue.matches(rule.id, globs or "*")
        ):
            continue
        yield from (rule.id for _ in profile.types_of(rule.id))


def _reports_of(jobs: Sequence[Job]) -> dict[str, Document]:
    """What each system came to, as far as its run wrote a report."""
    found = {job.name: job.report for job in jobs}
    return {name: report for name, report in found.items() if report}


def _jobs(folder: Path, given: Mapping[str, Any], rest: Sequence[str]) -> list[Job]:
    return [
        Job(
            name=system,
            title=profiles.load(system).title,
            folder=folder / system,
            given={**given, "base_url": None, "profile": system},
            rest=tuple(rest),
        )
        for system in SYSTEMS
    ]


def _write_page(folder: Path, reports: Mapping[str, Document]) -> None:
    """One page for all systems, which leads to the page of each."""
    named = [(report["profile"]["label"], report) for report in reports.values()]
    pages = [f"{system}/{page.FILE_NAME}" for system in reports]
    title = f"{len(reports)} systems, each on an embedded server that keeps its promises"
    try:
        (folder / page.FILE_NAME).write_text(side_by_side(title, named, pages), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be written: {error.strerror}. Choose another folder with -o DIR."
        ) from None
