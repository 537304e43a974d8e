"""Given and Then of what a server keeps of a write besides the resource: audit events and provenance."""

from pytest_bdd import given, parsers, then

from ifmatch.client.side_effects import (
    PATIENCE,
    awaited,
    demand_refused,
    present,
    records_of,
    settled,
)
from ifmatch.rules.expectation import describe

_RECORD = r"(?P<record>audit event|provenance)"


@given(parsers.re(rf"every {_RECORD} of it is known"), target_fixture="known")
def all_known(target, resource, record):
    return present(target, records_of(target, record), resource)


@given(parsers.re(rf"an? {_RECORD} says so"), target_fixture="known")
def is_kept(case, target, resource, record):
    # Where an accepted write leaves none, that a refused one leaves none shows nothing.
    found = settled(target, records_of(target, record), resource)
    return case.shown(found or None, f"any {record} of an accepted update")


@then(parsers.re(rf"a new {_RECORD} says that it was done"))
def is_told(case, target, resource, known, record):
    found = awaited(target, records_of(target, record), resource, known)
    expected = f"a new {record} of the update"
    case.fact(bool(found), expected, f"no new {record} within {PATIENCE:g} s")


@then(parsers.re(rf"no new {_RECORD} says that a refused update was done"))
def is_not_told(case, target, resource, attempt, known, record):
    demand_refused(attempt.answer)
    case.observed.update(status=attempt.answer.status, answer=describe(attempt.answer))
    found = awaited(target, records_of(target, record), resource, known)
    expected = f"no new {record} that says it was done"
    case.fact(not found, expected, f"one that says so: {', '.join(sorted(found))}")
