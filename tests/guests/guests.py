"""Well-known plugins of pytest that other people have beside ifmatch: how each is had, and how it is put to work.

Each is built into a folder of its own (see `tests/built.py`). A process that has the folder on its PYTHONPATH has the
plugin, as if it were installed beside ifmatch.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from built import BuildError, Recipe, or_skip

PLUGINS = Path(__file__).parent / "plugins"


@dataclass(frozen=True)
class Guest:
    """A plugin, what makes it do something, and what of that stands behind `--` for `ifmatch run`."""

    name: str
    options: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()

    def folder(self) -> Path:
        """Where it can be imported from. Skips the test, with the reason, when it cannot be had."""
        recipe = Recipe(
            title=self.name,
            source=PLUGINS / self.name,
            tools=(),
            build=(
                (
                    *(
                        sys.executable,
                        "-m",
                        "pip",
                        "install",
                        "--quiet",
                        "--disable-pip-version-check",
                        "--no-deps",
                    ),
                    *("--target", "plugin", "-r", "requirements.txt"),
                ),
            ),
        )
        try:
            with or_skip():
                return recipe.built() / "plugin"
        except BuildError as reason:
            pytest.skip(str(reason))


GUESTS = (
    Guest("pytest-base-url"),
    Guest("pytest-html", ("--html=page.html",)),
    Guest("pytest-playwright"),
    Guest("pytest-profiling", behind=("--profile",)),
    Guest("pytest-randomly"),
    Guest("pytest-rerunfailures", ("--reruns=2",)),
    Guest("pytest-timeout", ("--timeout=300",)),
)


def environment(*folders: Path) -> dict[str, str]:
    """The environment of a process that has what lies in these folders, and no settings of the person who tests."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("IFMATCH_", "PYTEST_"))
    }
    return {**kept, "PYTHONPATH": os.pathsep.join(map(str, folders))}
