"""What each race takes against the embedded server: the median of some runs of one profile, scenario by scenario.

The whole is the time of the command, the start of Python and of the server included. Server and client share the
machine, and the server's process is the client's: a target of its own takes less.

    python benchmarks/race_times.py [profile, default fhir-r4] [runs, default 3] [effort, default quick]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

HOME = Path(__file__).parent.parent


def run(profile: str, effort: str) -> tuple[float, dict[str, float]]:
    """One run of all races: its time in seconds, and that of each scenario in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "ifmatch", "run", "-p", profile, "--rules", "race.*",
             "--effort", effort, "-o", folder],
            cwd=HOME, env={**os.environ, "PYTHONPATH": str(HOME)}, capture_output=True, check=False,
        )  # fmt: skip
        whole = time.perf_counter() - begun
        with (Path(folder) / "events.jsonl").open(encoding="utf-8") as lines:
            verdicts = [event for event in map(json.loads, lines) if event["event"] == "verdict"]
    return whole, {
        event["rule"]: event["duration_ms"]
        for event in verdicts
        if event["verdict"] != "not-applicable"
    }


def main(profile: str = "fhir-r4", runs: str = "3", effort: str = "quick") -> None:
    """Print the medians, the slowest scenario first."""
    wholes, durations = zip(*(run(profile, effort) for _ in range(int(runs))), strict=True)
    medians = {rule: median(one[rule] for one in durations) for rule in durations[0]}
    for rule, duration in sorted(medians.items(), key=lambda item: -item[1]):
        print(f"{duration:8.0f} ms  {rule}")
    print(f"{sum(medians.values()):8.0f} ms  all {len(medians)} races of {profile} at {effort}")
    print(
        f"{median(wholes) * 1000:8.0f} ms  the command as a whole; load of the machine: {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
