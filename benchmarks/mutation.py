"""Mutation testing: is each small change to the code noticed by the tests that are about it?

    python benchmarks/mutation.py judge                    all mutants of a room
    python benchmarks/mutation.py monitor --sample 300     so many, drawn by a seed
    python benchmarks/mutation.py judge NAME...            these, once there are tests for them

mutmut makes the mutants and runs the tests that come by each. It forks its runs from a process
that has imported the code already, and so it cannot see a mutant in what is called while a module is loaded: each
survivor is tried once more by the room's tests in a process of its own. All happens in a copy of the checkout. What
survived is shown as a diff. The bar: 95 % killed, and each survivor explained or killed by a new test.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent.parent


@dataclass(frozen=True)
class Room:
    """The files that are mutated, and the tests that must notice it."""

    files: tuple[str, ...]
    tests: tuple[str, ...]
    leave_out: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


#: mutmut forks when the tests have been collected: what was remembered until then was made without the mutant.
FORGETFUL = """
import sys

def pytest_configure():
    ours = [module for name, module in sys.modules.items() if name.startswith("ifmatch.")]
    for value in [value for module in ours for value in vars(module).values()]:
        getattr(value, "cache_clear", int)()
"""


ROOMS = {
    # Whether a picture is one is seen by looking at it, and mutmut itself is imported by what it mutates.
    "judge": Room(
        ("ifmatch/judge/*",),
        ("tests/judge",),
        ("ifmatch/judge/picture/*", "ifmatch/judge/__main__.py"),
        ("--ignore=tests/judge/test_stands_alone.py",),
    ),
    "monitor": Room(
        ("ifmatch/monitor/*",),
        (
            "tests/test_monitors.py",
            "tests/test_monitors_over_time.py",
            "tests/test_monitors_said.py",
        ),
    ),
    "rules": Room(
        ("ifmatch/rules/*",),
        (
            "tests/test_rules.py",
            "tests/test_profiles.py",
            "tests/test_doors.py",
            "tests/test_renamed.py",
            "tests/test_patches.py",
            "tests/test_waivers.py",
        ),
        ("ifmatch/rules/doors.py", "ifmatch/rules/texts.py"),
        ("-m", "not slow", "--deselect=tests/test_waivers.py::test_a_run_with_a_waiver"),
    ),
    "doors": Room(
        ("ifmatch/rules/doors.py", "ifmatch/client/doors.py", "ifmatch/client/bundle.py"),
        ("tests/test_doors.py", "tests/test_writes_by_doors.py"),
    ),
}

CONFIGURATION = """
[tool.mutmut]
source_paths = ["ifmatch"]
only_mutate = {files}
do_not_mutate = {leave_out}
also_copy = ["features", "steps", "profiles", "conftest.py", "README.md", "docs", "benchmarks"]
pytest_add_cli_args = {arguments}
pytest_add_cli_args_test_selection = {tests}
"""

#: Seconds after which a mutant that is tried by itself counts as noticed: it runs for ever.
PATIENCE = 300


def main() -> int:
    arguments = _arguments()
    room = ROOMS[arguments.room]
    with tempfile.TemporaryDirectory(prefix="ifmatch-mutants-") as folder:
        copy = Path(folder) / "copy"
        _copied(copy, room)
        begun = time.monotonic()
        names = arguments.names or _drawn(_all_mutants(copy), arguments.sample, arguments.seed)
        _mutmut(copy, "run", "--max-children", str(arguments.processes), *names)
        fates = _fates(copy, names)
        for name in [name for name in names if fates[name] == "survived"]:
            fates[name] = _fate_alone(copy, room, name)
        _report(copy, fates, time.monotonic() - begun)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("room", choices=ROOMS)
    parser.add_argument("names", nargs="*", help="mutants by name; without any, all or a sample")
    parser.add_argument("--sample", type=int, default=0, help="so many mutants only; 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    return parser.parse_args()


def _copied(copy: Path, room: Room) -> None:
    """The checkout with a configuration of mutmut."""
    unwanted = shutil.ignore_patterns(".git", "reports", "mutants", "__pycache__", ".*_cache")
    shutil.copytree(HERE, copy, ignore=unwanted)
    configuration = CONFIGURATION.format(
        files=json.dumps(room.files),
        leave_out=json.dumps(room.leave_out),
        tests=json.dumps(room.tests),
        arguments=json.dumps(["-p", "no:cacheprovider", "-p", "tests.forgetful", *room.arguments]),
    )
    (copy / "tests" / "forgetful.py").write_text(FORGETFUL, encoding="utf-8")
    with (copy / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(configuration)


def _mutmut(copy: Path, *arguments: str) -> str:
    """mutmut at work in the copy; what it printed."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    done = subprocess.run(
        command, cwd=copy, capture_output=True, encoding="utf-8", errors="replace"
    )
    return done.stdout + done.stderr


def _all_mutants(copy: Path) -> list[str]:
    """The names of all mutants. They are made before mutmut finds that it has none to run."""
    printed = _mutmut(copy, "run", "nothing.of.this.name")
    names = [name for fates in _records(copy) for name in fates]
    if not names:
        raise SystemExit(f"mutmut made no mutants:\n{printed[-2000:]}")
    return sorted(names)


def _records(copy: Path) -> list[dict[str, int | None]]:
    """What mutmut wrote down of each file: the exit code of the tests by the name of the mutant."""
    paths = (copy / "mutants").rglob("*.meta")
    return [json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"] for path in paths]


def _drawn(names: list[str], count: int, seed: int) -> list[str]:
    return random.Random(seed).sample(names, min(count, len(names))) if count else names


def _fates(copy: Path, names: list[str]) -> dict[str, str]:
    codes = {name: code for fates in _records(copy) for name, code in fates.items()}
    return {name: _fate(codes[name]) for name in names}


def _fate(code: int | None) -> str:
    """What became of a mutant: 0 says that its tests passed, 33 and 5 that it has none; it is tried again then."""
    if code is None:
        raise SystemExit("mutmut did not come to the end: are the tests green without a mutant?")
    return "survived" if code in (0, 5, 33) else "killed"


def _fate_alone(copy: Path, room: Room, name: str) -> str:
    """What becomes of a mutant when its room's tests run in a process of their own."""
    mutants = copy / "mutants"
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    environment = {**os.environ, "MUTANT_UNDER_TEST": name, "PYTHONPATH": str(mutants)}
    try:
        done = subprocess.run(
            [*command, *room.arguments, *room.tests],
            cwd=mutants,
            env=environment,
            capture_output=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return "killed"
    return "survived" if done.returncode == 0 else "killed alone"


def _report(copy: Path, fates: dict[str, str], seconds: float) -> None:
    survivors = [name for name, fate in fates.items() if fate == "survived"]
    for name in survivors:
        print(_mutmut(copy, "show", name))
    counts = Counter(fates.values())
    share = 1 - len(survivors) / len(fates)
    print(f"{len(fates)} mutants in {seconds:.0f} s: {dict(counts)}, {share:.1%} noticed")


if __name__ == "__main__":
    raise SystemExit(main())
