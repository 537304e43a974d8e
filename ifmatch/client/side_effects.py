"""What a server keeps of a write besides the resource: audit events and provenance, as a search finds them.

The server made them, so they stay: nothing here is journalled, changed or removed.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ifmatch.client.subject import Subject, entries, is_bundle
from ifmatch.client.target import Target
from ifmatch.errors import OutcomeUnknown, RuleNotApplicable
from ifmatch.rules.answer import Answer, Effect, Resource, objects_in
from ifmatch.rules.content import at
from ifmatch.rules.expectation import describe

#: Seconds before each look: what is kept of a write may come after its answer.
_PAUSES = (0, 0.5, 1.5)

#: How long it is looked for, in seconds.
PATIENCE = sum(_PAUSES)

#: Seconds in which a server that has begun to tell of a write tells the rest.
_SETTLING = 0.5

#: What the outcome of an audit event says of a success: a code of DICOM, from R5 on one of FHIR's own.
_SUCCESS = ("0", "success")

#: What an audit event says of each write by its action, else by the name of the interaction.
_ACTIONS: Mapping[str, str] = {"create": "C", "update": "U", "patch": "U", "delete": "D"}

#: What a provenance says of each write, where it says what was done (HL7 v3 code system DataOperation).
_ACTIVITIES: Mapping[str, str] = {
    "create": "CREATE",
    "update": "UPDATE",
    "patch": "UPDATE",
    "delete": "DELETE",
}


@dataclass(frozen=True)
class Form:
    """How a version of FHIR writes an AuditEvent.

    `parameter` finds those of a resource; `action`, `outcome` and `codings` say where these lie, as JSON Pointers.
    """

    parameter: str
    action: str
    outcome: str
    codings: str


_OF_R4 = Form("entity", "/action", "/outcome", "/subtype")
_OF_R5 = Form("entity", "/action", "/outcome/code/code", "/code/coding")

#: The page of AuditEvent in each version.
_FORMS: Mapping[str, Form] = {
    "DSTU2": Form("reference", "/event/action", "/event/outcome", "/event/subtype"),
    "STU3": _OF_R4,
    "R4": _OF_R4,
    "R4B": _OF_R4,
    "R5": _OF_R5,
    "R6": _OF_R5,
}


@dataclass(frozen=True)
class Records:
    """One kind of record: its type, what finds those of a resource, and whether one tells of the write it is about."""

    type: str
    parameter: str
    tells: Callable[[Resource], bool]


def records_of(target: Target, name: str, write: str = "update") -> Records:
    """The kind of record that a sentence names, of a write, as the target's version of FHIR has it."""
    form = _FORMS[target.profile.fhir]
    audit_events = Records(
        "AuditEvent", form.parameter, lambda event: tells_of_success(event, form, write)
    )
    return {
        "audit event": audit_events,
        "provenance": Records("Provenance", "target", lambda one: tells_of(one, write)),
    }[name]


def tells_of_success(event: Resource, form: Form, write: str) -> bool:
    """Whether an audit event says that a write was done; the suite's own reads may have left others."""
    codes = [coding.get("code") for coding in objects_in(at(event, form.codings))]
    is_of_write = at(event, form.action) == _ACTIONS[write] or write in codes
    return is_of_write and at(event, form.outcome) in _SUCCESS


def tells_of(provenance: Resource, write: str) -> bool:
    """Whether a provenance is about a write. One that says of no operation what was done may be."""
    activity = provenance.get("activity")
    concept = activity if isinstance(activity, dict) else {}
    codings = [concept, *objects_in(concept.get("coding"))]
    told = {coding.get("code") for coding in codings} & {*_ACTIVITIES.values()}
    return not told or _ACTIVITIES[write] in told


def present(target: Target, records: Records, subject: Subject) -> frozenset[str]:
    """The ids of the records which say, as of now, that the resource was written.

    Raises RuleNotApplicable when we may not search for them, OutcomeUnknown when the answer is no list.
    """
    address = f"{subject.type}/{subject.id}"
    answer = target.search(records.type, f"{records.parameter}={address}&_count=100")
    if answer.effect is Effect.REFUSED:
        raise RuleNotApplicable(f"a search for {records.type} is answered {describe(answer)}")
    if not is_bundle(answer):
        raise OutcomeUnknown(f"a search for {records.type} is answered {describe(answer)}")
    of_type = (one for one in entries(answer) if one.get("resourceType") == records.type)
    # Some servers ignore what they cannot search by and list everything: count only what is about ours.
    return frozenset(
        str(one.get("id")) for one in of_type if _names(one, address) and records.tells(one)
    )


def _names(record: Resource, address: str) -> bool:
    """Whether a record refers to a resource, or to a version of it."""
    return re.search(rf"\b{re.escape(address)}(?![\w.-])", json.dumps(record)) is not None


def awaited(
    target: Target, records: Records, subject: Subject, known: frozenset[str]
) -> frozenset[str]:
    """Those that come besides the known ones, looked for a few times: none when none has come by then."""
    for pause in _PAUSES:
        target.pause(pause)
        if new := present(target, records, subject) - known:
            return new
    return frozenset()


def settled(target: Target, records: Records, subject: Subject) -> frozenset[str]:
    """Those that tell of what was accepted, once the first has come, and time has passed for more."""
    found = awaited(target, records, subject, frozenset())
    if not found:
        return found
    target.pause(_SETTLING)
    return found | present(target, records, subject)


def demand_refused(answer: Answer) -> None:
    """Raises RuleNotApplicable when there was no refusal: whether there had to be one is for other rules to say."""
    if answer.effect is not Effect.REFUSED:
        raise RuleNotApplicable(f"the server does not refuse this: {describe(answer)}")
