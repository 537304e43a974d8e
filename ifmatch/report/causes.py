"""Failures grouped by what they have in common: the simplest rule first, and with it those that fail the same way.

A server that ignores If-Match breaks a dozen rules. A person wants to see the plainest of them, and that the others are
no news. Which belong together is read from the evidence: from their symptoms, and from the exchanges that they share.
"""

import itertools
import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ifmatch.report.run import Judged, Run
from ifmatch.report.symptoms import BESIDE, REFUSED, Symptom, plainer, refusal_of, symptoms_of
from ifmatch.rules.catalogue import is_watched
from ifmatch.rules.verdict import Verdict

#: Verdicts of rules with which nothing is wrong.
_IN_ORDER = (Verdict.PASS, Verdict.OBSERVED)


@dataclass(frozen=True)
class Cause:
    """Rules that fail with one symptom, the simplest first."""

    symptom: Symptom
    rules: tuple[Judged, ...]

    @property
    def simplest(self) -> Judged:
        """The rule that shows the cause with the least ado."""
        return self.rules[0]

    @property
    def heading(self) -> str:
        """What went wrong, in a line."""
        return self.symptom.heading(self.simplest.spokesman.title)

    @property
    def is_raced(self) -> bool:
        """Whether only races show it."""
        return bool(self.simplest.spokesman.race)

    @property
    def consequences(self) -> tuple[Judged, ...]:
        """The rules that show it again."""
        return self.rules[1:]


def causes(rules: Iterable[Judged], run: Run) -> tuple[Cause, ...]:
    """Rules of a run grouped by their symptom, the simplest of each cause first: see `_simplest_first`.

    Causes that a single request shows come before those that only a race does, then those that break the most rules,
    counting the ones that only warn.
    """
    grouped: dict[Symptom, list[Judged]] = {}
    ordered = sorted(rules, key=_ado)
    shown = Counter(each for judged in ordered for each in symptoms_of(judged.spokesman, run))
    for judged in ordered:
        symptom = _most_likely(symptoms_of(judged.spokesman, run), grouped, shown)
        grouped.setdefault(symptom, []).append(judged)
    grouped = _without_onlookers(_without_mixtures(_at_home(grouped, run), run), run)
    found = [
        Cause(symptom, _simplest_first(symptom, alike, run)) for symptom, alike in grouped.items()
    ]
    broken = [judged for judged in run.rules if judged.verdict in (Verdict.FAIL, Verdict.WARN)]
    seen = Counter(symptoms_of(judged.spokesman, run)[0] for judged in broken)

    def gravest(cause: Cause) -> tuple[int, int]:
        return _kind(cause.simplest), -max(len(cause.rules), seen[cause.symptom])

    return tuple(sorted(found, key=gravest))


def _at_home(grouped: Mapping[Symptom, list[Judged]], run: Run) -> dict[Symptom, list[Judged]]:
    """The groups, where what is plainer elsewhere stands there: see `plainer`.

    Where a lawful request is refused with a status, others that are answered that are refused for the same reason,
    whatever should have been said to them.
    """
    refusals = {
        refusal_of(judged.spokesman, symptom): symptom
        for symptom, alike in grouped.items()
        for judged in alike
        if symptom.wrong == REFUSED
    }
    joined: dict[Symptom, list[Judged]] = {}
    for symptom, alike in grouped.items():
        for judged in alike:
            homes = [each for each in plainer(judged.spokesman, symptom, run) if each in grouped]
            reason = refusals.get(refusal_of(judged.spokesman, symptom), symptom)
            joined.setdefault(homes[0] if homes else reason, []).append(judged)
    return joined


def _without_mixtures(
    grouped: Mapping[Symptom, list[Judged]], run: Run
) -> dict[Symptom, list[Judged]]:
    """The groups, where a race of unlike requests stands with those that show what is wrong with each of these."""
    may_be = {
        symptom: [set(symptoms_of(judged.spokesman, run)) for judged in alike]
        for symptom, alike in grouped.items()
    }
    joined: dict[Symptom, list[Judged]] = {}
    for symptom, alike in grouped.items():
        shown = (
            each
            for each in grouped
            if each != symptom and may_be[symptom][0] <= set().union(*may_be[each])
        )
        is_mixture = (
            len(alike) == 1 and bool(alike[0].spokesman.race) and len(may_be[symptom][0]) > 1
        )
        home = next(shown, symptom) if is_mixture else symptom
        joined[home] = [*joined.get(home, ()), *alike]
    return joined


