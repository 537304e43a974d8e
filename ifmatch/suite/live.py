"""What a person sees while `ifmatch run` runs: takes the place of pytest's own terminal output."""

import io
import os
import re
import sys
import time
from collections.abc import Iterable
from functools import partial
from typing import Any, TextIO

import pytest

from ifmatch.errors import ConfigurationError, ExitCode, IfmatchError
from ifmatch.log.events import VerdictReached
from ifmatch.log.reader import event_of, read
from ifmatch.report.annotations import annotations
from ifmatch.report.catalogue import planned
from ifmatch.report.console import (
    Progress,
    console_for,
    print_estimate,
    print_header,
    print_summary,
)
from ifmatch.report.run import Run
from ifmatch.report.text import counted
from ifmatch.rules.catalogue import is_watched, rules
from ifmatch.slips import in_our_words
from ifmatch.suite.collected import rules_of
from ifmatch.suite.forecast import latency_in, seconds_of
from ifmatch.suite.gates import why_not
from ifmatch.suite.options import OPTIONS
from ifmatch.suite.roots import demand_paths
from ifmatch.suite.scenarios import rule_of
from ifmatch.suite.session import Session
from ifmatch.suite.stash import SESSION, abort_of, run_of, session_of

_QUIET = (
    "collectonly",
    "markers",
    "show_fixtures",
    "show_fixtures_per_test",
    "help",
    "version",
    "setupplan",
    "setuponly",
)


class LiveView:
    """A pytest plugin for one run."""

    def __init__(self) -> None:
        self._console, self._began = console_for(), time.monotonic()
        self._progress: Progress | None = None
        self._sentence = ""
        self._code: ExitCode | None = None
        self._held = _Held(sys.stderr)
        self._is_told_by_pytest = self._has_begun = False

    def run(self, arguments: list[str], plugins: Iterable[object] = ()) -> int:
        """Run pytest with these arguments and plugins, and return the exit code of the run.

        Raises ConfigurationError when pytest does not understand them.
        """
        code = _pytest_main(arguments, [*plugins, self], self._held)
        self._held.let_go()
        if self._sentence:
            print(f"{self._sentence}    (exit {int(self._code or code)})", file=sys.stderr)
        return int(code if self._code is None else self._code)

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        self._held.let_go()
        reporter = config.pluginmanager.getplugin("terminalreporter")
        asked = (
            any(config.getoption(name, None) for name in _QUIET) or config.getoption("verbose") > 0
        )
        self._is_told_by_pytest = reporter is not None and asked
        if reporter is not None and not asked:
            config.pluginmanager.unregister(reporter)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._begin(session.config, [rule.id for item in session.items if (rule := rule_of(item))])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """Each of several processes has collected the same, and they share it."""
        if not self._has_begun:
            self._begin(node.config, rules_of(ids))

    def _begin(self, config: pytest.Config, cases: list[str]) -> None:
        """Say what is judged, and how long that will take; `cases` has the rule of each case."""
        run = config.stash.get(SESSION, None)
        self._has_begun = True
        if run is None:
            return
        print_header(
            self._console,
            Run.of(read(run.log.folder)),
            planned(run.profile, rules(), partial(why_not, run.target)),
        )
        self._print_estimate(run, cases)
        if not self._is_told_by_pytest:
            self._progress = Progress(self._console, cases)

    def _print_estimate(self, run: Session, cases: list[str]) -> None:
        number = sum(rule.startswith("race.") for rule in cases)
        races = f", {counted(number, 'race')} ({run.races.effort}) among them" if number else ""
        latency = latency_in(read(run.log.folder))
        most = run.settings.limits.writes_per_second
        seconds = seconds_of(cases, run.races, latency, most, run.shares)
        print_estimate(self._console, len(cases), races, seconds, latency, run.races.seconds)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        # Without pytest's reporter nobody else would tell that a feature file cannot be read.
        if report.failed and not self._has_begun and not self._is_told_by_pytest:
            print(report.longreprtext, file=sys.stderr)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        line: dict[str, Any] | None = getattr(report, "ifmatch_verdict", None)
        if line is not None and self._progress is not None and _settles(report):
            verdict = event_of(line)
            if isinstance(verdict, VerdictReached):
                self._progress.verdict(verdict)

    def pytest_internalerror(self) -> bool:
        """The run's conclusion tells it in a sentence, and its evidence holds the traceback."""
        return True

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        run, abort = run_of(config), abort_of(config)
        self._finish_progress(run)
        if run is not None:
            session = session_of(config)
            self._code = session.exit_code
            if os.environ.get("GITHUB_ACTIONS"):
                print("\n".join(annotations(run)))
            if not self._is_told_by_pytest:
                took = time.monotonic() - self._began
                print_summary(self._console, run, session.log.folder, took)
        elif abort is not None:
            self._sentence, self._code = str(abort), abort.exit_code

    def _finish_progress(self, run: Run | None) -> None:
        if self._progress is None:
            return
        for judged in run.rules if run is not None else ():
            if is_watched(judged.rule):  # no test of pytest's has told of it
                self._progress.verdict(judged.spokesman)
        self._progress.finish()


