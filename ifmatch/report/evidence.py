"""The exchanges that show what a verdict is about."""

from collections.abc import Iterator, Sequence

from ifmatch.log.events import AnomalySeen, ExchangeRecorded, StepCarriedOut, VerdictReached
from ifmatch.report.run import Run

_READS = ("GET", "HEAD")

#: The keywords of sentences that say what is looked at; the others say what is done.
_LOOKING = ("Then", "But")


def deciding_exchange(case: VerdictReached, run: Run) -> ExchangeRecorded | None:
    """The exchange that a case's verdict is about: of what was done last before the first finding, the last write.

    One that was answered as the case observed comes first.
    """
    observed = case.observed.get("status")

    def relevance(exchange: ExchangeRecorded) -> tuple[bool, bool]:
        status = exchange.response.status if exchange.response else None
        return status == observed, exchange.request.method not in _READS

    done = [id for step in _done_before_finding(case.steps) for id in step.exchanges]
    exchanges = run.exchanges_of(done or case.exchanges)
    return max(reversed(exchanges), key=relevance, default=None)


def first_anomaly(case: VerdictReached) -> AnomalySeen:
    """The anomaly that a race is reported by; an empty one when it is no race or has shown none."""
    anomalies = case.race.anomalies if case.race else ()
    return anomalies[0] if anomalies else AnomalySeen()


def _done_before_finding(steps: Sequence[StepCarriedOut]) -> list[StepCarriedOut]:
    """The sentences from the last `When` before the first finding on, up to the next `Then`."""
    found = [number for number, step in enumerate(steps) if step.findings]
    until = steps[: found[0] + 1] if found else steps
    whens = [number for number, step in enumerate(until) if step.keyword == "When"]
    return list(_up_to_then(steps[whens[-1] :])) if whens else []


def _up_to_then(steps: Sequence[StepCarriedOut]) -> Iterator[StepCarriedOut]:
    for step in steps:
        if step.keyword in _LOOKING:
            return
        yield step
