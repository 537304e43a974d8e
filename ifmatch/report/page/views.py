"""What a page shows of a rule: plain texts, in the order in which they are read."""

import base64
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ifmatch.log.events import (
    ExchangeRecorded,
    OperationSeen,
    RaceFacts,
    VerdictReached,
)
from ifmatch.report.console import MARKS
from ifmatch.report.evidence import deciding_exchange, exchanges_of_step, first_anomaly
from ifmatch.report.interaction import interaction_of
from ifmatch.report.replay import replay_of
from ifmatch.report.run import Judged, Run, waived
from ifmatch.report.text import WITH_PARTICULARS, counted, label_of, one_line
from ifmatch.rules.expectation import Finding, Source
from ifmatch.rules.verdict import Verdict

_MOST_DIFFERENCES = 5


@dataclass(frozen=True)
class Difference:
    """What was expected and what came, and in which particulars that differs."""

    expected: str
    got: str
    particulars: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One sentence of a scenario, how it went, and its exchanges by id."""

    keyword: str
    text: str
    status: str
    differences: tuple[Difference, ...]
    exchanges: tuple[str, ...]


@dataclass(frozen=True)
class CaseView:
    """One case of a rule: what distinguishes it, how it came out, its sentences, and exchanges outside of them."""

    label: str
    verdict: Verdict
    message: str
    steps: tuple[Step, ...]
    outside: tuple[str, ...]


@dataclass(frozen=True)
class Writer:
    """One of the requests that collided: who sent it when, what it asked for, what came of it."""

    name: str
    request: str
    condition: str
    answer: str
    when: str
    exchange: str


@dataclass(frozen=True)
class RaceView:
    """What a race came to: the sentence on its first anomaly, who collided, the picture, how often it was seen."""

    sentence: str
    writers: tuple[Writer, ...]
    picture: str
    seen: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RuleView:
    """One rule with everything that a page shows of it."""

    id: str
    anchor: str
    title: str
    feature: str
    group: str
    verdict: Verdict
    mark: str
    level: str
    answer: str
    message: str
    differences: tuple[Difference, ...]
    decided_by: tuple[str, str]
    source: Source | None
    link: str
    says: str
    waived: str
    cases: tuple[CaseView, ...]
    race: RaceView | None
    replay: str


def rule_view(judged: Judged, run: Run, folder: Path) -> RuleView:
    """What a page shows of a rule of a run whose evidence lies in `folder`."""
    case = judged.spokesman
    return RuleView(
        id=one_line(judged.rule),
        anchor=anchor_of(judged.rule),
        title=one_line(case.title),
        feature=one_line(case.feature),
        group=judged.rule.partition(".")[0],
        verdict=judged.verdict,
        mark=MARKS[judged.verdict][0],
        level=str(case.level or ""),
        answer=_answer(case),
        message=one_line(case.message.partition("\n\n")[0], 600),
        differences=differences_of(case.findings),
        decided_by=_decided_by(case, run),
        source=case.source,
        link=_link(case.source),
        says=one_line(case.says, 600),
        waived=one_line(waived(case)),
        cases=tuple(_case_view(each, run) for each in judged.cases),
        race=_race_view(case, case.race, run, folder) if case.race else None,
        replay=replay_of(judged.rule) if judged.verdict is Verdict.FAIL else "",
    )


def anchor_of(rule: str) -> str:
    """The name of a rule's place on the page."""
    return "rule-" + re.sub(r"[^\w.-]", "_", rule)


def differences_of(findings: Sequence[Finding]) -> tuple[Difference, ...]:
    """The first findings, with their particulars apart, so that a glance takes them in."""
    return tuple(_difference(finding) for finding in findings[:_MOST_DIFFERENCES])


def _difference(finding: Finding) -> Difference:
    expected = one_line(finding.expected)
    found = WITH_PARTICULARS.match(finding.got)
    if found is None:
        return Difference(expected, one_line(finding.got))
    particulars = tuple(one_line(part, 200) for part in found["particulars"].split("; "))
    return Difference(expected, one_line(found["what"]), particulars)


def _answer(case: VerdictReached) -> str:
    """What came, in a few words: an answer, or what a race is worth, or why there was none."""
    if case.race is not None and case.race.rounds:
        return f"{counted(case.race.rounds, 'round')}, {_shown_by(case.race)}"
    return one_line(case.observed.get("answer") or case.message, 160)


def _shown_by(race: RaceFacts) -> str:
    return race.anomalies[0].name if race.anomalies else f"exposure < {race.exposure_below:.1%}"


