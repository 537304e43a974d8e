"""Transactions with one flawed entry, by the kind of flaw: of each, nothing at all may be carried out."""

from collections.abc import Callable, Mapping

from ifmatch.client.bundle import Entry, send
from ifmatch.client.subject import Attempt, Subject
from ifmatch.client.target import Target
from ifmatch.client.unique import new_unique
from ifmatch.client.workbench import Workbench
from ifmatch.errors import RuleNotApplicable
from ifmatch.rules.content import merge
from ifmatch.rules.version import weak

#: An element of a type that refers to one other resource, and the type that it refers to.
_REFERENCES = {"Patient": ("managingOrganization", "Organization")}


def send_flawed(
    target: Target, bench: Workbench, subject: Subject, other: Subject, flaw: str
) -> Attempt:
    """A transaction that creates one resource, updates two, and has a flaw. What was to be created is what was sent."""
    flawed = _FLAWS[flaw](bench, other)
    body, _ = bench.body()
    entries = [
        Entry("POST", bench.kind.type, body),
        _update(bench, subject, subject.now.tag),
        flawed,
        *([_update(bench, other, other.now.tag)] if flawed.method == "POST" else []),
    ]
    return Attempt(send(target, "transaction", entries)[2], body)


def _update(bench: Workbench, subject: Subject, tag: str) -> Entry:
    address = f"{subject.type}/{subject.id}"
    return Entry("PUT", address, bench.changed(subject), {"ifMatch": tag})


def _precondition(bench: Workbench, other: Subject) -> Entry:
    """An update from a version that never existed."""
    never = "987654321" if other.now.version.isdigit() else new_unique()
    return _update(bench, other, weak(never))


def _content(bench: Workbench, other: Subject) -> Entry:
    """A resource that breaks the rules of its type."""
    if not bench.kind.invalid:
        raise RuleNotApplicable(f"the profile says of no {bench.kind.type} that it is invalid")
    body, unique = bench.body()
    flawed = merge(body, bench.filled(bench.kind.invalid, unique))
    return Entry("POST", bench.kind.type, flawed)


def _reference(bench: Workbench, other: Subject) -> Entry:
    """A resource that refers by criteria to what does not exist (FHIR R4 http.html#trules)."""
    if bench.kind.type not in _REFERENCES:
        raise RuleNotApplicable(f"no element of a {bench.kind.type} is known that may refer so")
    element, referred = _REFERENCES[bench.kind.type]
    nothing = f"{referred}?identifier=urn:ifmatch:identifier|{new_unique()}"
    body, _ = bench.body()
    return Entry("POST", bench.kind.type, {**body, element: {"reference": nothing}})


_FLAWS: Mapping[str, Callable[[Workbench, Subject], Entry]] = {
    "precondition": _precondition,
    "content": _content,
    "reference": _reference,
}
