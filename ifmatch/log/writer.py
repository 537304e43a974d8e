"""Appends the events of a run to `events.jsonl`, cleared of secrets, each on disk before anything else happens."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from ifmatch.errors import ConfigurationError
from ifmatch.log.events import KINDS, Event
from ifmatch.log.reader import FILE_NAME, event_of

_E = TypeVar("_E", bound=Event)

_KIND_OF = {cls: kind for kind, cls in KINDS.items()}


class EventLog:
    """Appends events to a run's log. Several processes may append to one log: each event is one write."""

    def __init__(self, folder: Path, redact: Callable[[str], str] = str) -> None:
        """Opens the log in a folder, which is made when it does not exist. `redact` takes the secrets out of a text.

        Raises ConfigurationError when the folder cannot be written.
        """
        self.folder = folder
        self._redact = redact
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(folder / FILE_NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise ConfigurationError(
                f"The run's evidence cannot be written to {folder}: {error.strerror}. "
                "Choose another folder with -o DIR."
            ) from None

    def write(self, event: _E) -> _E:
        """Append one event, on disk when this returns, and return it as it stands there: without secrets.

        Raises ConfigurationError when the disk does not take it.
        """
        record = cleared(line_of(stamped(event)), self._redact)
        line = (json.dumps(record, ensure_ascii=False, default=str) + "\n").encode(
            "utf-8", "replace"
        )
        try:
            written = os.write(self._file, line)
        except OSError as error:
            raise ConfigurationError(self._not_written(error.strerror)) from None
        if written != len(line):
            raise ConfigurationError(self._not_written("no space left"))
        return cast("_E", event_of(record))

    def _not_written(self, why: str | None) -> str:
        return (
            f"The run's evidence could not be written to {self.folder}: {why}. A run without evidence proves nothing, "
            "so it stops here. Make room or choose another folder with -o DIR."
        )

    def close(self) -> None:
        """Close the log; what was written is kept."""
        os.close(self._file)


def stamped(event: _E) -> _E:
    """The event with the time at which it was recorded."""
    return replace(event, time=datetime.now(UTC).isoformat(timespec="milliseconds"))


def line_of(event: Event) -> dict[str, Any]:
    """An event as JSON values, its kind first, ready to be written or handed to another process."""
    values: dict[str, Any] = msgspec.to_builtins(event, enc_hook=str)
    unknown = values.pop("unknown")
    return {"event": _KIND_OF[type(event)], **values, **unknown}


def cleared(value: Any, redact: Callable[[str], str]) -> Any:
    """A value with every text in it redacted, however deep. A field that is added later cannot be forgotten."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, (dict, Mapping)):  # a dict is told apart from others sooner
        return {key: cleared(part, redact) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [cleared(part, redact) for part in value]
    return value
