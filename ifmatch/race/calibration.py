"""What a target and the way to it are like: round trips, how far apart leaves what is released together, its clock.

Pure but for `calibrate`, which sends a few cheap reads. What is a fault is judged without any of this; it decides how
the races are run, and helps to read what they leave behind.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from itertools import chain
from statistics import median, quantiles

from ifmatch.client.exchange import Request
from ifmatch.race.transport.engine import Engine, Mode, Result, TimedRequest
from ifmatch.race.transport.instant import SETTLE, clock, settling

#: ns; requests of the calibration go this far apart, so that they do not wait for each other.
_APART = 2_000_000

#: ns; no request is held for less, however fast the way to the target is, nor for longer, however slow.
_SHORTEST_SETTLE, _LONGEST_SETTLE = SETTLE, 500_000_000

#: Seconds, for each half of the calibration; and the rounds that are run however long they take.
_PATIENCE, _FEWEST = 1.0, 2

#: ns; the resolution of a Date (RFC 9110 section 5.6.7).
_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """How long one connection takes for a cheap read; ns."""

    median: int
    p95: int
    samples: int

    @classmethod
    def of(cls, durations: Sequence[int]) -> "RoundTrip":
        """From single durations, of which there is at least one."""
        p95 = (
            quantiles(durations, n=20, method="inclusive")[-1]
            if len(durations) > 1
            else durations[0]
        )
        return cls(round(median(durations)), round(p95), len(durations))


@dataclass(frozen=True, slots=True)
class Offset:
    """How far the target's clock is ahead of ours, between two bounds; ns, negative when it is behind."""

    least: int
    most: int

    def __str__(self) -> str:
        """Such as `the target's clock is 2.1 to 2.9 s ahead of ours`, where it is not the same."""
        if self.least <= 0 <= self.most:
            return "the target's clock agrees with ours"
        near, far = sorted((abs(self.least), abs(self.most)))
        side = "ahead of" if self.least > 0 else "behind"
        return f"the target's clock is {near / 1e9:.1f} to {far / 1e9:.1f} s {side} ours"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A target as measured. `skew` (ns) is the spread of the last bytes of what is released together.

    `way` (ns) is how long it takes there and back without the target's own work; None when that is not known, as behind
    a proxy. `offset` tells how to read the target's times; None when it sends no Date, or its clock jumps.
    """

    round_trips: tuple[RoundTrip, ...]
    way: int | None = None
    skew: int = 0
    offset: Offset | None = None

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
        return min(
            max(_SHORTEST_SETTLE, self.median if self.way is None else self.way), _LONGEST_SETTLE
        )

    @property
    def text(self) -> str:
        """One line for the report."""
        if not self.round_trips:
            return "no connection answered the calibration"
        count = len(self.round_trips)
        connections = "1 connection" if count == 1 else f"{count} connections"
        parts = [f"round trip {_ms(self.median)} (95 %: {_ms(self.p95)}) over {connections}"]
        if self.skew:
            parts.append(f"last bytes leave within {_ms(self.skew)}")
        if self.offset:
            parts.append(str(self.offset))
        return "; ".join(parts)


def calibrate(
    engine: Engine, probe: Request, connections: int, way: int | None = None
) -> Calibration:
    """Measure by a cheap read, for a few seconds at most; a first round, which dials, does not count."""
    probes = [TimedRequest(probe, offset=i * _APART) for i in range(connections)]
    engine.release(probes, Mode.WHOLE)
    apart = _repeated(lambda: engine.release(probes, Mode.WHOLE))
    measured = Calibration(_round_trips(apart), way)
    at_once, hold = [TimedRequest(probe)] * connections, settling(measured.settle)
    together = _repeated(lambda: engine.release(at_once, hold=hold))
    dated = chain.from_iterable([*apart, *together])
    offset = clock_offset(dated, time.time_ns() - clock())
    return replace(measured, skew=release_skew(together), offset=offset)


def _round_trips(rounds: Sequence[Sequence[Result]]) -> tuple[RoundTrip, ...]:
    """How long each connection took, as far as it answered."""
    trips = list[RoundTrip]()
    for results in zip(*rounds, strict=True):
        durations = _durations(results)
        if durations:
            trips.append(RoundTrip.of(durations))
    return tuple(trips)


def _durations(results: Sequence[Result]) -> list[int]:
    return [result.returned - result.invoked for result in results if result.returned is not None]


def _repeated(release: Callable[[], list[Result]], most: int = 10) -> list[list[Result]]:
    until, rounds = time.monotonic() + _PATIENCE, list[list[Result]]()
    while len(rounds) < _FEWEST or (len(rounds) < most and time.monotonic() < until):
        rounds.append(release())
    return rounds


def release_skew(rounds: Iterable[Sequence[Result]]) -> int:
    """The median spread of the last bytes (ns); 0 when no round let two go."""
    released = [_released(results) for results in rounds]
    spreads = [max(instants) - min(instants) for instants in released if len(instants) > 1]
    return round(median(spreads)) if spreads else 0


def _released(results: Sequence[Result]) -> list[int]:
    return [result.released for result in results if result.released is not None]


def clock_offset(results: Iterable[Result], epoch: int) -> Offset | None:
    """What the Dates of the answers say of the target's clock; `epoch` (ns) is the time at which our instants begin.

    A Date is cut to a second, and was written between the request and the end of its answer: each answer bounds the
    offset, and all of them bound it better (as Cristian, "Probabilistic clock synchronization", 1989). None without a
    Date, or when two bounds contradict each other.
    """
    bounds = list(chain.from_iterable(_bounds(result, epoch) for result in results))
    if not bounds:
        return None
    least = max(bound.least for bound in bounds)
    most = min(bound.most for bound in bounds)
    return Offset(least, most) if least <= most else None


def _bounds(result: Result, epoch: int) -> Iterator[Offset]:
    """What one answer says."""
    if result.returned is None:
        return
    for dated in _dates(result):
        least = dated - (result.returned + epoch)
        most = dated + _SECOND - (result.invoked + epoch)
        yield Offset(least, most)


def _dates(result: Result) -> Iterator[int]:
    for name, value in result.response.headers if result.response else ():
        if name.lower() == "date":
            try:
                yield int(parsedate_to_datetime(value).timestamp()) * _SECOND
            except (ValueError, OverflowError):
                continue


def _ms(duration: int) -> str:
    return f"{duration / 1e6:.2f} ms"
