"""What a JSON Schema finds wrong with a file, mostly of a person, in our words: where, what it means, what to do."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifmatch.errors import did_you_mean
from ifmatch.rules.schema import mismatch, mismatch_in, read

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

#: What a value is, by its type in Python, and what it should be, by its type in a schema: as TOML writes it.
_IS = {str: "text", bool: "true or false", int: "a number", float: "a number"}
_IS |= {list: "a list", dict: "a table", type(None): "null"}
_SHOULD_BE = {
    "string": "text in quotes",
    "integer": "a whole number without quotes",
    "number": "a number without quotes",
    "boolean": "true or false without quotes",
    "array": "a list in square brackets",
    "object": "a table",
    "null": "null",
}


@dataclass(frozen=True)
class Slip:
    """What is wrong in a file: the place, and sentences that say what, what it means and what to do.

    `unknown` are the keys that cannot stand there, where that is what is wrong.
    """

    place: str
    what: str
    unknown: tuple[str, ...] = ()


def slip(schema: Path, data: object, *, shows_values: bool = True) -> Slip | None:
    """What is most plainly wrong with data by a schema; None where nothing is.

    Without `shows_values` no text of the data is quoted: one that was put there by mistake may be a secret.
    """
    return _told(read(schema), mismatch(schema, data), shows_values)


def slip_in(schema: Mapping[str, Any], data: object, *, shows_values: bool = True) -> Slip | None:
    """The same for a schema that is made of others."""
    return _told(schema, mismatch_in(schema, data), shows_values)


def _told(
    schema: Mapping[str, Any], error: "ValidationError | None", shows_values: bool
) -> Slip | None:
    if error is None:
        return None
    unknown = _unknown(error)
    words = _WORDS.get(str(error.validator), _other)
    found = words(error, _quoted if shows_values else _hidden)
    advice = [_where_else(schema, error, key) for key in unknown]
    place = ".".join(map(str, error.absolute_path)) or "top level"
    what = " ".join([f"{found}.", *advice, *_choice(error), *_meaning(error)])
    return Slip(place, what, tuple(unknown))


Quote = Callable[[object], str]


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else _number_or_kind(value)


def _hidden(value: object) -> str:
    return "that value" if isinstance(value, str) else _number_or_kind(value)


def _number_or_kind(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return _IS.get(type(value), "that value")


def _type(error: "ValidationError", _: Quote) -> str:
    given = _IS.get(type(error.instance), "a date or a time")
    return f"it must be {_either(_kinds(error.schema))}, and is {given}"


def _alternatives(error: "ValidationError", _: Quote) -> str:
    parts: Any = error.validator_value
    groups = [" with ".join(part.get("required", ())) for part in parts]
    if all(groups):
        return f"it needs exactly one of: {', '.join(groups)}"
    kinds = [kind for part in parts for kind in _kinds(part)]
    return f"it must be {_either(kinds)}" if kinds else "its parts contradict each other"


def _kinds(schema: Any) -> Iterator[str]:
    """What a schema would have, in words."""
    if "enum" in schema:
        yield f"one of {', '.join(map(str, schema['enum']))}"
        return
    named = schema.get("type", [])
    for name in [named] if isinstance(named, str) else named:
        yield _SHOULD_BE[name] + _of_what(name, schema)


def _of_what(name: str, schema: Any) -> str:
    keys = ", ".join(schema.get("required", ())) if name == "object" else ""
    return f" with {keys}" if keys else ""


def _either(words: Iterator[str] | list[str]) -> str:
    return ", or ".join(words)


def _enum(error: "ValidationError", quote: Quote) -> str:
    if _is_of_a_key(error):
        return _no_key([str(error.instance)])
    return f"{quote(error.instance)} is not allowed"


def _const(error: "ValidationError", quote: Quote) -> str:
    return f"it must be {json.dumps(error.validator_value)}, and is {quote(error.instance)}"


def _keys(error: "ValidationError", _: Quote) -> str:
    return _no_key(_unknown(error))


def _no_key(names: list[str]) -> str:
    verb = "is no key" if len(names) == 1 else "are no keys"
    quoted = [f'"{name}"' for name in names]
    return f"{' and '.join(quoted)} {verb} that can stand there"


def _is_of_a_key(error: "ValidationError") -> bool:
    """Whether it is the name of a key that is wrong, which the place does not end with then."""
    return "propertyNames" in error.absolute_schema_path


def _values(error: "ValidationError") -> list[object]:
    values: Any = error.validator_value
    return list(values)


def _required(error: "ValidationError", _: Quote) -> str:
    lacking = lacking_in(error)
    return f"{' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} missing"


def _dependent(error: "ValidationError", _: Quote) -> str:
    given, needs = _mapping(error.instance), _mapping(error.validator_value)
    key = next(key for key, others in needs.items() if key in given and set(others) - given.keys())
    return f"{key} needs {' and '.join(needs[key])} beside it, which is missing"


def _pattern(error: "ValidationError", quote: Quote) -> str:
    if not str(error.instance).strip():
        return _empty(error, quote)
    shown = _quoted if _is_of_a_key(error) else quote
    return f"{shown(error.instance)} does not have the form that is needed there"


def _format(error: "ValidationError", _: Quote) -> str:
    return _FORMATS[str(error.validator_value)]


def _not(error: "ValidationError", _: Quote) -> str:
    return f'"{error.instance}" cannot stand there'


def _empty(error: "ValidationError", _: Quote) -> str:
    verb = "say" if isinstance(error.instance, str) else "hold"
    return f"it is empty, and must {verb} something"


def _long(error: "ValidationError", quote: Quote) -> str:
    length = len(str(error.instance))
    return (
        f"{quote(error.instance)} has {length} characters, and at most {error.validator_value} fit"
    )


def _twice(error: "ValidationError", quote: Quote) -> str:
    entries = _list(error.instance)
    again = next(entry for entry in entries if entries.count(entry) > 1)
    return f"{quote(again)} stands there twice; take one out"


def _bound(words: str, error: "ValidationError", quote: Quote) -> str:
    return f"{quote(error.instance)} is not allowed: it must be {words} {error.validator_value}"


def _other(error: "ValidationError", _: Quote) -> str:
    return "what stands there is not what is needed"


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _choice(error: "ValidationError") -> Iterator[str]:
    """What could stand in place of a word that is none of those allowed."""
    if error.validator != "enum":
        return
    allowed = [str(value) for value in _values(error)]
    yield from _question(str(error.instance), allowed)
    yield f"Allowed: {', '.join(allowed)}."


def _question(name: str, known: list[str]) -> list[str]:
    hint = did_you_mean(name, known).strip()
    return [hint] if hint else []


def _meaning(error: "ValidationError") -> Iterator[str]:
    """What the schema says that the value, or the key that is missing, is for."""
    schema = _mapping(error.schema)
    if error.validator == "required":
        schema = _property(schema, lacking_in(error)[0])
    if "description" in schema and error.validator != "additionalProperties":
        yield f"What belongs there: {schema['description']}."


def _property(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return _mapping(_mapping(schema.get("properties")).get(key))


def lacking_in(error: "ValidationError") -> list[str]:
    """The keys that are missing, where that is what is wrong."""
    return [str(name) for name in _values(error) if name not in _mapping(error.instance)]


def _unknown(error: "ValidationError") -> list[str]:
    """The keys of a table that are none."""
    if error.validator != "additionalProperties":
        return []
    known = _mapping(_mapping(error.schema).get("properties"))
    return [str(key) for key in _mapping(error.instance) if key not in known]


def _where_else(schema: Mapping[str, Any], error: "ValidationError", key: str) -> str:
    """What may have been meant by a key that is none: one that is like it, the same elsewhere, or any of those here.

    In TOML a key belongs to the last table that was opened above it, which is how one gets into the wrong one.
    """
    here = list(_mapping(_mapping(error.schema).get("properties")))
    homes = [name for name in schema["properties"] if _property(schema["properties"][name], key)]
    if error.absolute_path and key in schema["properties"]:
        return f'"{key}" belongs to the top of the file, above the first [table].'
    if homes and homes != list(error.absolute_path)[:1]:
        return f'"{key}" belongs under [{homes[0]}].'
    return " ".join(_question(key, here)) or f"Known there: {', '.join(here)}."


#: What a text is not that breaks a format.
_FORMATS = {"date": "it is no day of the calendar"}

#: How each keyword of a schema is said that is broken.
_WORDS: Mapping[str, Callable[["ValidationError", Quote], str]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "anyOf": _alternatives,
    "oneOf": _alternatives,
    "additionalProperties": _keys,
    "required": _required,
    "dependentRequired": _dependent,
    "pattern": _pattern,
    "format": _format,
    "not": _not,
    "minLength": _empty,
    "minItems": _empty,
    "minProperties": _empty,
    "maxLength": _long,
    "uniqueItems": _twice,
    "minimum": partial(_bound, "at least"),
    "maximum": partial(_bound, "at most"),
    "exclusiveMinimum": partial(_bound, "more than"),
}
