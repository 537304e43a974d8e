"""A run as its event log describes it: events in, one value out. Pure, so that a log can be read again at any time."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from ifmatch.errors import ExitCode
from ifmatch.log.events import (
    KINDS,
    Event,
    ExchangeRecorded,
    Foreseen,
    NotBegun,
    ProfileName,
    RunFinished,
    RunStarted,
    SuiteVersion,
    TargetDescribed,
    Unreadable,
    VerdictReached,
)
from ifmatch.report.left import Leftover, left, made
from ifmatch.rules import waiver
from ifmatch.rules.baseline import is_excused
from ifmatch.rules.verdict import (
    KEPT,
    Conclusion,
    Verdict,
    conclusion_named,
    exit_code_for,
    gravest,
)

_E = TypeVar("_E", bound=Event)

#: How a run may end that its verdicts cannot show.
_BEYOND_VERDICTS = (ExitCode.INTERNAL_ERROR, ExitCode.USAGE, ExitCode.TARGET_UNUSABLE)


@dataclass(frozen=True)
class Judged:
    """One rule's verdict over all its cases (rows of an Outline, resource types). The gravest case speaks for it."""

    rule: str
    verdict: Verdict
    spokesman: VerdictReached
    cases: tuple[VerdictReached, ...]

    @property
    def exchanges(self) -> list[str]:
        """The evidence of all cases, each exchange once."""
        return list(dict.fromkeys(id for case in self.cases for id in case.exchanges))

    @property
    def like(self) -> tuple[VerdictReached, ...]:
        """The cases with the rule's own verdict."""
        return tuple(case for case in self.cases if case.verdict is self.verdict)


#: What is judged where nobody names a server.
EMBEDDED = "an embedded server of ifmatch's own"


