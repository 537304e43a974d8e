"""What the races of a scenario come to: the anomalies in their histories, and the report on them.

The only file of this room that has an opinion. Runner and workloads run; here their histories are judged.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ifmatch.judge import picture
from ifmatch.judge.anomaly import Anomaly, Clock, Gravity, Name
from ifmatch.judge.checker import judge
from ifmatch.judge.history import History, Operation
from ifmatch.judge.transactions import Histories, Look, judge_together, side_by_side
from ifmatch.log.events import AnomalySeen, OperationSeen, RaceFacts
from ifmatch.race.race import Race, Sighting
from ifmatch.rules.case import RaceReport
from ifmatch.rules.expectation import Finding, Level

#: More anomalies than these are counted, not listed one by one.
_MOST_LISTED = 10

#: The story stands below its rule on a terminal of 80 columns.
_WIDTH = 74

_EXPECTED = "a story in which every accepted write is kept"

#: How the reason begins for which a race cannot be judged by its reads.
READS_LAG = "reads lag behind acknowledged writes"

#: What would be better than an anomaly for which no server is blamed.
_BETTER = {
    Name.NO_WINNER: "a winner in each round",
    Name.UPDATED_BACKWARDS: "dates in the order of the versions",
    Name.NO_ORDER: "transactions that take effect one after the other",
    Name.HALF_SEEN: "each transaction seen whole or not at all",
}


#: What only the histories of several resources show together.
_OF_SEVERAL = (Name.HALF_TRANSACTION, Name.NO_ORDER, Name.HALF_SEEN)


# ---------------------------------------------------------------- judging


def check(history: History) -> list[Sighting]:
    """The anomalies in a history, and for which of them the server is to blame."""
    return [Sighting(history, anomaly, blamed(anomaly)) for anomaly in judge(history)]


def check_together(histories: Histories, looks: Sequence[Look]) -> list[Sighting]:
    """The anomalies of transactions over several resources, each with the histories of all of them."""
    shown = side_by_side(histories)
    return [
        Sighting(shown, anomaly, blamed(anomaly)) for anomaly in judge_together(histories, looks)
    ]


def blamed(anomaly: Anomaly) -> bool:
    """Whether an anomaly is a fault. Dates that go back are none: a server's clock may be set, and no write is lost."""
    return anomaly.name.gravity is Gravity.FAULT and anomaly.name is not Name.UPDATED_BACKWARDS


# ---------------------------------------------------------------- the report


def report(race: Race) -> RaceReport:
    """Everything that is to be reported of a race whose anomalies count."""
    anomalies = [sighting.anomaly for sighting in race.sightings]
    plain = RaceReport(
        findings=(*map(finding_of, race.sightings[:_MOST_LISTED]), *_hang(race)),
        doubt=_doubt(race),
        facts=_facts(race, anomalies),
        histories=tuple(race.histories),
    )
    if not race.faults:
        return plain
    first = race.faults[0]
    return replace(plain, story=_story(race), picture=picture.svg(first.history, first.anomaly))


def worth_report(race: Race) -> RaceReport:
    """What a pass is worth, of a race whose anomalies are for another rule."""
    return RaceReport(
        findings=_hang(race),
        doubt=_doubt(race),
        facts=_facts(race, []),
        histories=tuple(race.histories),
        counted=False,
    )


def history_report(race: Race) -> RaceReport:
    """The report of a race that is about the server's history: where none could be had whole, nothing can be said."""
    plain = report(race)
    had_one = any(history.entries is not None for history in race.histories)
    if plain.findings or plain.doubt or had_one:
        return plain
    reasons = ["No history could be had whole, so nothing can be said.", *_obstacles(race)]
    return replace(plain, doubt=" ".join(reasons))


def finding_of(sighting: Sighting) -> Finding:
    """An anomaly as a fact that is not as it should be."""
    anomaly = sighting.anomaly
    if not sighting.fault:
        return Finding(_BETTER[anomaly.name], str(anomaly), Level.SHOULD)
    # What rests on no clock is wrong on every server; a stale read may be a policy, and is judged as the profile says.
    proven = anomaly.name.clock is Clock.NOT_NEEDED
    return Finding(_EXPECTED, str(anomaly), Level.SHALL, invariant=proven, state=True)


def _hang(race: Race) -> tuple[Finding, ...]:
    """That writers who meet are not answered is wrong on every server, whatever a profile promises."""
    if not race.hang:
        return ()
    return (Finding("an answer to each of those who meet", race.hang, Level.SHALL, invariant=True),)


