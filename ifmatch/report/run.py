"""A run as its event log tells it: events in, one value out. Pure, so that a log can be told again at any time."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ifmatch.errors import ExitCode
from ifmatch.log.events import Event
from ifmatch.rules import waiver
from ifmatch.rules.case import Verdict, gravest

#: What a case amounts to for the run, the first that is found decides. An error is told apart by whose fault it was.
_EXIT_CODES: tuple[tuple[tuple[Verdict, str], ExitCode], ...] = (
    ((Verdict.FAIL, ""), ExitCode.NOT_CONFORMANT),
    ((Verdict.ERROR, "suite"), ExitCode.INTERNAL_ERROR),
    ((Verdict.ERROR, "target"), ExitCode.TARGET_UNUSABLE),
    ((Verdict.INCONCLUSIVE, ""), ExitCode.INCONCLUSIVE),
)

#: What a run's last word may say that its verdicts cannot.
_BEYOND_VERDICTS = (ExitCode.INTERRUPTED, ExitCode.INTERNAL_ERROR, ExitCode.USAGE, ExitCode.TARGET_UNUSABLE)

_NOT_DELETED = "not deleted"
_UNKNOWN_FATE = "may exist: the run ended while it was being created"


#: Verdicts of a rule that had its chance to fail, and did not.
_KEPT = frozenset({Verdict.PASS, Verdict.WARN, Verdict.OBSERVED})

#: Events that tell of a request and its answer: one by one, or released together with others.
_EXCHANGES = frozenset({"exchange", "race.exchange"})


@dataclass(frozen=True)
class Judged:
    """One rule's verdict over all its cases (rows of an Outline, resource types). The gravest case speaks for it."""

    rule: str
    verdict: Verdict
    spokesman: Event
    cases: tuple[Event, ...]

    def text(self, key: str) -> str:
        """A field of the gravest case that is told as text; empty when it has none."""
        return str(self.spokesman.get(key) or "")

    @property
    def exchanges(self) -> list[str]:
        """The evidence of all cases, each exchange once."""
        return list(dict.fromkeys(str(e) for case in self.cases for e in case.get("exchanges") or ()))

    @property
    def like(self) -> tuple[Event, ...]:
        """The cases with the rule's own verdict."""
        return tuple(case for case in self.cases if verdict_of(case) is self.verdict)


@dataclass(frozen=True)
class Leftover:
    """Something of ours that is still on the target, and why."""

    type: str
    id: str
    reason: str


@dataclass(frozen=True)
class Run:
    """Everything a report tells of a run.

    `complete` means that the log has its last line and that line says so. `ended_with` is the exit code given there.
    """

    id: str = ""
    suite: Mapping[str, Any] = field(default_factory=dict)
    command: Any = ""
    seed: Any = None
    profile: Mapping[str, Any] = field(default_factory=dict)
    target: Mapping[str, Any] = field(default_factory=dict)
    started: str = ""
    finished: str = ""
    duration: float = 0.0
    rules: tuple[Judged, ...] = ()
    exchanges: Mapping[str, Event] = field(default_factory=dict)
    left: tuple[Leftover, ...] = ()
    complete: bool = False
    ended_with: ExitCode | None = None
    message: str = ""

    @classmethod
    def of(cls, events: Iterable[Event]) -> "Run":
        """The run that a log tells. A log with several runs tells the last one; a log cut short tells what it holds."""
        log = _last_run(list(events))
        header, target, footer = (_last(log, kind) for kind in ("run.started", "target", "run.finished"))
        complete = bool(footer.get("complete"))
        return cls(
            id=str(header.get("run", "")),
            suite=header.get("suite") or {},
            command=header.get("command", ""),
            seed=header.get("seed"),
            # Which profile a run is held to may be known only when the target has told its FHIR version.
            profile=target.get("profile") or header.get("profile") or {},
            target={"base_url": header.get("base_url", ""), **target},
            started=str(header.get("time", "")),
            finished=str(footer.get("time", "")),
            duration=_seconds(log),
            rules=_judged(event for event in log if event.get("event") == "verdict"),
            exchanges={str(e.get("id")): e for e in log if e.get("event") in _EXCHANGES},
            left=_leftovers([event for event in log if event.get("event") == "journal"], complete),
            complete=complete,
            ended_with=_exit_code(footer.get("exit_code")),
            message=str(footer.get("message") or ""),
        )

    @property
    def exit_code(self) -> ExitCode:
        """How the run ended. A broken rule stays broken, unless someone broke the run off.

        A run cut short is never 0, nor one whose last word is not.
        """
        judged = self.judged
        if judged is ExitCode.NOT_CONFORMANT and self.ended_with is not ExitCode.INTERRUPTED:
            return judged
        if not self.complete:
            return self.ended_with or ExitCode.INTERRUPTED
        if self.ended_with in _BEYOND_VERDICTS or judged is ExitCode.CONFORMANT:
            return self.ended_with or judged
        return judged

    @property
    def judged(self) -> ExitCode:
        """What the verdicts alone come to, while the run has not yet said how it ended."""
        return exit_code_for(case for rule in self.rules for case in rule.cases)

    @property
    def conformant(self) -> bool:
        """Whether the target keeps its promises, as far as this run may say so. What is waived is still broken."""
        return self.exit_code is ExitCode.CONFORMANT and not self.counts[Verdict.WAIVED]

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many rules have each verdict, the gravest verdict first."""
        seen = Counter(rule.verdict for rule in self.rules)
        return {verdict: seen[verdict] for verdict in Verdict}

    @property
    def warnings(self) -> list[str]:
        """What the target's own description made the run remark on, and what is odd about the waivers."""
        return [*(str(warning) for warning in self.target.get("warnings") or ()), *self.idle_waivers]

    @property
    def idle_waivers(self) -> list[str]:
        """Of rules that do not fail any more. A race may have been lucky, so its waiver is not called idle."""
        given: Mapping[str, waiver.Waiver] = self.target.get("waivers") or {}
        kept = {judged.rule for judged in self.rules if judged.verdict in _KEPT and not by_luck(judged.spokesman)}
        return [waiver.idle(rule, one) for rule, one in given.items() if rule in kept]