@dataclass(frozen=True)
class Run:
    """Everything that a report says of a run.

    `complete` means that the log has its last line and that line says so. `ended_with` is the exit code given there.
    `left_out` are the rules of which not every case was judged: with any, the run was partial. `not_begun` are the
    cases among them that there was no time for; nobody chose those. In a `strict` run a warning fails.
    `foreseen` is what was said beforehand that it would write, `made` how many resources it did make, by type.
    `header` says with what the run was called.
    """

    id: str = ""
    header: RunStarted = field(default_factory=RunStarted)
    suite: SuiteVersion = field(default_factory=SuiteVersion)
    command: tuple[str, ...] = ()
    seed: int | None = None
    effort: str = ""
    writers: int = 0
    certifies: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    executor: Mapping[str, str] = field(default_factory=dict)
    baseline: Mapping[str, str] = field(default_factory=dict)
    profile: ProfileName = field(default_factory=ProfileName)
    target: TargetDescribed = field(default_factory=TargetDescribed)
    started: str = ""
    finished: str = ""
    duration: float = 0.0
    rules: tuple[Judged, ...] = ()
    exchanges: Mapping[str, ExchangeRecorded] = field(default_factory=dict)
    left: tuple[Leftover, ...] = ()
    complete: bool = False
    ended_with: ExitCode | None = None
    message: str = ""
    left_out: tuple[str, ...] = ()
    not_begun: tuple[NotBegun, ...] = ()
    strict: bool = False
    foreseen: Foreseen = field(default_factory=Foreseen)
    made: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Event]) -> "Run":
        """The run that a log describes: of several runs the last one, of a log cut short what it holds."""
        log = _last_run(list(events))
        header = _last(log, RunStarted)
        target = _last(log, TargetDescribed)
        footer = _last(log, RunFinished)
        return cls(
            id=header.run,
            header=header,
            suite=header.suite,
            command=header.command,
            seed=header.seed,
            effort=header.effort,
            writers=header.writers,
            certifies=header.certifies,
            versions=header.versions,
            executor=header.executor,
            baseline=header.baseline,
            # Which profile a run is held to may be known only when the target has named its FHIR version.
            profile=target.profile or header.profile or ProfileName(),
            target=replace(target, base_url=target.base_url or header.base_url),
            started=header.time,
            finished=footer.time,
            duration=_seconds(log),
            rules=_rules(log),
            exchanges={event.id: event for event in log if isinstance(event, ExchangeRecorded)},
            left=left(log, footer.complete),
            complete=footer.complete,
            ended_with=_exit_code(footer.exit_code),
            message=footer.message,
            left_out=footer.left_out,
            not_begun=tuple(event for event in log if isinstance(event, NotBegun)),
            strict=header.strict,
            foreseen=_last(log, Foreseen),
            made=made(log),
        )

    def exchanges_of(self, ids: Iterable[str]) -> list[ExchangeRecorded]:
        """The exchanges with these ids, as far as the log has them."""
        return [self.exchanges[id] for id in ids if id in self.exchanges]

    @cached_property
    def writes(self) -> int:
        """How many requests were sent that may change something, tidying up included."""
        methods = [exchange.request.method for exchange in self.exchanges.values()]
        return sum(method not in ("GET", "HEAD") for method in methods)

    @cached_property
    def raced(self) -> Mapping[tuple[str, int], list[str]]:
        """The ids of the exchanges that were released together, by the rule and the step that they were for."""
        found: dict[tuple[str, int], list[str]] = {}
        for exchange in self.exchanges.values():
            if exchange.raced:
                found.setdefault((exchange.rule or "", exchange.step or 0), []).append(exchange.id)
        return found

    @property
    def exit_code(self) -> ExitCode:
        """How the run ended. A broken rule stays broken, unless someone broke the run off.

        A run cut short is never 0, nor one whose last line says otherwise.
        """
        judged = self.judged
        if self.ended_with is ExitCode.INTERRUPTED:
            return ExitCode.INTERRUPTED
        if judged is ExitCode.NOT_CONFORMANT:
            return judged
        if not self.complete:
            return self.ended_with or ExitCode.INTERRUPTED
        return self._worse_than(judged)

    def _worse_than(self, judged: ExitCode) -> ExitCode:
        """What the verdicts come to, unless the last line says something that they cannot show."""
        may_be_worse = judged is ExitCode.CONFORMANT or self.ended_with in _BEYOND_VERDICTS
        if may_be_worse and self.ended_with:
            return self.ended_with
        return judged

    @property
    def judged(self) -> ExitCode:
        """What the cases come to, while the run has not yet said how it ended.

        One that there was no time for is not decided, so a server that is slow cannot make a run green.
        """
        conclusions = [self._conclusion(case) for rule in self.rules for case in rule.cases]
        undecided = [Conclusion(Verdict.INCONCLUSIVE)] * bool(self.not_begun)
        return exit_code_for([*conclusions, *undecided], self.strict)

    @property
    def out_of_time(self) -> list[str]:
        """The rules of which a case was not begun for want of time."""
        return list(dict.fromkeys(case.rule for case in self.not_begun))

    def _conclusion(self, case: VerdictReached) -> Conclusion:
        """What a case means for the run: what is known counts like what is waived."""
        if self.is_known(case):
            return Conclusion(Verdict.WAIVED)
        return conclusion_named(case.verdict, case.culprit)

    def is_known(self, case: VerdictReached) -> bool:
        """Whether a case is not worse than what the baseline has of its rule."""
        return is_excused(case.verdict, self.baseline.get(case.rule))

    @property
    def conformant(self) -> bool | None:
        """Whether the target keeps its promises, as far as this run may say so. What is waived is still broken.

        None: a run that left rules out and saw nothing broken may not say.
        """
        if self.left_out and not self._is_broken:
            return None
        excused = self.counts[Verdict.WAIVED] or self.known
        return self.exit_code is ExitCode.CONFORMANT and not (self._is_broken or excused)

    @property
    def known(self) -> list[str]:
        """The rules that are not kept, no worse than the baseline has them: they do not fail the run."""
        broken = (Verdict.FAIL, Verdict.INCONCLUSIVE)
        return [
            rule.rule
            for rule in self.rules
            if rule.verdict in broken and any(map(self.is_known, rule.cases))
        ]

    @property
    def _is_broken(self) -> bool:
        """Whether a rule fails, be it known already."""
        fails = self.counts[Verdict.FAIL] > 0
        return fails or self.exit_code is ExitCode.NOT_CONFORMANT

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many rules have each verdict, the gravest verdict first."""
        seen = Counter(rule.verdict for rule in self.rules)
        return {verdict: seen[verdict] for verdict in Verdict}

    @property
    def warnings(self) -> list[str]:
        """What is odd about what was judged, the target's own description, and the waivers."""
        return [*self._nobodys_server, *self.target.warnings, *self.idle_waivers, *self.renewals]

    @property
    def _nobodys_server(self) -> list[str]:
        """Who writes a target file has a server in mind."""
        named = self.header.target_file
        return [
            f"{named} names no base_url, and none was given: judged is {EMBEDDED}, and not a server of yours"
        ] * (self.header.embedded and bool(named))

    @property
    def server(self) -> str:
        """What was judged, for a person: an address, but for a server whose address is gone with the run."""
        return EMBEDDED if self.header.embedded else self.target.base_url

    @property
    def renewals(self) -> list[str]:
        """What the baseline need not excuse any more."""
        fixed = sorted(self._surely_kept & self.baseline.keys())
        return [f"{rule} does not fail any more: the baseline can be renewed" for rule in fixed]

    @property
    def idle_waivers(self) -> list[str]:
        """Of rules that do not fail any more, or that could not."""
        kept = self._surely_kept
        observed = {rule.rule for rule in self.rules if rule.verdict is Verdict.OBSERVED}
        return [
            waiver.idle(rule, one, rule in observed)
            for rule, one in self.target.waivers.items()
            if rule in kept
        ]

    @property
    def _surely_kept(self) -> set[str]:
        """The rules that had their chance to fail. A race may have been lucky, so it is not among them."""
        kept = [rule for rule in self.rules if rule.verdict in KEPT]
        return {rule.rule for rule in kept if not by_luck(rule.spokesman)}


