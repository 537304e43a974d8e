"""What a run will write, said before it begins: reckoned from what each rule wrote when it was measured.

`writes.json` is made by `benchmarks/writes.py` from the logs of runs on the embedded servers, and by hand nowhere.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from math import ceil
from pathlib import Path

from ifmatch.client.target import Target
from ifmatch.client.tidying import cannot_delete
from ifmatch.log.events import Event, ExchangeRecorded, Foreseen, Journalled, VerdictReached
from ifmatch.log.journal import Fate, standing
from ifmatch.race.budget import EFFORTS, Budget
from ifmatch.race.sender import FEWEST
from ifmatch.report.run import Run
from ifmatch.report.text import counted
from ifmatch.rules import catalogue
from ifmatch.rules.catalogue import Rule, is_watched
from ifmatch.rules.expectation import NotApplicable
from ifmatch.suite.gates import why_not
from ifmatch.suite.race_settings import RaceSettings

#: How the table was measured: races by this budget, among so many writers.
MEASURED_EFFORT, MEASURED_WRITERS = "quick", 4

#: What stands in the table for the type that a rule is run on.
SUBJECT = "subject"

_TABLE = Path(__file__).with_name("writes.json")


@dataclass
class Cost:
    """What one rule writes on one resource type: how many requests, and how many resources by type.

    A resource that is still there at the end counts for one more request, which removes it.
    """

    writes: int = 0
    makes: Counter[str] = field(default_factory=Counter)

    def on(self, resource_type: str, factor: float) -> Counter[str]:
        """The resources that it makes when it is run on a type, with so many times the rounds."""
        made: Counter[str] = Counter()
        for name, count in self.makes.items():
            named = resource_type if name == SUBJECT else name
            made[named] = ceil(count * factor)
        return made

    def at_least(self, other: "Cost") -> "Cost":
        """What covers both of two measurements."""
        return Cost(max(self.writes, other.writes), self.makes | other.makes)


# ---------------------------------------------------------------- foreseen


def foresee(target: Target, rules: str, races: RaceSettings) -> Foreseen:
    """What the rules that match the patterns, and that can be run on a target, will write there."""
    writes, makes = 0.0, Counter[str]()
    for rule, resource_type in _cases(target, rules):
        cost = table().get(rule.id, Cost())
        factor = _factor(races) if rule.id.startswith("race.") else 1.0
        writes += cost.writes * factor
        makes += cost.on(resource_type, factor)
    lent = {name for name in makes if _is_lent(target, name)}
    made = {name: makes[name] for name in sorted(makes.keys() - lent)}
    return Foreseen(
        writes=ceil(writes),
        resources=made,
        lent=tuple(sorted(lent)),
        stays=cannot_delete(target),
    )


def _cases(target: Target, rules: str) -> Iterator[tuple[Rule, str]]:
    """The selected rules that can be run on a target, with each type that they are run on."""
    for rule in _selected(rules):
        if why_not(target, rule):
            continue
        for resource_type in target.profile.types_of(rule.id):
            promise = target.profile.promise(rule.id, resource_type)
            if not isinstance(promise, NotApplicable):
                yield rule, resource_type


def _selected(rules: str) -> list[Rule]:
    known = catalogue.rules()
    return [rule for rule in known if catalogue.matches(rule.id, rules)] if rules else list(known)


def _is_lent(target: Target, resource_type: str) -> bool:
    kind = target.profile.resources.get(resource_type)
    return kind is not None and kind.lent


def _factor(races: RaceSettings) -> float:
    """How much more is written than was measured: in a round all writers meet, or two, by turns."""
    rounds = _rounds(races.budget) / _rounds(EFFORTS[MEASURED_EFFORT])
    return rounds * (races.writers + FEWEST) / (MEASURED_WRITERS + FEWEST)


def _rounds(budget: Budget) -> int:
    return budget.blocks * budget.rounds


def in_words(foreseen: Foreseen) -> str:
    """What a run says first."""
    made = ", ".join(f"{count} {name}" for name, count in foreseen.resources.items()) or "nothing"
    fate = f"which cannot be deleted ({foreseen.stays})" if foreseen.stays else "removed at the end"
    said = f"will write about {foreseen.writes} times and make about this: {made}, {fate}"
    if foreseen.lent:
        said += f"; changes and restores the {', '.join(foreseen.lent)} that it is lent"
    return said


# ---------------------------------------------------------------- how long

#: Requests for each one that writes: what was written is read back. Measured in whole runs: 1.6 to 2.1.
_REQUESTS_A_WRITE = 2

#: Seconds that each request costs us, whatever the target: to build, to log and to judge it. Measured: 1.5 to 3 ms.
_OUR_OWN = 0.002


def seconds_of(
    cases: Iterable[str], races: RaceSettings, latency: float, most: float = 0, shares: int = 1
) -> float:
    """How long it takes to run these cases, by their rules, where the target takes `latency` seconds for an answer.

    `most` is how many writes a second are allowed, 0 where there is no limit; `shares` is how many processes share the
    cases. What is sent in a race at once is waited for at once. No race takes much longer than its budget says.
    """
    seconds, at_once = 0.0, (races.writers + FEWEST) / 2
    for rule in cases:
        is_race = rule.startswith("race.")
        writes = table().get(rule, Cost()).writes * (_factor(races) if is_race else 1)
        each = _OUR_OWN + latency / (at_once if is_race else 1)
        takes = max(writes * _REQUESTS_A_WRITE * each / shares, writes / most if most else 0)
        seconds += min(takes, races.budget.seconds / shares) if is_race else takes
    return seconds


def latency_in(events: Iterable[Event]) -> float:
    """Seconds that a target takes for an answer, by its quickest so far: others may have made a connection first."""
    answered = [event for event in events if isinstance(event, ExchangeRecorded) and event.response]
    return min((event.duration_ms for event in answered), default=0.0) / 1000


def out_of_time(run: Run, races: RaceSettings, latency: float) -> str:
    """That a run had no time for some rules, and which budget it would take: by what those that were begun took."""
    unhurried = replace(races, ends=None)
    begun = (case.rule for rule in run.rules for case in rule.cases)
    took = seconds_of(begun, unhurried, latency)
    missing = seconds_of((case.rule for case in run.not_begun), unhurried, latency)
    enough = races.seconds * (took + missing) / took if took else 0.0
    advice = (
        f"by what it did until then, --budget {_in_round_figures(enough)} would do"
        if took
        else "give it more"
    )
    return (
        f"{counted(len(run.out_of_time), 'rule')} had no time, for the budget of {races.seconds:g} s was spent, so the "
        f"run is inconclusive: {advice}."
    )


def _in_round_figures(seconds: float) -> str:
    """A time that is not less, as --budget takes it."""
    return f"{ceil(seconds / 10)}0s" if seconds <= 120 else f"{ceil(seconds / 60)}m"


# ---------------------------------------------------------------- measured


@cache
def table() -> Mapping[str, Cost]:
    """What each rule wrote when it was measured."""
    rows = json.loads(_TABLE.read_text(encoding="utf-8"))
    return {rule: Cost(row["writes"], Counter(row["makes"])) for rule, row in rows.items()}


def measured(events: Iterable[Event], types: Mapping[str, int]) -> dict[str, Cost]:
    """What each rule of a run wrote on one type. `types` says on how many each was run, one if it is not named."""
    totals: dict[str, Cost] = {}
    since: list[Event] = []
    for event in events:
        since.append(event)
        # What comes after the last scenario, before the rules that are watched have their verdicts, is tidying up.
        if isinstance(event, VerdictReached) and not is_watched(event.rule):
            cost = _cost(since, event.resource_type)
            before = totals.setdefault(event.rule, Cost())
            before.writes += cost.writes
            before.makes += cost.makes
            since = []
    return {rule: _share(cost, types.get(rule, 1)) for rule, cost in totals.items()}


def _cost(events: list[Event], resource_type: str) -> Cost:
    """What one case wrote, by all that was put down until its verdict."""
    journal = [event for event in events if isinstance(event, Journalled)]
    made = [entry.type for entry in journal if entry.action == Fate.CREATED]
    makes = Counter(SUBJECT if name == resource_type else name for name in made)
    return Cost(_writes_in(events) + len(standing(journal)), makes)


def _writes_in(events: list[Event]) -> int:
    sent = [event for event in events if isinstance(event, ExchangeRecorded)]
    return sum(event.request.method not in ("GET", "HEAD") for event in sent)


def _share(cost: Cost, types: int) -> Cost:
    makes = Counter({name: ceil(count / types) for name, count in cost.makes.items()})
    return Cost(ceil(cost.writes / types), makes)
