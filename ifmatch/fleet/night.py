"""One night of a fleet: its folder, what has been done in it so far, and the night before.

`fleet.json` says how each run ended. It is written anew after every run, so whoever goes on with a night that broke
off does nothing twice.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ifmatch.errors import ConfigurationError
from ifmatch.fleet import parcel
from ifmatch.fleet.job import Ending, Job
from ifmatch.suite.folder import new_run_id

FILE_NAME = "fleet.json"
SCHEMA = 1


@dataclass
class Night:
    """A night in progress, or one that is over. `endings` are by the name of the run."""

    folder: Path
    title: str
    started: str
    endings: dict[str, dict[str, Any]] = field(default_factory=dict)
    finished: str = ""

    @classmethod
    def new(cls, folder: Path, title: str) -> "Night":
        """A night that begins now."""
        return cls(folder, title, _now())

    @classmethod
    def read(cls, folder: Path) -> "Night":
        """A night that was begun before. Raises ConfigurationError when there is none in the folder."""
        try:
            data = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
            runs = {run["name"]: run for run in data["runs"]}
            return cls(folder, data["title"], data["started"], runs, data["finished"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"{folder} holds no night of a fleet ({type(error).__name__}). Name the folder that a fleet's "
                f"{FILE_NAME} lies in."
            ) from None

    def is_done(self, job: Job) -> bool:
        """Whether a run came to a whole report that night, from what is asked of it now."""
        run = self.endings.get(job.name)
        if run is None or run["sentence"] or run["asked"] != _digest(job):
            return False
        return job.report is not None

    def ended(self, ending: Ending) -> None:
        """A run has ended."""
        job = ending.job
        self.endings[job.name] = {
            "name": job.name,
            "asked": _digest(job),
            "host": ending.host,
            "code": ending.code,
            "sentence": ending.sentence,
            "seconds": ending.seconds,
        }
        self.write()

    def finish(self) -> None:
        """Every run of the night has ended."""
        self.finished = _now()
        self.write()

    def write(self) -> None:
        """Write `fleet.json`, whole. Raises ConfigurationError when it cannot be."""
        data = {
            "schema": SCHEMA,
            "title": self.title,
            "started": self.started,
            "finished": self.finished,
            "runs": list(self.endings.values()),
        }
        path = self.folder / FILE_NAME
        draft = path.with_suffix(".draft")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(data, indent=2, ensure_ascii=False), encoding="utf-8")
            draft.replace(path)
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be written: {error.strerror}. Make room or choose another folder with -o DIR."
            ) from None


def new_night_folder(fleet: Path) -> Path:
    """Where a new night's evidence goes: beside the other nights of that fleet."""
    return Path("reports", fleet.stem, new_run_id())


def nights_beside(folder: Path) -> list[Night]:
    """The other nights in the folder that a night lies in, the newest first."""
    folders = (path.parent for path in folder.parent.glob(f"*/{FILE_NAME}"))
    others = [Night.read(other) for other in folders if other.resolve() != folder.resolve()]
    return sorted(others, key=lambda night: night.started, reverse=True)


def _digest(job: Job) -> str:
    """What is asked of a run, the files that it is given included, in short."""
    return hashlib.sha256(repr(parcel.asked(job)).encode()).hexdigest()


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="microseconds")
