"""Data held against a JSON Schema that lies beside the code."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError


def mismatch_in(schema: Mapping[str, Any], data: object) -> "ValidationError | None":
    """The same as `mismatch`, for a schema that is made of others."""
    from jsonschema.exceptions import best_match

    found: ValidationError | None = best_match(_validator_of(schema).iter_errors(data))
    return found


def mismatch(schema: Path, data: object) -> "ValidationError | None":
    """Where data is most plainly not as a schema has it; None where it is."""
    # Imported here: many runs hold nothing against a schema, and the library takes its time to load.
    from jsonschema.exceptions import best_match

    found: ValidationError | None = best_match(_validator(schema).iter_errors(data))
    return found


@cache
def read(schema: Path) -> dict[str, Any]:
    """A schema as it stands in its file."""
    content: dict[str, Any] = json.loads(schema.read_text(encoding="utf-8"))
    return content


@cache
def _validator(schema: Path) -> "Draft202012Validator":
    return _validator_of(read(schema))


def _validator_of(schema: Mapping[str, Any]) -> "Draft202012Validator":
    """What holds data against a schema, its formats included: a date is one of the calendar's."""
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
