"""JSON Patches that cannot be applied (RFC 6902 section 4): an operation without a target, a document that is none."""

import json
from collections.abc import Mapping
from typing import Any

from ifmatch.rules.patches import fhirpath

Operation = Mapping[str, Any]

#: An element that no resource type has.
_NOWHERE = "/ifmatchHasNoSuchElement"


def without_target(marker: str) -> Mapping[str, Operation]:
    """An operation of each kind whose target is not there; `marker` is a JSON Pointer to what is."""
    return {
        "remove": {"op": "remove", "path": _NOWHERE},
        "replace": {"op": "replace", "path": _NOWHERE, "value": "never"},
        "move": {"op": "move", "from": _NOWHERE, "path": marker},
        "copy": {"op": "copy", "from": _NOWHERE, "path": marker},
        "test": {"op": "test", "path": _NOWHERE, "value": "never"},
        "add": {"op": "add", "path": f"{_NOWHERE}/0/text", "value": "never"},
        "insert-beyond": {"op": "add", "path": "/identifier/99", "value": {"value": "never"}},
    }


def fhirpath_without_target(resource_type: str, marker: str, text: str) -> Mapping[str, bytes]:
    """FHIRPath Patches of two operations: one that sets the text at `marker`, a JSON Pointer, and one without a target.

    FHIR R5 fhirpatch.html: a path that names nothing is an error but for a delete, and so is adding what is there.
    Before R5 a server may take that for a replacement; so the text is set once more after it, and an accepted patch
    leaves it there.
    """
    path = f"{resource_type}{fhirpath(marker)}"
    parent, _, name = path.rpartition(".")
    nothing = f"{resource_type}.contained.where(id = 'ifmatch')"
    change = _fhirpath_operation("replace", path, valueString=text)
    flawed = {
        "replace-nothing": _fhirpath_operation("replace", nothing, valueString="never"),
        "delete-nothing": _fhirpath_operation("delete", nothing),
        "insert-beyond": _fhirpath_operation(
            "insert", f"{resource_type}.identifier", index=99, valueIdentifier={"value": "never"}
        ),
        "add-existing": _fhirpath_operation("add", parent, name=name, valueString="never"),
    }
    patches = {kind: _parameters(change, operation) for kind, operation in flawed.items()}
    return {**patches, "add-existing": _parameters(change, flawed["add-existing"], change)}


def _parameters(*operations: Operation) -> bytes:
    return json.dumps({"resourceType": "Parameters", "parameter": operations}).encode()


def _fhirpath_operation(
    kind: str, path: str, *, name: str = "", index: int | None = None, **value: object
) -> Operation:
    """One operation: its kind, its path, and what else it needs; `value` is named by its type."""
    parts: list[Operation] = [
        {"name": "type", "valueCode": kind},
        {"name": "path", "valueString": path},
    ]
    parts += [{"name": "name", "valueString": name}] if name else []
    parts += [{"name": "index", "valueInteger": index}] if index is not None else []
    parts += [{"name": "value", **value}] if value else []
    return {"name": "operation", "part": parts}


def malformed(change: Operation) -> Mapping[str, bytes]:
    """Documents that are no JSON Patch; `change` is an operation that could be carried out."""
    return {
        "not-json": b"[{",
        "not-a-list": json.dumps(change).encode(),
        "no-path": _document(change, {"op": "remove"}),
        "no-value": _document(change, {"op": "add", "path": change["path"]}),
    }


def _document(*operations: Operation) -> bytes:
    return json.dumps(operations).encode()
