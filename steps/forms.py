"""When and Then of writes in one form of If-Match after the other: see GROUPS in `ifmatch/rules/doors.py`."""

from pytest_bdd import parsers, then, when

from ifmatch.client.demands import demand_gone, demand_unchanged
from ifmatch.client.forms import demand_tried, try_forms, try_forms_on_nothing
from ifmatch.rules.door_table import forms
from ifmatch.rules.doors import DOORS


@when(
    parsers.parse("it is written by {door} in each form that misses its current version"),
    target_fixture="tried",
)
def write_in_other_forms(target, bench, resource, door):
    return try_forms(target, bench, DOORS[door], resource, forms(door, "other-forms", "exists"))


@when(
    parsers.parse(
        "it is written by {door} in each form that leaves it open whether it names the current version"
    ),
    target_fixture="tried",
)
def write_in_open_forms(target, bench, resource, door):
    return try_forms(target, bench, DOORS[door], resource, forms(door, "open-forms", "exists"))


@when(
    parsers.parse("it is written by {door} in each form, though nothing is there"),
    target_fixture="tried",
)
def write_to_nothing(target, bench, resource, door):
    cases = forms(door, "any-form", "never")
    return try_forms_on_nothing(target, bench, DOORS[door], resource, cases)


@when(
    parsers.parse("it is written by {door} in each form, though it is deleted"),
    target_fixture="tried",
)
def write_to_deleted(target, bench, resource, door):
    cases = forms(door, "any-form", "deleted")
    return try_forms_on_nothing(target, bench, DOORS[door], resource, cases)


@then("the server answers each as promised")
def each_as_promised(case, tried):
    case.all_answered([one.attempt.answer for one in tried])


@then("what each asked for is done or not, as its answer says")
def each_done_or_not(case, bench, resource, tried):
    demand_tried(case, resource, tried)
    if not (tried[-1].is_accepted and tried[-1].later is None):
        demand_unchanged(bench, case, resource)


@then("nothing is there but what the answers say")
def nothing_made(case, glancing, resource, tried):
    if not any(one.is_accepted and not one.attempt.deletes for one in tried):
        demand_gone(glancing, case, resource)
