"""What travels between here and a host: a job with the files and variables that it needs, and its evidence.

Secrets travel with it, over the gateway alone: the variables that a target file names, and the files. There they are
kept in memory, or in a folder that only its user may read and that is removed when the run has ended.
"""

import io
import os
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ifmatch.client.fleet_file import FleetFile, entry_named, name_of
from ifmatch.fleet.job import Job
from ifmatch.rules.content import children_of

#: The variables that a run looks for by itself begin so.
_OURS = "IFMATCH_"

#: Characters; a longer text in a file is no name of another one.
_LONGEST_NAME = 200


def packed(job: Job) -> dict[str, Any]:
    """A job in what execnet can carry: plain values alone."""
    path, run = _target_file_of(job)
    contents = _Contents.of(path, run)
    return {
        "given": {name: value for name, value in job.given.items() if value is not None},
        "rest": list(job.rest),
        "seconds": job.bound.seconds,
        "megabytes": job.bound.megabytes,
        "target_file": str(path),
        "run": run,
        "files": contents.files,
        "environment": contents.variables,
    }


def target_file_in(places: Mapping[str, str], packed: Mapping[str, Any]) -> str:
    """How the target file of a job is named where its files have come to lie, each at its place by where it was."""
    place = places[packed["target_file"]]
    return name_of(Path(place), packed["run"]) if packed["run"] else place


def asked(job: Job) -> list[Any]:
    """All that is asked of a run, the files that it is given included; what else stands in a fleet file is not."""
    contents = _Contents.of(*_target_file_of(job))
    others = {
        name: content for name, content in contents.files.items() if name not in contents.said
    }
    return [job.given, job.rest, sorted(others.items()), sorted(contents.said.items())]


def _target_file_of(job: Job) -> tuple[Path, str]:
    """The file, and the run that is meant where it is a fleet file."""
    path, run = entry_named(Path(job.given["target_file"]))
    return path.resolve(), run


@dataclass
class _Contents:
    """Files by their absolute names, and of those that are TOML what they say, as far as it concerns the run."""

    files: dict[str, bytes] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path, run: str) -> "_Contents":
        """A file, and what it needs; of a fleet file what one run needs."""
        contents = cls()
        contents.add(path, run)
        return contents

    def add(self, path: Path, run: str = "") -> None:
        """Take a file, and those that lie beside it or below and that it names; of a fleet file one run's alone."""
        content = path.read_bytes()
        self.files[str(path)] = content
        if path.suffix != ".toml":
            return
        said = FleetFile.read(path).tables_of(run) if run else tomllib.loads(content.decode())
        self.said[str(path)] = said
        for text in _texts(said):
            other = path.parent / text
            if _may_name_a_file(text) and other.is_file() and str(other) not in self.files:
                self.add(other)

    @property
    def variables(self) -> dict[str, str]:
        """The variables that a run may look for: ours, and every one whose name stands in some file."""
        texts = set(_texts(list(self.said.values())))
        return {
            name: value
            for name, value in os.environ.items()
            if name.startswith(_OURS) or name in texts
        }


def _may_name_a_file(text: str) -> bool:
    """Whether a text can be the name of a file beside: an absolute name is one of the host's own files."""
    return 0 < len(text) < _LONGEST_NAME and not Path(text).is_absolute()


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
