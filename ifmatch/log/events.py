"""The event log of a run: `events.jsonl`, one JSON object a line, written as things happen.

Everything else that a run reports is derived from this file, at the end of the run or any time later. The events:

`run.started`   schema, run, suite {name, version}, command, seed, profile {id, title, label, sha256}, base_url
`target`        base_url, software, fhir_version, warnings: what the target says of itself; profile, once it is known
`exchange`      id, rule, started, duration_ms, request {method, url, headers, body}, response {status, reason,
                http_version, headers, body} or null, failure. Headers are lists of [name, value]
`race.exchange` the same for a request that was released together with others, with its writer
`journal`       action (intended | created | refused | deleted | restored | left), type, id, unique, reason: what
                we made there
`verdict`       one scenario's outcome: rule, title, feature, resource_type, row, verdict, level, message, culprit,
                expected, observed, findings, source, says, exchanges, steps, duration_ms
`run.finished`  complete, exit_code, message. A log without it is of a run that was cut short
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ifmatch.errors import ConfigurationError

FILE_NAME = "events.jsonl"
SCHEMA = 1

Event = dict[str, Any]


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

    def write(self, event: str, **fields: object) -> Event:
        """Append one event, on disk when this returns, and return it as it stands there: without secrets.

        Raises ConfigurationError when the disk does not take it.
        """
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        record: Event = {"event": event, "time": time, **_cleared(fields, self._redact)}
        line = (json.dumps(record, ensure_ascii=False, default=str) + "\n").encode("utf-8", "replace")
        try:
            written = os.write(self._file, line)
        except OSError as error:
            raise ConfigurationError(self._not_taken(error.strerror)) from None
        if written != len(line):
            raise ConfigurationError(self._not_taken("no space left"))
        return record

    def _not_taken(self, why: str | None) -> str:
        return (
            f"The run's evidence could not be written to {self.folder}: {why}. A run without evidence proves nothing, "
            "so it stops here. Make room or choose another folder with -o DIR."
        )

    def close(self) -> None:
        """Close the log; what was written is kept."""
        os.close(self._file)


def _cleared(value: Any, redact: Callable[[str], str]) -> Any:
    """A value with every text in it redacted, however deep. A field that is added later cannot be forgotten."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: _cleared(part, redact) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cleared(part, redact) for part in value]
    return value


def read(folder: Path) -> Iterator[Event]:
    """The events of a run in their order. A line cut short by a crash is left out.

    Raises ConfigurationError when the folder holds no log.
    """
    path = folder / FILE_NAME
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}. Name the folder of a run.") from None
    # Only a line feed ends a line here: the texts of servers hold the other separators that splitlines() knows.
    for line in content.split(b"\n"):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


def of_kind(events: list[Event], kind: str) -> Iterator[Mapping[str, Any]]:
    """The events of one kind."""
    return (event for event in events if event["event"] == kind)
