"""When: a patch, in each of the three formats."""

from pytest_bdd import then, when

from ifmatch.client.demands import demand_mark, lost
from ifmatch.client.patching import format_of
from ifmatch.client.settings import Identity
from ifmatch.client.subject import new_mark
from ifmatch.client.workbench import Attempt, new_unique
from ifmatch.rules.content import at, put
from ifmatch.rules.patches import patch_document


def _patch(target, bench, resource, patch_format="", possible=True, **options):
    text, marker = new_mark(), resource.kind.marker
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


@then("the resource holds what the patch says")
def holds_patch(case, bench, resource, attempt):
    demand_mark(bench, case, resource, attempt)


@then("nothing but what the patch says has changed")
def only_patch(case, bench, resource, attempt):
    found = lost(resource, attempt.sent, bench.look(resource).resource)
    case.fact(not found, "only the patched element changed", "; ".join(found))
