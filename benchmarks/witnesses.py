"""What failing races leave behind: runs with different seeds on a server that loses updates, and their witnesses.

Each run is race.update.same-version and the plans drawn by Hypothesis (race.update.interleaved) on an embedded server
with a gap between check and write. Of each it is asked whether it fails, whether its first anomaly is named and has a
witness of two or three operations, and whether anything was called flaky. Of a sample, the printed script is run as a
person would, against a server with a gap of two seconds: both writers must be told that they were accepted.

    python benchmarks/witnesses.py [runs, default 100] [scripts, default 10] [fault, default check-then-write]
"""

import contextlib
import io
import json
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

RULES = ("race.update.same-version", "race.update.interleaved")

#: Seconds: long enough for a person who starts one script in each of two terminals.
_GAP = 2.0


@dataclass(frozen=True)
class Run:
    """What became of one run: its verdicts by rule, the script of the first, and what was printed."""

    seed: int
    verdicts: dict[str, dict[str, Any]]
    script: str
    printed: str

    def wrong(self, rule: str) -> str:
        """Why a rule's evidence is not as it should be; empty when it is."""
        verdict = self.verdicts.get(rule, {})
        if verdict.get("verdict") != "fail":
            return f"{verdict.get('verdict', 'no verdict')}: {verdict.get('message', '')}"
        anomalies = (verdict.get("race") or {}).get("anomalies") or []
        if not anomalies:
            return "no anomaly"
        operations = len(anomalies[0]["operations"])
        return (
            "" if operations in (2, 3) else f"{anomalies[0]['name']} with {operations} operations"
        )


def run(given: tuple[int, str]) -> Run:
    """One run of the command line in a process of its own."""
    from ifmatch.cli.main import main

    seed, fault = given
    printed = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        words = [
            "run",
            "-p",
            "fhir-r4",
            "--fault",
            fault,
            "--rules",
            ",".join(RULES),
            "--seed",
            str(seed),
            "-o",
            folder,
        ]
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            main(words)
        with (Path(folder) / "events.jsonl").open(encoding="utf-8") as lines:
            verdicts = {e["rule"]: e for e in map(json.loads, lines) if e["event"] == "verdict"}
        script = Path(folder) / "replay" / f"{RULES[0]}.sh"
        return Run(
            seed,
            verdicts,
            script.read_text(encoding="utf-8") if script.is_file() else "",
            printed.getvalue(),
        )


def replayed(script: str, fault: str) -> list[str]:
    """The statuses that the two writers of a script are told by a server with a long gap."""
    from ifmatch.reference.server import EmbeddedServer
    from ifmatch.rules.profile import load

    with EmbeddedServer(load("fhir-r4"), faults=(fault,)) as server:
        faults = server.world.faults
        short = faults.gap

        def long(door: str) -> Any:
            gap = short(door)
            return gap and replace(gap, seconds=_GAP)

        faults.gap = long
        done = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False,
            env={**os.environ, "BASE": server.base_url, "IFMATCH_TOKEN": "none"},
        )  # fmt: skip
    return re.findall(r"^writer \d: (\d+)", done.stdout, re.MULTILINE)


def main(runs: str = "100", scripts: str = "10", fault: str = "check-then-write") -> None:
    """Run, and print what is not as it should be, and the counts."""

    names: dict[str, Counter[str]] = {rule: Counter() for rule in RULES}
    reproduced, flaky, sample = Counter[str](), 0, []
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        for one in pool.imap(run, [(seed, fault) for seed in range(1, int(runs) + 1)], chunksize=1):
            flaky += "flaky" in one.printed.lower()
            for rule in RULES:
                why = one.wrong(rule)
                if why:
                    names[rule]["(not as it should be)"] += 1
                    print(f"seed {one.seed}: {rule}: {why}", flush=True)
                else:
                    first = one.verdicts[rule]["race"]["anomalies"][0]
                    names[rule][f"{first['name']}, {len(first['operations'])} operations"] += 1
            race = (one.verdicts.get(RULES[0]) or {}).get("race") or {}
            reproduced[str(race.get("reproduced"))] += 1
            sample += [one.script] if one.script and len(sample) < int(scripts) else []
    for rule, counts in names.items():
        print(f"{rule}: {dict(counts)}")
    print(f"reproduced (times, of tries), {RULES[0]}: {dict(reproduced)}")
    print(f"called flaky: {flaky}")
    told = Counter(" ".join(replayed(script, fault)) for script in sample)
    print(
        f"{len(sample)} scripts by hand against a gap of {_GAP:g} s, the two writers were told: {dict(told)}"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
