"""Verdicts that are not good, and yet right: why."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch


@dataclass(frozen=True)
class Explained:
    """A verdict that a variation may lead to: on which rules, what its message says, and why it is right.

    `variation` is `name` or `name=choice`.
    """

    variation: str
    rules: str
    verdict: str
    says: str
    why: str

    def covers(self, varied: Mapping[str, str], rule: str, verdict: str, message: str) -> bool:
        """Whether this explains a verdict."""
        name, _, choice = self.variation.partition("=")
        is_drawn = name in varied and choice in ("", varied[name])
        is_meant = verdict == self.verdict and self.says in message
        return is_drawn and is_meant and any(fnmatch(rule, glob) for glob in self.rules.split(","))


#: Verdicts that are right though the server keeps every promise.
EXPLAINED: tuple[Explained, ...] = (
    Explained(
        "credentials",
        "*.unauthenticated",
        "warn",
        "expected 401 or 403",
        "a server that takes a token and needs none is told of, and not failed",
    ),
    Explained(
        "statuses",
        "conditional-patch.one",
        "warn",
        "412",
        "a server may demand If-Match of every write, and a patch by criteria names none; both texts say SHOULD",
    ),
)


def is_explained(varied: Mapping[str, str], rule: str, verdict: str, message: str) -> bool:
    """Whether a verdict is right under the variations that were drawn."""
    return any(one.covers(varied, rule, verdict, message) for one in EXPLAINED)
