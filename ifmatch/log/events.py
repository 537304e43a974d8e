"""What can happen in a run: one frozen dataclass an event, as it stands on a line of `events.jsonl`.

Times are ISO 8601 with a time zone. Texts are as they were after redaction: no secret stands in an event that was
written. A field that is added gets a default, so that older logs can still be read; a change of meaning raises
`SCHEMA`, and `reader` brings older events up to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ifmatch.rules.expectation import Finding, Level, Source
from ifmatch.rules.verdict import Verdict

#: 1: races had exchanges of a kind of their own, `race.exchange`, and steps no findings.
SCHEMA = 2

#: Names and values of headers, in the order in which they were sent.
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event has. `unknown` keeps the fields that a newer version wrote and this one does not know."""

    time: str = ""
    unknown: Mapping[str, Any] = field(default_factory=dict)


# ---------------------------------------------------------------- the run


@dataclass(frozen=True, slots=True)
class SuiteVersion:
    """Which suite wrote the log."""

    name: str = "ifmatch"
    version: str = ""


@dataclass(frozen=True, slots=True)
class ProfileName:
    """Which profile the target is held to; `sha256` is over the texts of the profile and its bases.

    `errata` say what was wrong in it before: `rule`, `date` and `what`.
    """

    id: str = ""
    title: str = ""
    label: str = ""
    sha256: str = ""
    version: str = ""
    errata: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """The header: the first event of a run. `profile` is None while it depends on what the target states.

    In a `strict` run a warning fails. `wait` is how many seconds the target had to start, `settings` how it was
    reached but for secrets (see ifmatch.client.settings). What it was called with is there so that it can be done
    again: `profile_file` and `target_file` as the user named them, and the `faults` of a server that was `embedded`.
    `versions` are those of what it ran on, `executor` the job that it was part of; `certifies` says that it is to be a
    certificate's evidence, and `baseline` which verdicts, by rule, do not fail it, for they are known.
    """

    schema: int = SCHEMA
    run: str = ""
    suite: SuiteVersion = field(default_factory=SuiteVersion)
    command: tuple[str, ...] = ()
    seed: int | None = None
    effort: str = ""
    writers: int = 0
    strict: bool = False
    wait: float = 0.0
    certifies: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    executor: Mapping[str, str] = field(default_factory=dict)
    baseline: Mapping[str, str] = field(default_factory=dict)
    profile: ProfileName | None = None
    profile_file: str = ""
    base_url: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    target_file: str = ""
    embedded: bool = False
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetDescribed(Event):
    """What the target says of itself, which profile it is held to, and the waivers in force by rule.

    `credential` says which variables of the environment hold what was sent to it: `token_env`, or `user` and
    `password_env`.
    """

    base_url: str = ""
    software: str | None = None
    fhir_version: str | None = None
    warnings: tuple[str, ...] = ()
    profile: ProfileName | None = None
    waivers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    credential: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Event):
    """The footer. A log without it is of a run that was cut short.

    `left_out` names the rules of which not every case was judged: with any, the run was partial.
    `sha256` is over all that the log holds before this line.
    """

    complete: bool = False
    exit_code: int | None = None
    message: str = ""
    left_out: tuple[str, ...] = ()
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Event):
    """Why something takes so long, for whoever is waiting."""

    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash(Event):
    """A mistake of the suite's own, with its traceback."""

    rule: str | None = None
    traceback: str = ""


# ---------------------------------------------------------------- what was sent and made


@dataclass(frozen=True, slots=True)
class RequestSent:
    """A request as it was on the wire; long bodies are cut, which the text then says."""

    method: str = ""
    url: str = ""
    headers: Headers = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """A response as it was on the wire."""

    status: int = 0
    reason: str = ""
    http_version: str = ""
    headers: Headers = ()
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRecorded(Event):
    """A request and its response, or why there was none (`failure`).

    `raced` says that it was released together with others, and `writer` by whom. `rule` and `step` say what it was for:
    the rule's id and the number of the step within the scenario, counted from 0; None before and after the scenarios.
    `token_ended` says that the answer is about the token that was shown: unless it raced, the same request follows.
    """

    id: str = ""
    rule: str | None = None
    step: int | None = None
    writer: str = ""
    raced: bool = False
    token_ended: bool = False
    started: str = ""
    duration_ms: float = 0.0
    request: RequestSent = field(default_factory=RequestSent)
    response: ResponseReceived | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journalled(Event):
    """What we make on the target, written before it is sent, and again when it is known what came of it.

    `action` is intended, created, refused, deleted, restored or left (with its `reason`). `unique` is the identifier
    that finds a resource whose id the target has not told; `original` the content of one that was not ours.
    """

    action: str = ""
    type: str = ""
    id: str = ""
    unique: str = ""
    reason: str = ""
    original: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen(Event):
    """What a run is expected to write: requests, and resources by type.

    `lent` are the types that it changes and restores instead; `stays` is why what it makes cannot be deleted.
    """

    writes: int = 0
    resources: Mapping[str, int] = field(default_factory=dict)
    lent: tuple[str, ...] = ()
    stays: str = ""


