"""The folder that a run's evidence goes to."""

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from ifmatch.errors import ConfigurationError
from ifmatch.log.reader import FILE_NAME
from ifmatch.report.package import sums
from ifmatch.report.write import DERIVED, write_all

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None  # type: ignore[assignment]


def new_run_id() -> str:
    """A name for a run: when it began, and something to tell it from others begun in the same second."""
    return f"{datetime.now():%Y-%m-%dT%H-%M-%S}-{secrets.token_hex(4)}"


def new_folder(run_id: str) -> Path:
    """Where a run's evidence goes when the user names no folder."""
    return Path("reports") / run_id


def claimed(folder: Path) -> int | None:
    """Keep other runs out of a folder until it is released, or this process ends, however that may be.

    None where the system has no such locks. Raises ConfigurationError when another run is writing there, or a package
    lies there: neither is destroyed.
    """
    if (folder / sums.FILE_NAME).exists():
        raise ConfigurationError(
            f"{folder} is a package of `ifmatch certify`, which no other run may change. Choose another folder with "
            "-o DIR."
        )
    if fcntl is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        claim = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise ConfigurationError(
            f"The run's evidence cannot be written to {folder}: {error.strerror}. Choose another folder with -o DIR."
        ) from None
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(claim)
        raise ConfigurationError(
            f"Another run is writing to {folder}. Wait for its end, or choose another folder with -o DIR."
        ) from None
    except OSError:  # a file system without locks
        os.close(claim)
        return None
    return claim


def released(claim: int | None) -> None:
    """Let other runs into the folder again."""
    if claim is not None:
        os.close(claim)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """A while in which a folder is kept from other runs; one that was made for it and stayed empty is gone after it.

    Raises ConfigurationError as `claimed` does.
    """
    was_there = folder.exists()
    claim = claimed(folder)
    try:
        yield
    finally:
        if not was_there:
            with suppress(OSError):
                folder.rmdir()
        released(claim)


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


def withdraw(folder: Path) -> None:
    """Remove the log of a run in which nothing was run; put that of an earlier one back, with its reports.

    A folder that is empty then goes, too.
    """
    log = folder / FILE_NAME
    earlier = sorted(folder.glob("events-*.jsonl"), key=lambda path: path.stat().st_ctime_ns)
    with suppress(OSError, ConfigurationError):
        log.unlink()
        if earlier:
            earlier[-1].rename(log)
            write_all(folder)
        elif not any(folder.iterdir()):
            folder.rmdir()
            if folder.parent.name == "reports":  # which may have been made for it, too
                folder.parent.rmdir()


def emptied(folder: Path) -> None:
    """Remove all that a run has left in a folder that was empty before it."""
    with suppress(OSError):
        for path in folder.iterdir():
            _remove(path)


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
