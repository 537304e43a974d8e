"""How long a run takes against a server that is there, and how much of that is the suite's own time.

The target's time is that in which at least one request was with it, by the run's own record; the rest is ours, waits
included. Our processor time is told beside it.

    python benchmarks/own_time.py BASE_URL [profile, default fhir-r4] [effort, default quick]
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path


def intervals(events: Path) -> list[tuple[float, float]]:
    """When each request was under way; seconds of the wall clock."""
    found = []
    for line in events.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["event"] in ("exchange", "race.exchange"):
            started = datetime.fromisoformat(event["started"]).timestamp()
            found.append((started, started + float(event["duration_ms"]) / 1e3))
    return sorted(found)


def covered(spans: list[tuple[float, float]]) -> float:
    """The length of all spans together, what they share counted once."""
    total, reach = 0.0, float("-inf")
    for start, end in spans:
        total += max(0.0, end - max(start, reach))
        reach = max(reach, end)
    return total


def main(base_url: str, profile: str, effort: str) -> None:
    """Run, measure, print."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        started = time.perf_counter()
        command = [
            sys.executable,
            "-m",
            "ifmatch",
            "run",
            base_url,
            "-p",
            profile,
            "--effort",
            effort,
            "-o",
            str(run),
        ]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        wall = time.perf_counter() - started
        spans = intervals(run / "events.jsonl")
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    theirs = covered(spans)
    print(f"{profile}, {effort}: exit {done.returncode}, {len(spans)} requests, {wall:.1f} s")
    print(
        f"  with the target {theirs:.1f} s, ours {wall - theirs:.1f} s ({(wall - theirs) / wall:.0%})"
    )
    print(
        f"  our processor time {usage.ru_utime + usage.ru_stime:.1f} s ({(usage.ru_utime + usage.ru_stime) / wall:.0%})"
    )


if __name__ == "__main__":
    main(sys.argv[1], *(sys.argv[2:4] + ["fhir-r4", "quick"][len(sys.argv) - 2 :]))
