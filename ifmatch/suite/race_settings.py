"""How the races of a run are run."""

import secrets
from dataclasses import dataclass

from ifmatch.errors import ConfigurationError
from ifmatch.race.budget import EFFORTS, Budget


@dataclass(frozen=True)
class RaceSettings:
    """How races are run: the name of their budget, how many writers meet, and the number that all is drawn from."""

    effort: str
    writers: int
    seed: int

    @property
    def budget(self) -> Budget:
        """What a race may cost."""
        return EFFORTS[self.effort]


def race_settings(effort: str, writers: int, seed: int | None) -> RaceSettings:
    """The settings as the user gave them; without a seed one is drawn.

    Raises ConfigurationError when they cannot be.
    """
    if effort not in EFFORTS:
        raise ConfigurationError(
            f'There is no effort "{effort}". Choose one of: {", ".join(EFFORTS)}.'
        )
    if not 2 <= writers <= 16:
        raise ConfigurationError(f"{writers} writers cannot race: choose 2 to 16.")
    return RaceSettings(effort, writers, secrets.randbelow(1_000_000) if seed is None else seed)