def _decided_by(case: VerdictReached, run: Run) -> tuple[str, str]:
    """The exchange that decided: its id and what it was, such as `PUT /Patient/57 → 200`."""
    exchange = None if case.race else deciding_exchange(case, run)
    return (exchange.id, _in_brief(exchange, run)) if exchange else ("", "")


def _in_brief(exchange: ExchangeRecorded, run: Run) -> str:
    path = exchange.request.url.removeprefix(run.target.base_url) or "/"
    came = exchange.response.status if exchange.response else exchange.failure or "no answer"
    return one_line(f"{exchange.request.method} {path} → {came}", 160)


def _link(source: Source | None) -> str:
    """The address of a source, if it is one that a browser should follow."""
    address = source.url if source else ""
    return address if address.startswith(("http://", "https://")) else ""


# ---------------------------------------------------------------- cases and their sentences


def _case_view(case: VerdictReached, run: Run) -> CaseView:
    in_steps = {id for step in case.steps for id in step.exchanges}
    return CaseView(
        label=label_of(case.row, case.resource_type),
        verdict=case.verdict,
        message=one_line(case.message.partition("\n\n")[0]),
        steps=tuple(_step(case, number, run) for number in range(len(case.steps))),
        outside=tuple(itertools.filterfalse(in_steps.__contains__, case.exchanges)),
    )


def _step(case: VerdictReached, number: int, run: Run) -> Step:
    step = case.steps[number]
    return Step(
        keyword=one_line(step.keyword),
        text=one_line(step.text, 500),
        status=step.status,
        differences=differences_of(step.findings),
        exchanges=tuple(exchanges_of_step(case, number, run)),
    )


# ---------------------------------------------------------------- races


def _race_view(case: VerdictReached, race: RaceFacts, run: Run, folder: Path) -> RaceView:
    anomaly = first_anomaly(case)
    sentence = f"{anomaly.name.capitalize()}: {anomaly.sentence}" if anomaly.name else ""
    begun = min((operation.invoked for operation in anomaly.operations), default=0)
    return RaceView(
        sentence=one_line(sentence, 600),
        writers=tuple(_writer(operation, begun, run) for operation in anomaly.operations),
        picture=_picture(folder, race.picture),
        seen=_seen(race),
        facts=tuple(_facts(race)),
    )


def _writer(operation: OperationSeen, begun: int, run: Run) -> Writer:
    exchange = run.exchanges.get(operation.exchange)
    kind = interaction_of(exchange.request, run.target.base_url) if exchange else operation.kind
    return Writer(
        name=one_line(operation.writer),
        request=one_line(kind),
        condition=one_line(f"from version {operation.base}" if operation.base else ""),
        answer=one_line(_came_of(operation)),
        when=_when(operation, begun),
        exchange=exchange.id if exchange else "",
    )


def _came_of(operation: OperationSeen) -> str:
    made = f", version {operation.version}" if operation.version else ""
    return f"{operation.status or operation.outcome}{made}"


def _when(operation: OperationSeen, begun: int) -> str:
    sent = _milliseconds(operation.invoked - begun)
    if operation.returned is None:
        return f"sent {sent}, never answered"
    return f"sent {sent}, answered {_milliseconds(operation.returned - begun)}"


def _milliseconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e6:.2f} ms"


def _picture(folder: Path, name: str) -> str:
    """The picture as an address that holds it: as an image it runs nothing and keeps its style to itself."""
    path = folder / name
    if not name or not path.is_file():
        return ""
    return f"data:image/svg+xml;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _seen(race: RaceFacts) -> str:
    """How often something was seen, and how often it was seen again."""
    parts = []
    if race.anomalies_in_all:
        rounds = f" in {counted(race.rounds, 'round')}" if race.rounds else ""
        parts.append(f"seen {counted(race.anomalies_in_all, 'time')}{rounds}")
    if race.reproduced:
        shown, tries = race.reproduced
        parts.append(f"reproduced {shown} of {tries} times with two writers")
    return ", ".join(parts)


def _facts(race: RaceFacts) -> Iterator[tuple[str, str]]:
    named = {
        "worth": race.confidence,
        "alignment": race.alignment,
        "engine": race.engine,
        "calibration": race.calibration,
        "limits": "; ".join(race.limits),
        "troubles": "; ".join(race.troubles),
    }
    for name, text in named.items():
        if text:
            yield name, one_line(text, 800)
