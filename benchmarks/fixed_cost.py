"""What the suite itself costs: starting, finding sentences, keeping evidence; all that is not the target's time.

Every figure is a median, and stands beside its ratio to a plain pytest run of as many empty tests, made in the same
round: machines are noisy, ratios less so. Processor time is that of all processes, the embedded servers included.
Measured is what a user's second run costs: Python's compiled modules are at hand.

    python benchmarks/fixed_cost.py [rounds, default 3] [names of what to measure, default all]

The own cost of a scenario is the processor time of the thread that runs it, without what passes while a request is
under way. To see whether it grows with the suite, it is measured again on a copy that has every scenario and every
step definition twice.
"""

import asyncio
import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from ifmatch.reference.app import BASE_PATH, application
from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import load

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent

_PROFILE = "spine"
_PROFILE_AWAY = "fhir-r4"  # whose resources need nothing that the server holds already
_NO_RACES = f"--ignore={CHECKOUT / 'features' / 'race'}"

# ---------------------------------------------------------------- in the process of a run: the probe

#: Where the probe writes what it saw. It is loaded as a plugin of pytest's where this is set.
_PROBE = "IFMATCH_COST_PROBE"


class _Probe:
    """Adds up the processor time of scenarios, and of the requests in them, in the thread that runs them."""

    def __init__(self) -> None:
        self.requests = 0.0
        self.own: list[float] = []

    def watch(self, owner: type, name: str) -> None:
        send: Callable[..., object] = getattr(owner, name)

        def watched(*given: object, **named: object) -> object:
            begun = time.thread_time()
            try:
                return send(*given, **named)
            finally:
                self.requests += time.thread_time() - begun

        setattr(owner, name, watched)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Iterator[None]:
        begun, requests = time.thread_time(), self.requests
        try:
            return (yield)
        finally:
            self.own.append(time.thread_time() - begun - (self.requests - requests))

    def pytest_unconfigure(self) -> None:
        Path(os.environ[_PROBE]).write_text(json.dumps(self.own), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    if _PROBE in os.environ:
        from ifmatch.client.http import Wire

        probe = _Probe()
        probe.watch(Wire, "send")
        config.pluginmanager.register(probe)


# ---------------------------------------------------------------- what is measured


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, and of processor time."""

    wall: float
    cpu: float

    def __truediv__(self, other: "Cost") -> "Cost":
        return Cost(self.wall / other.wall, self.cpu / other.cpu)


def _cost_of(command: list[str], folder: str, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end. What it comes to is not our question: a verdict is no error here."""
    surroundings = {**os.environ, **(environment or {})}
    surroundings.pop("PYTHONDONTWRITEBYTECODE", None)
    before, started = os.times(), time.perf_counter()
    subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, check=False)
    wall = time.perf_counter() - started
    _await_descendants()
    after = os.times()
    used = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    return Cost(wall, used)


_PR_SET_CHILD_SUBREAPER = 36


