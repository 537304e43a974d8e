"""When and Then of conditional updates."""

from pytest_bdd import parsers, then, when

from ifmatch.errors import RuleNotApplicable
from ifmatch.rules.answer import Effect
from ifmatch.rules.content import differences
from ifmatch.target.workbench import Attempt, new_unique


def _conditional(target, bench, criterion, body, unique):
    criteria = bench.kind.criteria.get(criterion)
    if criteria is None:
        raise RuleNotApplicable(f"the profile finds no {bench.kind.type} by {criterion}")
    filled = criteria.replace("{unique}", unique)
    return Attempt(target.conditional_update(bench.kind.type, filled, body, unique=unique), body)


def _without_id(body):
    return {k: v for k, v in body.items() if k != "id"}


@when(parsers.parse("a conditional update by {criterion} matches nothing"), target_fixture="attempt")
def none(target, bench, criterion):
    return _conditional(target, bench, criterion, *bench.body())


@when(
    parsers.parse("a conditional update by {criterion} with an id in its body matches nothing"),
    target_fixture="attempt",
)
def none_with_id(target, bench, criterion):
    body, unique = bench.body()
    return _conditional(target, bench, criterion, {**body, "id": new_unique()}, unique)


@when(parsers.parse("a conditional update by {criterion} matches it"), target_fixture="attempt")
def one(target, bench, resource, criterion):
    return _conditional(target, bench, criterion, _without_id(bench.changed(resource)), resource.unique)


@when(parsers.parse("a conditional update by {criterion} with an id in its body matches it"), target_fixture="attempt")
def one_with_id(target, bench, resource, criterion):
    return _conditional(target, bench, criterion, {**bench.changed(resource), "id": new_unique()}, resource.unique)


@when(parsers.parse("a conditional update by {criterion} matches both"), target_fixture="attempt")
def many(target, bench, resources, criterion):
    return _conditional(target, bench, criterion, _without_id(bench.changed(resources[0])), resources[0].unique)


@then("an accepted update created the resource under the id in its body")
def created_under_id(case, target, bench, attempt):
    answer = target.read(bench.kind.type, attempt.sent["id"])
    there = answer.resource
    found = differences(attempt.sent, there, bench.kind.server_adds) if there else ["nothing is there"]
    if attempt.answer.effect is Effect.ACCEPTED:
        case.fact(not found, "the resource under the id in the body", f"under that id: {'; '.join(found)}")
    else:
        case.invariant(answer.effect is Effect.REFUSED, "nothing created", "a resource under the id in the body")


@then("both resources are as they were")
def both_unchanged(case, bench, resources):
    for resource in resources:
        bench.demand_unchanged(case, resource)
