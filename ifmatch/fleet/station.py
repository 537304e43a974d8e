"""What a host does: takes a job from a channel, runs it, sends its evidence back. It runs in that host's own Python."""

import os
import signal
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ifmatch.fleet import parcel
from ifmatch.fleet.job import Bound, Came, Job
from ifmatch.fleet.processes import Processes

#: Those of this host: jobs share what was loaded once, and a signal for one is for all. Made once, for jobs begin
#: together.
_PROCESSES = Processes()


def serve(channel: Any) -> None:
    """Make the run that comes over a channel. Numbers that follow are signals for all that run here; so is the end of
    the channel, for who waits for the evidence is gone then: what the run made on its target is to be removed.
    """
    asked, done = channel.receive(), threading.Event()
    threading.Thread(target=_pass_on_signals, args=(channel, done), daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="ifmatch-") as folder:
        evidence = Path(folder, "evidence")
        evidence.mkdir()
        came = _made(asked, Path(folder), evidence)
        done.set()
        channel.send((came.code, came.printed, came.why, parcel.evidence_in(evidence)))


def _pass_on_signals(channel: Any, done: threading.Event) -> None:
    try:
        while True:
            _PROCESSES.end(signal.Signals(channel.receive()))
    except EOFError:
        if not done.is_set():
            _PROCESSES.end(signal.SIGINT)


def _made(asked: Mapping[str, Any], folder: Path, evidence: Path) -> Came:
    places = _unpacked(asked["files"], folder / "files")
    job = Job(
        name="",
        title="",
        folder=evidence,
        given={**asked["given"], "target_file": parcel.target_file_in(places, asked)},
        rest=tuple(asked["rest"]),
        bound=Bound(asked["seconds"], asked["megabytes"]),
    )
    return _PROCESSES.run(job.words(), job.bound, asked["environment"])


def _unpacked(files: Mapping[str, bytes], folder: Path) -> dict[str, str]:
    """The files in a folder, as they lay to each other; where each of them is now, by where it was."""
    if not files:
        return {}
    common = os.path.commonpath([str(Path(name).parent) for name in files])
    places = dict[str, str]()
    for name, content in files.items():
        place = folder / Path(name).relative_to(common)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        places[name] = str(place)
    return places
