"""The bridge to Allure: scenarios appear there as they are written, with their sentences as steps and their exchanges.

allure-pytest writes the results; it knows tests, not scenarios. The bridge tells it the steps while a scenario runs,
and before a result is written it puts our words and our verdict in the place of pytest's.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import allure_commons
import pytest
from allure_commons.logger import AllureFileLogger
from allure_commons.model2 import (
    Label,
    Link,
    Parameter,
    Status,
    StatusDetails,
    TestResult,
    TestResultContainer,
    TestStepResult,
)
from allure_pytest.listener import AllureListener

from ifmatch.client.redaction import REDACTED
from ifmatch.errors import OutcomeUnknown, RuleBroken, RuleNotApplicable
from ifmatch.log.events import Event
from ifmatch.report.run import Run, group_of, verdict_of, waived
from ifmatch.report.text import for_xml, one_line, shortened
from ifmatch.rules.case import Verdict
from ifmatch.rules.expectation import Finding, Level

_MEDIA_TYPE = "application/vnd.allure.http+json"
_ALLURE_REDACTED = "__ALLURE_REDACTED__"
_MOST_BODY = 100_000

#: What Allure shows for each verdict. It has no word for "could not tell" but unknown: neither good nor bad.
_STATUS: Mapping[Verdict, str] = {
    Verdict.FAIL: Status.FAILED,
    Verdict.ERROR: Status.BROKEN,
    Verdict.INCONCLUSIVE: Status.UNKNOWN,
    Verdict.WARN: Status.PASSED,
    Verdict.WAIVED: Status.SKIPPED,
    Verdict.OBSERVED: Status.PASSED,
    Verdict.PASS: Status.PASSED,
    Verdict.NOT_APPLICABLE: Status.SKIPPED,
}

#: Verdicts that Allure's status tells by itself; the others are told by a tag.
_UNTAGGED = frozenset({Verdict.PASS, Verdict.FAIL, Verdict.ERROR})

#: Labels that are replaced by ours, or that tell of the machine and not of the target.
_REPLACED = frozenset(
    {"host", "thread", "package", "parentSuite", "suite", "subSuite", "tag", "epic", "feature", "story"}
)


class AllureBridge:
    """A pytest plugin, registered when results for Allure are asked for: `pluginmanager.register(AllureBridge(title))`.

    For each scenario: `start_step`, `exchange` and `end_step` as it goes, then `end_case` with its verdict event, at
    the latest while the report of its tear-down is made; the result is written right after that.
    """

    def __init__(self, profile_title: str, redact: Callable[[str], str] = str) -> None:
        """Files all scenarios under the profile's title. `redact` takes the secrets out of what steps found."""
        self._profile_title = profile_title
        self._redact = redact
        self._step: str | None = None
        self._exchanges: list[Event] = []
        self._case: tuple[Event, tuple[str, ...], str] | None = None

    def pytest_configure(self, config: pytest.Config) -> None:
        """Take part in the writing of results."""
        allure_commons.plugin_manager.register(self)

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Leave allure as it was: it is one for the process, and pytest may run again in it."""
        allure_commons.plugin_manager.unregister(self)

    def start_step(self, keyword: str, text: str) -> None:
        """A sentence of the scenario begins."""
        self.end_step()
        self._attach_exchanges()
        self._step = str(uuid4())
        _hook().start_step(uuid=self._step, title=one_line(f"{keyword} {text}"), params={})

    def exchange(self, event: Event) -> None:
        """An exchange took place. May be called from any thread; it is attached when its step ends."""
        self._exchanges.append(event)

    def end_step(self, findings: Iterable[Finding] = (), error: BaseException | None = None) -> None:
        """The sentence ends, with what was found while it was carried out, or with what kept it from its end."""
        if self._step is None:
            return
        self._attach_exchanges()
        wrong = [self._redact(_told(finding)) for finding in findings if finding.level is not Level.MAY]
        outcome = AssertionError("\n".join(wrong)) if wrong else _as_allure_reads(error)
        step, self._step = self._step, None
        # Without the traceback: it shows our steps and the paths of this machine, not what the target did.
        _hook().stop_step(uuid=step, exc_type=type(outcome) if outcome else None, exc_val=outcome, exc_tb=None)

    def skip_step(self, keyword: str, text: str) -> None:
        """A sentence that was not reached."""
        self.start_step(keyword, text)
        self.end_step(error=pytest.skip.Exception())

    def picture(self, name: str, svg: str) -> None:
        """A picture that belongs to the scenario as a whole."""
        _hook().attach_data(body=svg.encode(), name=name, attachment_type="image/svg+xml", extension="svg")

    def end_case(self, verdict: Event, tags: Iterable[str] = (), story: str = "") -> None:
        """The scenario's verdict event, its tags without the @, and what it is filed under within its feature."""
        # A step that nobody ended was left by pytest.skip, which no hook of the steps is told of.
        self.end_step(error=pytest.skip.Exception())
        self._attach_exchanges()
        self._case = verdict, tuple(tags), story

    @allure_commons.hookimpl(tryfirst=True)
    def report_result(self, result: TestResult) -> None:
        """Put the scenario in the place of the test, just before the result is written."""
        case, self._case = self._case, None
        self._step, self._exchanges = None, []
        if case is not None:
            _rewrite(result, self._profile_title, *case)

    @allure_commons.hookimpl(tryfirst=True)
    def report_container(self, container: TestResultContainer) -> None:
        """Leave out pytest's fixtures: the scenario's set-up is its Given steps, the rest is our machinery."""
        container.befores, container.afters = [], []

    def _attach_exchanges(self) -> None:
        exchanges, self._exchanges = self._exchanges, []
        for event in exchanges:
            body = json.dumps(http_exchange(event), ensure_ascii=False).encode("utf-8", "replace")
            _hook().attach_data(body=body, name=_name(event), attachment_type=_MEDIA_TYPE, extension="httpexchange")


