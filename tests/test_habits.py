"""Habits of real servers that break no promise: with any of them, a server gets the verdicts that it has without.

Each stands before a server that keeps every promise, and before one that breaks one of those that the habit touches:
that must not be hidden.
"""

from dataclasses import dataclass, field
from functools import cache

import pytest
from hostile import hostile
from running import forked, run

from ifmatch.race.budget import Budget
from ifmatch.suite import race_settings

pytestmark = pytest.mark.slow

#: By these verdicts a broken promise shows.
RED = {"fail", "warn"}

#: As few rounds as can lead to a verdict.
FEW = Budget(blocks=8, rounds=2, plans=8, repeats=1, seconds=600)


@dataclass(frozen=True, eq=False)
class Habit:
    """A habit (a misbehaviour of `hostile`), the rules that it touches, and a fault that it must not hide.

    `hurts` are the rules that must be red then. `explained` are the verdicts that the habit may change, each with a
    text that must stand in its message.
    """

    front: str
    rules: str
    fault: str
    hurts: str
    explained: dict = field(default_factory=dict)


_STALE = "update.if-match.stale,update.lost-update.*"
_CROWDED = "race.update.same-version,race.update.read-modify-write,race.update.interleaved,race.delete-vs-update"
_MIXED = f"{_CROWDED},race.update.never-wedged,race.update.no-server-error,race.update.revival,race.update.abandoned*"
_BUNDLES = "race.*transaction*,race.batch.*"
_CONDITIONS = "race.create.conditional,race.conditional-update.none"


_CONTENT = (
    "create.unparsable,create.invalid-content,update.unparsable,update.invalid-content,"
    "always.no-server-error"
)


def _explained(rules, verdict, why):
    return dict.fromkeys(rules.split(","), (verdict, why))


#: What shows without a race.
QUICK = (
    Habit("drops-after-refusal", f"{_STALE},update.error.*", "refused-update-applied", _STALE),
    Habit(
        "cached-search",
        "update.if-match.from-search,create.*",
        "invalid-create-stored",
        "create.invalid-content",
    ),
    Habit(
        "cached-history",
        f"{_STALE},update.unparsable",
        "refused-update-makes-a-version",
        "update.if-match.stale",
    ),
    Habit(
        "counted-history",
        f"{_STALE},update.unparsable",
        "refused-update-makes-a-version",
        "update.if-match.stale",
    ),
    Habit(
        "no-location",
        "update.as-create,conditional-update.none",
        "create-loses-an-element",
        "update.as-create",
    ),
    Habit("talkative-delete", "read.deleted", "deleted-resource-readable", "read.deleted"),
    Habit(
        "no-numeric-ids",
        "update.*id*,create.id.*",
        "version-of-nothing-accepted",
        "update.if-match.no-resource",
    ),
    Habit(
        "keeps-version",
        "update.if-match.*,update.version.*",
        "version-id-constant",
        "update.version.*",
    ),
    Habit(
        "adds-by-replacing",
        "patch.fhirpath-patch.*,patch.fhirpath-patch",
        "fhirpath-patch-refused",
        "patch.fhirpath-patch",
    ),
    Habit(
        "fails-on-content",
        _CONTENT,
        "invalid-create-stored",
        "create.invalid-content",
        _explained(_CONTENT, "warn", "500"),
    ),
    Habit("knows-no-head", "read.*", "read-hides-an-element", "read.existing"),
)

