"""What the last line of a log says of all that stands before it: that no line was changed, added or dropped since.

It is no signature: whoever changes a log can seal it again. It finds accidents, and those who do not know of it.
"""

import hashlib
from pathlib import Path

from ifmatch.log.reader import FILE_NAME


def seal_of(folder: Path) -> str:
    """The SHA-256 of a log that has no last line yet."""
    with (folder / FILE_NAME).open("rb") as log:
        return hashlib.file_digest(log, "sha256").hexdigest()


def sealed_part(folder: Path) -> str:
    """The SHA-256 of a log without its last line."""
    content = (folder / FILE_NAME).read_bytes()
    ends = content.rstrip(b"\n").rfind(b"\n") + 1
    return hashlib.sha256(content[:ends]).hexdigest()
