"""What a resource must be in any case: JSON Schemas, and what is wrong by them, in words."""

import json
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match


@cache
def _validator(name: str) -> Draft202012Validator:
    path = Path(__file__).with_name(f"{name}.schema.json")
    return Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))


def misshapen(name: str, resource: object) -> str:
    """Where and in what a resource breaks the schema of a name; empty when it is as it should be."""
    broken = best_match(_validator(name).iter_errors(resource))
    if broken is None:
        return ""
    place = "top level" if broken.json_path == "$" else broken.json_path.removeprefix("$.")
    return f"{place} {_explained(broken)}"


def _explained(broken: ValidationError) -> str:
    """What is wrong with an element: the schema's own word for what it should be, and what it is."""
    wanted = broken.schema.get("description") if isinstance(broken.schema, dict) else None
    if broken.validator == "required":
        return f"lacks an element: {broken.message}"
    shown = json.dumps(broken.instance)[:60]
    return f"is {shown}, not {wanted}" if wanted else broken.message
