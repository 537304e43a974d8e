"""What travels between here and a host: a job with the files and variables that it needs, and its evidence.

Secrets travel with it, over the gateway alone: the variables that a target file names, and the files. There they are
kept in memory, or in a folder that only its user may read and that is removed when the run has ended.
"""

import io
import os
import tomllib
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ifmatch.fleet.job import Job
from ifmatch.rules.content import children_of

#: The variables that a run looks for by itself begin so.
_OURS = "IFMATCH_"

#: The options that name a file, by field.
_FILES = ("target_file", "profile", "baseline")

#: Characters; a longer text in a file is no name of another one.
_LONGEST_NAME = 200


def packed(job: Job) -> dict[str, Any]:
    """A job in what execnet can carry: plain values alone."""
    there = _files_of(job)
    files = dict[str, bytes]()
    for path in there.values():
        _pack(path, files)
    return {
        "given": {field: value for field, value in job.given.items() if value is not None},
        "rest": list(job.rest),
        "seconds": job.bound.seconds,
        "megabytes": job.bound.megabytes,
        "named": {field: str(path) for field, path in there.items()},
        "files": files,
        "environment": _variables(files),
    }


def _files_of(job: Job) -> dict[str, Path]:
    """The files that a job names, by the option that does; what is the name of a shipped profile is none."""
    named = {field: Path(str(job.given.get(field) or "")) for field in _FILES}
    return {field: path.resolve() for field, path in named.items() if path.is_file()}


def _pack(path: Path, files: dict[str, bytes]) -> None:
    """Add a file by its absolute name, and those that lie beside it or below and that it names."""
    content = path.read_bytes()
    files[str(path)] = content
    if path.suffix != ".toml":
        return
    for text in _texts(tomllib.loads(content.decode())):
        other = path.parent / text
        if _may_name_a_file(text) and other.is_file() and str(other) not in files:
            _pack(other, files)


def _may_name_a_file(text: str) -> bool:
    """Whether a text can be the name of a file beside: an absolute name is one of the host's own files."""
    return 0 < len(text) < _LONGEST_NAME and not Path(text).is_absolute()


def _variables(files: Mapping[str, bytes]) -> dict[str, str]:
    """The variables that a run may look for: ours, and every one whose name stands in some file."""
    texts = [content.decode("utf-8", "replace") for content in files.values()]
    return {name: value for name, value in os.environ.items() if _is_named(name, texts)}


def _is_named(variable: str, texts: Iterable[str]) -> bool:
    return variable.startswith(_OURS) or any(f'"{variable}"' in text for text in texts)


def _texts(data: object) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    for child in children_of(data):
        yield from _texts(child)


def evidence_in(folder: Path) -> bytes:
    """All files in a folder, as one archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as files:
        for path in sorted(folder.rglob("*")):
            files.write(path, path.relative_to(folder))
    return archive.getvalue()


def unpack(evidence: bytes, folder: Path) -> None:
    """Put the files of an archive into a folder; none comes to lie outside of it, whatever its name."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(evidence)) as files:
        files.extractall(folder)
