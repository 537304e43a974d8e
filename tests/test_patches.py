"""Patch documents as they leave the client: those that can be applied, and those that cannot, each by one flaw."""

import json

import pytest

from ifmatch.rules.flawed_patches import fhirpath_without_target, malformed, without_target
from ifmatch.rules.patches import json_patch_between, patch_document

MARKER = "/name/0/family"
NOWHERE = "/ifmatchHasNoSuchElement"
FHIR_JSON = "application/fhir+json"


def operation(*parts):
    """One operation of a FHIRPath Patch (FHIR R5 fhirpatch.html)."""
    return {"name": "operation", "part": list(parts)}


def part(name, **value):
    return {"name": name, **value}


def parameters(*operations):
    return {"resourceType": "Parameters", "parameter": list(operations)}


SETS_THE_TEXT = operation(
    part("type", valueCode="replace"),
    part("path", valueString="Patient.name[0].family"),
    part("value", valueString="B"),
)


@pytest.mark.parametrize(
    ("patch_format", "media_type", "document"),
    [
        (
            "json-patch",
            "application/json-patch+json",
            [{"op": "replace", "path": MARKER, "value": "B"}],
        ),
        ("fhirpath-patch", FHIR_JSON, parameters(SETS_THE_TEXT)),
    ],
)
def test_a_patch_replaces_the_text_at_a_place(patch_format, media_type, document):
    sent = patch_document(patch_format, "Patient", {MARKER: "B"}, FHIR_JSON)
    assert sent.media_type == media_type
    assert json.loads(sent.content) == document


def test_an_xml_patch_counts_from_one_and_escapes_what_it_says():
    """XPath begins at 1 (RFC 5261)."""
    sent = patch_document("xml-patch", "Patient", {"/name/0/given/1": 'B & "C"'}, FHIR_JSON)
    assert sent.media_type == "application/xml-patch+xml"
    assert sent.content.decode() == (
        '<diff xmlns:f="http://hl7.org/fhir">'
        '<replace sel="f:Patient/f:name[1]/f:given[2]/@value">B &amp; "C"</replace></diff>'
    )


def test_a_patch_that_is_impossible_is_so_by_its_last_change():
    sent = patch_document("json-patch", "Patient", {MARKER: "B"}, FHIR_JSON, possible=False)
    possible, impossible = json.loads(sent.content)
    assert possible == {"op": "replace", "path": MARKER, "value": "B"}
    assert impossible == {"op": "replace", "path": f"{NOWHERE}/0/text", "value": "never"}


def test_each_operation_without_a_target_is_right_but_for_that():
    """RFC 6902 section 4: what each kind must have is there, and what it names is not."""
    never = {"value": "never"}
    assert without_target(MARKER) == {
        "remove": {"op": "remove", "path": NOWHERE},
        "replace": {"op": "replace", "path": NOWHERE, **never},
        "move": {"op": "move", "from": NOWHERE, "path": MARKER},
        "copy": {"op": "copy", "from": NOWHERE, "path": MARKER},
        "test": {"op": "test", "path": NOWHERE, **never},
        "add": {"op": "add", "path": f"{NOWHERE}/0/text", **never},
        "insert-beyond": {"op": "add", "path": "/identifier/99", "value": never},
    }


#: The operation without a target in each flawed FHIRPath Patch; the one before it sets the text.
FLAWS = {
    "replace-nothing": operation(
        part("type", valueCode="replace"),
        part("path", valueString="Patient.contained.where(id = 'ifmatch')"),
        part("value", valueString="never"),
    ),
    "delete-nothing": operation(
        part("type", valueCode="delete"),
        part("path", valueString="Patient.contained.where(id = 'ifmatch')"),
    ),
    "insert-beyond": operation(
        part("type", valueCode="insert"),
        part("path", valueString="Patient.identifier"),
        part("index", valueInteger=99),
        part("value", valueIdentifier={"value": "never"}),
    ),
    "add-existing": operation(
        part("type", valueCode="add"),
        part("path", valueString="Patient.name[0]"),
        part("name", valueString="family"),
        part("value", valueString="never"),
    ),
}


def test_each_fhirpath_patch_without_a_target_is_right_but_for_that():
    sent = fhirpath_without_target("Patient", MARKER, "B")
    expected = {kind: parameters(SETS_THE_TEXT, flaw) for kind, flaw in FLAWS.items()}
    # Some servers take it for a replacement: the text is set once more after it.
    expected["add-existing"]["parameter"].append(SETS_THE_TEXT)
    assert {kind: json.loads(document) for kind, document in sent.items()} == expected


def test_a_document_that_is_no_json_patch_begins_like_one():
    """What could be carried out comes first, so that a server is seen to have begun too early."""
    change = {"op": "replace", "path": MARKER, "value": "B"}
    sent = malformed(change)
    assert sent.pop("not-json") == b"[{"
    assert {kind: json.loads(document) for kind, document in sent.items()} == {
        "not-a-list": change,
        "no-path": [change, {"op": "remove"}],
        "no-value": [change, {"op": "add", "path": MARKER}],
    }


def test_a_json_patch_between_two_resources_has_one_order():
    """That of the resource, in whatever process: what is asked in a recheck must be what was asked in the run."""
    names = [f"element{number}" for number in range(20)]
    patch = json_patch_between(dict.fromkeys(names, "here"), {})
    assert [operation["path"] for operation in patch] == [f"/{name}" for name in names]


def test_a_json_patch_between_two_resources_says_what_is_gone_and_what_is_new():
    before = {"id": "1", "gender": "female", "active": True}
    after = {"id": "1", "gender": "male", "birthDate": "2001"}
    assert json_patch_between(before, after) == [
        {"op": "remove", "path": "/active"},
        {"op": "add", "path": "/gender", "value": "male"},
        {"op": "add", "path": "/birthDate", "value": "2001"},
    ]
