"""Reads `events.jsonl` back into events, those of older versions included."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec

from ifmatch.errors import ConfigurationError
from ifmatch.log.events import KINDS, Event, Unreadable

FILE_NAME = "events.jsonl"

Record = dict[str, Any]

#: The names of the fields of each kind of event.
_FIELDS = {kind: frozenset(field.name for field in fields(kind)) for kind in KINDS.values()}


def read(folder: Path) -> Iterator[Event]:
    """The events of a run in their order. A line cut short by a crash is left out.

    Raises ConfigurationError when the folder holds no log.
    """
    path = folder / FILE_NAME
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}. Name the folder of a run."
        ) from None
    # Only a line feed ends a line here: the texts of servers hold the other separators that splitlines() knows.
    for line in content.split(b"\n"):
        record = _object_in(line)
        if record is not None:
            yield event_of(record)


def follow(folder: Path, is_over: Callable[[], bool]) -> Iterator[Event]:
    """The events of a run that another process is making, as they come; `is_over` is asked whether it still is."""
    path, place = folder / FILE_NAME, 0
    while True:
        ends = is_over()  # asked first: what was written before its end is not missed
        content = _content_from(path, place)
        whole = content[: content.rfind(b"\n") + 1]
        place += len(whole)
        yield from (event_of(record) for record in map(_object_in, whole.split(b"\n")) if record)
        if ends:
            return
        time.sleep(_BETWEEN_LOOKS)


#: Seconds after which one looks again for what another process has written.
_BETWEEN_LOOKS = 0.5


def _content_from(path: Path, place: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(place)
            return file.read()
    except OSError:  # not yet there
        return b""


def event_of(record: Mapping[str, Any]) -> Event:
    """The event that a line holds. What does not fit this version is kept as it is, with the reason."""
    values = dict(record)
    kind = str(values.pop("event", ""))
    if kind in _OLDER:
        kind, values = _OLDER[kind](values)
    if kind not in KINDS:
        return _unreadable(kind, values, f"no event is called {kind!r}")
    known, unknown = _parted(values, KINDS[kind])
    try:
        return msgspec.convert({**known, "unknown": unknown}, KINDS[kind], strict=False)
    except msgspec.ValidationError as error:
        return _unreadable(kind, values, str(error))


def _parted(values: Record, cls: type[Event]) -> tuple[Record, Record]:
    """The fields that an event has and those that it does not know. What is null has the default of its field."""
    names = _FIELDS[cls]
    known, unknown = {}, {}
    for name, value in values.items():
        if name not in names:
            unknown[name] = value
        elif value is not None:
            known[name] = value
    return known, unknown


def _unreadable(kind: str, values: Record, why: str) -> Unreadable:
    return Unreadable(time=str(values.get("time", "")), kind=kind, fields=values, why=why)


def _object_in(line: bytes) -> Record | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _raced(values: Record) -> tuple[str, Record]:
    return "exchange", {**values, "raced": True}


#: Kinds of event that schema 1 had, brought up to today's.
_OLDER: Mapping[str, Callable[[Record], tuple[str, Record]]] = {"race.exchange": _raced}
