"""A run on a real server that is killed at a random moment: a sweep by its folder leaves nothing there."""

import os
import random
import signal
import time

import httpx
import pytest
from test_sweep import LONGEST, SEED, WORK, begin

from ifmatch.cli.main import main
from ifmatch.client.target import FRESH
from ifmatch.errors import ExitCode
from ifmatch.rules.profile import load

pytestmark = pytest.mark.real

#: A real server takes its time; `pytest tests/test_sweep.py` with IFMATCH_KILLS does it often on the embedded one.
KILLS = int(os.environ.get("IFMATCH_REAL_KILLS", "4"))

TYPES = tuple(load("hapi").resources)


@pytest.mark.parametrize("number", range(KILLS))
def test_hapi_after_a_kill(hapi, number, tmp_path):
    rng = random.Random(f"{SEED}-{number}")
    before = _there(hapi)
    folders = (
        _killed_run(hapi, tmp_path / f"{longest}", WORK[number % len(WORK)], rng, longest)
        for longest in LONGEST
    )
    folder = next(filter(None, folders), None)
    assert folder, "every run had ended by itself: that proves nothing"
    time.sleep(1)  # what was under way when it was killed may still land
    left = _there(hapi)
    code = main(["sweep", str(folder), "--yes"])
    assert (code, _there(hapi)) == (ExitCode.CONFORMANT, before), left


def _killed_run(hapi, folder, rules, rng, longest):
    """The folder of a run that was killed; None where it had ended by itself."""
    process = begin(hapi.base_url, folder, "-p", "hapi", "--rules", rules)
    log = folder / "events.jsonl"
    while process.poll() is None and not (log.is_file() and '"POST"' in log.read_text("utf-8")):
        time.sleep(0.05)
    time.sleep(rng.uniform(0.0, longest))
    os.killpg(process.pid, signal.SIGKILL)
    return folder if process.wait() == -signal.SIGKILL else None


def _there(hapi):
    """How many resources of each type there are, past the cache that HAPI keeps for searches."""
    counted = {}
    for name in TYPES:
        url = f"{hapi.base_url}/{name}?_summary=count"
        counted[name] = httpx.get(url, headers=FRESH, timeout=60).json()["total"]
    return counted
