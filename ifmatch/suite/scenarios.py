"""Runs each scenario as a rule under judgement, and turns verdicts into pytest's outcomes."""

import inspect
import traceback
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from ifmatch.client.unique import draw_for
from ifmatch.errors import (
    ConfigurationError,
    IfmatchError,
    OutcomeUnknown,
    RuleBroken,
    RuleNotApplicable,
    SetupFailed,
    TargetUnusable,
)
from ifmatch.log.events import Crash, NotBegun, RaceFacts, VerdictReached
from ifmatch.log.writer import line_of
from ifmatch.rules import catalogue
from ifmatch.rules.case import Case
from ifmatch.rules.expectation import NotApplicable
from ifmatch.rules.verdict import Culprit, Verdict, conclusion_of
from ifmatch.suite.features import FeatureFile
from ifmatch.suite.gates import unclaimed, why_not
from ifmatch.suite.options import RULES
from ifmatch.suite.run import stop
from ifmatch.suite.scenario_record import ScenarioRecord, milliseconds_since
from ifmatch.suite.session import Session
from ifmatch.suite.stash import ABORT, CASE, SESSION, session_of
from ifmatch.suite.verdicts import histories_of, message_of, reached

_STATE = pytest.StashKey["ScenarioRecord"]()


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
    _put_quick_ones_first(config, items)
    globs = config.getoption(RULES.own)
    if not globs:
        return
    left_out = [item for item in items if not _is_chosen(item, globs)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _put_quick_ones_first(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where the time of a run is bounded, races come last."""
    session = config.stash.get(SESSION, None)
    if session is not None and session.races.ends is not None:
        items.sort(key=_is_race)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Note what the user, or a plugin, chose not to run: a run without it is partial."""
    for item in items:
        rule, session = rule_of(item), item.config.stash.get(SESSION, None)
        if rule is not None and session is not None:
            session.deselected.add(rule.id)


def _is_race(item: pytest.Item) -> bool:
    rule = rule_of(item)
    return rule is not None and rule.id.startswith("race.")


def _is_chosen(item: pytest.Item, globs: str) -> bool:
    rule = rule_of(item)
    return rule is None or catalogue.matches(rule.id, globs)


def rule_of(item: pytest.Item) -> catalogue.Rule | None:
    """The rule that a test is a scenario of, None for any other test."""
    mark = item.get_closest_marker("rule")
    if mark is None or not isinstance(item.parent, FeatureFile):
        return None
    return _rules_by_id().get(catalogue.for_row(mark.kwargs["id"], row_of(item)))


def row_of(item: pytest.Item) -> dict[str, str]:
    """The row of the outline's table that a test is about; empty where there is none."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return dict(params.get("_pytest_bdd_example", {}))


@cache
def _rules_by_id() -> dict[str, catalogue.Rule]:
    return {rule.id: rule for rule in catalogue.rules()}


# ---------------------------------------------------------------- one scenario


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    rule = rule_of(item)
    if rule is None:
        return
    session = session_of(item.config)
    params = item.callspec.params if hasattr(item, "callspec") else {}
    resource_type = params.get("resource_type", session.profile.subject)
    promise = session.profile.promise(rule.id, resource_type)
    case = Case(rule.id, promise, resource_type, unclaimed(session.target, rule))
    item.stash[CASE] = case
    item.stash[_STATE] = state = ScenarioRecord(rule, case, row_of(item))
    session.recorder.begin_rule(rule.id)
    draw_for(session.run_id, rule.id, resource_type, *state.row.values())
    reason = (
        case.promise.reason
        if isinstance(case.promise, NotApplicable)
        else why_not(session.target, rule)
    )
    if reason:
        _conclude(session, state, Verdict.NOT_APPLICABLE, reason)
        pytest.skip(reason)
    if session.races.is_spent:
        _do_not_begin(session, state)


def _do_not_begin(session: Session, state: ScenarioRecord) -> None:
    """Leave out what there is no time for any more: the run is inconclusive then."""
    if not session.has_run_out:
        session.has_run_out = True
        session.recorder.notice(
            f"the budget of {session.races.seconds:g} s is spent: what has not begun is left out"
        )
    session.record(
        NotBegun(
            rule=state.rule.id,
            title=state.rule.title,
            feature=state.rule.feature,
            resource_type=state.case.resource_type,
            row=state.row,
        )
    )
    pytest.skip("the budget of the run is spent")


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


def _judge(item: pytest.Item, state: ScenarioRecord, error: BaseException | None) -> None:
    if isinstance(error, ConfigurationError):
        raise error
    case, session = state.case, session_of(item.config)
    gone = _gone(session, case, error)
    if _is_judged(case, gone, error):
        _conclude(session, state, case.verdict(), message_of(case))
    else:
        _conclude_without(session, state, gone or error or RuleBroken())
    if gone is not None:
        item.config.stash.setdefault(ABORT, gone)
        item.session.shouldstop = str(gone)
    _raise_for(state, error)


def _is_judged(case: Case, gone: IfmatchError | None, error: BaseException | None) -> bool:
    """Whether the facts of a case give a verdict, whatever else happened."""
    if case.verdict() is Verdict.FAIL and (gone is None or _is_proven(case)):
        return True
    if isinstance(error, RuleNotApplicable) and case.findings:
        return True  # what was found before stays, whatever could not be looked at after it
    return gone is None and (error is None or isinstance(error, RuleBroken))


def _gone(session: Session, case: Case, error: BaseException | None) -> IfmatchError | None:
    """What ends the run, if anything: a failure is put down to a rule only while the target is what it was."""
    redact = session.recorder.redactor.text
    if isinstance(error, IfmatchError):
        return type(error)(redact(str(error)))
    unjudged = isinstance(error, (SetupFailed, OutcomeUnknown))
    if unjudged or (case.verdict() is Verdict.FAIL and not _is_proven(case)):
        try:
            session.look_again()
        except TargetUnusable as gone:
            return TargetUnusable(redact(str(gone)))
    return None


def _is_proven(case: Case) -> bool:
    """Whether the resource itself was seen to be wrong, which no later trouble of the server's can take back."""
    return any(finding.state for finding in case.findings)


def _conclude_without(session: Session, state: ScenarioRecord, error: BaseException) -> None:
    """Conclude a scenario that did not come to a verdict of its own."""
    conclusion, message = conclusion_of(error), str(error)
    if conclusion.culprit is Culprit.SUITE:
        message = f"{type(error).__name__}: {error}"
        if not isinstance(error, IfmatchError):
            session.record(
                Crash(rule=state.rule.id, traceback="".join(traceback.format_exception(error)))
            )
    _conclude(
        session,
        state,
        conclusion.verdict,
        session.recorder.redactor.text(message),
        conclusion.culprit,
    )


def _raise_for(state: ScenarioRecord, error: BaseException | None) -> None:
    """Tell pytest: fail and error fail a test, what is waived was expected to, what could not be judged is skipped."""
    assert state.verdict is not None
    verdict, message = state.verdict.verdict, state.verdict.message
    match verdict:
        case Verdict.NOT_APPLICABLE | Verdict.INCONCLUSIVE:
            pytest.skip(f"{verdict}: {message}")
        case Verdict.WAIVED:
            pytest.xfail(f"{state.rule.id}: {message}")
        case Verdict.FAIL | Verdict.ERROR:
            if state.verdict.culprit == Culprit.SUITE and error is not None:
                raise error
            pytest.fail(f"{state.rule.id}: {message}", pytrace=False)


def _conclude(
    session: Session, state: ScenarioRecord, verdict: Verdict, message: str, culprit: str = ""
) -> None:
    """Write the verdict into the log, once."""
    for history in histories_of(state.case, state.row):
        session.record(history)
    event = reached(
        state.rule,
        state.case,
        verdict,
        message,
        session.waivers,
        culprit=culprit,
        race=_race(session, state.case),
        row=state.row,
        steps=tuple(state.steps),
        exchanges=session.recorder.activity.exchanges,
        started=state.started,
        duration_ms=milliseconds_since(state.clock),
    )
    written = session.record(event)
    state.verdict = written if isinstance(written, VerdictReached) else event


def _race(session: Session, case: Case) -> RaceFacts | None:
    """What a race came to; its picture goes into the run's folder."""
    if case.race is None:
        return None
    facts: RaceFacts = case.race.facts
    if not case.race.picture:
        return facts
    picture = session.log.folder / "pictures" / f"{case.rule}.svg"
    picture.parent.mkdir(exist_ok=True)
    picture.write_text(case.race.picture, encoding="utf-8")
    return replace(facts, picture=f"pictures/{picture.name}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    state = item.stash.get(_STATE, None)
    if state is not None and state.verdict is not None and call.when in ("setup", "call"):
        # Travels to the controlling process with the report when several processes share the work.
        report.ifmatch_verdict = line_of(state.verdict)  # type: ignore[attr-defined]
        state.verdict = None if call.when == "call" else state.verdict
    if state is not None:
        _clear_of_secrets(report, session_of(item.config).recorder.redactor.text)
    return report


def _clear_of_secrets(report: pytest.TestReport, redact: Callable[[str], str]) -> None:
    """Keep secrets out of what pytest itself reports: tracebacks with `--showlocals`, captured output."""
    if report.longrepr is not None and not isinstance(report.longrepr, tuple):
        shown = str(report.longrepr)
        report.longrepr = report.longrepr if redact(shown) == shown else redact(shown)
    report.sections = [(name, redact(content)) for name, content in report.sections]


# ---------------------------------------------------------------- steps


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Any) -> None:
    state = request.node.stash.get(_STATE, None)
    if state is not None:
        state.start_step(step.keyword, step.name)
        session_of(request.config).recorder.begin_step()


def pytest_bdd_after_step(request: pytest.FixtureRequest) -> None:
    _end_step(request)


def pytest_bdd_step_error(request: pytest.FixtureRequest, exception: BaseException) -> None:
    _end_step(request, exception)


def _end_step(request: pytest.FixtureRequest, error: BaseException | None = None) -> None:
    state = request.node.stash.get(_STATE, None)
    if state is not None:
        exchanges = session_of(request.config).recorder.activity.steps[-1]
        state.end_step(exchanges, None if isinstance(error, RuleBroken) else error)


@pytest.hookimpl(tryfirst=True)
def pytest_bdd_before_step_call(step_func: Callable[..., Any]) -> None:
    if inspect.iscoroutinefunction(step_func):
        pytest.fail(
            f"the step {step_func.__name__} is async and would never be awaited, so it would pass unseen",
            pytrace=False,
        )
