"""What a balancer hides from a single client: a lost update on a server of two nodes, each with a lock of its own.

All connections of one client address go to one node (or, with `by-turns`, to both by turns). Quick races are run from
one vantage point and from two, and it is counted in how many of the runs the lost update was found.

    python benchmarks/vantages.py [runs, default 20] [by-turns]
"""

import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.append(str(CHECKOUT))

#: The second vantage point: this machine by another address of its own.
_SECOND = "popen//source=127.0.0.2"

_RULE = "race.update.same-version"


def _found(processes, url: str, vantages: list[str]) -> bool:
    from ifmatch.report.document import load

    with tempfile.TemporaryDirectory() as folder:
        words = ["run", url, "-p", "fhir-r4", "--rules", _RULE, "--effort=quick", "-o", folder]
        came = processes.run([*words, *(f"--vantage={spec}" for spec in vantages)])
        if came.code not in (0, 1):
            raise SystemExit(came.printed)
        (rule,) = load(Path(folder))["rules"]
        return any(anomaly["name"] == "lost update" for anomaly in rule["race"]["anomalies"])


def main(runs: int = 20, sticky: bool = True) -> None:
    from ifmatch.fleet.processes import Processes
    from tests.two_nodes import two_nodes

    processes = Processes()
    for name, vantages in (("one vantage point", []), ("two vantage points", [_SECOND])):
        found = 0
        for _ in range(runs):
            with two_nodes(sticky) as url:
                found += _found(processes, url, vantages)
        print(f"{name}: lost update found in {found} of {runs} runs", flush=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    numbers = [int(word) for word in words if word.isdigit()]
    main(*numbers[:1], sticky="by-turns" not in words)
