"""What is said of every rule, on right servers and on wrong ones: to see that a change keeps the verdicts.

`write` runs the installed suite on the embedded server of each profile, right and with each fault by itself, and writes
one file; `compare` tells where two such files differ. The races that a fault breaks are run with it, with one seed.

    python benchmarks/verdicts.py write before.json [PATTERN, such as 'spine*']
    python benchmarks/verdicts.py compare before.json after.json
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from ifmatch.fleet.processes import Processes
from ifmatch.reference.faults import FAULTS
from ifmatch.rules.catalogue import rules
from ifmatch.rules.profile import shipped

Verdicts = dict[str, str]


def _jobs() -> dict[str, list[str]]:
    racing = {rule.id for rule in rules() if rule.id.startswith("race.")}
    plain = ",".join(rule.id for rule in rules() if rule.id not in racing)
    jobs = {name: ["-p", name, "--rules", plain] for name in shipped()}
    for name, fault in FAULTS.items():
        raced = sorted(racing & set(fault.breaks))
        chosen = ",".join([plain, *raced])
        jobs[f"{fault.profile} {name}"] = ["-p", fault.profile, "--fault", name, "--rules", chosen]
    return jobs


def _run(processes: Processes, arguments: Sequence[str]) -> Verdicts:
    with tempfile.TemporaryDirectory() as folder:
        came = processes.run(["run", *arguments, "--seed", "1", "-o", f"{folder}/run"])
        report = Path(folder, "run", "report.json")
        if not report.is_file():
            return {"exit code": str(came.code), "printed": came.printed}
        rules_told = json.loads(report.read_text(encoding="utf-8"))["rules"]
        return {
            "exit code": str(came.code),
            **{rule["rule"]: rule["verdict"] for rule in rules_told},
        }


def write(path: str, only: str = "*") -> None:
    """Run everything, or the runs whose name matches a pattern, two at a time."""
    jobs = {name: words for name, words in _jobs().items() if fnmatchcase(name, only)}
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(partial(_run, Processes()), jobs.values())
        seen = dict(zip(jobs, results, strict=True))
    Path(path).write_text(json.dumps(seen, indent=1, sort_keys=True), encoding="utf-8")
    print(f"{len(seen)} runs, {sum(map(len, seen.values()))} verdicts and exit codes")


def compare(before: str, after: str) -> int:
    """Tell every difference between the runs that both files have; 1 when there is one."""
    one, two = (json.loads(Path(path).read_text(encoding="utf-8")) for path in (before, after))
    compared = differing = 0
    both = sorted(one.keys() & two.keys())
    for job in both:
        was, now = one[job], two[job]
        for rule in sorted({*was, *now}):
            compared += 1
            if was.get(rule) != now.get(rule):
                differing += 1
                print(
                    f"{job}: {rule}: {was.get(rule, 'not there')} -> {now.get(rule, 'not there')}"
                )
    print(f"{differing} differences in {compared} verdicts and exit codes of {len(both)} runs")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit({"write": write, "compare": compare}[sys.argv[1]](*sys.argv[2:]))
