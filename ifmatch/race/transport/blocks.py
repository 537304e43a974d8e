"""Rounds in blocks: each block has connections of its own.

Rounds over one set of connections are not independent: which worker of the target accepted which connection can decide
whether a race is possible at all. So a set serves for about ten rounds only. The order of release is shuffled, and in
half of the rounds the releases are spread over twice the time that they take anyway.
"""

from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter
from random import Random

from ifmatch.client.exchange import Request
from ifmatch.race.transport.engine import Engine, Mode, Result, TimedRequest
from ifmatch.race.transport.instant import SETTLE, settling


class Blocks:
    """An engine used in blocks of `rounds` rounds.

    `warm_up` is a cheap GET that is sent over each new connection. `skew` (ns) is the spread of the last bytes of
    what is released together, `settle` (ns) the time given to the target before them (see Calibration for both).
    `block` counts the blocks, and `width` is how many requests the last warm-up saw answered: the target takes no more
    at once.
    """

    def __init__(
        self,
        engine: Engine,
        warm_up: Request,
        rng: Random,
        *,
        skew: int = 0,
        settle: int = SETTLE,
        rounds: int = 10,
    ) -> None:
        self._engine, self._warm_up, self._rng = engine, warm_up, rng
        self._skew, self._hold, self._rounds = skew, settling(settle), rounds
        self._left = self._warmed = 0
        self.block = self.width = 0

    def release(
        self, requests: Sequence[TimedRequest], mode: Mode = Mode.LAST_BYTE
    ) -> list[Result]:
        """One round, in a new block when it is time: a result for each request, in their order."""
        if self._left <= 0 or len(requests) > self._warmed:
            self.begin(len(requests))
        self._left -= 1
        order = self._rng.sample(range(len(requests)), len(requests))
        shuffled = [requests[place] for place in order]
        results = self._engine.release(self._dithered(shuffled), mode, hold=self._hold)
        in_order = sorted(zip(order, results, strict=True), key=itemgetter(0))
        return [result for _, result in in_order]

    def begin(self, width: int) -> list[Result]:
        """A new block: new connections for so many requests at once, each warmed. Returns the warm-up's results."""
        self._engine.redial()
        results = self._engine.release([TimedRequest(self._warm_up)] * width, Mode.WHOLE)
        self.block, self._left, self._warmed = self.block + 1, self._rounds, width
        self.width = sum(result.response is not None for result in results)
        return results

    def _dithered(self, requests: Sequence[TimedRequest]) -> list[TimedRequest]:
        if not self._skew or self._rng.random() < 0.5:
            return list(requests)
        return [replace(timed, offset=timed.offset + self._dither()) for timed in requests]

    def _dither(self) -> int:
        return round(self._rng.uniform(0, 2 * self._skew))
