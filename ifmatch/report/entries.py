"""What a report says of a rule, and what a report is called beside others."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from ifmatch.report.document import Document
from ifmatch.report.text import label_of, one_line
from ifmatch.rules.renamed import current
from ifmatch.rules.verdict import Verdict

#: What a report says of one rule.
Entry = Mapping[str, Any]

#: A report's entries by the ids of their rules.
Column = Mapping[str, Entry]

#: One case of a rule: what distinguishes it from the others, its verdict when the rule has several cases, its status.
Case = tuple[str, str, object]

#: Verdicts that find fault with a target, so that a good one after them is a repair.
FAULTS = frozenset({Verdict.FAIL, Verdict.WARN, Verdict.WAIVED})


def column_of(report: Document) -> Column:
    """The report's entries by the ids that their rules have now: an older report may have other ones."""
    return {current(entry["rule"]): entry for entry in report["rules"]}


def rules_of(columns: Sequence[Column]) -> list[str]:
    """The rules of all reports, those of one interaction together, in the order in which they first appear."""
    rules = dict.fromkeys(rule for column in columns for rule in column)
    interactions = list(dict.fromkeys(map(interaction_of, rules)))
    return sorted(rules, key=lambda rule: interactions.index(interaction_of(rule)))


def interaction_of(rule: str) -> str:
    """The first part of a rule's id."""
    return rule.partition(".")[0]


def title_of(rule: str, columns: Sequence[Column]) -> str:
    """The title that the first report which has the rule gives it."""
    return next(one_line(column[rule]["title"]) for column in columns if rule in column)


def verdict_of(entry: Entry | None) -> Verdict | None:
    """The verdict of an entry, if there is one."""
    return Verdict(entry["verdict"]) if entry else None


def cases_of(entry: Entry | None) -> list[Case]:
    """The cases of a rule; a rule of one case is that case, without a name."""
    if entry is None:
        return []
    if "cases" not in entry:
        return [("", "", _status(entry))]
    return [(_label(case), str(case["verdict"]), _status(case)) for case in entry["cases"]]


def answers_of(entry: Entry | None) -> str:
    """The statuses that a rule was answered with, those of several cases with their number. Of a race, its worth."""
    if entry is None:
        return ""
    if by_luck(entry):
        return _worth(entry["race"], verdict_of(entry) in FAULTS)
    counts = Counter(map(_status, entry.get("cases", [entry])))
    del counts[None]
    return ", ".join(itertools.starmap(_counted, counts.items()))


def _counted(status: object, cases: int) -> str:
    return f"{status}" if cases == 1 else f"{status} ({cases} cases)"


def by_luck(entry: Entry | None) -> bool:
    """Whether it is of a race that may have been lucky: that it shows nothing is no proof that there is nothing."""
    return bool(entry and "race" in entry and entry["race"].get("rounds"))


def about(report: Document) -> str:
    """What a column stands for: profile, software, address and run."""
    target, run = report["target"], report["run"]
    facts = (report["profile"]["id"], target["software"], target["base_url"], f"run {run['id']}")
    return " · ".join(one_line(fact, 120) for fact in facts if fact)


def named(reports: Sequence[Document]) -> Iterator[tuple[str, Document]]:
    """The reports with short names, A, B, C ... Z, A2, B2, which a legend explains."""
    for number, report in enumerate(reports):
        turn, letter = divmod(number, len(ascii_uppercase))
        yield ascii_uppercase[letter] + (str(turn + 1) if turn else ""), report


def _label(case: Entry) -> str:
    return label_of(case.get("row", {}), case.get("resource_type", ""))


def _status(case: Entry) -> object:
    return case.get("observed", {}).get("status")


def _worth(race: Entry, at_fault: bool) -> str:
    """What a race has shown, or else what it is worth that it showed nothing."""
    shown = ", ".join(dict.fromkeys(str(anomaly["name"]) for anomaly in race["anomalies"]))
    if shown or at_fault:
        return shown or f"{race['rounds']} rounds"
    return f"nothing seen in {race['rounds']} rounds, which leaves an exposure of up to {race['exposure_below']:.1%}"