def is_of_one_history(finding: Finding) -> bool:
    """Whether a finding is one that `finding_of` makes of an anomaly which a single history shows."""
    spans = tuple(f"{name.label}:" for name in _OF_SEVERAL)
    is_of_anomaly = finding.expected in (_EXPECTED, *_BETTER.values())
    return is_of_anomaly and not finding.got.startswith(spans)


# ---------------------------------------------------------------- doubts


def _doubt(race: Race) -> str:
    """Why it means nothing that no fault was found, with what was in the way; empty when it means something."""
    why = _too_little(race)
    return " ".join([why, *_obstacles(race)]) if why else ""


def _too_little(race: Race) -> str:
    if race.shows_fault:
        return ""
    if race.behind:
        return "What is read while others write shows nothing here."
    if not race.blocks:
        return "Not every attempt came to its end, so nothing can be said." if race.troubles else ""
    return "" if race.confidence.enough else str(race.confidence)


def _obstacles(race: Race) -> list[str]:
    """What the target put in the way, each once, and what was not answered."""
    sentences = []
    obstacles = [*_limits(race), *_troubles(race)[:_MOST_LISTED]]
    if obstacles:
        sentences.append(f"In the way: {'; '.join(obstacles)}.")
    unknown = _unknown(race)
    if unknown:
        sentences.append(f"Of unknown outcome: {_counted(unknown)}.")
    return sentences


def _unknown(race: Race) -> list[tuple[str, int]]:
    """Why the outcome of an operation is not known, and how often, the most frequent reason first."""
    answers = [completion.answer for completion in race.completions if not completion.outcome_known]
    return Counter(answer.failure or f"status {answer.status}" for answer in answers).most_common()


def _counted(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{count} x {what}" for what, count in counts)


def _limits(race: Race) -> list[str]:
    return [*filter(None, [race.environment.limits, _lag(race)]), *race.limits]


def _lag(race: Race) -> str:
    """That reads were behind, as they are on this target without a race, too; empty where none was."""
    if not race.behind:
        return ""
    return f"{READS_LAG}, as always.read-your-writes tells: {race.behind} of these showed what was there before"


def _troubles(race: Race) -> list[str]:
    counted = Counter(race.troubles)
    return [f"{text} ({count} times)" if count > 1 else text for text, count in counted.items()]


# ---------------------------------------------------------------- stories and facts


def _story(race: Race) -> str:
    first, *others = race.faults
    labels = Counter(other.anomaly.name.label for other in others)
    lines = [
        picture.text(first.history, first.anomaly, _WIDTH),
        f"also: {_counted(labels.items())}" if others else "",
        str(race.reproduced or ""),
    ]
    return "\n".join(filter(None, lines))


def _facts(race: Race, anomalies: Sequence[Anomaly]) -> RaceFacts:
    confidence, reproduced = race.confidence, race.reproduced
    return RaceFacts(
        engine=race.environment.choice.text,
        calibration=race.environment.calibration.text,
        rounds=confidence.rounds,
        overlapping=confidence.overlapping,
        late_conflicts=confidence.late,
        effective_rounds=round(confidence.effective, 1),
        exposure_below=round(confidence.exposure, 4),
        confidence=_worth(race),
        alignment=race.aim.text if race.aim else None,
        limits=tuple(_limits(race)),
        troubles=tuple(race.troubles[:_MOST_LISTED]),
        reproduced=(reproduced.shown, reproduced.tries) if reproduced else None,
        anomalies=tuple(_described(anomaly, race) for anomaly in anomalies[:_MOST_LISTED]),
        anomalies_in_all=len(anomalies),
    )


def _worth(race: Race) -> str:
    """What a pass is worth, with how two unlike operations were brought to meet."""
    if race.shows_fault:
        return f"A fault was seen, which proves it, in {race.confidence.raced}."
    if not race.blocks:
        return "a window that needs no luck: one round is enough"
    if race.aim is None:
        return str(race.confidence)
    return f"{race.confidence} In the end {race.aim.text}."


def _described(anomaly: Anomaly, race: Race) -> AnomalySeen:
    operations = tuple(_operation(operation, race) for operation in anomaly.operations)
    return AnomalySeen(anomaly.name.label, anomaly.name.rule, anomaly.sentence, operations)


def _operation(operation: Operation, race: Race) -> OperationSeen:
    return OperationSeen(
        exchange=race.exchanges.get((operation.writer, operation.invoked), ""),
        writer=operation.writer,
        kind=str(operation.kind),
        base=operation.base,
        status=operation.status,
        version=operation.version,
        outcome=str(operation.outcome),
        invoked=operation.invoked,
        returned=operation.returned,
    )
