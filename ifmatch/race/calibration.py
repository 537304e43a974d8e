"""What a target and the way to it are like: round trips, and how far apart requests arrive that leave together.

Pure but for `calibrate`, which sends a few cheap reads. What is a fault is judged without any of this; it decides how
the races are run, and how far a race that found nothing may be trusted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp, sqrt
from statistics import median, quantiles

from ifmatch.race.transport.shot import Engine, Mode, Result, Shot
from ifmatch.target.exchange import Request

#: ns; requests of the calibration go this far apart, so that they do not wait for each other.
_APART = 2_000_000

#: ns; no request is held for less, however fast the way to the target is, nor for longer, however slow.
_SHORTEST_SETTLE, _LONGEST_SETTLE = 100_000, 500_000_000


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """How long one connection takes for a cheap read; ns."""

    median: int
    p95: int
    samples: int

    @classmethod
    def of(cls, durations: Sequence[int]) -> "RoundTrip":
        """From single durations, of which there is at least one."""
        p95 = quantiles(durations, n=20, method="inclusive")[-1] if len(durations) > 1 else durations[0]
        return cls(round(median(durations)), round(p95), len(durations))


@dataclass(frozen=True, slots=True)
class Calibration:
    """A target as measured. `skew` (ns) is the spread of arrivals of what leaves together, None when not measured."""

    round_trips: tuple[RoundTrip, ...]
    skew: int | None = None

    @property
    def median(self) -> int:
        """The usual round trip over all connections; ns."""
        return round(median(trip.median for trip in self.round_trips)) if self.round_trips else 0

    @property
    def p95(self) -> int:
        """The slow round trip of the slowest connection; ns."""
        return max((trip.p95 for trip in self.round_trips), default=0)

    @property
    def settle(self) -> int:
        """How long to hold the last bytes (ns): twice as long as what went before needs to arrive."""
        return min(max(_SHORTEST_SETTLE, self.median), _LONGEST_SETTLE)

    def exposure(self, writers: int, gap: int) -> float:
        """The chance that a round of so many writers hits a gap (ns) between a target's check and its write.

        That is when the two earliest checks are closer than the gap: with arrivals of exponential jitter s it is
        1 - exp(-(K - 1) G / s).
        """
        return 1.0 if not self.skew else 1 - exp(-(writers - 1) * gap / self.skew)

    def with_skew(self, rounds: Iterable[Sequence[Result]]) -> "Calibration":
        """With the skew estimated from rounds of writes to distinct resources (see release_skew)."""
        return replace(self, skew=release_skew(rounds))

    @property
    def text(self) -> str:
        """One line for the report."""
        if not self.round_trips:
            return "no connection answered the calibration"
        count = len(self.round_trips)
        plural = "s" if count > 1 else ""
        trip = f"round trip {_ms(self.median)} (95 %: {_ms(self.p95)}) over {count} connection{plural}"
        if self.skew is None:
            return trip
        return f"{trip}; requests that leave together arrive within about {_ms(self.skew)}"


def calibrate(engine: Engine, probe: Request, connections: int, rounds: int = 20) -> Calibration:
    """Measure the round trip of each connection by a cheap read; a first round, which dials, does not count."""
    shots = [Shot(probe, offset=i * _APART) for i in range(connections)]
    engine.fire(shots, Mode.WHOLE)
    per_connection: list[list[int]] = [[] for _ in shots]
    for _ in range(rounds):
        for durations, result in zip(per_connection, engine.fire(shots, Mode.WHOLE), strict=True):
            if result.returned is not None:
                durations.append(result.returned - result.invoked)
    return Calibration(tuple(RoundTrip.of(durations) for durations in per_connection if durations))


def release_skew(rounds: Iterable[Sequence[Result]]) -> int | None:
    """The spread of arrivals (ns): the median spread of the responses, over the square root of two.

    A response's spread has the jitter of both ways in it. The writes must be to distinct resources, so that none waits
    for another. None when no round has two responses.
    """
    returned = ([r.returned for r in results if r.returned is not None] for results in rounds)
    spreads = [max(instants) - min(instants) for instants in returned if len(instants) > 1]
    return round(median(spreads) / sqrt(2)) if spreads else None


def _ms(duration: int) -> str:
    return f"{duration / 1e6:.2f} ms"
