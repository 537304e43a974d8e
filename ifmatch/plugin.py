"""The pytest door: collects feature files, runs each scenario as a rule under judgement, and turns verdicts into outcomes."""

import inspect
import time
import types
from collections.abc import Callable, Generator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from ifmatch import HOME
from ifmatch.errors import (
    ConfigurationError,
    ExitCode,
    IfmatchError,
    NothingSelected,
    OutcomeUnknown,
    RuleBroken,
    RuleNotApplicable,
    SetupFailed,
)
from ifmatch.report.allure import AllureBridge, write_environment, write_results_into
from ifmatch.report.run import Run
from ifmatch.rules import catalogue
from ifmatch.rules.case import Case, Verdict
from ifmatch.rules.expectation import Expectation, Finding, NotApplicable, promised_status
from ifmatch.session import Options, Session

_SESSION = pytest.StashKey[Session]()
_STATE = pytest.StashKey["_Scenario"]()
_ABORT = pytest.StashKey[IfmatchError]()
_RUN = pytest.StashKey[Run]()
_BRIDGE = pytest.StashKey[AllureBridge]()


def session_of(config: pytest.Config) -> Session:
    """The run in progress."""
    return config.stash[_SESSION]


def case_of(item: pytest.Item) -> Case:
    """The case that a scenario's facts go to."""
    return item.stash[_STATE].case


def run_of(config: pytest.Config) -> Run | None:
    """The finished run, once it is finished."""
    return config.stash.get(_RUN, None)


def abort_of(config: pytest.Config) -> IfmatchError | None:
    """What ended the run before its time, if anything did."""
    return config.stash.get(_ABORT, None)


# ---------------------------------------------------------------- options and collection


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ifmatch", "conformance of FHIR writes")
    group.addoption("--base-url", default="", metavar="URL", help="base URL of the FHIR server under test; without it an embedded server is started")
    group.addoption("--profile", default="", metavar="NAME", help="what the server is held to: a profile's id, or a TOML file")
    group.addoption("--target", default="", metavar="FILE", help="target.toml: address, credentials, headers and resources of the target")
    group.addoption("--rules", default="", metavar="GLOB", help="run only the rules whose id matches, such as 'update.if-match.*'")
    group.addoption("--report-dir", default="", metavar="DIR", help="put the run's evidence straight into DIR")
    group.addoption("--fault", action="append", default=[], metavar="NAME", help="switch a fault of the embedded server on")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "rule(id): the rule that a scenario is")
    config.addinivalue_line("markers", "gate(tag): what a scenario needs of its target")


class FeatureFile(pytest.Module):
    """A feature file as a module of tests: one test for each scenario, and for each row of an outline."""

    def _getobj(self) -> types.ModuleType:
        module = types.ModuleType(f"feature_{self.path.stem.replace('-', '_')}")
        module.__file__ = str(self.path)
        source = f"from pytest_bdd import scenarios\nscenarios({str(self.path)!r})"
        exec(compile(source, f"{self.path}.py", "exec"), module.__dict__)
        module.pytestmark = pytest.mark.usefixtures("case")  # type: ignore[attr-defined]
        return module


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix == ".feature" and any(root in file_path.parents for root in _feature_roots(parent.config)):
        return FeatureFile.from_parent(parent, path=file_path)
    return None


def _feature_roots(config: pytest.Config) -> tuple[Path, ...]:
    # A checkout's own features count even when the package is installed elsewhere.
    own = config.rootpath / "features"
    return (HOME / "features", own) if (config.rootpath / "profiles" / "profile.schema.json").is_file() else (HOME / "features",)


def _wants_features(config: pytest.Config) -> bool:
    paths = [(config.invocation_params.dir / arg.split("::")[0]).resolve() for arg in config.args]
    roots = [root.resolve() for root in _feature_roots(config)]
    return any(path == root or root in path.parents or path in root.parents for path in paths for root in roots)


