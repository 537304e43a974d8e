"""What a race comes to, for the verdict and for its report."""

from collections import Counter
from dataclasses import replace
from typing import Any

from ifmatch.judge import picture
from ifmatch.judge.anomaly import Anomaly, Clock, Name
from ifmatch.judge.history import Operation
from ifmatch.race.runner import Race, blamed
from ifmatch.rules.case import RaceReport, Verdict
from ifmatch.rules.expectation import Finding, Level

#: More anomalies than these are counted, not told one by one.
_MOST_TOLD = 10

#: The story stands below its rule in a report of 100 columns.
_WIDTH = 92

_EXPECTED = "a story in which every accepted write is kept"

#: What would be better than an anomaly for which no server is blamed.
_BETTER = {Name.NO_WINNER: "a winner in each round", Name.UPDATED_BACKWARDS: "dates in the order of the versions"}


def report(race: Race, judged: bool = True) -> RaceReport:
    """Everything to be told of a race. With `judged` its anomalies count, else only what a pass is worth."""
    found = race.anomalies if judged else []
    return RaceReport(
        findings=tuple(_finding(anomaly) for _, anomaly in found[:_MOST_TOLD]),
        doubt="" if race.faults else _doubt(race),
        facts=_facts(race, [anomaly for _, anomaly in found]),
        story=_story(race) if judged and race.faults else "",
        picture=picture.svg(*race.faults[0]) if judged and race.faults else "",
    )


def history_report(race: Race) -> RaceReport:
    """The same of a race that is about the server's history: where none could be had whole, nothing can be said."""
    told = report(race)
    if told.findings or told.doubt or any(history.entries is not None for history in race.histories):
        return told
    return replace(told, doubt=" ".join(["No history could be had whole, so nothing can be said.", *_obstacles(race)]))


def _finding(anomaly: Anomaly) -> Finding:
    if not blamed(anomaly):
        return Finding(_BETTER[anomaly.name], str(anomaly), Level.SHOULD)
    # What rests on no clock is wrong on every server; a stale read may be a policy, and is judged as the profile says.
    proven = anomaly.name.clock is Clock.NOT_NEEDED
    return Finding(_EXPECTED, str(anomaly), Level.SHALL, invariant=proven, state=True)


def _doubt(race: Race) -> str:
    """Why it means nothing that no fault was found, with what was in the way; empty when it means something."""
    if race.blocks:
        doubtful, why = race.confidence.verdict is Verdict.INCONCLUSIVE, str(race.confidence)
    else:
        doubtful, why = bool(race.troubles), "Not every attempt came to its end, so nothing can be said."
    return " ".join([why, *_obstacles(race)]) if doubtful else ""


def _obstacles(race: Race) -> list[str]:
    """What the target put in the way, each once, and what was not answered."""
    told = [f"{text} ({count} times)" if count > 1 else text for text, count in Counter(race.troubles).items()]
    silent = Counter(one.answer.failure or f"status {one.answer.status}" for one in race.answered() if not one.told)
    unclear = ", ".join(f"{count} x {what}" for what, count in silent.most_common())
    told = [*filter(None, (race.ground.limits,)), *race.limits, *told[:_MOST_TOLD]]
    return [f"In the way: {'; '.join(told)}."] * bool(told) + [f"Of unknown outcome: {unclear}."] * bool(unclear)


def _story(race: Race) -> str:
    history, anomaly = race.faults[0]
    lines = [picture.text(history, anomaly, _WIDTH)]
    others = Counter(other.name.label for _, other in race.faults[1:])
    if others:
        lines.append("also: " + ", ".join(f"{count} x {label}" for label, count in others.items()))
    return "\n".join([*lines, str(race.reproduced or "")]).rstrip()


def _facts(race: Race, anomalies: list[Anomaly]) -> dict[str, Any]:
    confidence = race.confidence
    return {
        "engine": race.ground.choice.text,
        "calibration": race.ground.calibration.text,
        "rounds": confidence.rounds,
        "overlapping": confidence.overlapping,
        "late_conflicts": confidence.late,
        "effective_rounds": round(confidence.effective, 1),
        "exposure_below": round(confidence.exposure, 4),
        "confidence": _worth(race),
        "alignment": race.aim.text if race.aim else None,
        "limits": [*filter(None, (race.ground.limits,)), *race.limits],
        "troubles": race.troubles[:_MOST_TOLD],
        "reproduced": [race.reproduced.shown, race.reproduced.tries] if race.reproduced else None,
        "anomalies": [_told(anomaly, race) for anomaly in anomalies[:_MOST_TOLD]],
        "anomalies_in_all": len(anomalies),
    }


def _worth(race: Race) -> str:
    """What a pass is worth, with how two unlike operations were brought to meet."""
    if not race.blocks:
        return "a window that needs no luck: one round is enough"
    return f"{race.confidence} In the end {race.aim.text}." if race.aim else str(race.confidence)


def _told(anomaly: Anomaly, race: Race) -> dict[str, Any]:
    return {
        "name": anomaly.name.label,
        "rule": anomaly.name.rule,
        "sentence": anomaly.sentence,
        "operations": [_record(operation, race) for operation in anomaly.operations],
    }


def _record(operation: Operation, race: Race) -> dict[str, Any]:
    return {
        "exchange": race.exchanges.get((operation.writer, operation.invoked), ""),
        "writer": operation.writer,
        "kind": str(operation.kind),
        "base": operation.base,
        "status": operation.status,
        "version": operation.version,
        "outcome": str(operation.outcome),
        "invoked": operation.invoked,
        "returned": operation.returned,
    }
