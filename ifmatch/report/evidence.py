"""The exchanges that show what a verdict is about."""

import itertools
from collections.abc import Sequence

from ifmatch.log.events import AnomalySeen, ExchangeRecorded, StepCarriedOut, VerdictReached
from ifmatch.report.run import Run
from ifmatch.rules.catalogue import is_watched

_READS = ("GET", "HEAD")

#: The keywords of sentences that say what is looked at; the others say what is done.
_LOOKING = ("Then", "But")


def deciding_exchange(case: VerdictReached, run: Run) -> ExchangeRecorded | None:
    """The exchange that a case's verdict is about: of what was done last before the first finding, the last write.

    One that was answered as the case observed comes first; of a race, one that was raced. Where nothing was done but to
    look, it is what was looked at last; of what is watched in every exchange, the first that was not as it should be.
    """
    if is_watched(case.rule):
        return next(iter(run.exchanges_of(case.exchanges)), None)
    observed = case.observed.get("status")

    def relevance(exchange: ExchangeRecorded) -> tuple[bool, bool, bool]:
        status = exchange.response.status if exchange.response else None
        return status == observed, exchange.raced, exchange.request.method not in _READS

    done = _done_before_finding(case.steps)
    ids = [id for step in done for id in exchanges_of_step(case, step, run)]
    return max(reversed(run.exchanges_of(ids or case.exchanges)), key=relevance, default=None)


def exchanges_of_step(case: VerdictReached, number: int, run: Run) -> list[str]:
    """The ids of the exchanges of a sentence of a case, those of a race included, in the order of time."""
    ids = case.steps[number].exchanges
    raced = run.raced.get((case.rule, number), ()) if case.race else ()
    exchanges = run.exchanges_of(dict.fromkeys([*ids, *raced]))
    return [exchange.id for exchange in sorted(exchanges, key=lambda one: one.started)]


def first_anomaly(case: VerdictReached) -> AnomalySeen:
    """The anomaly that a race is reported by; an empty one when it is no race or has shown none."""
    anomalies = case.race.anomalies if case.race else ()
    return anomalies[0] if anomalies else AnomalySeen()


def _done_before_finding(steps: Sequence[StepCarriedOut]) -> list[int]:
    """The numbers of the sentences from the last `When` before the first finding on, up to the next `Then`.

    Without a `When` the sentence that found something.
    """
    found = [number for number, step in enumerate(steps) if step.findings]
    until = steps[: found[0] + 1] if found else steps
    whens = [number for number, step in enumerate(until) if step.keyword == "When"]
    if not whens:
        return found[:1]
    numbers = range(whens[-1], len(until))
    return list(itertools.takewhile(lambda number: steps[number].keyword not in _LOOKING, numbers))
