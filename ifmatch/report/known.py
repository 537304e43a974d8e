"""What an earlier run had already, and what is new: where the baseline knows a rule, nobody reads of it at length."""

from ifmatch.report.run import Judged, Run
from ifmatch.rules.verdict import Verdict

#: What a baseline may know.
_BROKEN = (Verdict.FAIL, Verdict.INCONCLUSIVE)


def known(run: Run) -> list[Judged]:
    """The rules that are not kept, and that the baseline has no better."""
    names = set(run.known)
    return [judged for judged in run.rules if judged.rule in names]


def new_with(run: Run, verdict: Verdict) -> list[Judged]:
    """The rules with a verdict, but for those that the baseline knows."""
    names = set(run.known)
    found = (judged for judged in run.rules if judged.verdict is verdict)
    return [judged for judged in found if judged.rule not in names]


def known_and_new(run: Run) -> str:
    """How many broken rules the baseline knows, and how many it does not; empty when there is nothing to know."""
    if not run.baseline:
        return ""
    new = sum(len(new_with(run, verdict)) for verdict in _BROKEN)
    return f"{len(run.known)} known, {new} new"
