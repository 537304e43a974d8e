"""Failures grouped by what they have in common: the simplest rule first, and with it those that fail the same way.

A server that ignores If-Match breaks a dozen rules. A person wants to see the plainest of them, and that the others are
no news. Which belong together is read from the evidence: the interaction of the exchange that decided, and how its
answer differs from what was promised. Nothing here knows a server or a rule by name.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ifmatch.judge.anomaly import Name
from ifmatch.log.events import VerdictReached
from ifmatch.report.evidence import deciding_exchange, first_anomaly
from ifmatch.report.interaction import asked_in_entries, interaction_of
from ifmatch.report.run import Judged, Run
from ifmatch.rules.catalogue import is_watched
from ifmatch.rules.expectation import Finding
from ifmatch.rules.verdict import Verdict

ACCEPTED = "accepted, though it must be refused"
REFUSED = "refused, though it must be accepted"
SERVER_ERROR = "answered with a server error"

APPLIED = "refused, and applied all the same"

#: Anomalies of races that a single request may show, too: a condition that was not looked at, or a refusal in vain.
SAME_AS_PLAIN: Mapping[str, str] = {
    Name.LOST_UPDATE.label: ACCEPTED,
    Name.STALE_SUCCESS.label: ACCEPTED,
    Name.SKIPPED.label: ACCEPTED,
    Name.DUPLICATE_CREATE.label: ACCEPTED,
    Name.GHOST.label: APPLIED,
}

#: Anomalies of races that may be what a single request shows, too, and are told with it where one has shown it.
_PERHAPS_PLAIN: Mapping[str, str] = {
    Name.HALF_TRANSACTION.label: APPLIED,
    Name.HALF_SEEN.label: APPLIED,
}

#: What it means that an answer of one class came where one of another was due: due, came.
_WRONG_CLASS: Mapping[tuple[str, str], str] = {
    ("4", "2"): ACCEPTED,
    ("2", "4"): REFUSED,
}

#: The same where only what became of a request is told.
_WRONG_EFFECT: Mapping[tuple[str, str], str] = {
    ("refused", "accepted"): ACCEPTED,
    ("accepted", "refused"): REFUSED,
}

#: How an expectation speaks of the answer to an entry that is no rule's subject: it stands beside the one that is.
_BESIDE = "the entry beside it accepted"

#: How an expectation speaks of an answer whose status it leaves open.
_IN_WORDS: Mapping[str, str] = {"an accepted write": "2xx", "accepted": "2xx", _BESIDE: "2xx"}

_STATUS = re.compile(r"[1-5](?:\d\d|xx)\b")

#: How what is wrong begins where it is no answer as a whole, but something that was seen.
_FACT = "expected "

#: What differs from case to case in a sentence about a fact: quoted texts, addresses, numbers.
_PARTICULAR = re.compile(r"'[^']*'|\"[^\"]*\"|\S*\d\S*|\S*/\S*")


@dataclass(frozen=True)
class Symptom:
    """What went wrong with what: failures with the same symptom are taken to have the same cause."""

    interaction: str
    wrong: str

    def __str__(self) -> str:
        """The symptom in words."""
        text = f"{self.interaction}: {self.wrong}" if self.interaction else self.wrong
        return f"{text[:1].upper()}{text[1:]}"

    def heading(self, title: str) -> str:
        """The symptom as a heading. Of a fact, it is the sentence that does not hold: the title of a rule."""
        return f"Broken promise: {title}" if self.wrong.startswith(_FACT) else str(self)


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
    def consequences(self) -> tuple[Judged, ...]:
        """The rules that show it again."""
        return self.rules[1:]


def causes(rules: Iterable[Judged], run: Run) -> tuple[Cause, ...]:
    """Rules of a run grouped by their symptom, the simplest of each cause first: see `_simplest_first`.

    Causes that a single request shows come before those that only a race does, then those that break the most rules,
    counting the ones that only warn.
    """
    grouped: dict[Symptom, list[Judged]] = {}
    for judged in sorted(rules, key=_ado):
        symptom = _known_or_first(symptoms_of(judged.spokesman, run), grouped)
        grouped.setdefault(symptom, []).append(judged)
    grouped = _without_wrappers(grouped, run)
    found = [Cause(symptom, _simplest_first(alike, run)) for symptom, alike in grouped.items()]
    broken = [judged for judged in run.rules if judged.verdict in (Verdict.FAIL, Verdict.WARN)]
    seen = Counter(symptoms_of(judged.spokesman, run)[0] for judged in broken)

    def gravest(cause: Cause) -> tuple[int, int]:
        return _kind(cause.simplest), -max(len(cause.rules), seen[cause.symptom])

    return tuple(sorted(found, key=gravest))


def _without_wrappers(
    grouped: Mapping[Symptom, list[Judged]], run: Run
) -> dict[Symptom, list[Judged]]:
    """The groups, where what goes wrong in a Bundle stands with the same that goes wrong without one."""
    joined: dict[Symptom, list[Judged]] = {}
    for symptom, alike in grouped.items():
        for judged in alike:
            bare = (Symptom(name, symptom.wrong) for name in _bare_interactions(judged, run))
            home = next((each for each in bare if each in grouped), symptom)
            joined.setdefault(home, []).append(judged)
    return joined


def _bare_interactions(judged: Judged, run: Run) -> list[str]:
    """What the entries of the Bundles that decided ask for, in the words for a request of its own."""
    case = judged.spokesman
    ids = [operation.exchange for operation in first_anomaly(case).operations]
    deciding = deciding_exchange(case, run)
    exchanges = run.exchanges_of(ids) if ids else [deciding] if deciding else []
    return [name for exchange in exchanges for name in asked_in_entries(exchange.request)]


def _simplest_first(alike: Sequence[Judged], run: Run) -> tuple[Judged, ...]:
    """Rules of one cause: sequential ones before races, those that need no Bundle before those that do, then those that
    fail as most do, then those of short names.

    A rule of a short name is the general one, of which others are special cases. One that is kept in itself, and fails
    for what stands beside it, comes after those that are about just that.
    """
    seen = Counter(map(_first_finding, alike))

    def particular(judged: Judged) -> tuple[int, bool, bool, int, int, int]:
        expected, _ = finding = _first_finding(judged)
        words = len(re.split("[.-]", judged.rule))
        kind, exchanges = _ado(judged)
        is_bundled = bool(_bare_interactions(judged, run))
        return kind, is_bundled, expected == _BESIDE, -seen[finding], words, exchanges

    return tuple(sorted(alike, key=particular))


def _first_finding(judged: Judged) -> tuple[str, str]:
    """What was expected of a rule and what came, without the particulars."""
    findings = judged.spokesman.findings[:1]
    return next(((finding.expected, finding.got) for finding in findings), ("", ""))


def _known_or_first(symptoms: Sequence[Symptom], known: Container[Symptom]) -> Symptom:
    return next((symptom for symptom in symptoms if symptom in known), symptoms[0])


def symptoms_of(case: VerdictReached, run: Run) -> list[Symptom]:
    """What went wrong in a case, and what it may be besides: a race may show it on several interactions."""
    if first_anomaly(case).operations:
        return _of_race(case, run)
    if not case.findings:
        return [Symptom("", without_particulars(case.message))]
    exchange = deciding_exchange(case, run)
    interaction = interaction_of(exchange.request, run.target.base_url) if exchange else ""
    finding = case.findings[0]
    if finding.state and _was_refused(case):
        return [Symptom(interaction, APPLIED)]
    # Of two conditions the first may be what is wrong; then the second is no news.
    plainer = interaction.partition(" and ")[0]
    return list(dict.fromkeys(_of_finding(finding, each) for each in (interaction, plainer)))


def _was_refused(case: VerdictReached) -> bool:
    return str(case.observed.get("status")).startswith("4")


def _ado(judged: Judged) -> tuple[int, int]:
    """How much there is to look at. What is watched in every exchange names one, but has no story."""
    return _kind(judged), len(judged.spokesman.exchanges)


def _kind(judged: Judged) -> int:
    return 2 if judged.spokesman.race else int(is_watched(judged.rule))


# ---------------------------------------------------------------- one scenario


def _of_finding(finding: Finding, interaction: str) -> Symptom:
    due, came = statuses_in(finding.expected), statuses_in(finding.got)
    if wrong := _wrong_entries(finding):
        return Symptom(interaction, wrong)
    if came and (due or came[0].startswith("5")):
        return Symptom(interaction, _wrong_status(due, came[0]))
    # A header or a body that is not as promised is so whatever was asked for; a wrong resource is not.
    about = interaction if finding.state else ""
    return Symptom(about, f"{_FACT}{without_particulars(finding.expected)}")


def _wrong_entries(finding: Finding) -> str:
    """What is wrong with the answers to the entries of a Bundle, `refused, accepted`; empty where it differs."""
    pairs = zip(finding.expected.split(", "), finding.got.split(", "), strict=False)
    wrongs = {_WRONG_EFFECT.get(pair, "") for pair in pairs if pair[0] != pair[1]}
    return wrongs.pop() if len(wrongs) == 1 else ""


def _wrong_status(due: Sequence[str], came: str) -> str:
    if came.startswith("5"):
        return SERVER_ERROR
    plain = f"answered {came}, not {' or '.join(due)}"
    return _WRONG_CLASS.get((due[0][0], came[0]), plain)


def statuses_in(text: str) -> list[str]:
    """The statuses that the beginning of a sentence speaks of: `409 or 412 with an OperationOutcome`."""
    answer = _IN_WORDS.get(text, text).partition(" with ")[0]
    words = [word for word in re.split(r"[ ,]+", answer) if word != "or"]
    return words if all(map(_STATUS.fullmatch, words)) else []


def without_particulars(text: str) -> str:
    """A sentence about a fact without what differs from one time to the next."""
    first_line = text.partition("\n")[0].partition(" (")[0]
    return _PARTICULAR.sub("…", first_line)[:120]


# ---------------------------------------------------------------- one race


def _of_race(case: VerdictReached, run: Run) -> list[Symptom]:
    """The anomaly, or what a single request would show of it, on each interaction that named a condition.

    What a single request may show of it comes last.
    """
    interactions = _interactions_of_witness(case, run)
    conditional = list(filter(_has_condition, interactions))
    anomaly = first_anomaly(case).name
    wrongs = [SAME_AS_PLAIN.get(anomaly, anomaly)]
    if anomaly in _PERHAPS_PLAIN:
        wrongs.append(_PERHAPS_PLAIN[anomaly])
    concerned = conditional or interactions or [""]
    return [Symptom(interaction, wrong) for wrong in wrongs for interaction in concerned]


def _interactions_of_witness(case: VerdictReached, run: Run) -> list[str]:
    ids = [operation.exchange for operation in first_anomaly(case).operations]
    named = (interaction_of(one.request, run.target.base_url) for one in run.exchanges_of(ids))
    return list(dict.fromkeys(named))


def _has_condition(interaction: str) -> bool:
    return " with " in interaction or interaction.startswith("conditional ")
