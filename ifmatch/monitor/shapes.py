"""What a resource must be in any case: JSON Schemas, and what is wrong by them, in words."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ifmatch.rules.schema import mismatch

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
    wanted = broken.schema.get("description") if isinstance(broken.schema, dict) else None
    if broken.validator == "required":
        return f"lacks an element: {broken.message}"
    shown = json.dumps(broken.instance)[:60]
    return f"is {shown}, not {wanted}" if wanted else broken.message
