"""What a resource must be in any case: JSON Schemas, and what is wrong by them, in words."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ifmatch.rules.schema import mismatch
from ifmatch.rules.schema_words import lacking_in

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_HERE = Path(__file__).parent


def misshapen(name: str, resource: object) -> str:
    """Where and in what a resource breaks the schema of a name; empty when it is as it should be."""
    broken = mismatch(_HERE / f"{name}.schema.json", resource)
    if broken is None:
        return ""
    place = "top level" if broken.json_path == "$" else broken.json_path.removeprefix("$.")
    return f"{place} {_explained(broken)}"


def _explained(broken: "ValidationError") -> str:
    """What is wrong with an element: the schema's own word for what it should be, and what it is."""
    if broken.validator == "required":
        return f"lacks {' and '.join(lacking_in(broken))}"
    wanted = broken.schema.get("description") if isinstance(broken.schema, dict) else None
    return f"is {json.dumps(broken.instance)[:60]}, not {wanted or 'what FHIR has there'}"
