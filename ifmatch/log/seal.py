"""What the last line of a log says of all that stands before it: that no line was changed, added or dropped since.

It is no signature: whoever changes a log can seal it again. It finds accidents, and those who do not know of it.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ifmatch.log.events import Event, RunFinished
from ifmatch.log.reader import FILE_NAME


def seal_of(folder: Path) -> str:
    """The SHA-256 of a log that has no last line yet."""
    with (folder / FILE_NAME).open("rb") as log:
        return hashlib.file_digest(log, "sha256").hexdigest()


def broken_seal(folder: Path, events: Sequence[Event]) -> str:
    """Why the last line of a log does not vouch for the rest; empty when it does. `events` are those of the log."""
    last = events[-1] if events else None
    if not isinstance(last, RunFinished):
        return "its last line is missing: it was cut short, or the run was"
    if last.sha256 != sealed_part(folder):
        return "it is not what its last line says of it: a line was changed, added or dropped"
    return ""


def sealed_part(folder: Path) -> str:
    """The SHA-256 of a log without its last line."""
    content = (folder / FILE_NAME).read_bytes()
    ends = content.rstrip(b"\n").rfind(b"\n") + 1
    return hashlib.sha256(content[:ends]).hexdigest()