def group_of(rule: str) -> str:
    """The group that a rule is listed in: its id without the last part, two parts at most (`update.if-match`)."""
    return ".".join(rule.split(".")[:-1][:2]) or rule


def by_rule(cases: Iterable[VerdictReached]) -> tuple[Judged, ...]:
    """One verdict for each rule from those of its cases, in the order in which the rules first appear."""
    grouped: dict[str, list[VerdictReached]] = {}
    for case in cases:
        grouped.setdefault(case.rule, []).append(case)
    return tuple(judge_cases(rule, of_rule) for rule, of_rule in grouped.items())


def judge_cases(rule: str, cases: Sequence[VerdictReached]) -> Judged:
    """One verdict for a rule. Of its gravest cases, one that found the resource itself wrong speaks for it."""
    verdict = gravest([case.verdict for case in cases])
    alike = [case for case in cases if case.verdict is verdict]
    spokesman = next(filter(_changed_state, alike), alike[0])
    return Judged(rule, verdict, spokesman, tuple(cases))


def by_luck(case: VerdictReached) -> bool:
    """Whether it is a race that may be lucky: that it shows nothing is no proof that there is nothing."""
    return case.race is not None and case.race.rounds > 0


def waived(case: VerdictReached) -> str:
    """That a case's failure is let pass, until when, by whom and why; empty when it is not."""
    return f"waived {waiver.describe(case.waiver)}" if case.waiver else ""


# ---------------------------------------------------------------- from events to a run


def _last_run(log: list[Event]) -> list[Event]:
    starts = [index for index, event in enumerate(log) if _starts_run(event)]
    return log[starts[-1] :] if starts else log


def _starts_run(event: Event) -> bool:
    return isinstance(event, RunStarted) or _is_unreadable(event, RunStarted)


def _is_unreadable(event: Event, kind: type[Event]) -> bool:
    """Whether it is a line that was meant to be an event of this kind."""
    return isinstance(event, Unreadable) and KINDS.get(event.kind) is kind


def _last(log: list[Event], kind: type[_E]) -> _E:
    """The last event of a kind; one that says nothing when there is none."""
    return next((event for event in reversed(log) if isinstance(event, kind)), kind())


def _rules(log: list[Event]) -> tuple[Judged, ...]:
    verdicts = (_verdict_in(event) for event in log)
    return by_rule(verdict for verdict in verdicts if verdict is not None)


def _verdict_in(event: Event) -> VerdictReached | None:
    """The verdict that an event is, if it is one."""
    if isinstance(event, VerdictReached):
        return event
    if isinstance(event, Unreadable) and _is_unreadable(event, VerdictReached):
        return _unread(event)
    return None


def _unread(event: Unreadable) -> VerdictReached:
    """A verdict that cannot be read is an error of ours: it must not pass unseen."""
    return VerdictReached(
        time=event.time,
        rule=str(event.fields.get("rule") or "unknown"),
        title="A verdict that cannot be read",
        verdict=Verdict.ERROR,
        culprit="suite",
        message=f"The line of this verdict in the log cannot be read: {event.why}",
    )


def _changed_state(case: VerdictReached) -> bool:
    """Whether a case found the resource itself wrong: that outweighs any wrong answer."""
    return any(finding.state for finding in case.findings)


def _exit_code(value: int | None) -> ExitCode | None:
    return ExitCode(value) if value is not None and value in list(ExitCode) else None


def _seconds(log: list[Event]) -> float:
    """The time between the first and the last event; 0 when a log does not say it."""
    try:
        first, last = (datetime.fromisoformat(log[index].time) for index in (0, -1))
        return round((last - first).total_seconds(), 3)
    except (IndexError, ValueError, TypeError):
        return 0.0
