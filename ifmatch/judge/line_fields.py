"""The fields that each line of a history may have, and what their values must be; `jsonlines` says what they mean."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ifmatch.judge.history import HistoryError, Kind, Outcome

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the value of a field must be."""

    description: str
    fits: Callable[[Any], bool]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_process(value: Any) -> bool:
    return isinstance(value, str) or _is_whole(value)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _is_date(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _one_of(*words: str) -> Shape:
    return Shape(
        f"one of {', '.join(words)}", lambda value: isinstance(value, str) and value in words
    )


TEXT = Shape("a text", lambda value: isinstance(value, str))
WHOLE = Shape("a whole number", _is_whole)
TRUTH = Shape("true or false", lambda value: isinstance(value, bool))
PROCESS = Shape("a text or a whole number", _is_process)
TEXTS = Shape("a list of texts", _is_texts)
ENTRIES = Shape("a list of objects", _is_objects)
DATE = Shape("an ISO 8601 date with its offset", _is_date)
KIND = _one_of(*Kind)
OUTCOME = _one_of(*Outcome)

_OF_A_PROCESS = {"process": PROCESS, "f": KIND, "index": WHOLE, "error": TEXT, "resource": TEXT}
_REQUEST = {"base": TEXT, "marker": TEXT}
_ANSWER = {"status": WHOLE, "version": TEXT, "seen": TEXTS, "matches": WHOLE}
_INVOCATION = _OF_A_PROCESS | _REQUEST | {"time": WHOLE}
_COMPLETION = _OF_A_PROCESS | _ANSWER | {"time": WHOLE}
_OPERATION = (
    _OF_A_PROCESS
    | _REQUEST
    | _ANSWER
    | {"invoked": WHOLE, "returned": WHOLE, "outcome": OUTCOME, "final": TRUTH}
)
_PAGE = {"entries": ENTRIES, "resource": TEXT}

#: The fields that a line of each type may have, besides `type`.
FIELDS: Mapping[str, Mapping[str, Shape]] = {
    "invoke": _INVOCATION,
    "ok": _COMPLETION,
    "fail": _COMPLETION,
    "info": _COMPLETION,
    "abort": _COMPLETION,
    "operation": _OPERATION,
    "initial": {"version": TEXT, "resource": TEXT},
    "history": _PAGE,
    "earlier": _PAGE,
}

#: And those that it must have.
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "invoke": ("process", "f", "time"),
    "ok": ("process", "time"),
    "fail": ("process", "time"),
    "info": ("process",),
    "abort": ("process",),
    "operation": ("process", "f", "invoked", "outcome"),
    "initial": ("version",),
    "history": ("entries",),
    "earlier": ("entries",),
}

ENTRY_FIELDS: Mapping[str, Shape] = {
    "version": TEXT,
    "markers": TEXTS,
    "updated": DATE,
    "method": TEXT,
}


def parsed(line: str) -> Record:
    """What a line says, once it is sure that a line may say so. Raises HistoryError when it may not."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise HistoryError(f"This is not JSON: {error}.") from None
    if not isinstance(record, dict):
        raise HistoryError("Each line is one JSON object.")
    kind = record.pop("type", None)
    if not isinstance(kind, str) or kind not in FIELDS:
        raise HistoryError(
            f"There is no type {json.dumps(kind)}. It is one of {', '.join(FIELDS)}."
        )
    return {"type": kind, **_checked(record, f'"{kind}"', FIELDS[kind], REQUIRED[kind])}


def parsed_entry(record: Record) -> Record:
    """The same for an entry of `_history`."""
    return _checked(record, "An entry", ENTRY_FIELDS, ("version",))


def _checked(
    record: Record, what: str, fields: Mapping[str, Shape], required: tuple[str, ...]
) -> Record:
    """The fields that are not null. Raises HistoryError for one that is unknown, of another shape, or missing."""
    present = {name: value for name, value in record.items() if value is not None}
    for name in present:
        if name not in fields:
            raise HistoryError(f'{what} has no field "{name}". It may have {", ".join(fields)}.')
        _check_shape(name, fields[name], present[name])
    for name in required:
        if name not in present:
            raise HistoryError(f'{what} needs the field "{name}".')
    return present


def _check_shape(name: str, shape: Shape, value: Any) -> None:
    if not shape.fits(value):
        raise HistoryError(f'"{name}" must be {shape.description}, not {json.dumps(value)}.')
