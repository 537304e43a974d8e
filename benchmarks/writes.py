"""What each rule writes: measured on the embedded server of every profile, and put into `ifmatch/suite/writes.json`.

A run says from that table first what it will write. To be run anew when rules come, go, or write something else.

    python benchmarks/writes.py [profiles, default all]

With profiles named, only the rules that apply there are measured again; rows of rules that are gone are dropped.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from ifmatch.log.reader import read
from ifmatch.rules import catalogue
from ifmatch.rules.profile import for_proof, load, shipped
from ifmatch.suite import forecast
from ifmatch.suite.forecast import MEASURED_EFFORT, MEASURED_WRITERS, Cost, measured, table

TABLE = Path(forecast.__file__).with_name("writes.json")


def costs_on(profile: str) -> dict[str, Cost]:
    """What each rule writes on the embedded server of a profile."""
    with tempfile.TemporaryDirectory() as folder:
        how = [f"--effort={MEASURED_EFFORT}", f"--writers={MEASURED_WRITERS}", "--seed=1"]
        command = [sys.executable, "-m", "ifmatch", "run", "-p", profile, *how, "-o", folder]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        events = list(read(Path(folder)))
    types = {rule.id: len(load(profile).types_of(rule.id)) for rule in catalogue.rules()}
    return measured(events, types)


def main() -> None:
    """Measure, and write the table."""
    profiles = sys.argv[1:] or [*shipped(), *for_proof()]
    found: dict[str, Cost] = {}
    for profile in profiles:
        for rule, cost in costs_on(profile).items():
            found[rule] = found.get(rule, Cost()).at_least(cost)
        print(f"{profile}: measured", flush=True)
    kept = table() if sys.argv[1:] and TABLE.is_file() else {}
    rows = {
        rule.id: found.get(rule.id) or kept.get(rule.id) or Cost() for rule in catalogue.rules()
    }
    lines = (
        f"  {json.dumps(rule)}: {json.dumps({'writes': cost.writes, 'makes': cost.makes})}"
        for rule, cost in rows.items()
        if cost.writes
    )
    TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


main()
