"""What is known of verdicts that are not good: why they are right, or that the suite is to be mended."""

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
EXPLAINED: tuple[Explained, ...] = ()

_CLIENT = "an entry of a statement that describes a client is taken for the server's"
_UNKNOWN = "without a statement nothing is claimed, and yet it is demanded"

#: Verdicts that hold against a server what is lawful: to be mended in the suite.
OPEN = (
    Explained("statement=client-too", "capability.update", "fail", "not claimed", _CLIENT),
    Explained("statement=client-too", "patch.unsupported", "warn", "200", _CLIENT),
    Explained("statement=missing", "update.as-create", "fail", "40", _UNKNOWN),
    Explained("statement=nothing", "update.as-create", "fail", "40", _UNKNOWN),
)


def is_in(
    table: tuple[Explained, ...], varied: Mapping[str, str], rule: str, verdict: str, message: str
) -> bool:
    """Whether a table speaks of a verdict under the variations that were drawn."""
    return any(one.covers(varied, rule, verdict, message) for one in table)
