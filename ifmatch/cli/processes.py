"""Runs of the command line in processes of their own, all forked from one that has loaded what a run needs.

Loading takes a run longer than judging a rule. The process that they are forked from has no threads and does nothing
else, so a fork of it is as good as a new process.
"""

import multiprocessing
import os
import runpy
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from ifmatch.errors import ExitCode


class Processes:
    """Runs of ours that a signal reaches only through us, and so only once."""

    def __init__(self) -> None:
        self._context = _context()
        self._running: set[ForkServerProcess] = set()
        self._lock = threading.Lock()
        self.ended = False

    def run(self, words: Sequence[str]) -> tuple[int, str]:
        """Run a command line to its end: its exit code, and what it printed."""
        with tempfile.TemporaryDirectory() as folder:
            printed = Path(folder, "printed")
            process = self._context.Process(target=_run_apart, args=(list(words), str(printed)))
            with self._lock:
                if self.ended:
                    return int(ExitCode.INTERRUPTED), "not begun"
                process.start()
                self._running.add(process)
            process.join()
            with self._lock:
                self._running.discard(process)
            code = ExitCode.INTERNAL_ERROR if process.exitcode is None else process.exitcode
            return int(code), printed.read_text(encoding="utf-8") if printed.exists() else ""

    def end(self, number: signal.Signals) -> None:
        """Send a signal to all that run, and let no more begin."""
        with self._lock:
            self.ended = True
            for process in self._running:
                if process.pid is not None and process.is_alive():
                    os.kill(process.pid, number)


def _context() -> ForkServerContext:
    # So that the suite that is installed is loaded, and not one that lies in the current folder.
    os.environ["PYTHONSAFEPATH"] = "1"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ifmatch.suite.preload"])
    return context


def _run_apart(words: list[str], printed: str) -> None:
    """One run, as `python -m ifmatch` runs it, in a process of its own that Ctrl-C in the terminal does not reach."""
    os.setsid()
    file = os.open(printed, os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(file, sys.stdout.fileno())
    os.dup2(file, sys.stderr.fileno())
    sys.argv = [sys.argv[0], *words]  # which the run's evidence repeats
    runpy.run_module("ifmatch", run_name="__main__")