@pytest.hookimpl(tryfirst=True)
def pytest_bdd_apply_tag(tag: str, function: Callable[..., Any]) -> bool:
    kind, separator, value = tag.partition(":")
    mark = pytest.mark.rule(id=value) if kind == "rule" and separator else pytest.mark.gate(tag=tag)
    mark(function)
    return True


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    mark = metafunc.definition.get_closest_marker("rule")
    session = metafunc.config.stash.get(_SESSION, None)
    if mark is None or session is None:
        return
    types_of_rule = session.profile.types_of(mark.kwargs["id"])
    if len(types_of_rule) > 1:
        metafunc.parametrize("resource_type", types_of_rule)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    globs = config.getoption("--rules")
    if not globs or _SESSION not in config.stash:
        return
    chosen = [item for item in items if (rule := rule_of(item)) is None or catalogue.matches(rule.id, globs)]
    if items and not chosen:
        _stop(config, NothingSelected(f'No rule matches "{globs}". `ifmatch rules` lists the ids of all rules.'))
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def rule_of(item: pytest.Item) -> catalogue.Rule | None:
    """The rule that a test is a scenario of, None for any other test."""
    mark = item.get_closest_marker("rule")
    return _rules_by_id().get(mark.kwargs["id"]) if mark and isinstance(item.parent, FeatureFile) else None


def _rules_by_id() -> dict[str, catalogue.Rule]:
    return {rule.id: rule for rule in catalogue.rules()}


# ---------------------------------------------------------------- the run


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    try:
        if hasattr(config, "workerinput"):
            if "ifmatch" in config.workerinput:
                enter(config, Session.join(config.workerinput["ifmatch"], config.workerinput["workerid"]))
        elif _SESSION not in config.stash and _wants_features(config) and not config.getoption("collectonly"):
            enter(config, Session.open(_options(config)))
    except IfmatchError as error:
        _stop(config, error)


def enter(config: pytest.Config, session: Session) -> None:
    """Let this pytest take part in a run."""
    config.stash[_SESSION] = session
    config.stash[_BRIDGE] = bridge = AllureBridge(session.profile.title, session.target.redactor.text)
    write_results_into(config, session.log.folder / "allure-results")
    config.pluginmanager.register(bridge, "ifmatch-allure")
    session.listeners.append(lambda event: bridge.exchange(event) if event["event"] == "exchange" else None)


def _options(config: pytest.Config) -> Options:
    return Options(
        base_url=config.getoption("--base-url"),
        profile=config.getoption("--profile"),
        target_file=config.getoption("--target"),
        report_dir=config.getoption("--report-dir"),
        faults=tuple(config.getoption("--fault")),
    )


def _stop(config: pytest.Config, error: IfmatchError) -> None:
    config.stash[_ABORT] = error
    pytest.exit(str(error), returncode=error.exit_code)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    if _SESSION in node.config.stash:
        node.workerinput["ifmatch"] = node.config.stash[_SESSION].shared()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    run = session.config.stash.get(_SESSION, None)
    if run is None:
        return
    try:
        run.clean_up()
        if not hasattr(session.config, "workerinput"):
            session.exitstatus = _finish(session, run, exitstatus)
    except IfmatchError as error:
        session.config.stash.setdefault(_ABORT, error)
        session.exitstatus = error.exit_code


#: pytest's own endings that say more than any verdict: the run did not come to its end.
_CUT_SHORT = {ExitCode.INTERRUPTED, ExitCode.INTERNAL_ERROR, ExitCode.USAGE}


def _finish(session: pytest.Session, run: Session, exitstatus: int) -> ExitCode:
    abort = session.config.stash.get(_ABORT, None)
    stopped = bool(session.shouldstop or session.shouldfail)
    code = abort.exit_code if abort else ExitCode(exitstatus) if exitstatus in _CUT_SHORT else None
    message = str(abort or session.shouldstop or session.shouldfail or "")
    finished = run.finish(complete=code is None and not stopped, exit_code=code, message=message)
    session.config.stash[_RUN] = finished
    write_environment(Path(session.config.getoption("allure_report_dir") or run.log.folder / "allure-results"), finished)
    return finished.exit_code


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
    _judge(pyfuncitem, state, error)
    return True


#: What an exception in a step means for the rule: its verdict, and whose fault it is.
_MEANING: dict[type[BaseException], tuple[Verdict, str]] = {
    RuleNotApplicable: (Verdict.NOT_APPLICABLE, ""),
    OutcomeUnknown: (Verdict.INCONCLUSIVE, ""),
    SetupFailed: (Verdict.ERROR, "target"),
    IfmatchError: (Verdict.ERROR, "target"),
    ConfigurationError: (Verdict.ERROR, "suite"),
}


