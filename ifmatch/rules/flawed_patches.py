"""JSON Patches that cannot be applied (RFC 6902 section 4): an operation without a target, a document that is none."""

import json
from collections.abc import Mapping
from typing import Any

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
