"""Rounds in blocks: each block has connections of its own.

Rounds over one set of connections are not independent: which worker of the target accepted which connection can decide
whether a race is possible at all. So a set serves for about ten rounds only. The order of release is shuffled, and in
half of the rounds the releases are spread over twice the time that they take anyway.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from ifmatch.client.exchange import Request
from ifmatch.race.transport.instant import SETTLE, settling
from ifmatch.race.transport.shot import Engine, Mode, Result, Shot


class Blocks:
    """An engine used in blocks of `rounds` rounds.

    `warm_up` is a cheap GET that is sent over each new connection. `skew` (ns) is the spread of the last bytes of
    what is released together, `settle` (ns) the time given to the target before them (see Calibration for both).
    `block` counts the blocks, and `width` is how many requests the last warm-up saw answered: the target takes no more
    at once.
    """

    def __init__(
        self, engine: Engine, warm_up: Request, rng: Random, *, skew: int = 0, settle: int = SETTLE, rounds: int = 10
    ) -> None:
        self._engine, self._warm_up, self._rng = engine, warm_up, rng
        self._skew, self._hold, self._rounds = skew, settling(settle), rounds
        self._left = self._warmed = 0
        self.block = self.width = 0

    def fire(self, shots: Sequence[Shot], mode: Mode = Mode.LAST_BYTE) -> list[Result]:
        """One round, in a new block when it is time: a result for each shot, in their order."""
        if self._left <= 0 or len(shots) > self._warmed:
            self.begin(len(shots))
        self._left -= 1
        order = self._rng.sample(range(len(shots)), len(shots))
        results = self._engine.fire(self._dithered([shots[i] for i in order]), mode, hold=self._hold)
        return [result for _, result in sorted(zip(order, results, strict=True), key=lambda pair: pair[0])]

    def begin(self, width: int) -> list[Result]:
        """A new block: new connections for so many requests at once, each warmed. Returns the warm-up's results."""
        self._engine.redial()
        results = self._engine.fire([Shot(self._warm_up)] * width, Mode.WHOLE)
        self.block, self._left, self._warmed = self.block + 1, self._rounds, width
        self.width = sum(result.response is not None for result in results)
        return results

    def _dithered(self, shots: Sequence[Shot]) -> list[Shot]:
        if not self._skew or self._rng.random() < 0.5:
            return list(shots)
        return [replace(shot, offset=shot.offset + round(self._rng.uniform(0, 2 * self._skew))) for shot in shots]
