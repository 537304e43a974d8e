"""Alignment of two unlike operations: who won is released later next time.

Two operations that the target works on for different lengths of time miss each other when they are released together.
The offset at which each wins half of the rounds is the middle of the race window, and the winners alone lead there,
without knowledge of the target: stochastic approximation (Robbins and Monro, 1951) whose step grows while one side
keeps winning and shrinks when the winner changes.
"""

from dataclasses import dataclass, replace
from enum import Enum
from random import Random

_GROW, _SHRINK = 1.3, 0.6
_SMALLEST, _LARGEST = 30_000.0, 3_000_000.0
_SPREAD = 0.15


class Side(Enum):
    """The two operations, by the sign that their win gives to the offset."""

    A = -1
    B = +1


@dataclass(frozen=True, slots=True)
class WinnerFeedback:
    """What the rounds so far say: how long after A to release B (negative: before it), and how sure that is; ns."""

    offset: float = 0.0
    step: float = 800_000.0
    last: Side | None = None

    def after(self, winner: Side | None) -> "WinnerFeedback":
        """What is known after one more round; None when not exactly one of the two won, which teaches nothing."""
        if winner is None:
            return self
        changed = self.last is not None and winner is not self.last
        step = max(_SHRINK * self.step, _SMALLEST) if changed else min(_GROW * self.step, _LARGEST)
        return replace(self, offset=self.offset + winner.value * step, step=step, last=winner)

    def offsets(self, rng: Random) -> tuple[int, int]:
        """The offsets of A and B for the next round (ns, neither negative), a little around what is known."""
        drawn = round(self.offset + rng.uniform(-_SPREAD, _SPREAD) * self.step)
        return max(0, -drawn), max(0, drawn)

    @property
    def text(self) -> str:
        """One line for the report."""
        first, second = ("A", "B") if self.offset >= 0 else ("B", "A")
        return f"{second} released {abs(self.offset) / 1e6:.2f} ms after {first}"
