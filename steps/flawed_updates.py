"""When: an update whose condition or form is not as it should be, or not alone."""

from http import HTTPStatus

from pytest_bdd import given, parsers, when

from ifmatch.client.demands import demand_unchanged
from ifmatch.client.settings import Identity
from ifmatch.client.workbench import Attempt, new_unique
from ifmatch.errors import RuleNotApplicable
from ifmatch.rules.answer import Effect
from ifmatch.rules.content import merge
from ifmatch.rules.expectation import describe
from ifmatch.rules.version import weak

from .updates import cut_short, send_update

_PICTURES = [("Accept", "image/png")]


def _unparsable(bench, resource):
    return {"body": cut_short(bench.changed(resource))}


def _invalid(bench, resource):
    if not resource.kind.invalid:
        raise RuleNotApplicable(f"the profile says of no {resource.type} that it is invalid")
    flaw = bench.filled(resource.kind.invalid, resource.unique, resource.kind)
    return {"body": merge(bench.changed(resource), flaw), "as_it_is": True}


def _other_id(bench, resource):
    return {"body": {**bench.changed(resource), "id": new_unique()}}


#: What else is wrong with an update, as the options of what is sent.
_FLAWS = {
    "unparsable": _unparsable,
    "invalid-content": _invalid,
    "other-id": _other_id,
    "not-acceptable": lambda bench, resource: {"conditions": _PICTURES},
    "unsupported-format": lambda bench, resource: {"media_type": "text/x-ifmatch"},
    "unauthenticated": lambda bench, resource: {"identity": Identity.NOBODY},
}


@when(
    parsers.parse("it is updated from the version that was read, with this flaw: {flaw}"),
    target_fixture="attempt",
)
def update_flawed(target, bench, resource, flaw):
    options = _FLAWS[flaw](bench, resource)
    return send_update(target, bench, resource, if_match=resource.read.tag, **options)


#: How else an update may be sent, which changes nothing about its condition: as the options of what is sent.
_FORMS = {
    "prefer-minimal": {"prefer": "return=minimal"},
    "prefer-representation": {"prefer": "return=representation"},
    "prefer-operation-outcome": {"prefer": "return=OperationOutcome"},
    "plain-json": {"media_type": "application/json"},
}


@when(
    parsers.parse("it is updated from the version that was read, in this form: {form}"),
    target_fixture="attempt",
)
def update_in_form(case, target, bench, resource, form):
    body = bench.changed(resource, resource.read.resource)
    tag = resource.read.tag
    attempt = send_update(target, bench, resource, body, if_match=tag, **_FORMS[form])
    is_unsupported = attempt.answer.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    if "media_type" in _FORMS[form] and is_unsupported:
        demand_unchanged(bench, case, resource)
        if not case.findings:
            raise RuleNotApplicable(f"the server takes no {_FORMS[form]['media_type']}")
    return attempt


@when(
    "it is updated from the version that was read, unless a version is there that it never had",
    target_fixture="attempt",
)
def update_stale_and_new(target, bench, resource):
    unless = [("If-None-Match", weak("ifmatch-other"))]
    return send_update(target, bench, resource, if_match=resource.read.tag, conditions=unless)


@when(
    "it is updated from its current version, unless it was changed since 1970",
    target_fixture="attempt",
)
def update_current_and_old(target, bench, resource):
    unless = [("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT")]
    return send_update(target, bench, resource, conditions=unless)


@given("it has been changed, and changed back")
def changed_and_back(target, bench, resource):
    """The last write sends what was there at first: marks, metadata and all."""
    first = resource.now.resource
    bench.update(resource)
    answer = target.update(resource.type, resource.id, first, if_match=resource.now.base)
    resource.now = bench.look(resource)
    return Attempt(answer, first)


def _with_leading_zero(version):
    return f"0{version}" if version.isdigit() else version


@when(
    parsers.parse("it is updated from its current version in another spelling: {form}"),
    target_fixture="attempt",
)
def update_inexact(target, bench, resource, form):
    version = resource.now.known_version
    spelt = _with_leading_zero(version) if form == "leading-zero" else version.swapcase()
    if spelt == version:
        raise RuleNotApplicable(f"the version {version} has no other spelling of that kind")
    return send_update(target, bench, resource, if_match=weak(spelt))


@when(
    parsers.parse("it is updated, asking that its current version not be there: {form}"),
    target_fixture="attempt",
)
def update_unless_current(target, bench, resource, form):
    tag = weak(resource.now.version)
    unless = [("If-None-Match", tag.removeprefix("W/") if form == "current-strong" else tag)]
    return send_update(target, bench, resource, if_match=(), conditions=unless)


@when("it is updated by a client that accepts pictures only", target_fixture="attempt")
def update_not_acceptable(target, bench, resource):
    return send_update(target, bench, resource, conditions=_PICTURES)


@when("it is updated in a format that is none", target_fixture="attempt")
def update_unsupported_format(target, bench, resource):
    return send_update(target, bench, resource, media_type="text/x-ifmatch")


@when(
    parsers.parse('it is updated from the version that was read, preferring "{preference}"'),
    target_fixture="attempt",
)
def update_stale_preferring(target, bench, resource, preference):
    return send_update(target, bench, resource, if_match=resource.read.tag, prefer=preference)


#: Preferences that a server must pass over (RFC 7240 section 2): names and values are compared as they are written.
_PREFERENCES = {
    "unknown": "ifmatch=1; wait=never",
    "unknown-value": "return=banana",
    "other-case": "return=MINIMAL",
}


@when(parsers.parse("it is updated with the preference {preference}"), target_fixture="attempt")
def update_with_preference(target, bench, resource, preference):
    return send_update(target, bench, resource, prefer=_PREFERENCES[preference])


@when("it is updated twice alike without naming a version", target_fixture="attempt")
def update_twice(target, bench, resource):
    first = send_update(target, bench, resource, if_match=())
    if first.answer.effect is Effect.REFUSED:
        raise RuleNotApplicable(f"every update must name a version: {describe(first.answer)}")
    return send_update(target, bench, resource, first.sent, if_match=())
