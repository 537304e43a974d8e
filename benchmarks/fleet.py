"""What a fleet costs beyond the work that it does: twelve targets side by side on two cores.

The time that passes is set against the processor time of all processes, the embedded servers included, divided by the
cores: 1.0 would be no waiting at all. On a machine that is busy with something else that ratio says nothing. So there
is a second one, of the processor time that the others left, idle time included, to what was used: what was idle is put
down to the fleet alone. It is known on Linux alone, and counts all processors of the machine.

    python benchmarks/fleet.py [targets, default 12] [cores, default 2] [rules, default all that is sequential]
"""

import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

#: Profiles whose embedded servers are judged in turn.
_PROFILES = ("spine", "fhir-r4", "aidbox", "koppeltaal", "cerner-dstu2", "reasonable-adjustments")

#: Enough that a run is not mostly its own beginning, and no races: these wait by themselves.
_RULES = "create.*,read.*,update.*,patch.*,delete.*,conditional*,door.*"

#: prctl(2): processes whose parent has gone become ours, so that their time is counted when they end.
_PR_SET_CHILD_SUBREAPER = 36


def _fleet_of(targets: int, rules: str) -> str:
    lines = [f'[defaults]\nrules = "{rules}"\n']
    for number in range(targets):
        profile = _PROFILES[number % len(_PROFILES)]
        lines.append(f'[targets.t{number}]\nprofile = "{profile}"\n')
    return "\n".join(lines)


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _busy() -> float:
    """Seconds that all processors of the machine have worked so far, for whomever."""
    fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _waiting, *interrupts = map(int, fields[:8])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def _await_all() -> None:
    """Until every process that was begun has ended, and its time has been counted."""
    with suppress(ChildProcessError):
        while True:
            os.wait()


def main(targets: int = 12, cores: int = 2, rules: str = _RULES) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "fleet.toml").write_text(_fleet_of(targets, rules), encoding="utf-8")
        command = [sys.executable, "-m", "ifmatch", "fleet", "fleet.toml", "-n", str(cores)]
        busy, began = _busy(), time.perf_counter()
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        passed = time.perf_counter() - began
        _await_all()
        busy = _busy() - busy
    used = _processor_time()
    print(done.stdout[-400:])
    print(f"{targets} targets on {cores} cores: {passed:.1f} s for {used:.1f} s of processor time")
    print(
        f"ratio to processor time / {cores}: {passed / (used / cores):.2f}    load {os.getloadavg()[0]:.1f}"
    )
    left = passed * (os.cpu_count() or cores) - (busy - used)
    print(
        f"ratio of what others left to what was used: {left / used:.2f}    others: {busy - used:.1f} s"
    )


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:3]]
    main(*numbers, *sys.argv[3:4])
