"""Races on servers that keep every promise: whatever is found is a false alarm.

Each run judges one profile's embedded server by all race rules, with a seed of its own; the profiles take turns.

    python benchmarks/correct_servers.py [runs, default 200] [first seed, default 1] [effort, default quick]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent.parent

#: What a run of a correct server may say of a rule.
_EXPECTED = frozenset({"pass", "observed", "not-applicable"})


def run(profile: str, seed: int, effort: str) -> tuple[int, list[dict[str, Any]], str]:
    """One run: its exit code, its verdicts, and what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "ifmatch", "run", "-p", profile, "--rules", "race.*", "--seed", str(seed),
             "--effort", effort, "-o", folder],
            cwd=HOME, env={**os.environ, "PYTHONPATH": str(HOME)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return (
            done.returncode,
            list(_verdicts(Path(folder) / "events.jsonl")),
            done.stdout + done.stderr,
        )


def _verdicts(log: Path) -> Iterator[dict[str, Any]]:
    if log.is_file():
        with log.open(encoding="utf-8") as lines:
            yield from (event for event in map(json.loads, lines) if event["event"] == "verdict")


def main(runs: str = "200", first: str = "1", effort: str = "quick") -> None:
    """Run, tell at once what is not as expected, and count in the end."""
    from ifmatch.rules.profile import shipped

    begun, codes, verdicts = time.monotonic(), Counter[int](), Counter[str]()
    profiles = islice(cycle(shipped()), int(runs))
    for seed, profile in enumerate(profiles, int(first)):
        code, judged, printed = run(profile, seed, effort)
        codes[code] += 1
        verdicts.update(event["verdict"] for event in judged)
        for event in judged:
            if event["verdict"] not in _EXPECTED:
                print(
                    f"{profile} seed {seed}: {event['rule']} {event['verdict']}: {event['message']}",
                    flush=True,
                )
        if not judged:
            print(f"{profile} seed {seed}: exit {code}\n{printed}", flush=True)
    print(
        f"{runs} runs, {sum(verdicts.values())} scenarios in {time.monotonic() - begun:.0f} s: {dict(verdicts)}"
    )
    print(f"exit codes: {dict(codes)}")


if __name__ == "__main__":
    sys.path.insert(0, str(HOME))
    main(*sys.argv[1:])
