"""The five source systems, one run each on its embedded server, side by side in a matrix."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ifmatch import HOME
from ifmatch.errors import ConfigurationError, ExitCode
from ifmatch.fleet.gravity import gravest
from ifmatch.fleet.hosts import Here
from ifmatch.fleet.job import Ending, Job
from ifmatch.fleet.side_by_side import SideBySide
from ifmatch.fleet.view import View
from ifmatch.report import page
from ifmatch.report.console import console_for
from ifmatch.report.document import Document
from ifmatch.report.matrix import print_matrix
from ifmatch.report.page.side_by_side import side_by_side
from ifmatch.rules import profile as profiles
from ifmatch.suite.folder import new_folder, new_run_id, point_latest_to

SYSTEMS = ("spine", "reasonable-adjustments", "koppeltaal", "aidbox", "cerner-dstu2")


def run_all(given: Mapping[str, Any], rest: Sequence[str]) -> int:
    """Run every source system in a process of its own, and return the gravest of their exit codes.

    `given` holds the options by field, `rest` the words for pytest. Without an effort races are left out, unless rules
    are named: this run is to be looked at, not to be waited for. Ctrl-C ends the runs, each of which tidies up, and
    gives 2; once more, and nothing is waited for.
    """
    folder = Path(given["report_dir"]) if given["report_dir"] else new_folder(new_run_id())
    console = console_for()
    console.print(
        f"ifmatch · {len(SYSTEMS)} systems, each on an embedded server that keeps its promises\n"
    )
    racing = bool(given["effort"] or given["rules"])
    without_races = [] if racing else [f"--ignore={HOME / 'features' / 'race'}"]
    jobs = _jobs(folder, given, [*rest, *without_races])
    started = time.perf_counter()
    runs, endings = SideBySide(jobs, [Here()], os.cpu_count() or 1), list[Ending]()
    View(console, jobs).watch(runs, endings.append)
    codes = [ending.code for ending in endings]
    code = int(ExitCode.INTERRUPTED) if runs.interrupted else gravest(codes)
    reports = _reports_of(jobs)
    if not reports:  # as after a slip on the command line: each system's line has said so
        return code
    console.print()
    print_matrix(console, list(reports.values()))
    _write_page(folder, reports)
    console.print(f"\nevery rule, system by system: {folder / page.FILE_NAME}", soft_wrap=True)
    point_latest_to(folder)
    if not racing:
        console.print("\nRaces were left out: `ifmatch --effort quick` runs them, too.")
    if runs.interrupted:
        console.print("\nINCOMPLETE   The run was interrupted.")
    console.print(f"\nreport  {folder}/    {time.perf_counter() - started:.1f} s", soft_wrap=True)
    return code


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
