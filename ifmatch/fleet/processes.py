"""Runs of the command line in processes of their own, all forked from one that has loaded what a run needs.

Loading takes a run longer than judging a rule. The process that they are forked from has no threads and does nothing
else, so a fork of it is as good as a new process.
"""

import multiprocessing
import os
import resource
import runpy
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from ifmatch.client.gateway import what_is_installed
from ifmatch.errors import ExitCode
from ifmatch.fleet.job import Bound, Came

#: Seconds that a run has to remove what it made on its target, after it was told to end.
GRACE = 30.0


class Processes:
    """Runs of ours that a signal reaches only through us, and so only once."""

    def __init__(self) -> None:
        self._context = _context()
        self._running: set[ForkServerProcess] = set()
        self._lock = threading.Lock()
        self.ended = False

    def run(
        self,
        words: Sequence[str],
        bound: Bound = Bound(),  # noqa: B008 -- frozen
        environment: Mapping[str, str] | None = None,
    ) -> Came:
        """Run a command line to its end, or to its bound: then it is told to end, and has a while to tidy up."""
        with tempfile.TemporaryDirectory() as folder:
            printed = Path(folder, "printed")
            given = (list(words), str(printed), bound.megabytes, dict(environment or {}))
            process = self._context.Process(target=_run_apart, args=given)
            with self._lock:
                if self.ended:
                    return Came(int(ExitCode.INTERRUPTED), "not begun", "It was not begun.")
                with what_is_installed():
                    process.start()
                self._running.add(process)
            why = _await(process, bound.seconds)
            with self._lock:
                self._running.discard(process)
                code = process.exitcode
            said = printed.read_text(encoding="utf-8") if printed.exists() else ""
            return _came(code, said, why)

    def end(self, number: signal.Signals) -> None:
        """Send a signal to all that run, and let no more begin."""
        with self._lock:
            self.ended = True
            for process in self._running:
                _send(process, number)


def _await(process: ForkServerProcess, seconds: float | None) -> str:
    """Wait until a process has ended, or its time is over; returns why it was ended, if it was.

    Its exit code is not asked for here: two threads that do so at once, and whoever starts a process does so of all
    that are there, would each read half of the story.
    """
    if _has_ended(process, seconds):
        return ""
    _send(process, signal.SIGINT)
    if _has_ended(process, GRACE):
        return f"It took longer than the {seconds:g} s that it was given, so it was ended."
    _send(process, signal.SIGKILL)
    _has_ended(process, None)
    return (
        f"It took longer than the {seconds:g} s that it was given, and did not end when it was told to, so it was "
        "killed: what it made on its target may still be there."
    )


def _has_ended(process: ForkServerProcess, seconds: float | None) -> bool:
    return bool(wait([process.sentinel], seconds))


def _send(process: ForkServerProcess, number: signal.Signals) -> None:
    if process.pid is not None and not _has_ended(process, 0):
        os.kill(process.pid, number)


def _came(code: int | None, printed: str, why: str) -> Came:
    if why:
        return Came(int(ExitCode.TARGET_UNUSABLE), printed, why)
    if code is None or code < 0:
        signal_ = "a signal" if code is None else signal.Signals(-code).name
        return Came(int(ExitCode.INTERNAL_ERROR), printed, f"Its process was ended by {signal_}.")
    return Came(code, printed)


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ifmatch.suite.preload"])
    return context


def _run_apart(
    words: list[str], printed: str, megabytes: int | None, environment: dict[str, str]
) -> None:
    """One run, as `python -m ifmatch` runs it, in a process of its own that Ctrl-C in the terminal does not reach."""
    os.setsid()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # a host is begun without it
    os.environ.update(environment)
    file = os.open(printed, os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(file, sys.stdout.fileno())
    os.dup2(file, sys.stderr.fileno())
    if megabytes is not None:
        # A longer file is refused as on a full disk, which a run knows how to end.
        resource.setrlimit(resource.RLIMIT_FSIZE, (megabytes * 1_000_000, megabytes * 1_000_000))
    sys.argv = ["ifmatch", *words]  # which the run's evidence repeats
    runpy.run_module("ifmatch", run_name="__main__")