#: What shows in races, or takes its time.
SLOW = (
    Habit("drops-after-refusal", _MIXED, "check-then-write", "race.update.same-version,race.update.read-modify-write"),
    *(Habit(front, "race.history.*,race.read.*", "check-then-write", "race.history.*,race.read.*",
            _explained("race.history.during-update", "inconclusive", "may be cached"))
      for front in ("cached-history", "counted-history")),
    Habit("nobody-wins", _MIXED, "check-then-write", "race.update.same-version",
          _explained(f"{_CROWDED},race.update.abandoned-and-retried", "warn", "nobody won")),
    Habit("slow-losers", "race.update.same-version", "check-then-write", "race.update.same-version"),
    Habit("failed-losers", _MIXED, "check-then-write", "race.update.same-version",
          _explained("race.update.no-server-error", "warn", "500 with an OperationOutcome")
          | _explained("race.update.same-version", "fail", "500 with an OperationOutcome")),
    Habit("strong-entries", _BUNDLES, "if-match-in-bundles-ignored", "race.batch.same-version"),
    Habit("bare-entries", _BUNDLES, "if-match-in-bundles-ignored", "race.batch.same-version"),
    Habit("no-location", "race.update-as-create", "newcomers-checked-then-written", "race.update-as-create"),
    Habit("talkative-delete", "race.delete*,race.update.revival", "deletes-undo-each-other", "race.delete-vs-delete"),
    Habit("no-numeric-ids", "race.update-as-create", "newcomers-checked-then-written", "race.update-as-create"),
    Habit("keeps-version", _MIXED, "check-then-write", "race.update.same-version"),
    Habit("lagging-conditions", f"conditional-update.*,{_CONDITIONS}", "conditional-update-always-creates",
          "conditional-update.one", _explained(_CONDITIONS, "warn", "resources for one condition")),
)  # fmt: skip


def names(habit):
    return habit.front


def verdicts(front, rules, fault=""):
    """A run against a habit: its verdicts with their messages, and what it looked up that a cache might answer."""
    race_settings.EFFORTS = {"quick": FEW}
    with hostile(front, faults=[fault] if fault else []) as server:
        _, report, printed = run(
            [server.base_url, "-p", "fhir-r4", "--rules", rules, "--seed", "1"]
        )
        looked_up = [
            asked
            for asked in server.seen
            if asked.method == "GET" and (asked.criteria or asked.is_history)
        ]
    assert report is not None, printed
    told = {
        rule["rule"]: (rule["verdict"], " ".join((rule["message"] or "").split()))
        for rule in report["rules"]
    }
    return told, [asked.path for asked in looked_up if asked.header("cache-control") != "no-cache"]


@cache
def usual(habits):
    """The verdicts on a server without any habit."""
    ((told, _),) = forked(verdicts, [("none", ",".join(habit.rules for habit in habits))])
    return told


def changes_nothing(habit, habits):
    """Hold a server with a habit against one without."""
    ((told, looked_up),) = forked(verdicts, [(habit.front, habit.rules)])
    changed = {rule: got for rule, got in told.items() if got[0] != usual(habits)[rule][0]}
    assert {
        rule: got
        for rule, got in changed.items()
        if not _is_explained(got, habit.explained.get(rule))
    } == {}
    assert looked_up == []


def _is_explained(got, wanted):
    """Whether a verdict is the one that a habit may lead to, and says why; a race need not always lead there."""
    return wanted is not None and got[0] == wanted[0] and wanted[1] in got[1]


def hides_nothing(habit):
    """A fault behind a habit is found."""
    ((told, _),) = forked(verdicts, [(habit.front, habit.hurts, habit.fault)])
    assert told
    assert {rule: got for rule, got in told.items() if got[0] not in RED} == {}


@pytest.mark.parametrize("habit", QUICK, ids=names)
def test_a_habit_changes_no_verdict(habit):
    """What the habit may change is explained."""
    changes_nothing(habit, QUICK)


@pytest.mark.parametrize("habit", QUICK, ids=names)
def test_a_habit_hides_no_fault(habit):
    """The rules that the fault breaks are red."""
    hides_nothing(habit)


@pytest.mark.parametrize("habit", SLOW, ids=names)
def test_a_habit_changes_no_verdict_of_a_race(habit):
    """Nor of what takes its time."""
    changes_nothing(habit, SLOW)


@pytest.mark.parametrize("habit", SLOW, ids=names)
def test_a_habit_hides_no_fault_in_a_race(habit):
    """The rules that the fault breaks are red."""
    hides_nothing(habit)
