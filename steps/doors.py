"""When and Then of writes by every door: see `ifmatch/rules/doors.py` for what the doors and the cases are."""

from pytest_bdd import given, parsers, then, when

from ifmatch.client.demands import (
    demand_carried_out,
    demand_gone,
    demand_mark,
    demand_untouched_by_refusal,
)
from ifmatch.client.doors import tags_for, unborn, write, write_beside
from ifmatch.errors import RuleNotApplicable
from ifmatch.rules.answer import Effect
from ifmatch.rules.doors import DOORS
from ifmatch.rules.expectation import describe


@given("a resource that someone else has updated since it was read", target_fixture="resource")
def a_superseded_resource(bench, glancing):
    made = glancing.make()
    bench.update(made)
    return made


@given("another one to be written beside it", target_fixture="other")
def another_one(glancing):
    return glancing.make()


@given("an id that was never given out", target_fixture="resource")
def an_unused_id(bench):
    return unborn(bench)


@given("others have updated it a dozen times")
def updated_a_dozen_times(bench, glancing, resource):
    for _ in range(11):
        glancing.update(resource)
    bench.update(resource)


@given("it has been brought back")
def brought_back(target, bench, resource):
    revival = _bring_back(target, bench, resource)
    if revival.answer.effect is Effect.REFUSED:
        raise RuleNotApplicable(f"nothing is brought back here: {describe(revival.answer)}")
    resource.now = bench.look(resource)


@when("it is brought back without naming a version", target_fixture="attempt")
def bring_back(target, bench, resource):
    return _bring_back(target, bench, resource)


def _bring_back(target, bench, resource):
    if bench.some_tag():
        raise RuleNotApplicable("every write must name a version, and what is deleted has none")
    return write(target, bench, DOORS["update"], resource, ())


@when(
    parsers.re(r"it is written by (?P<door>[\w-]+), naming (?P<case>[\w-]+)"),
    target_fixture="attempt",
)
def write_by_door(target, bench, resource, door, case):
    return write(target, bench, DOORS[door], resource, tags_for(case, resource))


@when(
    parsers.re(
        r"both are written in one Bundle, it by (?P<door>[\w-]+), naming (?P<case>[\w-]+), the other rightly"
    ),
    target_fixture="attempt",
)
def write_by_entry(target, bench, resource, other, door, case):
    return write_beside(target, bench, DOORS[door], resource, tags_for(case, resource), other)


@then("what was asked of it is done or not, as the answer says")
def as_the_answer_says(case, bench, resource, attempt):
    demand_carried_out(bench, case, resource, attempt)


@then("the other one is updated, whatever became of it")
def other_is_updated(case, glancing, other, attempt):
    answer = attempt.beside.answer
    case.fact(answer.effect is Effect.ACCEPTED, "the entry beside it accepted", describe(answer))
    demand_carried_out(glancing, case, other, attempt.beside)


@then("the other one is updated with it, or not at all")
def all_or_nothing(case, glancing, other, attempt):
    one, beside = attempt.answer, attempt.beside.answer
    alike = one.effect is beside.effect
    case.state(alike, "all entries done or none", f"{describe(one)} beside {describe(beside)}")
    demand_carried_out(glancing, case, other, attempt.beside)


@then("a refusal leaves it as it was")
def untouched_by_refusal(case, bench, resource, attempt):
    demand_untouched_by_refusal(bench, case, resource, attempt)


@then("a refusal leaves the id unused")
@then("it stays deleted unless the answer says otherwise")
def still_absent(case, target, glancing, resource, attempt):
    if attempt.answer.effect is Effect.ACCEPTED and not attempt.deletes:
        demand_mark(glancing, case, resource, attempt)
    elif attempt.answer.effect is not Effect.UNKNOWN:
        demand_gone(glancing, case, resource)


@then("if it is back, it holds what was sent, under a version it never had")
def back_afresh(case, glancing, resource, attempt):
    demand_mark(glancing, case, resource, attempt)
    if attempt.answer.effect is Effect.ACCEPTED:
        version = glancing.look(resource).version
        case.invariant(
            version != resource.read.version,
            "a version of its own",
            f"the version {version}, which it had before it was deleted",
        )
