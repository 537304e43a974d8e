"""Puts a verdict into the form in which the log holds it, with all that a report tells of it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ifmatch.judge.jsonlines import history_lines
from ifmatch.log.events import Expected, HistoryRecorded, RaceFacts, StepCarriedOut, VerdictReached
from ifmatch.monitor.watch import Tally
from ifmatch.report.text import in_brief
from ifmatch.rules.case import Case
from ifmatch.rules.catalogue import Rule
from ifmatch.rules.expectation import Expectation, Finding, Level, promised_status
from ifmatch.rules.profile import Profile
from ifmatch.rules.verdict import WAIVABLE, Verdict, with_waiver
from ifmatch.rules.waiver import Waiver


def reached(
    rule: Rule,
    case: Case,
    verdict: Verdict,
    message: str,
    waivers: Mapping[str, Waiver],
    *,
    culprit: str = "",
    race: RaceFacts | None = None,
    row: Mapping[str, str] | None = None,
    steps: tuple[StepCarriedOut, ...] = (),
    exchanges: tuple[str, ...] = (),
    started: str = "",
    duration_ms: float = 0.0,
) -> VerdictReached:
    """A verdict on one case of a rule. One that a waiver lets pass is told as waived."""
    expectation = case.expectation
    waiver = waivers.get(rule.id) if verdict in WAIVABLE else None
    return VerdictReached(
        rule=rule.id,
        title=rule.title,
        feature=rule.feature,
        path=rule.path,
        resource_type=case.resource_type,
        row=row or {},
        verdict=with_waiver(verdict) if waiver else verdict,
        waiver=waiver,
        level=expectation.level if expectation else None,
        message=message,
        culprit=culprit,
        expected=_expected(expectation),
        observed=case.observed,
        findings=tuple(case.findings),
        source=expectation.source if expectation else None,
        says=expectation.says if expectation else "",
        race=race,
        exchanges=exchanges,
        steps=steps,
        started=started,
        duration_ms=duration_ms,
    )


def histories_of(case: Case, row: Mapping[str, str]) -> Iterator[HistoryRecorded]:
    """What a race's verdict was judged from, as the log keeps it."""
    race = case.race
    for history in race.histories if race is not None else ():
        yield HistoryRecorded(
            rule=case.rule,
            resource_type=case.resource_type,
            row=row,
            counted=race.counted if race is not None else False,
            lines=tuple(map(json.loads, history_lines(history))),
        )


def message_of(case: Case) -> str:
    """What a case came to, in a sentence: of a race that passed what that is worth, else its story in lines."""
    finding = case.gravest_finding
    if finding is None:
        return _what_came(case)
    story = case.race.story if case.race is not None and finding.state else ""
    return story or "; ".join(map(_difference, _told_of(case)))


def _told_of(case: Case) -> Iterator[Finding]:
    """What a person is told first: the gravest wrong answer, and then what became of the resource."""
    by_gravity = sorted(case.findings, key=lambda finding: list(Level).index(finding.level))
    binding = [finding for finding in by_gravity if finding.level is not Level.MAY] or by_gravity
    for state in (False, True):
        yield from [finding for finding in binding if finding.state is state][:1]


def _difference(finding: Finding) -> str:
    return f"expected {finding.expected}, got {in_brief(finding.got)}"


def _what_came(case: Case) -> str:
    if case.race is None:
        return str(case.observed.get("answer", ""))
    return case.race.doubt or str(case.race.facts.confidence)


def monitored(
    rule: Rule, profile: Profile, tally: Tally, waivers: Mapping[str, Waiver]
) -> VerdictReached:
    """The verdict on a rule that was watched in every exchange. One that nothing could show has no meaning here."""
    case = Case(rule.id, profile.promise(rule.id), "")
    level = case.expectation.level if case.expectation else Level.MAY
    case.findings += tally.findings(level)
    case.observed = _observed(tally)
    if not tally.looked:
        return reached(
            rule,
            case,
            Verdict.NOT_APPLICABLE,
            "no exchange had anything of the kind to look at",
            waivers,
        )
    return reached(rule, case, case.verdict(), message_of(case), waivers, exchanges=tally.exchanges)


def _observed(tally: Tally) -> dict[str, Any]:
    seen = {
        "looked_at": tally.looked,
        "answer": f"{tally.looked} answers looked at, {len(tally.broken)} not as promised",
    }
    return {**seen, "notes": tally.notes[:10]} if tally.notes else seen


def _expected(expectation: Expectation | None) -> Expected:
    if expectation is None:
        return Expected()
    return Expected(
        expectation.status, tuple(map(str, expectation.body)), promised_status(expectation)
    )