def _judge(item: pytest.Item, state: _Scenario, error: BaseException | None) -> None:
    case = state.case
    broken = case.verdict() is Verdict.FAIL
    if error is None or isinstance(error, RuleBroken) or broken:
        _conclude(item, state, case.verdict(), _told(case))
    else:
        verdict, culprit = next((m for kind, m in _MEANING.items() if isinstance(error, kind)), (Verdict.ERROR, "suite"))
        message = session_of(item.config).target.redactor.text(str(error) if culprit != "suite" else f"{type(error).__name__}: {error}")
        _conclude(item, state, verdict, message, culprit)
    if isinstance(error, IfmatchError):
        item.config.stash[_ABORT] = error
        item.session.shouldstop = str(error)
    _raise_for(state, error)


def _raise_for(state: _Scenario, error: BaseException | None) -> None:
    """Tell pytest: fail and error fail the test, what could not be judged is skipped, all else passes."""
    assert state.verdict is not None
    verdict, message = state.verdict["verdict"], state.verdict["message"]
    if verdict in (Verdict.NOT_APPLICABLE, Verdict.INCONCLUSIVE):
        pytest.skip(f"{verdict}: {message}")
    if verdict == Verdict.ERROR and state.verdict["culprit"] == "suite" and error is not None:
        raise error
    if verdict in (Verdict.FAIL, Verdict.ERROR):
        pytest.fail(f"{state.rule.id}: {message}", pytrace=False)


def _told(case: Case) -> str:
    finding = case.gravest_finding
    return f"expected {finding.expected}; got {finding.got}" if finding else str(case.observed.get("answer", ""))


def _conclude(item: pytest.Item, state: _Scenario, verdict: Verdict, message: str, culprit: str = "") -> None:
    """Write the verdict into the log, once."""
    session, case, rule = session_of(item.config), state.case, state.rule
    expectation = case.expectation
    state.verdict = session.record(
        "verdict",
        rule=rule.id,
        title=rule.title,
        feature=rule.feature,
        path=rule.path,
        resource_type=case.resource_type,
        row=state.row,
        verdict=str(verdict),
        level=str(expectation.level) if expectation else None,
        message=message,
        culprit=culprit,
        expected=_expected(expectation),
        observed=case.observed,
        findings=[asdict(finding) for finding in case.findings],
        source=asdict(expectation.source) if expectation else None,
        says=expectation.says if expectation else "",
        exchanges=list(session.target.exchanges),
        steps=state.steps,
        duration_ms=round((time.perf_counter() - state.clock) * 1000, 1),
    )
    item.config.stash[_BRIDGE].end_case(state.verdict, [tag.removeprefix("@") for tag in sorted(rule.tags)])


def _expected(expectation: Expectation | None) -> dict[str, Any]:
    if expectation is None:
        return {}
    return {"status": list(expectation.status), "body": [str(b) for b in expectation.body], "text": promised_status(expectation)}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    state = item.stash.get(_STATE, None)
    if state is not None and state.verdict is not None and call.when in ("setup", "call"):
        # Travels to the controlling process with the report when several processes share the work.
        report.ifmatch_verdict = state.verdict  # type: ignore[attr-defined]
        state.verdict = None if call.when == "call" else state.verdict
    return report


# ---------------------------------------------------------------- steps


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Any) -> None:
    state = request.node.stash.get(_STATE, None)
    if state is not None:
        state.start_step(step.keyword, step.name, len(session_of(request.config).target.exchanges))
        request.config.stash[_BRIDGE].start_step(step.keyword, step.name)


def pytest_bdd_after_step(request: pytest.FixtureRequest) -> None:
    _end_step(request)


def pytest_bdd_step_error(request: pytest.FixtureRequest, exception: BaseException) -> None:
    _end_step(request, exception)


def _end_step(request: pytest.FixtureRequest, error: BaseException | None = None) -> None:
    state = request.node.stash.get(_STATE, None)
    if state is not None:
        findings = state.end_step(session_of(request.config).target.exchanges, error)
        request.config.stash[_BRIDGE].end_step(findings, None if isinstance(error, RuleBroken) else error)


@pytest.hookimpl(tryfirst=True)
def pytest_bdd_before_step_call(step_func: Callable[..., Any]) -> None:
    if inspect.iscoroutinefunction(step_func):
        pytest.fail(f"the step {step_func.__name__} is async and would never be awaited, so it would pass unseen", pytrace=False)
