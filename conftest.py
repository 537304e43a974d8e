"""Wiring for a plain `pytest`: the plugin that runs the features, and where their sentences are carried out."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

try:
    version("ifmatch")
except PackageNotFoundError:
    raise pytest.UsageError('ifmatch is not installed here. Install it first: pip install ".[test]"') from None

_IN_PACKAGE = (Path(__file__).parent / "__init__.py").exists()
_MODULES = ("fixtures", "resources", "reads", "creates", "updates", "patches", "conditional", "races", "outcomes")

pytest_plugins = [
    "ifmatch.suite.plugin",
    *(f"ifmatch.steps.{name}" if _IN_PACKAGE else f"steps.{name}" for name in _MODULES),
]
