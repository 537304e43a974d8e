"""The folder that a run's evidence goes to."""

import re
import secrets
import shutil
from datetime import datetime
from pathlib import Path

from ifmatch.errors import ConfigurationError
from ifmatch.log.reader import FILE_NAME
from ifmatch.report.write import DERIVED


def new_run_id() -> str:
    """A name for a run: when it began, and something to tell it from others begun in the same second."""
    return f"{datetime.now():%Y-%m-%dT%H-%M-%S}-{secrets.token_hex(4)}"


def new_folder(run_id: str) -> Path:
    """Where a run's evidence goes when the user names no folder."""
    return Path("reports") / run_id


def set_aside(folder: Path) -> None:
    """Keep the log of an earlier run in a folder as `events-<its id>.jsonl`, and remove what was derived from it.

    So a folder tells one run, and no reader takes the earlier run's report for that of a later one that broke off.
    """
    log = folder / FILE_NAME
    if not log.is_file():
        return
    try:
        log.rename(folder / f"events-{_run_id_of(log)}.jsonl")
        for name in DERIVED:
            _remove(folder / name)
    except OSError as error:
        raise ConfigurationError(
            f"The evidence of an earlier run in {folder} cannot be set aside: {error.strerror}. Choose another folder "
            "with -o DIR."
        ) from None


def _run_id_of(log: Path) -> str:
    """The id of the run that a log tells, else the time of its last line."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        found = re.search(r'"run": "([\w-]+)"', lines.readline())
    return found[1] if found else f"{datetime.fromtimestamp(log.stat().st_mtime):%Y-%m-%dT%H-%M-%S}"


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def point_latest_to(folder: Path) -> None:
    """`reports/latest` leads to the newest run; where links cannot be made, there is none."""
    latest = folder.parent / "latest"
    if folder.parent.name != "reports" or (latest.exists() and not latest.is_symlink()):
        return
    try:
        latest.unlink(missing_ok=True)
        latest.symlink_to(folder.name)
    except OSError:
        return
