"""Given, When and Then of what is done to whatever matches a criterion: create, update, patch, delete."""

from http import HTTPStatus

from pytest_bdd import given, parsers, then, when

from ifmatch.client import matching as by_criteria
from ifmatch.client.demands import demand_mark, demand_unchanged, demand_untouched_by_refusal
from ifmatch.client.matching import HOW_MANY, make_matching
from ifmatch.client.workbench import Attempt, new_unique
from ifmatch.rules.answer import Effect
from ifmatch.rules.expectation import describe


@given(
    parsers.parse("resources of ours that match a criterion: {matches}"), target_fixture="matching"
)
def resources_that_match(bench, matches):
    return make_matching(bench, HOW_MANY[matches])


@given(
    parsers.parse("another one whose identifier resembles its own: {resemblance}"),
    target_fixture="other",
)
def resembling(bench, resource, resemblance):
    return by_criteria.make_near(bench, resource.unique, resemblance)


@given(
    parsers.parse("another one whose identifier resembles the criterion: {resemblance}"),
    target_fixture="other",
)
def resembling_criterion(bench, matching, resemblance):
    return by_criteria.make_near(bench, matching.unique, resemblance)


@given("they have been deleted")
def they_are_deleted(case, bench, matching):
    for subject in matching.subjects:
        bench.delete(subject)
    case.has_shown("delete")


@when("a resource is created on the condition that nothing matches it", target_fixture="attempt")
def create_if_none(target, bench, matching):
    return by_criteria.create_if_none(target, bench, matching)


@when(
    "a transaction creates a resource on the condition that nothing matches it",
    target_fixture="attempt",
)
def create_if_none_in_transaction(target, bench, matching):
    return by_criteria.create_if_none_in_transaction(target, bench, matching)


@when("what matches it is updated", target_fixture="attempt")
def update_matching(target, bench, matching):
    return by_criteria.update(target, bench, matching)


@when("what matches it is patched", target_fixture="attempt")
def patch_matching(target, bench, matching):
    return by_criteria.patch(target, bench, matching)


@when("what matches it is deleted", target_fixture="attempt")
def delete_matching(target, bench, matching):
    return by_criteria.delete(target, bench, matching)


@when(
    "what matches it is deleted, with a criterion besides that no server knows",
    target_fixture="attempt",
)
def delete_by_unknown(target, bench, matching):
    return by_criteria.delete(target, bench, matching, besides=f"&ifmatch-unknown={new_unique()}")


@then("what was there is as it was, and nothing was made beside it but what the answer says")
def nothing_made_beside(case, target, bench, matching, attempt):
    for subject in matching.subjects:
        demand_unchanged(bench, case, subject)
    answer = attempt.answer
    told = {attempt.id} if answer.status == HTTPStatus.CREATED else set()
    made = set(bench.made_of(attempt)) - matching.ids - told
    case.state(not made, "nothing made beside it", f"a resource was made: {', '.join(made)}")
    if answer.effect is Effect.ACCEPTED:
        _demand_named(case, target, matching, attempt)


def _demand_named(case, target, matching, attempt):
    """An accepted create must lead to what it made, or to the one that was there."""
    named = attempt.answer.named_id
    if matching.subjects:
        case.fact(named in ("", *matching.ids), "the id of what was there", f"the id {named}")
    else:
        answer = target.read(attempt.sent["resourceType"], named or "none")
        case.fact(answer.effect is Effect.ACCEPTED, "the new resource", describe(answer))


@then("just one is changed, and only where the answer says so")
def just_one_changed(case, bench, matching, attempt):
    for subject in matching.subjects:
        demand_untouched_by_refusal(bench, case, subject, attempt)
    if len(matching.subjects) == 1:
        demand_mark(bench, case, matching.subjects[0], attempt)


@then("all of them are gone, or none is, as the answer says")
def all_gone_or_none(case, bench, matching, attempt):
    for subject in matching.subjects:
        demand_untouched_by_refusal(bench, case, subject, attempt)
    if attempt.answer.effect is Effect.ACCEPTED:
        left = [subject.id for subject in matching.subjects if bench.look_for(subject)]
        case.state(not left, "all that match are gone", f"still there: {', '.join(left)}")


# ---------------------------------------------------------------- conditional updates that match nothing of ours


def _update_by(target, bench, criteria, body):
    answer = target.conditional_update(bench.kind.type, criteria, body, unique=new_unique())
    return Attempt(answer, body)


@when("a conditional update with its id in the body matches nothing", target_fixture="attempt")
def update_of_taken_id(target, bench, resource):
    nothing = make_matching(bench, 0)
    body, _ = bench.body(unique=nothing.unique)
    return _update_by(target, bench, nothing.criteria, {**body, "id": resource.id})


@when("a conditional update is sent by unknown-criterion", target_fixture="attempt")
def update_by_unknown(target, bench, resource):
    return by_criteria.update_by(target, bench, resource, f"ifmatch-unknown={new_unique()}")


@when("a conditional update is sent by no-criterion", target_fixture="attempt")
def update_by_nothing(target, bench, resource):
    return by_criteria.update_by(target, bench, resource, "")


@when(
    "a resource is created on the condition that nothing matches what no server knows",
    target_fixture="attempt",
)
def create_if_unknown(target, bench):
    return by_criteria.create_on(target, bench, f"ifmatch-unknown={new_unique()}")


@when(
    "a resource is created on the condition that nothing matches it, with the type before it",
    target_fixture="attempt",
)
def create_if_none_of_type(target, bench, matching):
    condition = f"{bench.kind.type}?{matching.criteria}"
    return by_criteria.create_on(target, bench, condition, matching.unique)


@when(
    "a resource is created on a condition that the server does not know", target_fixture="attempt"
)
def create_on_a_condition(target, bench):
    unique = new_unique()
    criteria = f"identifier=urn:ifmatch:identifier|{unique}"
    return by_criteria.demand_unknown(
        lambda: by_criteria.create_on(target, bench, criteria, unique)
    )


@when("a patch is sent by a criterion that no server knows", target_fixture="attempt")
def patch_by_unknown(target, bench, resource):
    return by_criteria.patch_by(target, bench, resource, f"ifmatch-unknown={new_unique()}")


@when("what matches it is updated so that it does not match any more", target_fixture="attempt")
def update_away(target, bench, matching):
    body, unique = bench.body()
    answer = target.conditional_update(bench.kind.type, matching.criteria, body, unique=unique)
    return Attempt(answer, body)


@when("an update is sent by criteria that match nothing", target_fixture="attempt")
def update_by_criteria(target, bench):
    body, unique = bench.body()
    criteria = f"identifier=urn:ifmatch:identifier|{unique}"
    return by_criteria.demand_unknown(
        lambda: Attempt(
            target.conditional_update(bench.kind.type, criteria, body, unique=unique), body
        )
    )
