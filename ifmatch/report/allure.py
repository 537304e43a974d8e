"""`allure-results`: each case of a rule as a test of Allure's, its sentences as steps with their exchanges.

Of a case that passed all exchanges are one file: one for each of thousands would be most of what a run writes.

The files are named after the run and its cases, so writing the same run again gives the same files.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

import attr
from allure_commons.model2 import (
    Attachment,
    Label,
    Link,
    Parameter,
    Status,
    StatusDetails,
    TestResult,
    TestStepResult,
)

from ifmatch.log.events import ExchangeRecorded, StepCarriedOut, VerdictReached
from ifmatch.report.allure_http import MEDIA_TYPE, as_text, http_exchange, milliseconds, name_of
from ifmatch.report.run import Run, group_of, waived
from ifmatch.report.text import counted, for_xml, one_line
from ifmatch.rules.expectation import Finding, Level
from ifmatch.rules.verdict import Verdict

FOLDER_NAME = "allure-results"

#: So many characters of exchanges are attached to a case that passed; the log has all.
_MOST_TEXT = 1_000_000

#: What Allure shows for each verdict. It has no word for "could not tell" but unknown: neither good nor bad.
_STATUS: Mapping[Verdict, str] = {
    Verdict.FAIL: Status.FAILED,
    Verdict.ERROR: Status.BROKEN,
    Verdict.INCONCLUSIVE: Status.UNKNOWN,
    Verdict.WARN: Status.PASSED,
    Verdict.WAIVED: Status.SKIPPED,
    Verdict.OBSERVED: Status.SKIPPED,
    Verdict.PASS: Status.PASSED,
    Verdict.NOT_APPLICABLE: Status.SKIPPED,
}

#: How grave it is that a rule is broken, by the level of its promise; trivial where nothing is promised.
_SEVERITY: Mapping[Level | None, str] = {
    Level.SHALL: "critical",
    Level.SHOULD: "normal",
    Level.MAY: "minor",
}

#: The groups that Allure sorts what is not a pass into: by the verdict, which each test has as a tag.
_CATEGORIES = (
    {"name": "A promise is broken", "matchedStatuses": ["failed"]},
    {"name": "The suite or its set-up failed", "matchedStatuses": ["broken"]},
    {"name": "Could not be told", "matchedStatuses": ["unknown"]},
    {"name": "Waived", "matchedStatuses": ["skipped"], "messageRegex": "waived .*"},
    {"name": "Nothing is promised", "matchedStatuses": ["skipped"], "messageRegex": "observed: .*"},
    {"name": "Does not apply", "matchedStatuses": ["skipped"]},
)

#: Verdicts that Allure's status shows by itself; the others are shown by a tag.
_UNTAGGED = frozenset({Verdict.PASS, Verdict.FAIL, Verdict.ERROR})

#: Steps that look worse than their case: what ended it early is no fault, what is only noted is none either.
_SOFTENED: Mapping[tuple[str, Verdict], str] = {
    ("broken", Verdict.NOT_APPLICABLE): Status.SKIPPED,
    ("broken", Verdict.INCONCLUSIVE): Status.SKIPPED,
    ("failed", Verdict.OBSERVED): Status.PASSED,
}


def write_results(run: Run, folder: Path, place: Path) -> None:
    """Write the results of a run, whose evidence lies in `folder`, into the folder `place`.

    The run's own folder of results is emptied first; what lies in another one stays.
    """
    if place == folder / FOLDER_NAME:
        shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True, exist_ok=True)
    cases = (case for judged in run.rules for case in judged.cases)
    for number, case in enumerate(cases):
        uuid = uuid5(NAMESPACE_URL, f"{run.id}/{number}/{case.rule}")
        result = _Scenario(run, case, folder, uuid, place).result()
        (place / f"{uuid}-result.json").write_bytes(_as_json(result))
    about = {
        "environment.properties": environment(run),
        "categories.json": json.dumps(_CATEGORIES),
        "executor.json": json.dumps(run.executor or {"name": "ifmatch", "type": "ifmatch"}),
    }
    for name, text in about.items():
        (place / name).write_text(text, encoding="utf-8", errors="replace")


def _as_json(result: TestResult) -> bytes:
    """A result as Allure's own logger would write it, which names the file at random and is far slower."""
    content = attr.asdict(result, filter=lambda _, value: bool(value) or value is False)
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


