"""What the owner of a target lets a run cost: how many writes, how fast, and on which hosts."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ifmatch.errors import BudgetSpent

#: A wait that is longer than this (seconds) is told.
_TOLD_FROM = 2.0


@dataclass(frozen=True)
class Limits:
    """The table `[limits]` of a target file. No `hosts`: none was named; 0: there is no limit."""

    writes: int = 0
    writes_per_second: float = 0.0
    hosts: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Limits":
        """The limits as the target file gives them."""
        hosts = tuple(host.lower() for host in given.get("hosts", ()))
        return cls(given.get("writes", 0), float(given.get("writes_per_second", 0)), hosts)

    def share_of(self, shares: int) -> "Limits":
        """What each of so many processes may do, so that all of them keep the limits."""
        writes = max(1, self.writes // shares) if self.writes else 0
        return Limits(writes, self.writes_per_second / shares, self.hosts)


class Quota:
    """Counts the writes of a run and holds them within the limits.

    `owed` says how many resources are still to be removed or restored: a write is kept back for each, so that a budget
    that is spent leaves nothing behind. `waited` is in seconds.
    """

    def __init__(
        self, limits: Limits, owed: Callable[[], int], tell: Callable[[str], None]
    ) -> None:
        self.limits = limits
        self.sent, self.waited = 0, 0.0
        self._owed, self._tell = owed, tell
        self._next_turn = 0.0
        self._tidies_up = False

    def take(self, writes: int) -> None:
        """So many writes are about to be sent at once; waits for their turn where their rate is limited.

        Raises BudgetSpent when there is no room for them.
        """
        if not writes:
            return
        self._demand_room(writes)
        self._await_turn(writes)
        self.sent += writes

    def release_reserve(self) -> None:
        """From now on the run tidies up: for that it may spend what was kept back."""
        self._tidies_up = True

    def clock(self) -> float:
        """Seconds of a clock that stands still while a turn is awaited: for what has a time of its own to keep."""
        return time.monotonic() - self.waited

    def gap_after(self, writes: int) -> float:
        """The seconds that pass between so many writes at once and the next."""
        rate = self.limits.writes_per_second
        return writes / rate if rate else 0.0

    def _demand_room(self, writes: int) -> None:
        budget, owed = self.limits.writes, self._owed()
        if not budget or self._tidies_up or self.sent + owed + writes <= budget:
            return
        raise BudgetSpent(
            f"The budget of {budget} writes is spent: {self.sent} were sent, and {owed} are kept back to remove what "
            "was made. The run ends here, so it says nothing of the rules that were not reached. Raise writes under "
            "[limits] in the target file, or select fewer rules with --rules."
        )

    def _await_turn(self, writes: int) -> None:
        now = time.monotonic()
        pause = max(0.0, self._next_turn - now)
        self._next_turn = now + pause + self.gap_after(writes)
        if pause > _TOLD_FROM:
            rate = self.limits.writes_per_second
            self._tell(f"waiting {pause:.0f} s: the target file allows {rate:g} writes a second")
        self.waited += pause
        if pause:
            time.sleep(pause)