class _Results(AllureFileLogger):
    """Writes no containers: with pytest's fixtures left out, each is an empty file, ten to a scenario."""

    def report_container(self, container: TestResultContainer) -> None:
        """Not marked as a hook, so that nothing calls it."""


def write_results_into(config: pytest.Config, folder: Path) -> Path:
    """Have allure-pytest write its results: where `--alluredir` says, else into a folder of ours. Returns where.

    The folder of a run is known only after allure-pytest has been set up, so its writing is started here as it would
    have started it itself.
    """
    asked = config.getoption("allure_report_dir", None)
    if asked:
        return Path(asked)
    listener: Any = AllureListener(config)
    logger: Any = _Results(str(folder), clean=False)  # type: ignore[no-untyped-call]  # allure is not typed
    config.pluginmanager.register(listener, "allure_listener")
    for part in (listener, logger):
        allure_commons.plugin_manager.register(part)
        config.add_cleanup(partial(allure_commons.plugin_manager.unregister, part))
    return folder


def write_environment(results: Path, run: Run) -> None:
    """Write what the run was about where Allure shows it first, into the folder of its results."""
    facts = {
        "target": run.target.get("base_url"),
        "software": run.target.get("software"),
        "fhir_version": run.target.get("fhir_version"),
        "profile": " ".join(str(run.profile[key]) for key in ("id", "title") if run.profile.get(key)),
        "run": run.id,
        "seed": run.seed,
        "ifmatch": run.suite.get("version"),
    }
    lines = [f"{name}={one_line(value).replace(chr(92), chr(92) * 2)}\n" for name, value in facts.items() if value]
    results.mkdir(parents=True, exist_ok=True)
    (results / "environment.properties").write_text("".join(lines), encoding="utf-8", errors="replace")


def http_exchange(event: Event) -> dict[str, Any]:
    """An exchange in the form that Allure shows as one."""
    request, response = event.get("request") or {}, event.get("response")
    start = _milliseconds(event.get("started"))
    told: dict[str, Any] = {
        "schemaVersion": 1,
        "start": start,
        "stop": start + int(event.get("duration_ms") or 0),
        "request": {
            "method": request.get("method", ""),
            "url": request.get("url", ""),
            "httpVersion": (response or {}).get("http_version") or "HTTP/1.1",
            **_message(request),
        },
    }
    if response:
        told["response"] = {
            "status": response.get("status"),
            "statusText": response.get("reason") or "",
            "httpVersion": response.get("http_version") or "HTTP/1.1",
            **_message(response),
        }
    else:
        told["error"] = {"name": "no response", "message": str(event.get("failure") or "")}
    return told


#: What a step's exception is to Allure: skipped, failed; any other is broken.
_READ_AS: tuple[tuple[tuple[type[BaseException], ...], type[BaseException]], ...] = (
    ((RuleNotApplicable, OutcomeUnknown, pytest.skip.Exception), pytest.skip.Exception),
    ((RuleBroken,), AssertionError),
    ((BaseException,), RuntimeError),
)


