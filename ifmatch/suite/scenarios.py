"""Runs each scenario as a rule under judgement, and turns verdicts into pytest's outcomes."""

import inspect
import time
import traceback
from collections.abc import Callable, Generator
from dataclasses import asdict
from functools import cache
from typing import Any

import pytest

from ifmatch.errors import (
    ConfigurationError,
    IfmatchError,
    OutcomeUnknown,
    RuleBroken,
    RuleNotApplicable,
    SetupFailed,
    TargetUnusable,
)
from ifmatch.rules import catalogue
from ifmatch.rules.case import Case, Verdict
from ifmatch.rules.expectation import Expectation, Finding, NotApplicable, promised_status
from ifmatch.suite.options import RULES
from ifmatch.suite.plugin import ABORT, CASE, SESSION, FeatureFile, session_of
from ifmatch.suite.run import BRIDGE, stop
from ifmatch.suite.session import Session

_STATE = pytest.StashKey["_Scenario"]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "rule(id): the rule that a scenario is")
    config.addinivalue_line("markers", "gate(tag): what a scenario needs of its target")


# ---------------------------------------------------------------- what is run


@pytest.hookimpl(tryfirst=True)
def pytest_bdd_apply_tag(tag: str, function: Callable[..., Any]) -> bool:
    kind, separator, value = tag.partition(":")
    mark = pytest.mark.rule(id=value) if kind == "rule" and separator else pytest.mark.gate(tag=tag)
    mark(function)
    return True


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    mark = metafunc.definition.get_closest_marker("rule")
    session = metafunc.config.stash.get(SESSION, None)
    if mark is None or session is None:
        return
    types_of_rule = session.profile.types_of(mark.kwargs["id"])
    if len(types_of_rule) > 1:
        metafunc.parametrize("resource_type", types_of_rule)


def pytest_itemcollected(item: pytest.Item) -> None:
    rule = rule_of(item)
    if rule is not None:
        item.extra_keyword_matches.add(rule.id)  # so that -k knows rules by their ids, too


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    globs = config.getoption(RULES.own)
    if not globs:
        return
    chosen = [item for item in items if (rule := rule_of(item)) is None or catalogue.matches(rule.id, globs)]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def rule_of(item: pytest.Item) -> catalogue.Rule | None:
    """The rule that a test is a scenario of, None for any other test."""
    mark = item.get_closest_marker("rule")
    return _rules_by_id().get(mark.kwargs["id"]) if mark and isinstance(item.parent, FeatureFile) else None


@cache
def _rules_by_id() -> dict[str, catalogue.Rule]:
    return {rule.id: rule for rule in catalogue.rules()}


# ---------------------------------------------------------------- one scenario


class _Scenario:
    """What is kept of a scenario while it runs."""

    def __init__(self, rule: catalogue.Rule, case: Case, row: dict[str, str]) -> None:
        self.rule, self.case, self.row = rule, case, row
        self.steps: list[dict[str, Any]] = []
        self.clock = time.perf_counter()
        self.verdict: dict[str, Any] | None = None
        self._exchanges_before = self._findings_before = 0

    def start_step(self, keyword: str, text: str, exchanges: int) -> None:
        self._exchanges_before, self._findings_before = exchanges, len(self.case.findings)
        self.steps.append({"keyword": keyword, "text": text, "status": "passed", "exchanges": []})

    def end_step(self, exchanges: list[str], error: BaseException | None) -> list[Finding]:
        findings = self.case.findings[self._findings_before :]
        status = "failed" if findings else "broken" if error is not None else "passed"
        self.steps[-1].update(status=status, exchanges=exchanges[self._exchanges_before :])
        return findings


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    rule = rule_of(item)
    if rule is None:
        return
    session = session_of(item.config)
    params = item.callspec.params if hasattr(item, "callspec") else {}
    resource_type = params.get("resource_type", session.profile.subject)
    case = Case(rule.id, session.profile.promise(rule.id, resource_type), resource_type)
    item.stash[CASE] = case
    item.stash[_STATE] = state = _Scenario(rule, case, dict(params.get("_pytest_bdd_example", {})))
    session.target.rule, session.target.exchanges = rule.id, []
    reason = case.promise.reason if isinstance(case.promise, NotApplicable) else session.why_not(rule)
    if reason:
        _conclude(item, state, Verdict.NOT_APPLICABLE, reason)
        pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    state = pyfuncitem.stash.get(_STATE, None)
    if state is None:
        return (yield)
    error: BaseException | None = None
    try:
        yield
    except (Exception, pytest.fail.Exception) as raised:
        error = raised
    try:
        _judge(pyfuncitem, state, error)
    except ConfigurationError as lost:
        stop(pyfuncitem.config, lost)
    return True


