"""Transactions and batches of a few entries on resources of ours: what they hold, and what is answered to each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ifmatch.client.bundle import Entry, answer_to_entry, send_whole
from ifmatch.client.subject import Attempt, Subject
from ifmatch.client.target import Target
from ifmatch.client.unique import new_unique
from ifmatch.client.workbench import Workbench
from ifmatch.errors import RuleNotApplicable
from ifmatch.rules.answer import Answer, Effect, Resource
from ifmatch.rules.version import weak

#: An element of a type that refers to another resource of the same type.
_REFERENCES: Mapping[str, Callable[[str], Resource]] = {
    "Patient": lambda address: {"link": [{"other": {"reference": address}, "type": "seealso"}]},
}


@dataclass(frozen=True)
class Parcel:
    """A Bundle that was sent: its kind, its entries, the answer to all of it, and the answer to each."""

    kind: str
    entries: tuple[Entry, ...]
    whole: Answer
    answers: tuple[Answer, ...]

    @property
    def attempt(self) -> Attempt:
        """The whole of it as one write: a transaction is refused when any of its entries is."""
        refused = self.refused if self.kind == "transaction" else ()
        return Attempt(refused[0] if refused else self.whole, {})

    @property
    def refused(self) -> tuple[Answer, ...]:
        """The answers to the entries that were refused."""
        return tuple(answer for answer in self.answers if answer.effect is Effect.REFUSED)


def parcel(target: Target, kind: str, entries: Sequence[Entry], **options: Any) -> Parcel:
    """Send a Bundle of a kind."""
    whole = send_whole(target, kind, entries, **options)
    answers = tuple(answer_to_entry(whole, place) for place in range(len(entries)))
    return Parcel(kind, tuple(entries), whole, answers)


def updating(bench: Workbench, subject: Subject, tag: str = "", **conditions: str) -> Entry:
    """An entry that updates a resource from its current version, or from the one given."""
    given = conditions or {"ifMatch": tag or subject.now.tag}
    return Entry("PUT", _address(subject), bench.changed(subject), given)


def reading(subject: Subject) -> Entry:
    """An entry that reads a resource."""
    return Entry("GET", _address(subject))


def deleting(subject: Subject) -> Entry:
    """An entry that deletes a resource."""
    return Entry("DELETE", _address(subject), conditions={"ifMatch": subject.now.tag})


def creating(bench: Workbench) -> Entry:
    """An entry that creates a resource."""
    body, _ = bench.body()
    return Entry("POST", bench.kind.type, body)


def from_never(bench: Workbench, subject: Subject) -> Entry:
    """An entry that updates a resource from a version that never existed."""
    never = "987654321" if subject.now.version.isdigit() else new_unique()
    return updating(bench, subject, weak(never))


def with_body_id(bench: Workbench, subject: Subject, other: Subject) -> Entry:
    """An entry that updates a resource with the id of another one in its body."""
    body = {**bench.changed(subject), "id": other.id}
    return Entry("PUT", _address(subject), body, {"ifMatch": subject.now.tag})


def referring(bench: Workbench) -> tuple[Entry, Entry]:
    """Two entries that create, the second of which refers to the first.

    Raises RuleNotApplicable where no element of the type is known that may refer so.
    """
    kind = bench.kind.type
    if kind not in _REFERENCES:
        raise RuleNotApplicable(f"no element of a {kind} is known that may refer to another one")
    address = f"urn:uuid:{_uuid()}"
    first, second = creating(bench), creating(bench)
    body = {**(second.resource or {}), **_REFERENCES[kind](address)}
    return Entry("POST", kind, first.resource, full_url=address), Entry("POST", kind, body)


def incomplete(bench: Workbench, subject: Subject, flaw: str) -> Entry:
    """An entry that lacks its request, or the resource that its method needs."""
    whole = updating(bench, subject)
    if flaw == "without-request":
        return Entry("", "", whole.resource)
    return Entry(whole.method, whole.url, None, whole.conditions)


def _uuid() -> str:
    text = new_unique()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _address(subject: Subject) -> str:
    return f"{subject.type}/{subject.id}"