def verdict_of(case: Event) -> Verdict:
    """The verdict of a case. One that is not known to this version is an error: it must not pass unseen."""
    try:
        return Verdict(case.get("verdict", ""))
    except ValueError:
        return Verdict.ERROR


def exit_code_for(cases: Iterable[Event]) -> ExitCode:
    """The exit code that verdict events amount to. When nothing was judged it is not 0: green means something."""
    seen = {_kind(case) for case in cases}
    for kind, code in _EXIT_CODES:
        if kind in seen:
            return code
    return ExitCode.CONFORMANT if seen - {(Verdict.NOT_APPLICABLE, "")} else ExitCode.NOTHING_RAN


def group_of(rule: str) -> str:
    """The group a rule is told under: its id without the last part, two parts at most (`update.if-match`)."""
    return ".".join(rule.split(".")[:-1][:2]) or rule


def judge_cases(rule: str, cases: Iterable[Event]) -> Judged:
    """One verdict for a rule from those of its cases."""
    told = tuple(cases)
    verdict = gravest([verdict_of(case) for case in told])
    alike = [case for case in told if verdict_of(case) is verdict]
    return Judged(rule, verdict, next((case for case in alike if _changed_state(case)), alike[0]), told)


def _changed_state(case: Event) -> bool:
    """Whether a case found the resource itself wrong: that outweighs any wrong answer."""
    return any(finding.get("state") for finding in case.get("findings") or ())


def by_luck(case: Mapping[str, Any]) -> bool:
    """Whether it is a race that may be lucky: that it shows nothing is no proof that there is nothing."""
    return bool((case.get("race") or {}).get("rounds"))


def waived(case: Event) -> str:
    """That a case's failure is let pass, until when, by whom and why; empty when it is not."""
    given = case.get("waiver")
    return f"waived {waiver.describe(given)}" if given else ""


def _kind(case: Event) -> tuple[Verdict, str]:
    verdict = verdict_of(case)
    if verdict is not Verdict.ERROR:
        return verdict, ""
    # Whoever is not named as the culprit is us: blaming the target takes evidence.
    return verdict, "target" if case.get("culprit") == "target" else "suite"


def _last_run(log: list[Event]) -> list[Event]:
    starts = [index for index, event in enumerate(log) if event.get("event") == "run.started"]
    return log[starts[-1] :] if starts else log


def _last(log: list[Event], kind: str) -> Event:
    return next((event for event in reversed(log) if event.get("event") == kind), {})


def _exit_code(value: object) -> ExitCode | None:
    return ExitCode(value) if isinstance(value, int) and value in list(ExitCode) else None


def _judged(verdicts: Iterable[Event]) -> tuple[Judged, ...]:
    cases: dict[str, list[Event]] = {}
    for event in verdicts:
        cases.setdefault(str(event.get("rule", "")), []).append(event)
    return tuple(judge_cases(rule, told) for rule, told in cases.items())


def _leftovers(journal: list[Event], complete: bool) -> tuple[Leftover, ...]:
    """What was made and not taken away. What was only intended counts in a run cut short: it may have been made."""
    there: dict[tuple[str, str], Leftover] = {}
    for entry in journal:
        kind, id, unique = (str(entry.get(key) or "") for key in ("type", "id", "unique"))
        key, nameless = (kind, id or unique), (kind, unique)
        match entry.get("action"):
            case "created":
                there.pop(nameless, None)
                there[key] = Leftover(kind, id, _NOT_DELETED)
            case "left":
                there[key] = Leftover(kind, id, _with_identifier(str(entry.get("reason") or _NOT_DELETED), id, unique))
            case "intended":
                if not complete:
                    there.setdefault(key, Leftover(kind, id, _with_identifier(_UNKNOWN_FATE, id, unique)))
            case _:  # deleted, restored, never made: however it ended, it is not there
                there.pop(key, None)
    return tuple(there.values())


def _with_identifier(reason: str, id: str, unique: str) -> str:
    """The reason, with the identifier that finds a resource whose id the target never told."""
    return reason if id or not unique else f"{reason} (identifier {unique})"


def _seconds(log: list[Event]) -> float:
    """The time between the first and the last event; 0 when a log does not tell it."""
    try:
        first, last = (datetime.fromisoformat(log[index]["time"]) for index in (0, -1))
        return round((last - first).total_seconds(), 3)
    except (IndexError, KeyError, ValueError, TypeError):
        return 0.0
