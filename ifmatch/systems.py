"""The five source systems, one run each on its embedded server, side by side in a matrix."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ifmatch.errors import ExitCode
from ifmatch.report.console import console_for, count_line
from ifmatch.report.document import Document, load
from ifmatch.report.matrix import print_matrix
from ifmatch.rules import profile as profiles
from ifmatch.session import new_folder, new_run_id, point_latest_to

SYSTEMS = ("spine", "reasonable-adjustments", "koppeltaal", "aidbox", "cerner-dstu2")


def run_all(report_dir: str, rules: str, rest: Sequence[str]) -> int:
    """Run every source system in a process of its own, and return the gravest of their exit codes."""
    folder = Path(report_dir) if report_dir else new_folder(new_run_id())
    console = console_for()
    titles = {system: profiles.load(system).title for system in SYSTEMS}
    console.print(f"ifmatch · {len(SYSTEMS)} systems, each on an embedded server that keeps its promises\n")
    codes: dict[str, int] = {}
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool, _spinner(console) as spinner:
        started = time.perf_counter()
        runs: dict[Future[tuple[int, str]], str] = {
            pool.submit(_run_one, system, folder / system, rules, rest): system for system in SYSTEMS
        }
        tasks = {system: spinner.add_task(titles[system]) for system in SYSTEMS}
        for done in as_completed(runs):
            system, (code, output) = runs[done], done.result()
            spinner.remove_task(tasks[system])
            codes[system] = code
            console.print(_line(titles[system], folder / system, code, output))
    reports = [load(path) for system in SYSTEMS if (path := folder / system / "report.json").is_file()]
    console.print()
    print_matrix(console, reports)
    point_latest_to(folder)
    console.print(f"\nreport  {folder}/    {time.perf_counter() - started:.1f} s", soft_wrap=True)
    return gravest(codes.values())


#: The order in which exit codes of several runs outrank each other: a broken rule tells more than a run cut short.
_GRAVITY = [
    ExitCode.NOT_CONFORMANT, ExitCode.INTERNAL_ERROR, ExitCode.INTERRUPTED, ExitCode.USAGE, ExitCode.TARGET_UNUSABLE,
    ExitCode.INCONCLUSIVE, ExitCode.NOTHING_RAN, ExitCode.CONFORMANT,
]  # fmt: skip


def gravest(codes: Sequence[int] | object) -> int:
    """The exit code that stands for several runs."""
    known = {ExitCode(code) if code in list(ExitCode) else ExitCode.INTERNAL_ERROR for code in codes}  # type: ignore[attr-defined]
    return int(next(code for code in _GRAVITY if code in known))


def _run_one(system: str, folder: Path, rules: str, rest: Sequence[str]) -> tuple[int, str]:
    command = [sys.executable, "-m", "ifmatch", "run", "-p", system, "-o", str(folder), *rest]
    command += ["--rules", rules] if rules else []
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def _line(title: str, folder: Path, code: int, output: str) -> str:
    path = folder / "report.json"
    if path.is_file():
        report: Document = load(path)
        return f"  {title:<48}{count_line(report['counts'])}"
    last = (output.strip().splitlines() or ["nothing was printed"])[-1]
    return f"  {title:<48}exit {code}: {last}"


def _spinner(console: Console) -> Progress:
    return Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal)
