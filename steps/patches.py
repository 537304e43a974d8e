"""When: a patch, in each of the three formats."""

import json

from pytest_bdd import parsers, then, when

from ifmatch.client.demands import demand_mark, demand_untouched_by_refusal, lost
from ifmatch.client.identity import Identity
from ifmatch.client.patching import format_of
from ifmatch.client.subject import new_mark
from ifmatch.client.workbench import Attempt, new_unique
from ifmatch.errors import RuleNotApplicable
from ifmatch.rules.answer import Effect
from ifmatch.rules.content import at, merge, put
from ifmatch.rules.expectation import describe
from ifmatch.rules.flawed_patches import fhirpath_without_target, malformed, without_target
from ifmatch.rules.patches import json_patch_between, patch_document

from .updates import CLIENT_VERSION


def _patch(target, bench, resource, patch_format="", possible=True, **options):
    text, marker = new_mark(), resource.marker
    chosen = patch_format or format_of(bench)
    document = patch_document(
        chosen, resource.type, {marker: text}, target.profile.media_type, possible
    )
    options.setdefault("if_match", resource.now.base)
    answer = target.patch(
        resource.type, resource.id, document.content, document.media_type, **options
    )
    return Attempt(answer, _with_text(resource.now.resource, marker, text))


def _with_text(resource, pointer, text):
    """A resource as a patch that sets a text should leave it: as it was, when the pointer leads nowhere."""
    return resource if at(resource, pointer) is None else put(resource, pointer, text)


@when("it is patched from its current version", target_fixture="attempt")
def patch_current(target, bench, resource):
    return _patch(target, bench, resource)


@when("it is patched without naming a version", target_fixture="attempt")
def patch_unnamed(target, bench, resource):
    return _patch(target, bench, resource, if_match=())


@when("it is patched from the version that was read", target_fixture="attempt")
def patch_stale(target, bench, resource):
    return _patch(target, bench, resource, if_match=resource.read.tag)


@when("it is patched with a JSON Patch", target_fixture="attempt")
def patch_json(target, bench, resource):
    return _patch(target, bench, resource, "json-patch")


@when("it is patched with an XML Patch", target_fixture="attempt")
def patch_xml(target, bench, resource):
    return _patch(target, bench, resource, "xml-patch")


@when("it is patched with a FHIRPath Patch", target_fixture="attempt")
def patch_fhirpath(target, bench, resource):
    return _patch(target, bench, resource, "fhirpath-patch")


@when(
    "it is patched with one change that is possible and one that is not", target_fixture="attempt"
)
def patch_impossible(target, bench, resource):
    return _patch(target, bench, resource, possible=False)


@when("it is patched without credentials", target_fixture="attempt")
def patch_without_credentials(target, bench, resource):
    return _patch(target, bench, resource, identity=Identity.NOBODY)


@when("a resource of a type that does not exist is patched", target_fixture="attempt")
def patch_unknown_type(target, bench):
    document = patch_document("json-patch", "Unicorn", {"/name": "x"}, target.profile.media_type)
    answer = target.patch(
        "Unicorn", new_unique(), document.content, document.media_type, if_match=bench.some_tag()
    )
    return Attempt(answer, {})


def _json_patch(target, resource, *operations, media_type="application/json-patch+json"):
    content = json.dumps(operations).encode()
    answer = target.patch(
        resource.type, resource.id, content, media_type, if_match=resource.now.base
    )
    return Attempt(answer, resource.now.resource)


def _change(resource):
    """An operation that can be carried out, so that half a patch would show."""
    return {"op": "replace", "path": resource.marker, "value": f"ifmatch {new_unique()}"}


@when("it is patched with a change and a test that fails", target_fixture="attempt")
def patch_with_failing_test(target, resource):
    test = {"op": "test", "path": resource.marker, "value": "ifmatch never"}
    return _json_patch(target, resource, _change(resource), test)


@when("it is patched with a change and an operation that does not exist", target_fixture="attempt")
def patch_with_unknown_operation(target, resource):
    unknown = {"op": "ifmatch", "path": resource.marker, "value": "ifmatch never"}
    return _json_patch(target, resource, _change(resource), unknown)


