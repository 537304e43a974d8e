"""What a seed draws: a profile, and variations, each with one of its choices."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ifmatch.rules.profile import shipped

_NAMES = ("gaps", "zero", "hash", "dotted", "long", "uuid")

#: Every variation with its choices.
VARIATIONS: Mapping[str, tuple[str, ...]] = {
    "ids": _NAMES,
    "versions": _NAMES,
    "times": tuple(f"{precision}{zone}" for precision in "0367" for zone in ("Z", "+00:00", "+02:00", "-05:30")),
    "pages": ("2",),
    "adds": ("narrative", "extension", "identifier", "tag", "source"),
    "no-op": ("keeps its version",),
    "refusals": ("with an ETag",),
    "json": ("pretty", "shuffled", "compact"),
    "header-names": ("lower", "upper"),
    "gzip": ("if asked for",),
    "framing": ("chunked", "close", "early-hints"),
    "jitter": ("50",),
    "busy": ("429", "503"),
    "statuses": ("any that is promised",),
    "search": ("lags",),
    "silent": ("star", "strong", "bare", "needs-if-match"),
    "without": ("history", "delete", "history,delete"),
    "statement": ("less", "nothing", "missing"),
}

#: How likely each variation is to be drawn.
_LIKELY = 0.4


@dataclass(frozen=True)
class Draw:
    """A profile, and the variations by name with the choice of each."""

    seed: int
    profile: str
    varied: Mapping[str, str]

    def __str__(self) -> str:
        told = "  ".join(f"{name}={choice}" for name, choice in self.varied.items())
        return f"{self.profile}: {told or 'nothing varied'}"

    @property
    def random(self) -> random.Random:
        """Chance, the same for every use of the same seed."""
        return random.Random(self.seed)


def drawn(seed: int) -> Draw:
    """What a seed draws."""
    chance = random.Random(seed)
    profile = chance.choice(shipped())
    chosen = {name: chance.choice(choices) for name, choices in VARIATIONS.items()}
    return Draw(seed, profile, {name: choice for name, choice in chosen.items() if chance.random() < _LIKELY})


def given(seed: int, profile: str, pairs: Iterable[str]) -> Draw:
    """What is asked for on the command line, as `name=choice`."""
    return Draw(seed, profile, dict(pair.split("=", 1) for pair in pairs))
