"""What a person sees while `ifmatch run` runs: takes the place of pytest's own terminal output."""

import sys
from collections import Counter
from typing import Any

import pytest

from ifmatch import plugin
from ifmatch.errors import ExitCode, IfmatchError
from ifmatch.report.console import Progress, console_for, print_header, print_summary
from ifmatch.report.events import read
from ifmatch.report.run import Run
from ifmatch.rules.catalogue import rules
from ifmatch.rules.expectation import Expectation, NotApplicable, Surveyed
from ifmatch.session import Session

_KINDS = {Expectation: "expected", Surveyed: "surveyed", NotApplicable: "do not apply"}


class LiveView:
    """A pytest plugin for one run, which it brings along."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._console = console_for()
        self._progress: Progress | None = None
        self._abort: IfmatchError | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        plugin.enter(config, self._session)
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None and not (config.getoption("collectonly") or config.getoption("verbose") > 0):
            config.pluginmanager.unregister(reporter)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        config = session.config
        if hasattr(config, "workerinput") or config.getoption("collectonly"):
            return
        print_header(self._console, Run.of(read(self._session.log.folder)), _planned(self._session))
        cases = [rule.id for item in session.items if (rule := plugin.rule_of(item))]
        self._progress = Progress(self._console, cases)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        verdict: dict[str, Any] | None = getattr(report, "ifmatch_verdict", None)
        if verdict is not None and self._progress is not None and _settles(report):
            self._progress.verdict(verdict)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        run, self._abort = plugin.run_of(config), plugin.abort_of(config)
        if self._progress is not None:
            self._progress.finish()
        if run is not None:
            print_summary(self._console, run, self._session.log.folder)

    def exit_code(self, code: int) -> int:
        """The exit code of the run, with one sentence for a run that could not begin."""
        if self._abort is not None:
            print(f"{self._abort}    (exit {int(self._abort.exit_code)})", file=sys.stderr)
            return int(self._abort.exit_code)
        return code


def _settles(report: pytest.TestReport) -> bool:
    return report.when == "call" or (report.when == "setup" and not report.passed)


def _planned(run: Session) -> dict[str, int]:
    kinds = Counter(
        "do not apply" if run.why_not(rule) else _KINDS[type(run.profile.promise(rule.id))] for rule in rules()
    )
    return {kind: kinds[kind] for kind in _KINDS.values()}
