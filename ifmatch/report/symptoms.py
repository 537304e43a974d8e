"""What went wrong with what: the symptom of a failure, read from its evidence.

It is the interaction of the exchange that decided, and how its answer differs from what was promised. Nothing here
knows a server or a rule by name.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ifmatch.judge.anomaly import Name
from ifmatch.log.events import VerdictReached
from ifmatch.report.evidence import deciding_exchange, first_anomaly
from ifmatch.report.interaction import asked_in_entries, interaction_of, is_bundle
from ifmatch.report.run import Run
from ifmatch.rules.expectation import Finding

ACCEPTED = "accepted, though it must be refused"
REFUSED = "refused, though it must be accepted"
SERVER_ERROR = "answered with a server error"

APPLIED = "refused, and applied all the same"

#: What was answered to the entries of a Bundle is then known of none of them.
DISORDER = "the answers to the entries of a Bundle stand in another order"

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
    ("4", "3"): ACCEPTED,
    ("2", "4"): REFUSED,
    ("3", "4"): REFUSED,
}

#: The same where only what became of a request is told.
_WRONG_EFFECT: Mapping[tuple[str, str], str] = {
    ("refused", "accepted"): ACCEPTED,
    ("accepted", "refused"): REFUSED,
}

#: How an expectation speaks of the answer to an entry that is no rule's subject: it stands beside the one that is.
BESIDE = "the entry beside it accepted"

#: How an expectation speaks of an accepted request whose status it leaves open.
_TO_ACCEPT = re.compile(rf"an accepted write|accepted|{BESIDE}|an update of .*")

#: How it is told of a race, where no story of it can be told, that more were accepted than one.
_SEVERAL = "several accepted writes"

_STATUS = re.compile(r"[1-5](?:\d\d|xx)\b")

#: How what is wrong begins where an answer has another status than one of those that are due.
_ANSWERED = "answered "

#: How what is wrong begins where it is no answer as a whole, but something that was seen.
_FACT = "expected "

#: A read, whatever it depends on, and a write of what matches, whatever is written.
_CONDITIONAL_READ = "conditional read"
_CONDITIONAL_WRITE = "conditional write"

#: How a finding about a resource speaks of one that must not be there, and of one that must and is not.
_GONE = re.compile(r"\bgone\b")
_READ_IN_VAIN = re.compile(r"a read(?: is answered|:) 4\d\d")

#: What differs from case to case in a sentence about a fact: quoted texts, addresses, numbers, what it is a fact about.
_PARTICULAR = re.compile(
    r"(?<=of the )(?:create|update|patch|delete)\b|'[^']*'|\"[^\"]*\"|\S*\d\S*|\S*/\S*"
)


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
    first = interaction.partition(" and ")[0]
    return list(dict.fromkeys(_of_finding(finding, each) for each in (interaction, first)))


def _was_refused(case: VerdictReached) -> bool:
    return str(case.observed.get("status")).startswith("4")


def plainer(case: VerdictReached, symptom: Symptom, run: Run) -> Iterator[Symptom]:
    """What a rule may show with more ado than another one.

    Of a Bundle it may be the order of the answers; where the resource is not as it should be, it may be the read that
    shows it so; what goes wrong in a Bundle may go wrong without one; and what a read on a condition shows may be what
    any read does.
    """
    if _is_of_a_bundle(case, run):
        yield Symptom("", DISORDER)
    for finding in case.findings[:1]:
        if finding.state and (wrong := _wrong_read(finding)):
            yield Symptom("read", wrong)
    for interaction in _bare_interactions(case, run):
        yield Symptom(interaction, symptom.wrong)
    if symptom.interaction == _CONDITIONAL_READ:
        yield Symptom("read", symptom.wrong)


def refusal_of(case: VerdictReached, symptom: Symptom) -> tuple[str, str]:
    """What was refused, whatever it depended on, and with which status: `update`, `422`; empty where nothing was."""
    came = [status for finding in case.findings[:1] for status in statuses_in(finding.got)]
    is_refusal = symptom.wrong == REFUSED or symptom.wrong.startswith(_ANSWERED)
    return (
        (symptom.interaction.partition(" with ")[0], came[0]) if came and is_refusal else ("", "")
    )


def _wrong_read(finding: Finding) -> str:
    """What is wrong with reads if it is these that show a resource as it should not be."""
    if _GONE.search(finding.expected):
        return ACCEPTED
    return REFUSED if _READ_IN_VAIN.match(finding.got) else ""


def _is_of_a_bundle(case: VerdictReached, run: Run) -> bool:
    exchange = deciding_exchange(case, run)
    return exchange is not None and is_bundle(exchange.request, run.target.base_url)


def _bare_interactions(case: VerdictReached, run: Run) -> list[str]:
    """What the entries of the Bundles that decided ask for, in the words for a request of its own."""
    ids = [operation.exchange for operation in first_anomaly(case).operations]
    deciding = deciding_exchange(case, run)
    exchanges = run.exchanges_of(ids) if ids else [deciding] if deciding else []
    return [name for exchange in exchanges for name in asked_in_entries(exchange.request)]


# ---------------------------------------------------------------- one scenario


def _of_finding(finding: Finding, interaction: str) -> Symptom:
    due, came = statuses_in(finding.expected), statuses_in(finding.got)
    if wrong := _wrong_answers(finding):
        return Symptom("" if wrong == DISORDER else interaction, wrong)
    if came and (due or came[0].startswith("5")):
        return _of_status(interaction, due, came[0])
    # A header or a body that is not as promised is so whatever was asked for; a wrong resource is not.
    about = interaction if finding.state else ""
    return Symptom(about, f"{_FACT}{without_particulars(finding.expected)}")


def _wrong_answers(finding: Finding) -> str:
    """What is wrong with the answers to the entries of a Bundle, `refused, accepted`, or with those of a race.

    Empty where it differs.
    """
    if finding.got.startswith(_SEVERAL):
        return ACCEPTED
    due, came = finding.expected.split(", "), finding.got.split(", ")
    if due != came and sorted(due) == sorted(came):
        return DISORDER
    wrongs = {
        _WRONG_EFFECT.get(pair, "") for pair in zip(due, came, strict=False) if len(set(pair)) > 1
    }
    return wrongs.pop() if len(wrongs) == 1 else ""


def _of_status(interaction: str, due: Sequence[str], came: str) -> Symptom:
    """No condition makes a read one that must be refused: which one it named does not matter then.

    Nor does it matter of a write by criteria what it was to write, when the server failed: it had to search first.
    """
    wrong = _wrong_status(due, came)
    if interaction.startswith("read with ") and wrong in (ACCEPTED, REFUSED):
        return Symptom(_CONDITIONAL_READ, wrong)
    if interaction.startswith("conditional ") and wrong == SERVER_ERROR:
        return Symptom(_CONDITIONAL_WRITE, wrong)
    return Symptom(interaction, wrong)


def _wrong_status(due: Sequence[str], came: str) -> str:
    if came.startswith("5"):
        return SERVER_ERROR
    plain = f"{_ANSWERED}{came}, not {' or '.join(due)}"
    return _WRONG_CLASS.get((due[0][0], came[0]), plain)


def statuses_in(text: str) -> list[str]:
    """The statuses that the beginning of a sentence speaks of: `409 or 412 with an OperationOutcome`."""
    answer = "2xx" if _TO_ACCEPT.fullmatch(text) else text.partition(" with ")[0]
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
