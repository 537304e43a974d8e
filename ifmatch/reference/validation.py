"""A small structural validator: the elements that a type must have, and the codes that an element may take.

It knows what the profiles' resources need, read from the resource pages of each FHIR version, and nothing of slicing,
invariants or terminology: enough to recognise content that is plainly wrong.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from ifmatch.reference.message import Resource
from ifmatch.rules.profile import Profile

Table = Mapping[str, str]

#: The elements a type must have.
_REQUIRED: Table = {
    "ActivityDefinition": "status",
    "AllergyIntolerance": "patient",
    "Appointment": "status participant",
    "AuditEvent": "recorded agent source",
    "Basic": "code",
    "Condition": "subject",
    "Consent": "status",
    "DocumentReference": "status content",
    "Encounter": "status",
    "Endpoint": "status",
    "FamilyMemberHistory": "status patient relationship",
    "Flag": "status code subject",
    "Immunization": "status patient",
    "List": "status mode",
    "MedicationRequest": "intent subject",
    "Observation": "status code",
    "QuestionnaireResponse": "status",
    "Slot": "schedule start end",
    "Subscription": "status",
    "Task": "status intent",
}

#: What a FHIR version demands differently.
_REQUIRED_IN: Mapping[str, Table] = {
    "DSTU2": {
        "AllergyIntolerance": "patient substance",
        "Condition": "patient code verificationStatus",
    },
    "STU3": {"AllergyIntolerance": "patient verificationStatus", "Consent": "status patient"},
    "R4": {"Consent": "status scope category", "Encounter": "status class"},
    "R4B": {"Consent": "status scope category", "Encounter": "status class"},
    "R5": {"QuestionnaireResponse": "status questionnaire", "Condition": "subject clinicalStatus"},
    "R6": {"QuestionnaireResponse": "status questionnaire", "Condition": "subject clinicalStatus"},
}

_APPOINTMENT = "proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in waitlist"
_PUBLICATION = "draft active retired unknown"
_OBSERVATION = "registered preliminary final amended corrected cancelled entered-in-error unknown"
_TASK = (
    "draft requested received accepted rejected ready "
    "cancelled in-progress on-hold failed completed entered-in-error"
)

#: The codes of an element that is bound to a required value set.
_CODES: Table = {
    "ActivityDefinition.status": _PUBLICATION,
    "Appointment.status": _APPOINTMENT,
    "Consent.status": "draft proposed active rejected inactive entered-in-error not-done unknown",
    "Endpoint.status": "active suspended error off entered-in-error test limited",
    "FamilyMemberHistory.status": "partial completed entered-in-error health-unknown",
    "Flag.status": "active inactive entered-in-error",
    "List.mode": "working snapshot changes",
    "List.status": "current retired entered-in-error",
    "Observation.status": _OBSERVATION,
    "Patient.gender": "male female other unknown",
    "Person.gender": "male female other unknown",
    "Practitioner.gender": "male female other unknown",
    "QuestionnaireResponse.status": "in-progress completed amended entered-in-error stopped",
    "RelatedPerson.gender": "male female other unknown",
    "Task.intent": "unknown proposal plan order original-order reflex-order filler-order instance-order option",
    "Task.priority": "routine urgent asap stat",
    "Task.status": _TASK,
}

_CODES_IN: Mapping[str, Table] = {
    "DSTU2": {
        "AllergyIntolerance.category": "food medication environment other",
        "AllergyIntolerance.criticality": "CRITL CRITH CRITU",
        "AllergyIntolerance.status": "active unconfirmed confirmed inactive resolved refuted entered-in-error",
        "AllergyIntolerance.type": "allergy intolerance",
        "Condition.verificationStatus": "provisional differential confirmed refuted entered-in-error unknown",
        "Observation.status": "registered preliminary final amended cancelled entered-in-error unknown",
    },
    "STU3": {
        "AllergyIntolerance.clinicalStatus": "active inactive resolved",
        "AllergyIntolerance.verificationStatus": "unconfirmed confirmed refuted entered-in-error",
        "Condition.clinicalStatus": "active recurrence inactive remission resolved",
    },
}

#: The elements that are lists, and those that are texts, in every type that has them (FHIR R4 domainresource.html).
_LISTS = frozenset({"extension", "modifierExtension", "contained"})
_TEXTS = frozenset(
    {"id", "language", "implicitRules", "status", "gender", "birthDate", "intent", "mode"}
)


def problems(resource: Resource, profile: Profile) -> list[str]:
    """What is wrong with a resource by its FHIR version and by what the profile calls invalid, in words."""
    type_, fhir = resource["resourceType"], profile.fhir
    required = {
        *_of(type_, _REQUIRED, _REQUIRED_IN.get(fhir, {})).split(),
        *_required_by(profile, type_),
    }
    return [
        *_missing(resource, sorted(required)),
        *_wrong_codes(resource, fhir),
        *_wrong_shapes(resource),
    ]


def is_id(value: str) -> bool:
    """Whether a text is a logical id (FHIR R4 datatypes.html#id)."""
    return re.fullmatch(r"[A-Za-z0-9.\-]{1,64}", value) is not None


def _required_by(profile: Profile, type_: str) -> list[str]:
    """The elements without which the profile calls a resource invalid."""
    kind = profile.resources.get(type_)
    return [element for element, value in kind.invalid.items() if value is None] if kind else []


def _of(key: str, usual: Table, special: Table) -> str:
    return special.get(key, usual.get(key, ""))


def _missing(resource: Resource, required: Iterable[str]) -> Iterator[str]:
    for element in required:
        if resource.get(element) in (None, "", [], {}):
            yield f"{resource['resourceType']}.{element} is missing"


def _wrong_codes(resource: Resource, fhir: str) -> Iterator[str]:
    type_ = resource["resourceType"]
    for element, value in resource.items():
        codes = _of(f"{type_}.{element}", _CODES, _CODES_IN.get(fhir, {}))
        if codes and value not in codes.split():
            yield f"{type_}.{element} must not be {value!r}"


def _wrong_shapes(resource: Resource) -> Iterator[str]:
    for element, value in resource.items():
        for is_wrong, problem in _WRONG_SHAPES:
            if is_wrong(element, value):
                yield f"{resource['resourceType']}.{element} {problem}"


#: What an element must not be, given its name and its value.
_WRONG_SHAPES: tuple[tuple[Callable[[str, object], bool], str], ...] = (
    (lambda element, value: element in _TEXTS and not isinstance(value, str), "is not a text"),
    (
        lambda element, value: element == "id" and isinstance(value, str) and not is_id(value),
        "is not an id",
    ),
    (lambda _, value: value == [], "is an empty list"),
    (lambda element, value: element in _LISTS and not isinstance(value, list), "is not a list"),
)