def environment(run: Run) -> str:
    """What the run was about, which Allure shows first: a line a fact."""
    facts = {
        "target": run.target.base_url,
        "software": run.target.software,
        "fhir_version": run.target.fhir_version,
        "profile": f"{run.profile.id} {run.profile.title}".strip(),
        "run": run.id,
        "seed": run.seed,
        "ifmatch": run.suite.version,
    }
    return "".join(f"{name}={_escaped(value)}\n" for name, value in facts.items() if value)


def _escaped(value: object) -> str:
    return one_line(value).replace("\\", "\\\\")


@dataclass(frozen=True)
class _Scenario:
    """One case of a run on its way to Allure; its attachments are written to `place` as they are come to."""

    run: Run
    case: VerdictReached
    folder: Path
    uuid: UUID
    place: Path

    def result(self) -> TestResult:
        """The case as a test."""
        case = self.case
        parameters = _parameters(case)
        start = self._start()
        return TestResult(
            uuid=str(self.uuid),
            name=case.title or case.rule,
            # The rule's id outlives every move of files, so the history of a rule is kept.
            fullName=case.rule,
            titlePath=case.rule.split(".")[:-1],
            testCaseId=_digest(case.rule),
            historyId=_digest(
                case.rule, *(f"{parameter.name}={parameter.value}" for parameter in parameters)
            ),
            description=case.says or None,
            parameters=parameters,
            labels=_labels(case, self.run.profile.title),
            links=_links(case),
            status=_STATUS[case.verdict],
            statusDetails=_details(case),
            steps=[self._step(step) for step in case.steps],
            attachments=[*self._attachments(), *self._picture()],
            start=start,
            stop=start + int(case.duration_ms),
        )

    def _start(self) -> int:
        """When the case began; in a log that does not say it, counted back from its verdict."""
        if self.case.started:
            return milliseconds(self.case.started)
        return milliseconds(self.case.time) - int(self.case.duration_ms)

    def _step(self, step: StepCarriedOut) -> TestStepResult:
        start = milliseconds(step.started) if step.started else self._start()
        status = _step_status(step, self.case)
        return TestStepResult(
            name=one_line(f"{step.keyword} {step.text}"),
            status=status,
            statusDetails=None if status == Status.PASSED else _step_details(step, self.case),
            attachments=[] if self._is_quiet else self._exchanges(step.exchanges),
            start=start,
            stop=start + int(step.duration_ms),
        )

    @property
    def _is_quiet(self) -> bool:
        """Whether nobody is expected to look into each of its exchanges."""
        return self.case.verdict is Verdict.PASS

    def _attachments(self) -> list[Attachment]:
        """What hangs on the case: what belongs to none of its steps, and of one that passed all, in one file."""
        if not self._is_quiet:
            return self._exchanges(self._outside_of_steps())
        in_steps = [id for step in self.case.steps for id in step.exchanges]
        shown = self._shown(dict.fromkeys([*in_steps, *self._outside_of_steps()]))
        if not shown:
            return []
        text = for_xml(as_text(shown), _MOST_TEXT).encode("utf-8", "replace")
        return [self._attach(counted(len(shown), "exchange"), "all", "text/plain", "txt", text)]

    def _outside_of_steps(self) -> list[str]:
        in_steps = {id for step in self.case.steps for id in step.exchanges}
        return [
            id
            for id in dict.fromkeys([*self.case.exchanges, *_witnesses(self.case)])
            if id not in in_steps
        ]

    def _exchanges(self, ids: Iterable[str]) -> list[Attachment]:
        return [self._exchange(one) for one in self._shown(ids)]

    def _shown(self, ids: Iterable[str]) -> list[ExchangeRecorded]:
        """The exchanges, but of those of a race only what its anomalies name: there are thousands."""
        witnesses = _witnesses(self.case)
        exchanges = self.run.exchanges_of(ids)
        return [one for one in exchanges if not one.raced or one.id in witnesses]

    def _exchange(self, exchange: ExchangeRecorded) -> Attachment:
        return self._attach(
            name=name_of(exchange),
            key=exchange.id,
            media_type=MEDIA_TYPE,
            extension="httpexchange",
            body=json.dumps(http_exchange(exchange), ensure_ascii=False).encode("utf-8", "replace"),
        )

    def _picture(self) -> list[Attachment]:
        """The picture of a race, if it has one and it still lies in the run's folder."""
        path = self.folder / self.case.race.picture if self.case.race else self.folder
        if not path.is_file():
            return []
        return [self._attach("who collided", "picture", "image/svg+xml", "svg", path.read_bytes())]

    def _attach(
        self, name: str, key: str, media_type: str, extension: str, body: bytes
    ) -> Attachment:
        file_name = f"{uuid5(self.uuid, key)}-attachment.{extension}"
        (self.place / file_name).write_bytes(body)
        return Attachment(name=name, source=file_name, type=media_type)


