"""How the races of a run are run."""

import re
import secrets
import time
from dataclasses import dataclass, replace

from ifmatch.errors import ConfigurationError
from ifmatch.race.budget import EFFORTS, Budget

#: The share of a run's time after which no other rule is begun: the rest is for tidying up.
_FOR_RULES = 0.9

_UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class RaceSettings:
    """How races are run: the name of their budget, how many writers meet, and the number that all is drawn from.

    `ends` is when the whole run has had its time, by the monotonic clock in seconds; None when it has as much as it
    needs. `seconds` is how long that is, tidying up included.
    """

    effort: str
    writers: int
    seed: int
    ends: float | None = None
    seconds: float = 0.0

    @property
    def budget(self) -> Budget:
        """What a race may cost."""
        usual = EFFORTS[self.effort]
        if self.ends is None:
            return usual
        left = max(1, int(self.ends - time.monotonic()))
        return replace(usual, seconds=min(usual.seconds, left))

    @property
    def is_spent(self) -> bool:
        """Whether the run has had its time."""
        return self.ends is not None and time.monotonic() > self.ends


def race_settings(effort: str, writers: int, seed: int | None, budget: str = "") -> RaceSettings:
    """The settings as the user gave them; without a seed one is drawn. The time of a `budget` begins now.

    Raises ConfigurationError when they cannot be.
    """
    if effort not in EFFORTS:
        raise ConfigurationError(
            f'There is no effort "{effort}". Choose one of: {", ".join(EFFORTS)}.'
        )
    if not 2 <= writers <= 16:
        raise ConfigurationError(f"{writers} writers cannot race: choose 2 to 16.")
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    if not budget:
        return RaceSettings(effort, writers, seed)
    seconds = seconds_in(budget)
    return RaceSettings(effort, writers, seed, time.monotonic() + seconds * _FOR_RULES, seconds)


def seconds_in(budget: str) -> float:
    """The seconds in a text such as 90s, 5m or 1h. Raises ConfigurationError when it is none, or names no unit."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", budget.strip())
    if found and not found[2]:
        number = found[1]
        raise ConfigurationError(
            f"{number} what? Write the budget with its unit: {number}s, {number}m or {number}h for seconds, minutes or "
            "hours."
        )
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0
    if not seconds:
        raise ConfigurationError(
            f'"{budget}" is no time. Write it as 90s, 5m or 1h: seconds, minutes or hours.'
        )
    return seconds