def _without_onlookers(
    grouped: Mapping[Symptom, list[Judged]], run: Run
) -> dict[Symptom, list[Judged]]:
    """The groups, where what is watched and went wrong with the requests of rules that fail stands with these.

    Where it was seen with rules that are kept as well, it is a matter of its own. Groups of which it was seen with each
    rule are one: all of them are about what is watched.
    """
    joined = dict(grouped)
    for symptom, alike in grouped.items():
        seen_with = {} if _has_story(alike) else _seen_with(alike, joined, run)
        if seen_with:
            home = max(seen_with, key=lambda each: seen_with[each].total())
            about = [each for each in seen_with if len(seen_with[each]) == len(joined[each])]
            for each in dict.fromkeys([*about, symptom]):
                if each != home:
                    joined[home] = [*joined[home], *joined.pop(each)]
    return joined


def _has_story(alike: Iterable[Judged]) -> bool:
    """Whether one of these rules is shown by requests of its own, one after the other."""
    return any(_kind(judged) == 0 for judged in alike)


def _seen_with(
    alike: Iterable[Judged], grouped: Mapping[Symptom, list[Judged]], run: Run
) -> dict[Symptom, Counter[str]]:
    """With which rules that fail the watched ones among these were seen, and how often, unless most are kept."""
    rules = _seen_during([judged for judged in alike if is_watched(judged.rule)], run)
    kept = _of_those([judged for judged in run.rules if judged.verdict in _IN_ORDER], rules)
    if 2 * kept.total() >= rules.total():
        return {}
    seen = {symptom: _of_those(others, rules) for symptom, others in grouped.items()}
    return {symptom: often for symptom, often in seen.items() if not all(map(is_watched, often))}


def _seen_during(watched: Iterable[Judged], run: Run) -> Counter[str]:
    """The rules whose requests show what is wrong with watched ones, and how many of these do."""
    ids = itertools.chain(*(judged.exchanges for judged in watched))
    exchanges = run.exchanges_of(dict.fromkeys(ids))
    return Counter(exchange.rule for exchange in exchanges if exchange.rule)


def _of_those(judged: Iterable[Judged], rules: Counter[str]) -> Counter[str]:
    """How often each of these rules was counted, without those that were not."""
    return Counter({one.rule: rules[one.rule] for one in judged if rules[one.rule]})


def _simplest_first(symptom: Symptom, alike: Sequence[Judged], run: Run) -> tuple[Judged, ...]:
    """Rules of one cause: sequential ones before races, those that show it as it is before those that show it with more
    ado or may show another one, then those that fail as most do, then those of short names.

    A rule of a short name is the general one, of which others are special cases. One that is kept in itself, and fails
    for what stands beside it, comes after those that are about just that.
    """
    seen = Counter(map(_first_finding, alike))

    def particular(judged: Judged) -> tuple[int, bool, int, bool, int, int, int]:
        expected, _ = finding = _first_finding(judged)
        words = len(re.split("[.-]", judged.rule))
        kind, exchanges = _ado(judged)
        symptoms = symptoms_of(judged.spokesman, run)
        is_guest = symptom not in symptoms
        return kind, is_guest, len(symptoms), expected == BESIDE, -seen[finding], words, exchanges

    return tuple(sorted(alike, key=particular))


def _first_finding(judged: Judged) -> tuple[str, str]:
    """What was expected of a rule and what came, without the particulars."""
    findings = judged.spokesman.findings[:1]
    return next(((finding.expected, finding.got) for finding in findings), ("", ""))


def _most_likely(
    symptoms: Sequence[Symptom], known: Container[Symptom], shown: Mapping[Symptom, int]
) -> Symptom:
    """The one that is known from what is plainer; else, of several interactions, that which most rules share."""
    alike = (symptom for symptom in symptoms if symptom.wrong == symptoms[0].wrong)
    found = (symptom for symptom in symptoms if symptom in known)
    return next(found, max(alike, key=lambda symptom: shown[symptom]))


def _ado(judged: Judged) -> tuple[int, int]:
    """How much there is to look at. What is watched in every exchange names one, but has no story."""
    return _kind(judged), len(judged.spokesman.exchanges)


def _kind(judged: Judged) -> int:
    return 2 if judged.spokesman.race else int(is_watched(judged.rule))
