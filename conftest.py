"""Wiring for a plain `pytest`: where the sentences of the features are carried out."""

from pathlib import Path

_IN_PACKAGE = (Path(__file__).parent / "__init__.py").exists()
_MODULES = ("fixtures", "resources", "reads", "creates", "updates", "patches", "conditional", "races", "outcomes")

pytest_plugins = [f"ifmatch.steps.{name}" if _IN_PACKAGE else f"steps.{name}" for name in _MODULES]
