"""The verdict policy: what a finding, an exception, a waiver and all verdicts together amount to. Tables, no state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ifmatch.errors import (
    BudgetSpent,
    EvidenceMissing,
    ExitCode,
    OutcomeUnknown,
    RuleNotApplicable,
    SetupFailed,
    TargetUnusable,
)
from ifmatch.rules.expectation import Level


class Verdict(StrEnum):
    """What is said of a rule, the gravest first."""

    FAIL = "fail"
    ERROR = "error"
    INCONCLUSIVE = "inconclusive"
    WAIVED = "waived"
    WARN = "warn"
    OBSERVED = "observed"
    PASS = "pass"
    NOT_APPLICABLE = "not-applicable"


class Culprit(StrEnum):
    """Whose fault it is that a rule has the verdict `error`."""

    NOBODY = ""
    TARGET = "target"
    SUITE = "suite"


@dataclass(frozen=True)
class Conclusion:
    """A verdict, and with an `error` whose fault it is."""

    verdict: Verdict
    culprit: Culprit = Culprit.NOBODY


#: The verdict that a broken promise leads to, by the level of the promise.
OF_LEVEL: Mapping[Level, Verdict] = {
    Level.SHALL: Verdict.FAIL,
    Level.SHOULD: Verdict.WARN,
    Level.MAY: Verdict.OBSERVED,
}

#: What an exception in a step means for the rule.
OF_EXCEPTION: Mapping[type[BaseException], Conclusion] = {
    RuleNotApplicable: Conclusion(Verdict.NOT_APPLICABLE),
    OutcomeUnknown: Conclusion(Verdict.INCONCLUSIVE),
    EvidenceMissing: Conclusion(Verdict.INCONCLUSIVE),
    BudgetSpent: Conclusion(Verdict.INCONCLUSIVE),
    SetupFailed: Conclusion(Verdict.ERROR, Culprit.TARGET),
    TargetUnusable: Conclusion(Verdict.ERROR, Culprit.TARGET),
}

#: Whoever is not named as the culprit is us: blaming the target takes evidence.
OUR_OWN_FAULT = Conclusion(Verdict.ERROR, Culprit.SUITE)

#: What a waiver lets pass: that a rule fails, or that it cannot be said whether it does. Never an error.
WAIVABLE = frozenset({Verdict.FAIL, Verdict.INCONCLUSIVE})

#: Verdicts of a rule that had its chance to fail, and did not.
KEPT = frozenset({Verdict.PASS, Verdict.WARN, Verdict.OBSERVED})

#: What conclusions amount to for the run: the first that is found decides.
EXIT_CODES: tuple[tuple[Conclusion, ExitCode], ...] = (
    (Conclusion(Verdict.FAIL), ExitCode.NOT_CONFORMANT),
    (Conclusion(Verdict.ERROR, Culprit.SUITE), ExitCode.INTERNAL_ERROR),
    (Conclusion(Verdict.ERROR, Culprit.TARGET), ExitCode.TARGET_UNUSABLE),
    (Conclusion(Verdict.INCONCLUSIVE), ExitCode.INCONCLUSIVE),
)

_GRAVITY = list(Verdict)


def gravest(verdicts: Iterable[Verdict]) -> Verdict:
    """The one verdict that stands for several of the same rule."""
    return min(verdicts, key=_GRAVITY.index)


def conclusion_of(error: BaseException) -> Conclusion:
    """What an exception in a step means for its rule."""
    meanings = (meaning for kind, meaning in OF_EXCEPTION.items() if isinstance(error, kind))
    return next(meanings, OUR_OWN_FAULT)


def conclusion_named(verdict: object, culprit: object = "") -> Conclusion:
    """A conclusion by the names that a log holds. A verdict unknown to this version is an error: it must be seen."""
    known = Verdict(str(verdict)) if verdict in _GRAVITY else Verdict.ERROR
    if known is not Verdict.ERROR:
        return Conclusion(known)
    return Conclusion(known, Culprit.TARGET if culprit == Culprit.TARGET else Culprit.SUITE)


def with_waiver(verdict: Verdict) -> Verdict:
    """The verdict on a rule that is waived."""
    return Verdict.WAIVED if verdict in WAIVABLE else verdict


def exit_code_for(conclusions: Iterable[Conclusion], strict: bool = False) -> ExitCode:
    """The exit code that the conclusions of a run amount to. When nothing was judged it is not 0: green has meaning.

    In a `strict` run a broken SHOULD counts like a broken SHALL.
    """
    seen = set(conclusions)
    if strict and Conclusion(Verdict.WARN) in seen:
        return ExitCode.NOT_CONFORMANT
    decisive = (code for conclusion, code in EXIT_CODES if conclusion in seen)
    judged = seen - {Conclusion(Verdict.NOT_APPLICABLE)}
    return next(decisive, ExitCode.CONFORMANT if judged else ExitCode.NOTHING_RAN)