# ---------------------------------------------------------------- what was found


@dataclass(frozen=True, slots=True)
class StepCarriedOut:
    """One sentence of a scenario: passed, failed (with its findings), broken (with its error) or skipped."""

    keyword: str = ""
    text: str = ""
    status: str = "passed"
    exchanges: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    started: str = ""
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Expected:
    """What was promised: the statuses, the kinds of body, and both in words."""

    status: tuple[int, ...] = ()
    body: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class OperationSeen:
    """One operation of an anomaly's witness. Times are nanoseconds of one monotonic clock."""

    exchange: str = ""
    writer: str = ""
    kind: str = ""
    base: str | None = None
    status: int | None = None
    version: str | None = None
    outcome: str = ""
    invoked: int = 0
    returned: int | None = None


@dataclass(frozen=True, slots=True)
class AnomalySeen:
    """An anomaly that the judge named: its rule in general, its sentence in this race, and its witness."""

    name: str = ""
    rule: str = ""
    sentence: str = ""
    operations: tuple[OperationSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class RaceFacts:
    """What a race came to. `exposure_below` is the bound at 99 %, `picture` a path within the run's folder."""

    engine: str = ""
    calibration: str = ""
    rounds: int = 0
    overlapping: int = 0
    late_conflicts: int = 0
    effective_rounds: float = 0.0
    exposure_below: float = 1.0
    confidence: str = ""
    alignment: str | None = None
    limits: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    reproduced: tuple[int, int] | None = None
    anomalies: tuple[AnomalySeen, ...] = ()
    anomalies_in_all: int = 0
    picture: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictReached(Event):
    """What is said of one case of a rule: a scenario, a row of an outline, or a resource type.

    `culprit` is "target" or "suite" where the verdict is an error. `exchanges` are the ids of the evidence.
    """

    rule: str = ""
    title: str = ""
    feature: str = ""
    path: str = ""
    resource_type: str = ""
    row: Mapping[str, str] = field(default_factory=dict)
    verdict: Verdict = Verdict.ERROR
    waiver: Mapping[str, str] | None = None
    level: Level | None = None
    message: str = ""
    culprit: str = ""
    expected: Expected = field(default_factory=Expected)
    observed: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    source: Source | None = None
    says: str = ""
    race: RaceFacts | None = None
    exchanges: tuple[str, ...] = ()
    steps: tuple[StepCarriedOut, ...] = ()
    started: str = ""
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NotBegun(Event):
    """A case of a rule that the run had no time for: nothing was sent, and nothing is said of it."""

    rule: str = ""
    title: str = ""
    feature: str = ""
    resource_type: str = ""
    row: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRecorded(Event):
    """The history of one resource in a race, as lines that the judge reads (see ifmatch.judge.jsonlines).

    It belongs to the case that is judged next. `counted` says whether its anomalies are for the case's own rule.
    """

    rule: str = ""
    resource_type: str = ""
    row: Mapping[str, str] = field(default_factory=dict)
    counted: bool = False
    lines: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable(Event):
    """A line that is not an event of this version: its kind, its fields, and what is wrong with it."""

    kind: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


#: How each event is called on its line.
KINDS: Mapping[str, type[Event]] = {
    "run.started": RunStarted,
    "target": TargetDescribed,
    "notice": Notice,
    "foreseen": Foreseen,
    "exchange": ExchangeRecorded,
    "journal": Journalled,
    "history": HistoryRecorded,
    "verdict": VerdictReached,
    "not.begun": NotBegun,
    "crash": Crash,
    "run.finished": RunFinished,
}
