"""What an earlier run excuses: so that a pipeline fails only for what is new. Pure."""

from ifmatch.rules.verdict import Verdict, gravest

#: Verdicts that may be excused. An error never is: the rule was not judged then, and is not now.
EXCUSED = frozenset({Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.WARN})


def is_excused(verdict: Verdict, before: str | None) -> bool:
    """Whether a verdict is not worse than the one that the same rule had before; None when that was a good one."""
    if before is None or verdict not in EXCUSED:
        return False
    known = Verdict(before)
    return gravest([known, verdict]) is known
