"""The three patch formats of the embedded server, on resources alone."""

import json

import pytest

from ifmatch.reference import fhirpath_patch, xml_patch

PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"versionId": "1", "tag": [{"code": "t"}]},
    "extension": [{"url": "urn:e", "valueBoolean": False}],
    "identifier": [{"system": "urn:s", "value": "007"}],
    "active": True,
    "name": [{"family": "Byron", "given": ["Ada", "Augusta"]}],
    "birthDate": "1815-12-10",
    "multipleBirthInteger": 1,
    "address": [{"use": "home", "city": "London"}, {"use": "old", "city": "Kirkby"}],
    "contact": [{"relationship": [{"text": "mother"}]}],
}


def xml(*operations):
    patch = f'<diff xmlns:f="http://hl7.org/fhir">{"".join(operations)}</diff>'
    resource = PATIENT
    for operation in xml_patch.operations(patch.encode()):
        resource = xml_patch.apply_operation(resource, operation)
    return resource


def fhirpath(*operations):
    def part(name, value):
        if isinstance(value, dict):
            return {"name": name, "part": [part(*item) for item in value.items()]}
        return {"name": name, "valueInteger" if isinstance(value, int) else "valueString": value}

    patch = {"resourceType": "Parameters", "parameter": [
        {"name": "operation", "part": [part(*item) for item in operation.items()]} for operation in operations
    ]}  # fmt: skip
    resource = PATIENT
    for operation in fhirpath_patch.operations(patch):
        resource = fhirpath_patch.apply_operation(resource, operation)
    return resource


def expected(change):
    resource = json.loads(json.dumps(PATIENT))
    change(resource)
    return resource


def test_xml_replaces_an_attribute_and_nothing_else():
    changed = xml('<replace sel="f:Patient/f:address[1]/f:city/@value">Paris</replace>')
    assert changed == expected(lambda patient: patient["address"][0].update(city="Paris"))


def test_xml_replaces_an_element():
    changed = xml('<replace sel="/f:Patient/f:active"><f:active value="false"/></replace>')
    assert (
        changed == expected(lambda patient: patient.update(active="false"))
        or changed["active"] is False
    )


def test_xml_adds_elements_of_a_list_before_after_and_at_the_end():
    changed = xml(
        '<add sel="f:Patient"><f:telecom><f:value value="1"/></f:telecom></add>',
        '<add sel="f:Patient/f:address[1]" pos="after"><f:address><f:city value="Rome"/></f:address></add>',
        '<add sel="f:Patient/f:name" pos="before"><f:name><f:text value="A. B."/></f:name></add>',
    )
    assert changed["telecom"] == [{"value": "1"}]
    assert [address["city"] for address in changed["address"]] == ["London", "Rome", "Kirkby"]
    assert changed["name"][0] == {"text": "A. B."}


def test_xml_removes_an_element_and_an_attribute_is_added():
    changed = xml(
        '<remove sel="f:Patient/f:birthDate"/>',
        '<add sel="f:Patient/f:contact[1]" type="@id">c1</add>',
    )
    assert "birthDate" not in changed
    assert changed["contact"][0]["id"] == "c1"


@pytest.mark.parametrize(
    "patch",
    [
        '<replace sel="f:Patient/f:nothing/@value">x</replace>',
        '<remove sel="f:Patient/f:address"/>',
        '<remove sel="f:Patient/f:address["/>',
        '<move sel="f:Patient"/>',
        "",
        "<unclosed>",
    ],
)
def test_xml_that_names_no_single_node_cannot_be_applied(patch):
    with pytest.raises(ValueError):
        xml(patch)


def test_fhirpath_replaces_simple_values_and_objects():
    changed = fhirpath(
        {"type": "replace", "path": "Patient.address[0].city", "value": "Paris"},
        {"type": "replace", "path": "Patient.birthDate", "value": "1815-12-11"},
        {"type": "replace", "path": "Patient.name[0].given[1]", "value": "King"},
        {"type": "replace", "path": "Patient.contact[0]", "value": {"name": {"text": "A"}}},
    )
    assert (changed["address"][0]["city"], changed["birthDate"]) == ("Paris", "1815-12-11")
    assert changed["name"][0]["given"] == ["Ada", "King"]
    assert changed["contact"] == [{"name": {"text": "A"}}]


def test_fhirpath_adds_inserts_moves_and_deletes():
    changed = fhirpath(
        {"type": "add", "path": "Patient", "name": "gender", "value": "female"},
        {"type": "add", "path": "Patient.name[0]", "name": "given", "value": "King"},
        {"type": "insert", "path": "Patient.name[0].given", "index": 0, "value": "First"},
        {"type": "move", "path": "Patient.address", "source": 1, "destination": 0},
        {"type": "delete", "path": "Patient.address.where(use = 'home')"},
        {"type": "delete", "path": "Patient.multipleBirth"},
        {"type": "delete", "path": "Patient.identifier[0]"},
    )
    assert changed["gender"] == "female"
    assert changed["name"][0]["given"] == ["First", "Ada", "Augusta", "King"]
    assert changed["address"] == [{"use": "old", "city": "Kirkby"}]
    assert "identifier" not in changed


@pytest.mark.parametrize(
    "operation",
    [
        {"type": "replace", "path": "Patient.nothing", "value": "x"},
        {"type": "replace", "path": "Patient.address.city", "value": "x"},
        {"type": "delete", "path": "Patient.address"},
        {"type": "insert", "path": "Patient.birthDate", "index": 0, "value": "x"},
        {"type": "add", "path": "Patient.birthDate", "name": "x", "value": "x"},
        {"type": "burn", "path": "Patient"},
        {"type": "replace", "path": "Patient.(((", "value": "x"},
    ],
)
def test_fhirpath_that_leads_to_no_single_place_cannot_be_applied(operation):
    with pytest.raises(ValueError):
        fhirpath(operation)


@pytest.mark.parametrize("patch", [[], {"resourceType": "Patient"}, {"resourceType": "Parameters"}])
def test_fhirpath_patches_are_parameters_of_operations(patch):
    with pytest.raises(ValueError):
        fhirpath_patch.operations(patch)