def demand_understood(arguments: list[str], plugins: Iterable[object] = ()) -> None:
    """See that pytest understands these arguments, without a run. Raises ConfigurationError when it does not."""
    _pytest_main(arguments, [*plugins, _NoRun()], _Held(sys.stderr))


def run_unseen(arguments: list[str], plugins: Iterable[object]) -> None:
    """Run pytest and show nothing of it. Raises what ended it before its time."""
    held = _Held(sys.stderr)
    view = _Unseen(held)
    _pytest_main(arguments, [*plugins, view], held)
    if view.ended_by is not None:
        raise view.ended_by


class _Unseen:
    """A pytest plugin for a run that is not the user's business."""

    def __init__(self, held: "_Held") -> None:
        self.ended_by: IfmatchError | None = None
        self._held = held

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        self._held.let_go()
        config.pluginmanager.unregister(name="terminalreporter")

    def pytest_internalerror(self) -> bool:
        return True

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        self.ended_by = abort_of(config)


class _NoRun:
    """A pytest plugin that ends pytest when it has read its arguments."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> int:
        demand_paths(config)
        return ExitCode.CONFORMANT


def _pytest_main(arguments: list[str], plugins: list[object], held: "_Held") -> int:
    real, sys.stderr = sys.stderr, held
    try:
        code = int(pytest.main(arguments, plugins=plugins))
    finally:
        sys.stderr = real
    if code == ExitCode.USAGE and held.holds:
        raise ConfigurationError(_complaint(held.getvalue()))
    return code


def _settles(report: pytest.TestReport) -> bool:
    return report.when == "call" or (report.when == "setup" and not report.passed)


class _Held(io.StringIO):
    """Standard error, held back until pytest has understood its arguments: its own complaint is long, and its words."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream, self.holds = stream, True

    def write(self, text: str) -> int:
        if text.startswith(
            "Exit: "
        ):  # pytest repeats the sentence that we say ourselves, with the exit code
            return len(text)
        return super().write(text) if self.holds else self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def let_go(self) -> None:
        """Pass on what was held back and all that follows."""
        if self.holds:
            self.holds = False
            self._stream.write(self.getvalue())


def _complaint(text: str) -> str:
    """What pytest has to say about its arguments, as a sentence of ours."""
    reason = _reason(text)
    sentence = in_our_words(reason, [option.plain for option in OPTIONS])
    return f"{sentence}{_plugin_for(reason)} `ifmatch run --help` shows the options; those of pytest work, too."


def _reason(text: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    for line in lines:
        _, found, reason = line.partition("error: ")
        if found:
            return reason.rstrip(".")
    first = next(filter(None, lines), "No reason given")
    return first.removeprefix("ERROR: ").rstrip(".")


def _plugin_for(reason: str) -> str:
    """Which plugin of pytest an option belongs to that is known to be missed."""
    is_parallel = re.match(r"unrecognized arguments: (-n|--numprocesses)\b", reason)
    return " It is pytest-xdist's: `pip install pytest-xdist` brings it." if is_parallel else ""
