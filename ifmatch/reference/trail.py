"""What the server keeps of a write besides the resource, where its profile says so: audit events and provenance."""

from collections.abc import Callable, Mapping

from ifmatch.reference.exchange import Exchange
from ifmatch.reference.message import Resource, instant

#: The writes of one resource that are kept, with their action (FHIR value set audit-event-action).
_ACTIONS: Mapping[str, str] = {"create": "C", "update": "U", "patch": "U", "delete": "D"}

#: AuditEvent.outcome of what was done, and of what was refused; R5 has other codes for it.
_OUTCOMES: Mapping[bool, tuple[str, str]] = {True: ("0", "success"), False: ("4", "error")}

#: Provenance.activity of each write (HL7 v3 code system DataOperation).
_ACTIVITIES: Mapping[str, str] = {
    "create": "CREATE",
    "update": "UPDATE",
    "patch": "UPDATE",
    "delete": "DELETE",
}

_OPERATIONS = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"

_SERVER = "ifmatch reference server"


def keep(exchange: Exchange, done: bool) -> None:
    """Put down what became of a write to one resource: that it was done, or refused."""
    if exchange.interaction not in _ACTIONS or not exchange.id:
        return
    for name in exchange.world.profile.embedded.trail:
        record = _KEPT[name](exchange, done)
        if record is not None:
            _store(exchange, record)


def _store(exchange: Exchange, record: Resource) -> None:
    world = exchange.world
    id_, version, time = world.new_id(), world.new_version(0), world.store.time_after(None)
    meta = {"versionId": version, "lastUpdated": instant(time)}
    stored = {"id": id_, "meta": meta, "recorded": instant(time), **record}
    world.store.add(record["resourceType"], id_, version, time, "POST", stored)


def _provenance(exchange: Exchange, done: bool) -> Resource | None:
    """A Provenance of what was done; of what was refused there is none."""
    faults = exchange.world.faults
    if done and faults.on("write-without-provenance"):
        return None
    if not done and not faults.on("refused-write-has-provenance"):
        return None
    return {
        "resourceType": "Provenance",
        "target": [_reference(exchange)],
        "activity": _activity(exchange),
        "agent": [{"who": {"display": _SERVER}}],
    }


def _activity(exchange: Exchange) -> Resource:
    """What was done: a concept, but in STU3, which has a coding alone."""
    coding = {"system": _OPERATIONS, "code": _ACTIVITIES[exchange.interaction]}
    return coding if exchange.world.profile.fhir == "STU3" else {"coding": [coding]}


def _audit_event(exchange: Exchange, done: bool) -> Resource | None:
    """An AuditEvent of what was done or refused, in the form of the profile's version of FHIR."""
    faults = exchange.world.faults
    if done and faults.on("write-without-audit-event"):
        return None
    told = done or faults.on("refused-write-audited-as-done")
    shape = _SHAPES.get(exchange.world.profile.fhir, _event_of_r4)
    return {"resourceType": "AuditEvent", **shape(exchange, told)}


def _event_of_dstu2(exchange: Exchange, done: bool) -> Resource:
    event = {
        "type": {"code": "rest"},
        "subtype": [{"code": exchange.interaction}],
        "action": _ACTIONS[exchange.interaction],
        "outcome": _OUTCOMES[done][0],
    }
    return {
        "event": event,
        "participant": [{"requestor": True}],
        "source": {"identifier": {"value": _SERVER}},
        "object": [{"reference": _reference(exchange)}],
    }


def _event_of_stu3(exchange: Exchange, done: bool) -> Resource:
    return {
        **_event_of_r4(exchange, done),
        "source": {"identifier": {"value": _SERVER}},
        "entity": [{"reference": _reference(exchange)}],
    }


def _event_of_r4(exchange: Exchange, done: bool) -> Resource:
    return {
        "type": {"code": "rest"},
        "subtype": [{"code": exchange.interaction}],
        "action": _ACTIONS[exchange.interaction],
        "outcome": _OUTCOMES[done][0],
        "agent": [{"requestor": True}],
        "source": {"observer": {"display": _SERVER}},
        "entity": [{"what": _reference(exchange)}],
    }


def _event_of_r5(exchange: Exchange, done: bool) -> Resource:
    return {
        "code": {"coding": [{"code": exchange.interaction}]},
        "action": _ACTIONS[exchange.interaction],
        "outcome": {"code": {"code": _OUTCOMES[done][1]}},
        "agent": [{"who": {"display": _SERVER}, "requestor": True}],
        "source": {"observer": {"display": _SERVER}},
        "entity": [{"what": _reference(exchange)}],
    }


def _reference(exchange: Exchange) -> Resource:
    return {"reference": f"{exchange.type}/{exchange.id}"}


#: What may be kept, by the type of resource that it is.
_KEPT: Mapping[str, Callable[[Exchange, bool], Resource | None]] = {
    "AuditEvent": _audit_event,
    "Provenance": _provenance,
}

#: Versions of FHIR whose AuditEvent is not that of R4.
_SHAPES: Mapping[str, Callable[[Exchange, bool], Resource]] = {
    "DSTU2": _event_of_dstu2,
    "STU3": _event_of_stu3,
    "R5": _event_of_r5,
    "R6": _event_of_r5,
}
