"""The pytest that a run of the command line gets: our own, whatever lies in the folder or in the environment."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest_bdd.plugin

from ifmatch import HOME
from ifmatch.suite import door, plugin

#: What pytest is always told.
PYTEST = (
    "-c", os.devnull, f"--confcutdir={HOME}", "--strict-markers", "-p", "no:allure_pytest_bdd",
    "-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning",
    # A step states facts and asserts nothing: so no module needs to be compiled anew for better messages.
    "--assert=plain",
    # Loads every event loop that is installed, for tests that are coroutines; ours are none.
    "-p", "no:anyio",
    # Goes through all objects in memory, more than once, for what was never closed.
    "-p", "no:unraisableexception",
)  # fmt: skip

#: The plugins of a run: by name, which also counts where pytest is told to load none by itself, and as they are.
_BY_NAME = ("-p", door.DOOR, "-p", "pytest-bdd", "-p", "allure_pytest")
_PLUGINS = (pytest_bdd.plugin, door, plugin)


def on_features(ours: Sequence[str], rest: Sequence[str] = ()) -> tuple[list[str], list[object]]:
    """The arguments with which pytest runs the features, and the plugins to hand to it.

    `ours` are options of ours, `rest` what the user has for pytest.
    """
    cache = Path("reports", ".cache").absolute()
    where = [f"--rootdir={HOME}", "-o", f"cache_dir={cache}"]
    arguments = [*PYTEST, *where, *ours, str(HOME / "features"), *rest]
    return with_plugins(arguments, foreign=bool(rest))


def with_plugins(arguments: Sequence[str], foreign: bool) -> tuple[list[str], list[object]]:
    """The arguments for pytest, and the plugins to hand to it.

    Those of others are looked for only when `foreign` ones may be meant, because the user gave options of pytest's:
    pytest reads what every installed package says of itself for that, and imports all plugins it finds.
    """
    if foreign or os.environ.get("PYTEST_ADDOPTS"):
        return [*_BY_NAME, *arguments], []
    return ["--disable-plugin-autoload", *arguments], [*_PLUGINS]
