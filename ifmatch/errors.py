"""What can go wrong, by culprit. Every message says what happened, what it means and what to do."""

import difflib
from collections.abc import Iterable
from enum import IntEnum


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question that begins with a blank, for the name that is nearest to one that is not known; empty without one."""
    close = difflib.get_close_matches(name, known, n=1)
    return f' Did you mean "{close[0]}"?' if close else ""


class ExitCode(IntEnum):
    """How a run ended. 0 to 5 keep pytest's meanings."""

    CONFORMANT = 0
    NOT_CONFORMANT = 1
    INTERRUPTED = 2
    INTERNAL_ERROR = 3
    USAGE = 4
    NOTHING_RAN = 5
    TARGET_UNUSABLE = 6
    INCONCLUSIVE = 7


class IfmatchError(Exception):
    """A condition that ends the run with one clear sentence instead of a traceback."""

    exit_code = ExitCode.INTERNAL_ERROR


class ConfigurationError(IfmatchError):
    """The user asked for something that cannot be: a profile, an option, a file."""

    exit_code = ExitCode.USAGE


class NothingSelected(IfmatchError):
    """The selection matches no rule, so a green result would mean nothing."""

    exit_code = ExitCode.NOTHING_RAN


class TargetUnusable(IfmatchError):
    """No rule can be judged: the target does not answer, or answers everything alike."""

    exit_code = ExitCode.TARGET_UNUSABLE


class BudgetSpent(IfmatchError):
    """The writes that the target file allows are spent before all rules were judged."""

    exit_code = ExitCode.INCONCLUSIVE


class SetupFailed(Exception):
    """A scenario could not be prepared as it is configured, so its rule was not judged. Never a verdict on the rule."""


class OutcomeUnknown(Exception):
    """What came of a request cannot be known: it got no answer, or one that does not show what it should.

    The rule that needed it cannot be judged. Another rule speaks of the answer itself.
    """


class WritersHang(OutcomeUnknown):
    """Writers that meet on the target get no answer, although each alone gets one: its message says how often."""


class EvidenceMissing(Exception):
    """A run that is judged anew asks what its log holds no answer to, so the rule cannot be judged from it."""


class RuleNotApplicable(Exception):
    """A rule turns out, while it runs, to have no meaning for this target; the message is the reason."""


class RuleBroken(Exception):
    """A finding after which the rest of a scenario could show nothing more. The case holds the finding."""
