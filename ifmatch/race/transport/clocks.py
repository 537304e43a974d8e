"""How far another machine's clock is ahead of ours, with bounds that hold.

A clock that is asked and answers was read between the question and the answer (Cristian, "Probabilistic clock
synchronization", 1989). What was measured a while ago is widened by as much as two clocks may have drifted apart since.
"""

from dataclasses import dataclass

#: Two clocks drift apart by no more than this share: each may be slewed by 500 ppm (adjtimex), and is off by 100 more.
DRIFT = 1.2e-3


@dataclass(frozen=True, slots=True)
class ClockBounds:
    """How far a clock is ahead of ours at an instant of ours, at least and at most; ns."""

    least: int
    most: int
    at: int

    @classmethod
    def of_answer(cls, asked: int, shown: int, answered: int) -> "ClockBounds":
        """What one answer says: the clock showed this, between two instants of ours."""
        return cls(shown - answered, shown - asked, answered)

    @property
    def middle(self) -> int:
        """The best guess."""
        return (self.least + self.most) // 2

    @property
    def error(self) -> int:
        """How far the best guess may be off."""
        return (self.most - self.least + 1) // 2

    def at_instant(self, instant: int) -> "ClockBounds":
        """The bounds at another instant of ours."""
        slack = round(abs(instant - self.at) * DRIFT)
        return ClockBounds(self.least - slack, self.most + slack, instant)

    def narrowed(self, newer: "ClockBounds") -> "ClockBounds":
        """What both say together. Where they contradict each other a clock has jumped, and the newer is right."""
        older = self.at_instant(newer.at)
        least, most = max(older.least, newer.least), min(older.most, newer.most)
        return ClockBounds(least, most, newer.at) if least <= most else newer

    def earliest(self, shown: int) -> int:
        """The earliest instant of ours at which the clock can have shown this."""
        return shown - self._around(shown).most

    def latest(self, shown: int) -> int:
        """The latest instant of ours at which the clock can have shown this."""
        return shown - self._around(shown).least

    def _around(self, shown: int) -> "ClockBounds":
        return self.at_instant(shown - self.middle)