def _as_allure_reads(error: BaseException | None) -> BaseException | None:
    """An exception as one that Allure gives the right status. Its text stays behind: only the verdict's is redacted."""
    return next((read() for kinds, read in _READ_AS if isinstance(error, kinds)), None)


def _hook() -> Any:
    return allure_commons.plugin_manager.hook


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    headers = [(str(name), str(value)) for name, value in message.get("headers") or ()]
    told: dict[str, Any] = {
        "headers": [{"name": n, "value": _ALLURE_REDACTED if v == REDACTED else v} for n, v in headers]
    }
    if body := message.get("body"):
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        content_type = next((value for name, value in headers if name.lower() == "content-type"), "text/plain")
        told["body"] = {"encoding": "utf8", "contentType": content_type, "value": shortened(text, _MOST_BODY)}
    return told


def _name(event: Event) -> str:
    request, response = event.get("request") or {}, event.get("response") or {}
    answer = response.get("status") or event.get("failure") or "no answer"
    return one_line(f"{request.get('method', '')} {urlsplit(str(request.get('url', ''))).path} → {answer}", 120)


def _milliseconds(started: object) -> int:
    try:
        return int(datetime.fromisoformat(str(started)).timestamp() * 1000)
    except ValueError:
        return 0


def _told(finding: Finding) -> str:
    return f"expected {one_line(finding.expected)}, got {one_line(finding.got)}"


def _rewrite(result: TestResult, profile_title: str, case: Event, tags: tuple[str, ...], story: str) -> None:
    rule, verdict = str(case.get("rule", "")), verdict_of(case)
    result.name = str(case.get("title") or rule)
    # The rule's id outlives every move of files, so the history of a rule is kept.
    result.fullName = rule
    result.titlePath = rule.split(".")[:-1]
    result.testCaseId = _digest(rule)
    result.description = str(case.get("says") or "") or None
    result.descriptionHtml = None
    result.parameters = _parameters(case)
    result.historyId = _digest(rule, *(f"{parameter.name}={parameter.value}" for parameter in result.parameters))
    result.labels = _labels(result, case, profile_title, tags, story or group_of(rule))
    result.links += _links(case)
    result.status = _STATUS[verdict]
    result.statusDetails = _details(case, verdict)
    for step in result.steps:
        _rewrite_step(step, result.statusDetails)


def _rewrite_step(step: TestStepResult, of_case: StatusDetails | None) -> None:
    """A failed step tells its findings, without the name of Python's exception; another tells what the verdict says."""
    if step.statusDetails is None:
        return
    findings = str(step.statusDetails.message or "").partition("AssertionError: ")[2].strip()
    step.statusDetails = StatusDetails(message=findings) if findings else of_case


def _digest(*parts: str) -> str:
    return hashlib.md5("\0".join(parts).encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _parameters(case: Event) -> list[Parameter]:
    row = case.get("row") or {}
    values = {**row, **({"resource type": case["resource_type"]} if case.get("resource_type") else {})}
    return [Parameter(name=str(name), value=one_line(value)) for name, value in values.items()]


def _labels(result: TestResult, case: Event, profile_title: str, tags: tuple[str, ...], story: str) -> list[Label]:
    verdict, feature = verdict_of(case), str(case.get("feature") or "")
    ours = [
        ("epic", profile_title), ("feature", feature), ("story", story),
        ("parentSuite", profile_title), ("suite", feature),
        ("rule", str(case.get("rule", ""))), ("level", str(case.get("level") or "")),
        *(("tag", tag) for tag in tags if not tag.startswith("rule:")),
        *([] if verdict in _UNTAGGED else [("tag", verdict.value)]),
    ]  # fmt: skip
    kept = [label for label in result.labels if label.name not in _REPLACED]
    return [*kept, *(Label(name=name, value=value) for name, value in ours if value)]


def _links(case: Event) -> list[Link]:
    source = case.get("source") or {}
    url = str(source.get("url") or "")
    return [Link("link", url, str(source.get("title") or url))] if url.startswith(("http://", "https://")) else []


def _details(case: Event, verdict: Verdict) -> StatusDetails | None:
    message = "; ".join(filter(None, (waived(case), str(case.get("message") or ""))))
    if not message or verdict is Verdict.PASS:
        return None
    return StatusDetails(message=for_xml(message, 5000), known=verdict is Verdict.WAIVED or None)
