"""Patching: which format a request uses, and applying it as a whole or not at all (FHIR R4 http.html#patch)."""

import json
from collections.abc import Callable, Mapping

import jsonpatch
from jsonpointer import JsonPointerException

from ifmatch.reference import fhirpath_patch, xml_patch
from ifmatch.reference.exchange import Exchange
from ifmatch.reference.faults import Faults
from ifmatch.reference.message import PATCH_FORMATS, Json, Refusal, Resource

#: What the libraries and our own code raise for a patch that is malformed, or does not fit the resource.
_UNAPPLICABLE = (
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    jsonpatch.JsonPatchException,
    JsonPointerException,
)


def offered(exchange: Exchange, form: str) -> bool:
    """Whether the profile's server takes a patch format: as it says, or all of them when it says nothing of formats."""
    faults = exchange.world.faults
    refused = {
        "json-patch": faults.on("json-patch-refused"),
        "xml-patch": faults.on("xml-patch-refused"),
        "fhirpath-patch": faults.on("fhirpath-patch-refused"),
    }
    named = refused.keys() & (exchange.world.profile.interactions or set())
    return not refused[form] and (not named or form in named)


def apply(exchange: Exchange, resource: Resource) -> Resource:
    """The resource as the patch in a request leaves it. Raises Refusal when it cannot be read or cannot be applied."""
    form = PATCH_FORMATS.get(exchange.request.media_type, "")
    if not form or not offered(exchange, form):
        raise Refusal(
            "patch.unsupported-format", "this server does not take patches of this content type"
        )
    faults = exchange.world.faults
    half_applied = _is_half_applied(faults, form)
    if faults.on("deleting-nothing-is-an-error") and b'"delete"' in exchange.request.body:
        raise Refusal("patch.impossible-change", "there is nothing to delete")
    try:
        return _APPLY[form](resource, exchange.request.body, half_applied)
    except jsonpatch.JsonPatchTestFailed as error:
        raise Refusal("patch.failing-test", f"a test of the patch fails: {error}") from None
    except _UNAPPLICABLE as error:
        raise Refusal("patch.impossible-change", f"the patch cannot be applied: {error}") from None


def _is_half_applied(faults: Faults, form: str) -> bool:
    """Whether a fault has a failing patch leave behind what it did so far."""
    if faults.on("patch-applied-by-half"):
        return True
    return form == "fhirpath-patch" and faults.on("fhirpath-patch-passes-over")


def _json_patch(resource: Resource, content: bytes, half_applied: bool) -> Resource:
    operations = json.loads(content)
    if not isinstance(operations, list):
        raise ValueError("a JSON Patch is an array of operations")
    return one_by_one(
        resource,
        operations,
        lambda target, step: jsonpatch.apply_patch(target, [step]),
        half_applied,
    )


def one_by_one(
    resource: Resource,
    steps: list[Json],
    apply_step: Callable[[Resource, Json], Resource],
    half_applied: bool,
) -> Resource:
    """The resource after all steps. A failing step fails them all, unless a fault has the server stop half-way."""
    for step in steps:
        try:
            resource = apply_step(resource, step)
        except Exception:
            if not half_applied:
                raise
            break
    return resource


def _fhirpath_patch(resource: Resource, content: bytes, half_applied: bool) -> Resource:
    steps = fhirpath_patch.operations(json.loads(content))
    return one_by_one(resource, steps, fhirpath_patch.apply_operation, half_applied)


def _xml_patch(resource: Resource, content: bytes, half_applied: bool) -> Resource:
    return one_by_one(
        resource, xml_patch.operations(content), xml_patch.apply_operation, half_applied
    )


_APPLY: Mapping[str, Callable[[Resource, bytes, bool], Resource]] = {
    "json-patch": _json_patch,
    "xml-patch": _xml_patch,
    "fhirpath-patch": _fhirpath_patch,
}
