"""Wiring for a plain `pytest`: the plugin that runs the features, and where their sentences are carried out."""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

try:
    version("ifmatch")
except PackageNotFoundError:
    raise pytest.UsageError(
        'ifmatch is not installed here. Install it first: pip install ".[test]"'
    ) from None

_IN_PACKAGE = (Path(__file__).parent / "__init__.py").exists()
_STEPS = "ifmatch.steps" if _IN_PACKAGE else "steps"
_MODULES = (
    "fixtures",
    "resources",
    "side_effects",
    "reads",
    "creates",
    "updates",
    "flawed_updates",
    "addressing",
    "patches",
    "conditional",
    "conditions",
    "disclosure",
    "doors",
    "forms",
    "matching",
    "bundles",
    "capability",
    "history",
    "races",
    "two_doors",
    "race_outcomes",
    "outcomes",
)

pytest_plugins = ["ifmatch.suite.plugin"]


def pytest_configure(config: pytest.Config) -> None:
    # Not named in `pytest_plugins`: for each name there, pytest reads what every installed package says of itself.
    for name in _MODULES:
        config.pluginmanager.register(import_module(f"{_STEPS}.{name}"), f"{_STEPS}.{name}")
