"""What a seed draws: a profile, and variations, each with one of its choices."""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ifmatch.rules.expectation import Expectation, Level
from ifmatch.rules.profile import Profile, load, shipped

_NAMES = ("gaps", "zero", "hash", "dotted", "long", "uuid")

#: Every variation with its choices.
VARIATIONS: Mapping[str, tuple[str, ...]] = {
    "ids": _NAMES,
    "versions": _NAMES,
    "times": tuple(
        f"{precision}{zone}" for precision in "0367" for zone in ("Z", "+00:00", "+02:00", "-05:30")
    ),
    "pages": ("2",),
    "adds": ("narrative", "extension", "identifier", "tag", "source", "author"),
    "no-op": ("keeps its version",),
    "refusals": ("with an ETag",),
    "json": ("pretty", "shuffled", "compact"),
    "header-names": ("lower", "upper"),
    "gzip": ("if asked for",),
    "framing": ("chunked", "close", "early-hints"),
    "jitter": ("50",),
    "busy": ("429", "503"),
    "statuses": ("any that is promised",),
    "search": ("lags", "adds an outcome"),
    "silent": ("star", "strong", "bare", "needs-if-match"),
    "without": ("history", "delete", "history,delete", "patch,conditional-update,update-create"),
    "statement": ("less", "nothing", "missing", "client-too", "no-formats", "nulls"),
    "location": ("relative",),
    "versioning": ("none",),
    "credentials": ("not asked for",),
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
    """What a seed draws. Each variation has a chance of its own, so that a new one changes nothing about the others."""
    profile = random.Random(seed).choice(shipped())
    chances = {
        name: random.Random(f"{seed} {name}") for name in VARIATIONS if _is_free(profile, name)
    }
    likely = [name for name, chance in chances.items() if chance.random() < _LIKELY]
    return Draw(
        seed, profile, _said({name: chances[name].choice(VARIATIONS[name]) for name in likely})
    )


def _said(varied: dict[str, str]) -> dict[str, str]:
    """Without versions only where the statement can say so: else If-Match is to be heeded (RFC 9110 section 13.1.1).

    And only where no write has to name one.
    """
    says_nothing = varied.get("statement") in ("nothing", "missing", "nulls")
    if says_nothing or varied.get("silent") == "needs-if-match":
        return {name: one for name, one in varied.items() if name != "versioning"}
    return varied


def _is_free(profile: str, name: str) -> bool:
    """Whether a profile leaves it to its server how it does something."""
    is_bound = _BOUND.get(name)
    return is_bound is None or not is_bound(load(profile))


def _has_absolute_locations(profile: Profile) -> bool:
    promise = profile.promise("create.headers.location")
    return isinstance(promise, Expectation) and "absolute" in promise.headers.get("Location", ())


def _has_versions(profile: Profile) -> bool:
    """The texts of a system speak of versions; those of FHIR let a server do without."""
    return not profile.id.startswith("fhir-") or profile.fhir == "DSTU2"


def _asks_for_credentials(profile: Profile) -> bool:
    """Whether the texts of a system demand that a token is asked for; those of FHIR do not."""
    promise = profile.promise("update.unauthenticated")
    return isinstance(promise, Expectation) and promise.level is Level.SHALL


#: When a profile leaves its server no choice.
_BOUND: Mapping[str, Callable[[Profile], bool]] = {
    "location": _has_absolute_locations,
    "adds": lambda profile: profile.speaks_of("update.mirror"),
    "versioning": _has_versions,
    "credentials": _asks_for_credentials,
}


def given(seed: int, profile: str, pairs: Iterable[str]) -> Draw:
    """What is asked for on the command line, as `name=choice`."""
    return Draw(seed, profile, dict(pair.split("=", 1) for pair in pairs))
