"""Given, When and Then of what a refusal shows to whoever may not read."""

from pytest_bdd import given, then, when

from ifmatch.client.settings import Identity
from ifmatch.errors import RuleNotApplicable
from ifmatch.rules.answer import Effect
from ifmatch.rules.content import at
from ifmatch.rules.expectation import describe
from ifmatch.rules.version import version_in

from .updates import send_update


@given("it may not be read without credentials")
def nobody_may_read(target, resource):
    _demand_hidden(target, resource, Identity.NOBODY, "a reader without credentials")


@given("the second identity may not read it")
def second_may_not_read(target, resource):
    _demand_hidden(target, resource, Identity.SECOND, "the second identity")


def _demand_hidden(target, resource, identity, who):
    answer = target.read(resource.type, resource.id, identity=identity)
    if answer.effect is not Effect.REFUSED:
        raise RuleNotApplicable(
            f"{who} is answered {describe(answer)}, so nothing need be hidden from it"
        )


@when("it is updated from the version that was read, without credentials", target_fixture="attempt")
def stale_without_credentials(target, bench, resource):
    return _stale(target, bench, resource, Identity.NOBODY)


@when(
    "it is updated from the version that was read, by the second identity", target_fixture="attempt"
)
def stale_by_second(target, bench, resource):
    return _stale(target, bench, resource, Identity.SECOND)


def _stale(target, bench, resource, identity):
    return send_update(target, bench, resource, if_match=resource.read.tag, identity=identity)


@then("a refusal shows nothing of what is there now")
def shows_nothing(case, resource, attempt):
    answer = attempt.answer
    # Whether it should have been accepted is for other rules to say.
    if answer.effect is Effect.REFUSED:
        mark = str(at(resource.now.resource, resource.marker))
        shown = mark in answer.text or resource.unique in answer.text
        case.invariant(not shown, "nothing of the content", "content of the resource")
        version = version_in(answer.etag or "")
        case.invariant(
            version != resource.now.version, "no version", f"its version, in ETag: {answer.etag}"
        )