#: What an exception in a step means for the rule: its verdict, and whose fault it is.
_MEANING: dict[type[BaseException], tuple[Verdict, str]] = {
    RuleNotApplicable: (Verdict.NOT_APPLICABLE, ""),
    OutcomeUnknown: (Verdict.INCONCLUSIVE, ""),
    SetupFailed: (Verdict.ERROR, "target"),
    TargetUnusable: (Verdict.ERROR, "target"),
}


def _judge(item: pytest.Item, state: _Scenario, error: BaseException | None) -> None:
    if isinstance(error, ConfigurationError):
        raise error
    case, session = state.case, session_of(item.config)
    gone = _gone(session, case, error)
    broken = case.verdict() is Verdict.FAIL and (gone is None or _is_proven(case))
    if broken or (gone is None and (error is None or isinstance(error, RuleBroken))):
        _conclude(item, state, case.verdict(), _told(case))
    else:
        _conclude_without(item, state, gone or error or RuleBroken())
    if gone is not None:
        item.config.stash.setdefault(ABORT, gone)
        item.session.shouldstop = str(gone)
    _raise_for(state, error)


def _gone(session: Session, case: Case, error: BaseException | None) -> IfmatchError | None:
    """What ends the run, if anything: a failure is put down to a rule only while the target is what it was."""
    if isinstance(error, IfmatchError):
        return type(error)(session.target.redactor.text(str(error)))
    if isinstance(error, SetupFailed) or (case.verdict() is Verdict.FAIL and not _is_proven(case)):
        try:
            session.look_again()
        except TargetUnusable as gone:
            return TargetUnusable(session.target.redactor.text(str(gone)))
    return None


def _is_proven(case: Case) -> bool:
    """Whether the resource itself was seen to be wrong, which no later trouble of the server's can take back."""
    return any(finding.state for finding in case.findings)


def _conclude_without(item: pytest.Item, state: _Scenario, error: BaseException) -> None:
    """Conclude a scenario that did not come to a verdict of its own."""
    session = session_of(item.config)
    verdict, culprit = next((m for kind, m in _MEANING.items() if isinstance(error, kind)), (Verdict.ERROR, "suite"))
    if culprit == "suite" and not isinstance(error, IfmatchError):
        session.record("crash", rule=state.rule.id, traceback="".join(traceback.format_exception(error)))
    message = str(error) if culprit != "suite" else f"{type(error).__name__}: {error}"
    _conclude(item, state, verdict, session.target.redactor.text(message), culprit)


def _raise_for(state: _Scenario, error: BaseException | None) -> None:
    """Tell pytest: fail and error fail a test, what is waived was expected to, what could not be judged is skipped."""
    assert state.verdict is not None
    verdict, message = state.verdict["verdict"], state.verdict["message"]
    if verdict in (Verdict.NOT_APPLICABLE, Verdict.INCONCLUSIVE):
        pytest.skip(f"{verdict}: {message}")
    if verdict == Verdict.WAIVED:
        pytest.xfail(f"{state.rule.id}: {message}")
    if verdict == Verdict.ERROR and state.verdict["culprit"] == "suite" and error is not None:
        raise error
    if verdict in (Verdict.FAIL, Verdict.ERROR):
        pytest.fail(f"{state.rule.id}: {message}", pytrace=False)


def _told(case: Case) -> str:
    finding = case.gravest_finding
    if case.race is not None and finding is None and case.race.doubt:
        return case.race.doubt
    if case.race is not None and case.race.story and finding is not None and finding.state:
        return case.race.story
    return f"expected {finding.expected}; got {finding.got}" if finding else str(case.observed.get("answer", ""))