@when("it is patched so that it breaks the rules of its type", target_fixture="attempt")
def patch_invalid(target, bench, resource):
    if not resource.kind.invalid:
        raise RuleNotApplicable(f"the profile says of no {resource.type} that it is invalid")
    invalid = bench.filled(resource.kind.invalid, resource.unique, resource.kind)
    broken = merge(resource.now.resource, invalid)
    return _json_patch(target, resource, *json_patch_between(resource.now.resource, broken))


@when("it is patched with another id", target_fixture="attempt")
def patch_id(target, resource):
    other = new_unique()
    attempt = _json_patch(target, resource, {"op": "replace", "path": "/id", "value": other})
    return Attempt(attempt.answer, {"resourceType": resource.type, "id": other})


@when("it is patched with another type", target_fixture="attempt")
def patch_type(target, resource):
    other = "Basic" if resource.type != "Basic" else "Patient"
    return _json_patch(target, resource, {"op": "replace", "path": "/resourceType", "value": other})


@when("it is patched with a versionId of the client's", target_fixture="attempt")
def patch_version(target, resource):
    version = {"op": "add", "path": "/meta/versionId", "value": CLIENT_VERSION}
    return _json_patch(target, resource, version, _change(resource))


@when("it is patched in a format that is none", target_fixture="attempt")
def patch_in_no_format(target, resource):
    return _json_patch(target, resource, _change(resource), media_type="text/x-ifmatch-patch")


@when(
    parsers.parse("it is patched with a change and an operation without a target: {operation}"),
    target_fixture="attempt",
)
def patch_without_target(target, resource, operation):
    flawed = without_target(resource.marker)[operation]
    return _json_patch(target, resource, _change(resource), flawed)


@when(parsers.parse("it is patched with a document that is none: {flaw}"), target_fixture="attempt")
def patch_malformed(target, resource, flaw):
    content = malformed(_change(resource))[flaw]
    media_type = "application/json-patch+json"
    answer = target.patch(
        resource.type, resource.id, content, media_type, if_match=resource.now.base
    )
    return Attempt(answer, resource.now.resource)


@when(
    parsers.parse(
        "it is patched by FHIRPath with a change and an operation that cannot be done: {operation}"
    ),
    target_fixture="attempt",
)
def patch_by_fhirpath(target, resource, operation):
    text, marker = new_mark(), resource.marker
    content = fhirpath_without_target(resource.type, marker, text)[operation]
    media_type = target.profile.media_type
    answer = target.patch(
        resource.type, resource.id, content, media_type, if_match=resource.now.base
    )
    return Attempt(answer, _with_text(resource.now.resource, marker, text))


@when("it is patched with nothing but a versionId of the client's", target_fixture="attempt")
def patch_version_alone(target, resource):
    version = {"op": "add", "path": "/meta/versionId", "value": CLIENT_VERSION}
    return _json_patch(target, resource, version)


#: What a client may prefer to get back, as it stands in the header.
_RETURNS = {
    "minimal": "minimal",
    "representation": "representation",
    "operation-outcome": "OperationOutcome",
}


@when(
    parsers.re(r"it is patched from its current version, preferring (?P<returned>[\w-]+)"),
    target_fixture="attempt",
)
def patch_preferring(target, bench, resource, returned):
    return _patch(target, bench, resource, prefer=f"return={_RETURNS[returned]}")


@then("it is still there under its id, and nothing is under the other")
def id_unchanged(case, target, bench, resource, attempt):
    shown = bench.look(resource).resource.get("id")
    case.state(shown == resource.id, f"the id {resource.id}", f"the id {shown}")
    other = target.read(resource.type, attempt.sent["id"])
    case.state(other.effect is Effect.REFUSED, "nothing under the other id", describe(other))
    demand_untouched_by_refusal(bench, case, resource, attempt)


@then("the resource holds what the patch says")
def holds_patch(case, glancing, resource, attempt):
    demand_mark(glancing, case, resource, attempt)


@then("nothing but what the patch says has changed")
def only_patch(case, glancing, resource, attempt):
    found = lost(resource, attempt.sent, glancing.look(resource).resource)
    case.fact(not found, "only the patched element changed", "; ".join(found))
