"""What is kept of a scenario while it runs: its steps, what each asked and found, and how long it took."""

import time
from dataclasses import replace
from datetime import UTC, datetime

from ifmatch.errors import OutcomeUnknown, RuleNotApplicable
from ifmatch.log.events import StepCarriedOut, VerdictReached
from ifmatch.rules import catalogue
from ifmatch.rules.case import Case


class ScenarioRecord:
    """One scenario while it runs, until its verdict is written into the log."""

    def __init__(self, rule: catalogue.Rule, case: Case, row: dict[str, str]) -> None:
        self.rule, self.case, self.row = rule, case, row
        self.steps: list[StepCarriedOut] = []
        self.started, self.clock = _now(), time.perf_counter()
        self.verdict: VerdictReached | None = None
        self._step_clock = 0.0
        self._findings_before = 0

    def start_step(self, keyword: str, text: str) -> None:
        """A step begins, by its keyword and its sentence."""
        self._findings_before, self._step_clock = len(self.case.findings), time.perf_counter()
        self.steps.append(StepCarriedOut(keyword, text, started=_now()))

    def end_step(self, exchanges: list[str], error: BaseException | None) -> None:
        """It is over: the ids of what was exchanged in it, and what broke it off, if anything did."""
        findings = tuple(self.case.findings[self._findings_before :])
        self.steps[-1] = replace(
            self.steps[-1],
            status=_status_of_step(bool(findings), error),
            exchanges=tuple(exchanges),
            findings=findings,
            duration_ms=milliseconds_since(self._step_clock),
        )


def _status_of_step(wrong: bool, error: BaseException | None) -> str:
    if wrong:
        return "failed"
    if isinstance(error, (RuleNotApplicable, OutcomeUnknown)):
        return "skipped"
    return "broken" if error is not None else "passed"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def milliseconds_since(clock: float) -> float:
    """Milliseconds since a reading of the performance counter."""
    return round((time.perf_counter() - clock) * 1000, 1)