#: What a waiver lets pass: that a rule fails, or that it cannot be told whether it does. Never an error.
_WAIVABLE = frozenset({Verdict.FAIL, Verdict.INCONCLUSIVE})


def _conclude(item: pytest.Item, state: _Scenario, verdict: Verdict, message: str, culprit: str = "") -> None:
    """Write the verdict into the log, once."""
    session, case, rule = session_of(item.config), state.case, state.rule
    expectation = case.expectation
    waiver = session.waivers.get(rule.id) if verdict in _WAIVABLE else None
    state.verdict = session.record(
        "verdict",
        rule=rule.id,
        title=rule.title,
        feature=rule.feature,
        path=rule.path,
        resource_type=case.resource_type,
        row=state.row,
        verdict=str(Verdict.WAIVED if waiver else verdict),
        waiver=waiver,
        level=str(expectation.level) if expectation else None,
        message=message,
        culprit=culprit,
        expected=_expected(expectation),
        observed=case.observed,
        findings=[asdict(finding) for finding in case.findings],
        source=asdict(expectation.source) if expectation else None,
        says=expectation.says if expectation else "",
        race=_race(item, case, rule.id),
        exchanges=list(session.target.exchanges),
        steps=state.steps,
        duration_ms=round((time.perf_counter() - state.clock) * 1000, 1),
    )
    item.config.stash[BRIDGE].end_case(state.verdict)


def _race(item: pytest.Item, case: Case, rule: str) -> dict[str, Any] | None:
    """What a race came to; its picture goes into the run's folder, and to Allure."""
    if case.race is None:
        return None
    if not case.race.picture:
        return dict(case.race.facts)
    picture = session_of(item.config).log.folder / "pictures" / f"{rule}.svg"
    picture.parent.mkdir(exist_ok=True)
    picture.write_text(case.race.picture, encoding="utf-8")
    item.config.stash[BRIDGE].picture("who collided", case.race.picture)
    return {**case.race.facts, "picture": f"pictures/{picture.name}"}


def _expected(expectation: Expectation | None) -> dict[str, Any]:
    if expectation is None:
        return {}
    return {
        "status": list(expectation.status),
        "body": [str(b) for b in expectation.body],
        "text": promised_status(expectation),
    }


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    state = item.stash.get(_STATE, None)
    if state is not None and state.verdict is not None and call.when in ("setup", "call"):
        # Travels to the controlling process with the report when several processes share the work.
        report.ifmatch_verdict = state.verdict  # type: ignore[attr-defined]
        state.verdict = None if call.when == "call" else state.verdict
    if state is not None:
        _clear_of_secrets(report, session_of(item.config).target.redactor.text)
    return report


def _clear_of_secrets(report: pytest.TestReport, redact: Callable[[str], str]) -> None:
    """Keep secrets out of what pytest itself reports: tracebacks with `--showlocals`, captured output."""
    if report.longrepr is not None and not isinstance(report.longrepr, tuple):
        told = str(report.longrepr)
        report.longrepr = report.longrepr if redact(told) == told else redact(told)
    report.sections = [(name, redact(content)) for name, content in report.sections]


# ---------------------------------------------------------------- steps


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Any) -> None:
    state = request.node.stash.get(_STATE, None)
    if state is not None:
        state.start_step(step.keyword, step.name, len(session_of(request.config).target.exchanges))
        request.config.stash[BRIDGE].start_step(step.keyword, step.name)


def pytest_bdd_after_step(request: pytest.FixtureRequest) -> None:
    _end_step(request)


def pytest_bdd_step_error(request: pytest.FixtureRequest, exception: BaseException) -> None:
    _end_step(request, exception)


def _end_step(request: pytest.FixtureRequest, error: BaseException | None = None) -> None:
    state = request.node.stash.get(_STATE, None)
    if state is not None:
        findings = state.end_step(session_of(request.config).target.exchanges, error)
        request.config.stash[BRIDGE].end_step(findings, None if isinstance(error, RuleBroken) else error)


@pytest.hookimpl(tryfirst=True)
def pytest_bdd_before_step_call(step_func: Callable[..., Any]) -> None:
    if inspect.iscoroutinefunction(step_func):
        pytest.fail(
            f"the step {step_func.__name__} is async and would never be awaited, so it would pass unseen", pytrace=False
        )
