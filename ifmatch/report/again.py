"""A run held against an earlier one of the same rules: what was seen is seen again, or something else, or nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rich.console import Console
from rich.text import Text

from ifmatch.log.events import RaceFacts, VerdictReached
from ifmatch.report.console.lines import print_beside, print_line
from ifmatch.report.console.rule import sentence_on
from ifmatch.report.console.words import MARKS
from ifmatch.report.run import Judged, Run
from ifmatch.report.symptoms import without_particulars
from ifmatch.report.text import label_of, one_line
from ifmatch.rules.verdict import KEPT, Verdict


class Again(StrEnum):
    """What became of what a rule has shown."""

    SAME = "the same"
    DIFFERENTLY = "differently"
    GONE = "gone"


#: In which colour a person sees it.
_COLOURS: Mapping[Again, str] = {
    Again.SAME: "bold",
    Again.DIFFERENTLY: "bold yellow",
    Again.GONE: "bold green",
}

#: What a case has shown: its verdict, and the facts by which that is the same another time.
Shown = tuple[Verdict, tuple[object, ...]]


@dataclass(frozen=True)
class Replayed:
    """One rule: what it had shown, and what it has shown now, once for each attempt. None where it was not judged."""

    before: Judged
    attempts: tuple[Judged | None, ...]

    @property
    def each(self) -> list[Again]:
        """What became of it in each attempt."""
        return [_again(self.before, now) for now in self.attempts]

    @property
    def again(self) -> Again:
        """What became of it in all: once is enough to see it again, and it is gone when no attempt shows anything."""
        return next(again for again in Again if again in self.each)


def replayed(before: Run, rules: Sequence[str], attempts: Sequence[Run]) -> list[Replayed]:
    """What these rules of an earlier run have shown in each of several attempts."""
    chosen = [judged for judged in before.rules if judged.rule in rules]
    return [Replayed(one, tuple(_in(run, one.rule) for run in attempts)) for one in chosen]


def _in(run: Run, rule: str) -> Judged | None:
    """What a run says of a rule, if it has judged it."""
    return next((judged for judged in run.rules if judged.rule == rule), None)


def print_replayed(console: Console, found: Sequence[Replayed]) -> None:
    """Each rule with what became of it, before and now; then how many of each."""
    for one in found:
        _print_one(console, one)
    counts = Counter(one.again for one in found)
    in_words = [f"{counts[again]} {again}" for again in Again if counts[again]]
    print_line(console, " · ".join(in_words), "bold")


def _print_one(console: Console, one: Replayed) -> None:
    head = Text("  ").append(f"{one.again:<12}", _COLOURS[one.again])
    title = Text(one_line(one.before.rule, 80), "bold")
    print_beside(console, head, title.append(f"   {one_line(one.before.spokesman.title, 200)}", ""))
    _print_judged(console, "before", one.before)
    for now, again in zip(one.attempts, one.each, strict=True):
        _print_judged(console, "now" if len(one.attempts) == 1 else str(again), now)
    if len(one.attempts) > 1:
        seen = one.each.count(Again.SAME)
        print_line(console, f"      the same in {seen} of {len(one.attempts)} attempts")
    console.print()


def _print_judged(console: Console, name: str, judged: Judged | None) -> None:
    head = Text(f"      {name:<12}", "dim")
    print_beside(console, head, Text(_in_words(judged) if judged else "not judged"))


def _in_words(judged: Judged) -> str:
    mark, _ = MARKS[judged.verdict]
    sentence = sentence_on(judged) if judged.verdict is not Verdict.PASS else ""
    parts = [sentence, *_counted(judged.spokesman.race)]
    return f"{mark} {judged.verdict} " + " · ".join(filter(None, parts))


def _counted(race: RaceFacts | None) -> list[str]:
    """How often a race has shown what it has shown, of how many rounds, and of how many repetitions by two writers."""
    if race is None or not race.rounds:
        return []
    rounds = f"seen {race.anomalies_in_all} times in {race.rounds} rounds"
    if not race.reproduced:
        return [rounds]
    shown, tries = race.reproduced
    return [rounds, f"reproduced {shown} of {tries} times by two writers"]


# ---------------------------------------------------------------- what is the same


def _again(before: Judged, now: Judged | None) -> Again:
    if now is None:
        return Again.DIFFERENTLY
    if _is_same(before, now):
        return Again.SAME
    is_repaired = before.verdict not in KEPT and now.verdict in KEPT
    return Again.GONE if is_repaired else Again.DIFFERENTLY


def _is_same(before: Judged, now: Judged) -> bool:
    """Whether every case shows what it showed; of a race, whether it shows one of the anomalies that it showed."""
    if before.verdict is not now.verdict:
        return False
    if before.spokesman.race is None:
        return _cases(before) == _cases(now)
    anomalies = _anomalies(before)
    return not anomalies or not anomalies.isdisjoint(_anomalies(now))


def _anomalies(judged: Judged) -> frozenset[str]:
    found = [case.race.anomalies for case in judged.cases if case.race]
    return frozenset(anomaly.name for of_case in found for anomaly in of_case)


def _cases(judged: Judged) -> dict[str, Shown]:
    """What each case has shown, by what distinguishes it from the others."""
    return {label_of(case.row, case.resource_type): _shown(case) for case in judged.cases}


def _shown(case: VerdictReached) -> Shown:
    findings = [
        (without_particulars(finding.expected), without_particulars(finding.got))
        for finding in case.findings
    ]
    return case.verdict, (case.observed.get("status"), *findings)
