"""Which exit code stands for several runs."""

from collections.abc import Iterable

from ifmatch.errors import ExitCode

#: The order in which exit codes of several runs outrank each other: a broken rule tells more than a run cut short.
_GRAVITY = [
    ExitCode.NOT_CONFORMANT, ExitCode.INTERNAL_ERROR, ExitCode.INTERRUPTED, ExitCode.USAGE, ExitCode.TARGET_UNUSABLE,
    ExitCode.INCONCLUSIVE, ExitCode.NOTHING_RAN, ExitCode.CONFORMANT,
]  # fmt: skip


def gravest(codes: Iterable[int]) -> int:
    """The exit code that stands for several runs."""
    known = {
        ExitCode(code) if code in list(ExitCode) else ExitCode.INTERNAL_ERROR for code in codes
    }
    return int(next(code for code in _GRAVITY if code in known))
