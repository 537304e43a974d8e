"""Writes what is derived from a run's event log beside it: at the end of a run, or any time later."""

import json
import os
from pathlib import Path

from ifmatch.errors import ConfigurationError
from ifmatch.log import events
from ifmatch.report import document, junit, replay
from ifmatch.report.run import Run
from ifmatch.rules.case import Verdict


def write_all(folder: Path) -> Run:
    """Write `report.json`, `junit.xml` and a replay of each failure from a log, and return the run that it tells.

    A log that was cut short gives the reports of an incomplete run. Each file is replaced whole: a reader never sees
    half of it. Raises ConfigurationError when the folder holds no log or cannot be written.
    """
    run = Run.of(events.read(folder))
    report = json.dumps(document.document(run), indent=2, ensure_ascii=False, default=str) + "\n"
    _replace(folder / document.FILE_NAME, report.encode("utf-8", "replace"))
    _replace(folder / junit.FILE_NAME, junit.junit(run))
    for judged in run.rules:
        if judged.verdict is Verdict.FAIL:
            path = replay.replay_path(folder, judged)
            path.parent.mkdir(exist_ok=True)
            _replace(path, replay.script(judged, run).encode("utf-8", "replace"))
    return run


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}. Make room or choose another folder with -o DIR."
        ) from None
