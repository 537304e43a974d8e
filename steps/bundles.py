"""When and Then of transactions of several entries."""

from http import HTTPStatus

import pytest
from pytest_bdd import parsers, then, when

from ifmatch.client.demands import demand_mark, demand_unchanged
from ifmatch.client.flaws import send_flawed
from ifmatch.client.transactions import (
    creating,
    deleting,
    from_never,
    incomplete,
    parcel,
    reading,
    referring,
    updating,
    with_body_id,
)
from ifmatch.client.workbench import Attempt
from ifmatch.rules.answer import Effect
from ifmatch.rules.content import at
from ifmatch.rules.expectation import describe

from .creates import nothing_created


@when(
    parsers.parse("a transaction creates one resource, updates both, and has this flaw: {flaw}"),
    target_fixture="attempt",
)
def flawed_transaction(target, bench, resource, other, flaw):
    return send_flawed(target, bench, resource, other, flaw)


@then("a refused transaction leaves nothing behind")
def nothing_left_behind(case, bench, glancing, resource, other, attempt):
    if attempt.answer.effect is Effect.REFUSED:
        nothing_created(case, bench, attempt)
        demand_unchanged(bench, case, resource)
        demand_unchanged(glancing, case, other)


@then("the other one is as it was")
def other_one_unchanged(case, glancing, other):
    demand_unchanged(glancing, case, other)


# ---------------------------------------------------------------- several entries


@when("a transaction updates both", target_fixture="sent")
def update_both(target, bench, resource, other):
    return parcel(target, "transaction", [updating(bench, resource), updating(bench, other)])


@when(
    parsers.parse("a transaction updates both, and writes to the first in two ways: {ways}"),
    target_fixture="sent",
)
def write_twice(target, bench, resource, other, ways):
    first = updating(bench, resource)
    second = deleting(resource) if ways == "update-and-delete" else updating(bench, resource)
    return parcel(target, "transaction", [first, updating(bench, other), second])


@when(
    "a transaction reads it in its first entry, and updates it in its second",
    target_fixture="sent",
)
def read_and_update(target, bench, resource):
    return parcel(target, "transaction", [reading(resource), updating(bench, resource)])


@when("a transaction updates both and creates one resource", target_fixture="sent")
def update_both_and_create(target, bench, resource, other):
    # Creates come before updates when it is carried out, wherever they stand: the answers do not.
    entries = [updating(bench, other), updating(bench, resource), creating(bench)]
    return parcel(target, "transaction", entries)


@when(
    "a transaction creates two resources, one of which refers to the other", target_fixture="sent"
)
def create_referring(target, bench):
    return parcel(target, "transaction", referring(bench))


@when("a transaction without entries is sent", target_fixture="sent")
def send_empty(target):
    return parcel(target, "transaction", [])


@when("a transaction updates it with the id of the other one in its body", target_fixture="sent")
def update_with_other_id(target, bench, resource, other):
    return parcel(target, "transaction", [with_body_id(bench, resource, other)])


@when(
    parsers.parse("a transaction updates both, and one entry is incomplete: {flaw}"),
    target_fixture="sent",
)
def update_incomplete(target, bench, resource, other, flaw):
    entries = [updating(bench, other), incomplete(bench, resource, flaw)]
    return parcel(target, "transaction", entries)


@when(
    "a transaction updates both, the first on the condition that nothing is there",
    target_fixture="sent",
)
def update_unless_there(target, bench, resource, other):
    first = updating(bench, resource, ifNoneMatch="*")
    return parcel(target, "transaction", [first, updating(bench, other)])


@when(
    "a transaction updates it, and the other one from a version that never existed",
    target_fixture="sent",
)
def update_one_in_vain(target, bench, resource, other):
    return parcel(target, "transaction", [updating(bench, resource), from_never(bench, other)])


@when("a transaction updates it, preferring a minimal answer", target_fixture="sent")
def update_minimal(target, bench, resource):
    return parcel(target, "transaction", [updating(bench, resource)], prefer="return=minimal")


@when(
    "a batch updates it from a version that never existed, then the other one, then it from its current version",
    target_fixture="sent",
)
def batch_of_three(target, bench, resource, other):
    entries = [from_never(bench, resource), updating(bench, other), updating(bench, resource)]
    return parcel(target, "batch", entries)


@pytest.fixture
def attempt(sent):
    """A Bundle as one write."""
    return sent.attempt


@then("a refused transaction has changed neither")
def neither_changed(case, bench, glancing, resource, other, attempt):
    if attempt.answer.effect is Effect.REFUSED:
        demand_unchanged(bench, case, resource)
        demand_unchanged(glancing, case, other)


@then("a transaction that fails is explained as promised")
def failure_explained(case, sent):
    case.shown(sent.refused or None, "a refusal of an entry")
    case.answered(sent.whole)


@then("what the first entry shows is what the second wrote")
def shows_what_was_written(case, sent, resource):
    shown = case.shown(sent.answers[0].resource, "a resource in the answer to the first entry")
    written, marker = sent.entries[1].resource, resource.marker
    got, wanted = at(shown, marker), at(written, marker)
    case.fact(got == wanted, "what the transaction wrote", f"{marker} is {got!r}, not {wanted!r}")


@then("there is an answer to each entry in its place, with the version that a read shows")
def answered_in_place(case, target, sent):
    case.accepted(sent.whole)
    for entry, answer in zip(sent.entries, sent.answers, strict=True):
        created = entry.method == "POST"
        case.fact(
            answer.effect is Effect.ACCEPTED and (answer.status == HTTPStatus.CREATED) is created,
            f"{HTTPStatus.CREATED if created else HTTPStatus.OK:d} for the {entry.method}",
            describe(answer),
        )
        address = f"{entry.url}/{answer.named_id}" if created else entry.url
        version = case.shown(answer.version, "the version in the answer to an entry")
        there = target.send("GET", address).version
        case.fact(version == there, f"the version {there} of {address}", f"the version {version}")


@then("the reference names what was made")
def reference_names(case, target, glancing, sent):
    case.accepted(sent.whole)
    first, second = (answer.named_id or "none" for answer in sent.answers)
    stored = target.read(glancing.kind.type, second).text
    case.fact(
        f"{glancing.kind.type}/{first}" in stored,
        f"a reference to {glancing.kind.type}/{first}",
        "the resource as it was sent" if "urn:uuid:" in stored else "no such reference",
    )


@then("no entry shows a resource")
def no_entry_shows(case, sent):
    case.accepted(sent.whole)
    shown = [answer for answer in sent.answers if answer.resource is not None]
    case.fact(not shown, "no resource in an entry", f"{len(shown)} resources")


@then("the first entry alone is refused, and both are updated")
def first_refused(case, glancing, resource, other, sent):
    effects = [answer.effect for answer in sent.answers]
    wanted = [Effect.REFUSED, Effect.ACCEPTED, Effect.ACCEPTED]
    case.fact(effects == wanted, _effects(wanted), _effects(effects))
    for subject, place in ((other, 1), (resource, 2)):
        write = Attempt(sent.answers[place], sent.entries[place].resource)
        demand_mark(glancing, case, subject, write)


def _effects(effects):
    return ", ".join(map(str, effects))
