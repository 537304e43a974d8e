"""Given, When and Then of what a server keeps of a write besides the resource: audit events and provenance."""

from types import SimpleNamespace

from pytest_bdd import given, parsers, then, when

from ifmatch.client.doors import write
from ifmatch.client.side_effects import (
    PATIENCE,
    awaited,
    demand_refused,
    present,
    records_of,
    settled,
)
from ifmatch.rules.doors import DOORS
from ifmatch.rules.expectation import describe

from .patches import patch_current

_RECORD = r"(?P<record>audit event|provenance)"
_WRITE = r"(?P<done>update|patch|delete)"


@given(parsers.re(rf"every {_RECORD} of its {_WRITE} is known"), target_fixture="known")
def all_known(target, resource, record, done):
    return present(target, records_of(target, record, done), resource)


@given(parsers.re(rf"an? {_RECORD} says so"), target_fixture="known")
def is_kept(case, target, resource, record):
    # Where an accepted write leaves none, that a refused one leaves none shows nothing.
    found = settled(target, records_of(target, record), resource)
    return case.shown(found or None, f"any {record} of an accepted update")


@given(parsers.re(rf"an? {_RECORD} tells of the {_WRITE} of another resource"))
def is_kept_of_such(case, target, bench, record, done):
    # The same for a write of this kind: a server may keep something of updates alone.
    other = bench.make()
    case.accepted(_DO[done](target, bench, other).answer)
    found = awaited(target, records_of(target, record, done), other, frozenset())
    case.shown(found or None, f"any {record} of an accepted {done}")


def _delete(target, bench, resource):
    return write(target, bench, DOORS["delete"], resource, [resource.now.tag])


def _update(target, bench, resource):
    return bench.update(resource)


#: How each kind of write is carried out from the current version.
_DO = {"update": _update, "patch": patch_current, "delete": _delete}


@when("it is deleted from its current version", target_fixture="attempt")
def delete_current(target, bench, resource):
    return _delete(target, bench, resource)


@when("it is deleted from the version that was read", target_fixture="attempt")
def delete_stale(target, bench, resource):
    return write(target, bench, DOORS["delete"], resource, [resource.read.tag])


@then(parsers.re(rf"a new {_RECORD} of the {_WRITE} says that it was done"))
def is_told(case, target, resource, known, record, done):
    _demand_told(case, target, resource, known, record, done)


@then(parsers.re(rf"a new {_RECORD} says that it was created"))
def creation_is_told(case, target, attempt, record):
    made = SimpleNamespace(type=attempt.sent["resourceType"], id=attempt.id)
    _demand_told(case, target, made, frozenset(), record, "create")


def _demand_told(case, target, subject, known, record, done):
    found = awaited(target, records_of(target, record, done), subject, known)
    case.fact(
        bool(found), f"a new {record} of the {done}", f"no new {record} within {PATIENCE:g} s"
    )


@then(parsers.re(rf"no new {_RECORD} says that a refused {_WRITE} was done"))
def is_not_told(case, target, resource, attempt, known, record, done):
    demand_refused(attempt.answer)
    case.observed.update(status=attempt.answer.status, answer=describe(attempt.answer))
    found = awaited(target, records_of(target, record, done), resource, known)
    expected = f"no new {record} that says it was done"
    case.fact(not found, expected, f"one that says so: {', '.join(sorted(found))}")
