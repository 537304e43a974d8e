"""The five source systems, one run each on its embedded server, side by side in a matrix."""

import os
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ifmatch import HOME
from ifmatch.cli.processes import Processes
from ifmatch.errors import ConfigurationError, ExitCode
from ifmatch.report import page
from ifmatch.report.console import console_for, count_line
from ifmatch.report.document import FILE_NAME, Document, load
from ifmatch.report.matrix import print_matrix
from ifmatch.report.page.side_by_side import side_by_side
from ifmatch.rules import profile as profiles
from ifmatch.suite.folder import new_folder, new_run_id, point_latest_to
from ifmatch.suite.options import words_for_command

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
    commands = {
        system: _command(system, folder / system, given, [*rest, *without_races])
        for system in SYSTEMS
    }
    started = time.perf_counter()
    processes = Processes()
    codes = _run_side_by_side(console, folder, commands, processes)
    reports = _reports(folder)
    _print_matrix(console, reports)
    _write_page(folder, reports)
    point_latest_to(folder)
    if not racing:
        console.print("\nRaces were left out: `ifmatch --effort quick` runs them, too.")
    if processes.ended:
        console.print("\nINCOMPLETE   The run was interrupted.")
        codes = [ExitCode.INTERRUPTED]
    console.print(f"\nreport  {folder}/    {time.perf_counter() - started:.1f} s", soft_wrap=True)
    return gravest(codes)


def _run_side_by_side(
    console: Console, folder: Path, commands: Mapping[str, Sequence[str]], processes: Processes
) -> list[int]:
    """Run the commands, by system; tell each result when it is there, and return the exit codes."""
    titles = _aligned_titles()
    codes: list[int] = []
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool, _spinner(console) as spinner:
        runs = {pool.submit(processes.run, command): system for system, command in commands.items()}
        tasks = {system: spinner.add_task(titles[system]) for system in commands}
        try:
            for done in as_completed(runs):
                system, (code, output) = runs[done], done.result()
                spinner.remove_task(tasks[system])
                codes.append(code)
                console.print(_line(titles[system], folder / system, code, output))
        except KeyboardInterrupt:
            _end(pool, processes)
    return codes


def _end(pool: ThreadPoolExecutor, processes: Processes) -> None:
    processes.end(signal.SIGINT)
    try:
        pool.shutdown()
    except KeyboardInterrupt:
        processes.end(signal.SIGKILL)


def _reports(folder: Path) -> dict[str, Document]:
    """What each system came to, as far as its run wrote a report."""
    paths = {system: folder / system / FILE_NAME for system in SYSTEMS}
    return {system: load(path) for system, path in paths.items() if path.is_file()}


def _print_matrix(console: Console, reports: Mapping[str, Document]) -> None:
    console.print()
    print_matrix(console, list(reports.values()))


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


#: The order in which exit codes of several runs outrank each other: a broken rule tells more than a run cut short.
_GRAVITY = [
    ExitCode.NOT_CONFORMANT, ExitCode.INTERNAL_ERROR, ExitCode.INTERRUPTED, ExitCode.USAGE, ExitCode.TARGET_UNUSABLE,
    ExitCode.INCONCLUSIVE, ExitCode.NOTHING_RAN, ExitCode.CONFORMANT,
]  # fmt: skip


def gravest(codes: Iterable[int]) -> int:
    """The exit code that stands for several runs."""
    known = {
        ExitCode(code) if code in list(ExitCode) else ExitCode.INTERNAL_ERROR for code in codes
    }
    return int(next(code for code in _GRAVITY if code in known))


def _command(system: str, folder: Path, given: Mapping[str, Any], rest: Sequence[str]) -> list[str]:
    words = words_for_command(
        {**given, "base_url": None, "profile": system, "report_dir": str(folder)}
    )
    return ["run", *words, *(["--", *rest] if rest else [])]


def _aligned_titles() -> dict[str, str]:
    titles = {system: profiles.load(system).title for system in SYSTEMS}
    width = max(map(len, titles.values()))
    return {system: title.ljust(width) for system, title in titles.items()}


def _line(title: str, folder: Path, code: int, output: str) -> str:
    path = folder / FILE_NAME
    if path.is_file() and code != ExitCode.USAGE:
        report: Document = load(path)
        return f"  {title}   {count_line(report['counts'])}"
    last = (output.strip().splitlines() or ["nothing was printed"])[-1].removesuffix(
        f"    (exit {code})"
    )
    return f"  {title}   exit {code}: {last}"


def _spinner(console: Console) -> Progress:
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