def _witnesses(case: VerdictReached) -> dict[str, None]:
    """The exchanges that the anomalies of a race name, in their order."""
    anomalies = case.race.anomalies if case.race else ()
    operations = [operation for anomaly in anomalies for operation in anomaly.operations]
    return dict.fromkeys(operation.exchange for operation in operations)


def _digest(*parts: str) -> str:
    return hashlib.md5(
        "\0".join(parts).encode("utf-8", "replace"), usedforsecurity=False
    ).hexdigest()


def _parameters(case: VerdictReached) -> list[Parameter]:
    values = dict(case.row)
    if case.resource_type:
        values["resource type"] = case.resource_type
    return [Parameter(name=name, value=one_line(value)) for name, value in values.items()]


def _labels(case: VerdictReached, profile_title: str) -> list[Label]:
    tag = "" if case.verdict in _UNTAGGED else case.verdict.value
    labels = {
        "framework": "pytest",
        "language": "python",
        "epic": profile_title,
        "feature": case.feature,
        "story": group_of(case.rule),
        "parentSuite": profile_title,
        "suite": case.feature,
        "rule": case.rule,
        "level": case.level,
        "severity": _SEVERITY.get(case.level, "trivial"),
        "tag": tag,
    }
    return [Label(name=name, value=str(value)) for name, value in labels.items() if value]


def _links(case: VerdictReached) -> list[Link]:
    source = case.source
    if source is None or not source.url.startswith(("http://", "https://")):
        return []
    return [Link("link", source.url, source.title or source.url)]


def _details(case: VerdictReached) -> StatusDetails | None:
    observed = "observed: nothing is promised" if case.verdict is Verdict.OBSERVED else ""
    message = "; ".join(filter(None, (observed, waived(case), case.message)))
    if not message or case.verdict is Verdict.PASS:
        return None
    return StatusDetails(
        message=for_xml(message, 5000), known=case.verdict is Verdict.WAIVED or None
    )


def _step_status(step: StepCarriedOut, case: VerdictReached) -> str:
    if step.findings and not _wrong(step):
        return str(Status.PASSED)
    return _SOFTENED.get((step.status, case.verdict), step.status)


def _step_details(step: StepCarriedOut, case: VerdictReached) -> StatusDetails | None:
    """What a step found; of one that found nothing, what its case says."""
    lines = [
        f"expected {one_line(finding.expected)}, got {one_line(finding.got)}"
        for finding in _wrong(step)
    ]
    return StatusDetails(message="\n".join(lines)) if lines else _details(case)


def _wrong(step: StepCarriedOut) -> list[Finding]:
    """The findings of a step that count against the target, which a MAY does not."""
    return [finding for finding in step.findings if finding.level is not Level.MAY]
