"""One rule under judgement: what was promised, what was seen, and the verdict that follows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ifmatch.errors import RuleBroken, RuleNotApplicable
from ifmatch.rules.answer import Answer, Effect
from ifmatch.rules.expectation import (
    Expectation,
    Finding,
    Level,
    Promise,
    compare,
    describe,
    promised_status,
)
from ifmatch.rules.verdict import OF_LEVEL, Verdict

#: What an answer says of an interaction that the server does not have: no such address, method or function.
_NOT_OFFERED = (404, 405, 501)
_NO_SUCH_FORMAT = (*_NOT_OFFERED, 400, 415, 422)

#: Other statuses that say so of one interaction.
_LACKING: Mapping[str, tuple[int, ...]] = {
    # FHIR R4 has 400 for conditions that are not supported. That of a create is a header, which may not be known.
    "conditional-create": (*_NOT_OFFERED, 400, 201),
    "conditional-update": (*_NOT_OFFERED, 400),
    "patch": (*_NOT_OFFERED, 415),
    "json-patch": _NO_SUCH_FORMAT,
    "xml-patch": _NO_SUCH_FORMAT,
    "fhirpath-patch": _NO_SUCH_FORMAT,
}

#: Interactions whose entries have answers of their own.
_BUNDLES = ("batch", "transaction")

Shown = TypeVar("Shown")


@dataclass(frozen=True)
class RaceReport:
    """What a race came to. `doubt` says why its pass would mean nothing; empty when it means something.

    `facts` go into the report, `story` has several lines for a person to read, `picture` is an SVG. `histories` are
    what was judged, `counted` says whether their anomalies are for this rule.
    """

    findings: tuple[Finding, ...]
    doubt: str
    facts: Any
    story: str = ""
    picture: str = ""
    histories: tuple[Any, ...] = ()
    counted: bool = True


@dataclass
class Case:
    """Collects the facts of one scenario. A wrong one does not stop it: the state is looked at even after a wrong code.

    `invariant` facts hold for every server: a refused write leaves no trace, an accepted one is stored, versions are
    consistent. They fail a rule whatever its promise says; other facts are judged at the level of the promise.
    `unclaimed` are the interactions that the rule needs and that nobody says the server has.
    """

    rule: str
    promise: Promise
    resource_type: str
    unclaimed: tuple[str, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    observed: dict[str, Any] = field(default_factory=dict)
    race: RaceReport | None = None

    @property
    def expectation(self) -> Expectation | None:
        """The promise, when there is one to hold the server to."""
        return self.promise if isinstance(self.promise, Expectation) else None

    def answered(self, answer: Answer) -> None:
        """Hold an answer against the promise. A 5xx that it does not name is a fault, unless its text tolerates it."""
        self.demand_offered([answer])
        self._hold(answer)

    def _hold(self, answer: Answer) -> None:
        self.observed.update(_seen(answer))
        if answer.effect is Effect.UNKNOWN and not self._names(answer.status):
            self.findings.append(self._server_error(answer))
        else:
            self.findings += self._broken_parts(answer)

    def all_answered(self, answers: Sequence[Answer]) -> None:
        """Hold several answers against the promise; what is wrong with several in one way counts once."""
        self.demand_offered(answers)
        for answer in answers:
            self._hold(answer)
        self.findings[:] = dict.fromkeys(self.findings)

    def demand_offered(self, answers: Sequence[Answer]) -> None:
        """Raises RuleNotApplicable when all answers say that the server has no such interaction, and nobody claims it.

        A status that the profile names is an answer of its own.
        """
        unnamed = next((answer for answer in answers if not self._names(answer.status)), None)
        lacking = next((one for one in self.unclaimed if _say_no_such(answers, one)), None)
        if unnamed is not None and lacking is not None:
            raise RuleNotApplicable(f"not offered, and not claimed: {lacking}: {describe(unnamed)}")

    def has_shown(self, interaction: str) -> None:
        """The server has carried out an interaction: from now on what it refuses is not refused for the lack of it."""
        self.unclaimed = tuple(one for one in self.unclaimed if one != interaction)

    def accepted(self, answer: Answer) -> None:
        """The write must have been accepted, for the rule is about what came of it.

        Raises RuleBroken when it was not: nothing more can be judged then.
        """
        self.demand_offered([answer])
        self.observed = {**_seen(answer), **self.observed}
        self.fact(answer.effect is Effect.ACCEPTED, "an accepted write", describe(answer))
        if answer.effect is not Effect.ACCEPTED:
            raise RuleBroken

    def fact(self, holds: bool, expected: str, got: str, level: Level | None = None) -> None:
        """A fact that the rule is about, judged at the level of its promise; on a surveyed rule it is only recorded.

        A fact that is another rule's matter is given the level that it has there.
        """
        own = self.expectation.level if self.expectation else Level.MAY
        self._note(holds, Finding(expected, got, level or own))

    def shown(self, value: Shown | None, what: str) -> Shown:
        """What a rule is about, which must be there before anything is said of it.

        Raises RuleNotApplicable when it is not, for then there is nothing to judge.
        """
        if value is None:
            raise RuleNotApplicable(f"{what} is not shown")
        return value

    def invariant(self, holds: bool, expected: str, got: str) -> None:
        """A fact that must hold on every server, whatever its profile says or leaves open."""
        self._note(holds, Finding(expected, got, Level.SHALL, invariant=True))

    def state(self, holds: bool, expected: str, got: str) -> None:
        """What became of the resource: an invariant, and part of every report on the rule."""
        self.observed["state"] = expected if holds else got
        self._note(holds, Finding(expected, got, Level.SHALL, invariant=True, state=True))

    def raced(self, report: RaceReport) -> None:
        """What a race came to: its anomalies are facts about the resource; without any, how much that is worth."""
        before = self.race
        if before is None or not before.story:
            counted = report.counted or (before is not None and before.counted)
            self.race = replace(report, counted=counted)
        self.findings += (finding for finding in report.findings if finding not in self.findings)

    def refused_alike(self, answers: Iterable[Answer]) -> None:
        """Hold the answers to those who came too late against the promise; each wrong kind of answer counts once."""
        by_kind: dict[str, Finding] = {}
        for answer in answers:
            self.observed = {**_seen(answer), **self.observed}
            for finding in self._broken_parts(answer):
                by_kind.setdefault(finding.got, finding)
        self.findings += by_kind.values()

    def refusal_explained(self, answer: Answer) -> None:
        """Hold the body of a refusal against the promise. Raises RuleNotApplicable when there was no refusal."""
        if answer.effect is not Effect.REFUSED:
            raise RuleNotApplicable(f"the server does not refuse this: {describe(answer)}")
        self.answered(answer)

    def _broken_parts(self, answer: Answer) -> Iterable[Finding]:
        return compare(self.expectation, answer) if self.expectation else ()

    def _names(self, status: int) -> bool:
        return self.expectation is not None and status in self.expectation.status

    def _server_error(self, answer: Answer) -> Finding:
        if self.expectation is None:
            expected, level = "an answer that is not a server error", Level.SHALL
        else:
            expected, level = promised_status(self.expectation), self.expectation.server_error
        return Finding(expected, describe(answer), level, invariant=level is Level.SHALL)

    def _note(self, holds: bool, finding: Finding) -> None:
        self.observed.setdefault("facts", []).append(finding.expected if holds else finding.got)
        if not holds:
            self.findings.append(finding)

    @property
    def gravest_finding(self) -> Finding | None:
        """The finding to report first: by its level, and then state before code."""
        order = list(Level)
        return min(self.findings, key=lambda f: (order.index(f.level), not f.state), default=None)

    def verdict(self) -> Verdict:
        """The verdict on the facts so far."""
        worst = self.gravest_finding
        if worst is not None:
            return OF_LEVEL[worst.level]
        if self._in_doubt:
            return Verdict.INCONCLUSIVE
        return Verdict.PASS if self.expectation else Verdict.OBSERVED

    @property
    def _in_doubt(self) -> bool:
        return self.race is not None and bool(self.race.doubt)


def _seen(answer: Answer) -> dict[str, Any]:
    return {"status": answer.status, "body": str(answer.body), "answer": describe(answer)}


def _say_no_such(answers: Iterable[Answer], interaction: str) -> bool:
    """Whether all answers say that the server has no such interaction.

    Where a Bundle was taken, and one of its entries is answered, Bundles are not what is lacking.
    """
    lacking = _LACKING.get(interaction, _NOT_OFFERED)
    is_bundle = interaction in _BUNDLES
    return all(
        answer.status in lacking and not (answer.is_entry and is_bundle) for answer in answers
    )