def _adopt_descendants() -> None:
    """Have Linux count the time of processes that a command leaves to end by themselves as ours, too."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _await_descendants() -> None:
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return


def _ifmatch(*words: str) -> list[str]:
    return [sys.executable, "-m", "ifmatch", *words]


#: What a person or a CI job asks for. AWAY stands for the address of a server that a network is in front of.
_COMMANDS = {
    "bare": _ifmatch(),
    "one rule": _ifmatch("-p", _PROFILE, "--rules", "update.if-match.stale"),
    "one system": _ifmatch("-p", _PROFILE, _NO_RACES),
    "one system, -n 2": _ifmatch("-p", _PROFILE, _NO_RACES, "-n", "2"),
    "away": _ifmatch("AWAY", "-p", _PROFILE_AWAY, _NO_RACES),
    "away, -n 2": _ifmatch("AWAY", "-p", _PROFILE_AWAY, _NO_RACES, "-n", "2"),
}

#: Seconds that a network takes there and back: a server in the same country.
_AWAY = 0.025


@contextmanager
def _server_away() -> Iterator[str]:
    """The embedded server, its answers as late as a network makes them: its base URL."""
    with EmbeddedServer(load(_PROFILE_AWAY)) as server:
        answer = application(server.world)

        async def late(scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.sleep(_AWAY)
            await answer(scope, receive, send)

        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        config = uvicorn.Config(
            late, lifespan="off", log_config=None, access_log=False, date_header=False
        )
        away = uvicorn.Server(config)
        thread = threading.Thread(target=away.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}{BASE_PATH}"
        away.should_exit = True
        thread.join()


def _plain(folder: str, number: int) -> Cost:
    """What pytest by itself, without the plugins of the environment, takes for so many empty tests."""
    lines = [f"def test_{index}(): pass" for index in range(number)]
    Path(folder, "test_empty.py").write_text("\n".join(lines), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", folder, folder]
    return _cost_of(command, folder, {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})


def _scenarios(path: Path) -> int:
    return sum(
        "Scenario" in line
        for file in path.rglob("*.feature")
        for line in file.read_text().splitlines()
    )


def measure_commands(rounds: int, names: list[str]) -> None:
    """Wall and processor time of each command."""
    features = CHECKOUT / "features"
    number = _scenarios(features) - _scenarios(features / "race")
    seen: dict[str, list[tuple[Cost, Cost]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder, _server_away() as away:
        commands = {
            name: [away if word == "AWAY" else word for word in _COMMANDS[name]] for name in names
        }
        for command in commands.values():  # once unseen, which compiles what is not compiled yet
            _cost_of(command, folder)
        for _ in range(rounds):
            plain = _plain(folder, number)
            for name, command in commands.items():
                seen[name].append((_cost_of(command, folder), plain))
    for name, costs in seen.items():
        wall, cpu = median(cost.wall for cost, _ in costs), median(cost.cpu for cost, _ in costs)
        ratios = [cost / plain for cost, plain in costs]
        by_wall, by_cpu = (
            median(ratio.wall for ratio in ratios),
            median(ratio.cpu for ratio in ratios),
        )
        print(
            f"{name:18} {wall:5.1f} s  {cpu:5.1f} s of processor time  "
            f"{by_wall:4.1f} and {by_cpu:4.1f} times a plain run of {number} empty tests"
        )


# ---------------------------------------------------------------- a scenario's own cost, and how it grows


@contextmanager
def _doubled() -> Iterator[Path]:
    """A copy of the checkout with each scenario and each step definition twice."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("ifmatch", "features", "steps", "profiles"):
            shutil.copytree(
                CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        for path in [*(copy / "features").rglob("*.feature")]:
            again = path.read_text(encoding="utf-8").replace("@rule:", "@rule:again.")
            path.with_stem(f"{path.stem}-again").write_text(again, encoding="utf-8")
        definitions = sum(path.read_text().count("\n@") for path in (copy / "steps").glob("*.py"))
        kinds = ("given", "when", "then")
        lines = [
            f"@{kinds[n % 3]}('sentence number {n}')\ndef step_{n}(): pass"
            for n in range(definitions)
        ]
        (copy / "steps" / "again.py").write_text(
            "\n".join(["from pytest_bdd import given, then, when", *lines]), encoding="utf-8"
        )
        wiring = (CHECKOUT / "conftest.py").read_text(encoding="utf-8")
        (copy / "conftest.py").write_text(
            wiring.replace('("fixtures"', '("again", "fixtures"'), encoding="utf-8"
        )
        yield copy


def _own_cost(checkout: Path) -> list[float]:
    """The own cost of each sequential scenario of a checkout, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        seen = Path(folder, "seen.json")
        paths = os.pathsep.join([str(checkout), str(HERE)])
        probe = {"PYTHONPATH": paths, "PYTEST_PLUGINS": "fixed_cost", _PROBE: str(seen)}
        no_races = f"--ignore={checkout / 'features' / 'race'}"
        _cost_of(_ifmatch("-p", _PROFILE, no_races), folder, probe)
        found: list[float] = json.loads(seen.read_text(encoding="utf-8"))
        return found


def measure_scenarios(rounds: int) -> None:
    """The own cost of a scenario, and its growth when the suite is doubled."""
    once, twice = [], []
    with _doubled() as copy:
        for _ in range(rounds):
            single, double = _own_cost(CHECKOUT), _own_cost(copy)
            once.append(sum(single) / len(single))
            twice.append(sum(double) / len(double))
    growth = median(after / before for before, after in zip(once, twice, strict=True)) - 1
    print(
        f"a scenario's own   {median(once) * 1e3:5.1f} ms; {growth:+.0%} with {len(double)} instead of {len(single)}"
    )


def main(rounds: int, names: list[str]) -> None:
    """Measure what is named, and print it."""
    _adopt_descendants()
    commands = [name for name in _COMMANDS if not names or name in names]
    with tempfile.TemporaryDirectory() as compiled:
        os.environ["PYTHONPYCACHEPREFIX"] = compiled  # so that nothing is left in the checkout
        if commands:
            measure_commands(rounds, commands)
        if not names or "scenarios" in names:
            measure_scenarios(rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3, sys.argv[2:])
