"""When and Then of conditional updates."""

from pytest_bdd import parsers, then, when

from ifmatch.client.demands import demand_created, demand_unchanged
from ifmatch.client.matching import demand_searchable, naming_where_demanded
from ifmatch.client.workbench import Attempt, new_unique
from ifmatch.rules.answer import Effect


def _conditional(target, bench, criterion, body, unique, resources=()):
    filled = bench.criteria(criterion, unique)
    answer = naming_where_demanded(
        lambda tag: target.conditional_update(
            bench.kind.type, filled, body, unique=unique, if_match=tag
        ),
        resources,
    )
    if answer.effect is Effect.REFUSED:
        demand_searchable(target, bench, filled)
    return Attempt(answer, body)


#: Seconds: a condition may be looked up in an index that lags, so one that matches too few is tried again after these.
_LAGS = (1, 2)


def _conditional_on(target, bench, criterion, resources, body):
    """A conditional update that matches resources which were just created. What it made instead is removed first."""
    attempt = _conditional(target, bench, criterion, body(), resources[0].unique, resources)
    for pause in _LAGS if bench.offers("delete") else ():
        if not _may_have_lagged(attempt, resources):
            break
        _remove_new(target, bench, attempt, resources)
        target.tell(f"waiting {pause} s: a condition does not match what was created a moment ago")
        target.pause(pause)
        _look_again(bench, resources)
        attempt = _conditional(target, bench, criterion, body(), resources[0].unique, resources)
    return attempt


def _may_have_lagged(attempt, resources):
    """Whether fewer resources were matched than there are: a new one was made, or one of several was updated."""
    accepted = attempt.answer.effect is Effect.ACCEPTED
    return accepted and (_new_id(attempt, resources) is not None or len(resources) > 1)


def _new_id(attempt, resources):
    """The id of what was made instead of being matched, None when nothing was."""
    named = attempt.answer.named_id
    return None if named in ("", *(resource.id for resource in resources)) else named


def _remove_new(target, bench, attempt, resources):
    made = _new_id(attempt, resources)
    if made is not None:
        target.delete(bench.kind.type, made)


def _look_again(bench, resources):
    for resource in resources:
        resource.now = bench.look(resource)


def _without_id(body):
    return {k: v for k, v in body.items() if k != "id"}


@when(
    parsers.parse("a conditional update by {criterion:w} matches nothing"), target_fixture="attempt"
)
def none(target, bench, criterion):
    return _conditional(target, bench, criterion, *bench.body())


@when(
    parsers.parse("a conditional update by {criterion:w} with an id in its body matches nothing"),
    target_fixture="attempt",
)
def none_with_id(target, bench, criterion):
    body, unique = bench.body()
    return _conditional(target, bench, criterion, {**body, "id": new_unique()}, unique)


@when(parsers.parse("a conditional update by {criterion:w} matches it"), target_fixture="attempt")
def one(target, bench, resource, criterion):
    return _conditional_on(
        target, bench, criterion, [resource], lambda: _without_id(bench.changed(resource))
    )


@when(
    parsers.parse("a conditional update by {criterion:w} with an id in its body matches it"),
    target_fixture="attempt",
)
def one_with_id(target, bench, resource, criterion):
    return _conditional_on(
        target, bench, criterion, [resource], lambda: bench.changed(resource) | {"id": new_unique()}
    )


@when(parsers.parse("a conditional update by {criterion:w} matches both"), target_fixture="attempt")
def many(target, bench, resources, criterion):
    return _conditional_on(
        target, bench, criterion, resources, lambda: _without_id(bench.changed(resources[0]))
    )


@then("an accepted update created the resource under the id in its body")
def created_under_id(case, target, glancing, attempt):
    answer = target.read(glancing.kind.type, attempt.sent["id"])
    is_there = answer.effect is Effect.ACCEPTED
    if attempt.answer.effect is Effect.ACCEPTED:
        case.fact(is_there, "the resource under the id in the body", "nothing under that id")
        demand_created(glancing, case, attempt.sent, answer.resource)
    else:
        case.invariant(not is_there, "nothing created", "a resource under the id in the body")


@then("both resources are as they were")
def both_unchanged(case, bench, resources):
    for resource in resources:
        demand_unchanged(bench, case, resource)
