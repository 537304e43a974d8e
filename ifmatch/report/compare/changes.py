"""What changed from one report to the next."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ifmatch.report.document import Document
from ifmatch.report.entries import (
    FAULTS,
    Case,
    Entry,
    answers_of,
    by_luck,
    cases_of,
    column_of,
    verdict_of,
)
from ifmatch.rules.verdict import Verdict


class Kind(Enum):
    """What became of a rule from one report to the next, the gravest first: its heading, and how it is counted."""

    FAILS = "New failures", "new failure", "new failures"
    ERRORS = "New errors", "new error", "new errors"
    INCONCLUSIVE = "Newly inconclusive", "newly inconclusive", "newly inconclusive"
    WARNS = "New warnings", "new warning", "new warnings"
    WAIVED = "Newly waived", "newly waived", "newly waived"
    UNJUDGED = "No longer judged", "no longer judged", "no longer judged"
    ANSWERS = "Same verdict, other answer", "answered otherwise", "answered otherwise"
    UNSEEN = "Not seen again", "not seen again", "not seen again"
    FIXED = "Fixed", "fixed", "fixed"
    JUDGED = "Judged now", "judged now", "judged now"

    def __init__(self, heading: str, one: str, many: str) -> None:
        """Unpacks the row of the table above."""
        self.heading, self.one, self.many = heading, one, many


#: What a new verdict is, whatever the old one was.
_TURNED: Mapping[Verdict | None, Kind] = {
    Verdict.FAIL: Kind.FAILS,
    Verdict.ERROR: Kind.ERRORS,
    Verdict.INCONCLUSIVE: Kind.INCONCLUSIVE,
    Verdict.WARN: Kind.WARNS,
    Verdict.WAIVED: Kind.WAIVED,
    Verdict.NOT_APPLICABLE: Kind.UNJUDGED,
    None: Kind.UNJUDGED,
}

#: Kinds of changes of which a message would say nothing more.
_SPEAK_FOR_THEMSELVES = frozenset({Kind.UNSEEN, Kind.FIXED, Kind.JUDGED, Kind.ANSWERS})

_OTHER_PROFILE = (
    "The profile itself is not the same in both: what it promises may have changed, not the target."
)


@dataclass(frozen=True)
class Change:
    """One rule that came out otherwise. A verdict is None in a report that does not have the rule."""

    kind: Kind
    rule: str
    title: str
    was: Verdict | None
    now: Verdict | None
    was_answered: str
    now_answers: str
    message: str

    @property
    def before(self) -> str:
        """The old verdict and answers in words."""
        return _in_words(self.was, self.was_answered)

    @property
    def after(self) -> str:
        """The new verdict and answers in words."""
        return _in_words(self.now, self.now_answers)


def changes(old: Document, new: Document) -> list[Change]:
    """Every rule that came out otherwise in the newer report, the gravest changes first, else in the report's order."""
    before, after = column_of(old), column_of(new)
    rules = dict.fromkeys([*after, *before])
    found = [_change(rule, before.get(rule), after.get(rule)) for rule in rules]
    gravity = list(Kind)
    return sorted(filter(None, found), key=lambda change: gravity.index(change.kind))


def comparable(reports: Sequence[Document]) -> bool:
    """Whether changes can be listed: two reports of one target under one profile.

    A target is the same at the same address, and at another one when its software has the same name, in any version.
    """
    if len(reports) != 2:
        return False
    old, new = reports
    same_profile = old["profile"]["id"] == new["profile"]["id"]
    same_address = old["target"]["base_url"] == new["target"]["base_url"]
    same_software = _software(old) == _software(new) != ""
    return same_profile and (same_address or same_software)


def counted(found: Iterable[Change]) -> str:
    """How many changes there are of each kind, in words."""
    counts = Counter(change.kind for change in found)
    parts = [
        f"{counts[kind]} {kind.one if counts[kind] == 1 else kind.many}"
        for kind in Kind
        if counts[kind]
    ]
    return " · ".join(parts) or "nothing changed"


def remark(old: Document, new: Document) -> str:
    """What must be known to read the changes rightly; empty when there is nothing."""
    return "" if old["profile"]["sha256"] == new["profile"]["sha256"] else _OTHER_PROFILE


def _change(rule: str, old: Entry | None, new: Entry | None) -> Change | None:
    was, now = verdict_of(old), verdict_of(new)
    kind = _kind(was, now, by_luck(new)) if was is not now else _other_answer(old, new)
    if kind is None:
        return None
    was_answered, now_answers = _both_answers(kind, old, new)
    latest = new or old or {}
    return Change(
        kind=kind,
        rule=rule,
        title=str(latest["title"]),
        was=was,
        now=now,
        was_answered=was_answered,
        now_answers=now_answers,
        message=_message(kind, new),
    )


def _message(kind: Kind, new: Entry | None) -> str:
    return "" if new is None or kind in _SPEAK_FOR_THEMSELVES else str(new["message"])


def _kind(was: Verdict | None, now: Verdict | None, maybe_lucky: bool) -> Kind:
    if now in _TURNED:
        return _TURNED[now]
    if was not in FAULTS:
        return Kind.JUDGED
    return Kind.UNSEEN if maybe_lucky else Kind.FIXED


def _other_answer(old: Entry | None, new: Entry | None) -> Kind | None:
    """Whether a rule of the same verdict was answered otherwise in any case. The answers of a race are chance."""
    racing = any("race" in entry for entry in (old, new) if entry)
    return None if racing or cases_of(old) == cases_of(new) else Kind.ANSWERS


def _both_answers(kind: Kind, old: Entry | None, new: Entry | None) -> tuple[str, str]:
    """The answers in both reports; where only they differ, of the cases that were not answered alike."""
    if kind is not Kind.ANSWERS:
        return answers_of(old), answers_of(new)
    before, after = cases_of(old), cases_of(new)
    return _differing(before, after), _differing(after, before)


def _differing(mine: Sequence[Case], others: Sequence[Case]) -> str:
    cases = [case for case in mine if case not in others]
    return ", ".join(" ".join(map(str, filter(None, case))) for case in cases)


def _in_words(verdict: Verdict | None, answers: str) -> str:
    word = "not there" if verdict is None else verdict.value
    return f"{word}, {answers}" if answers else word


def _software(report: Document) -> str:
    """The name of a target's software without its version, which is the last word with a digit."""
    name, _, last = str(report["target"]["software"]).rpartition(" ")
    return name if any(map(str.isdigit, last)) else f"{name} {last}".strip()
