"""ifmatch tells whether a FHIR server keeps its update and concurrency promises."""

from importlib.metadata import version
from pathlib import Path

_PACKAGE = Path(__file__).parent

#: Where features, steps and profiles live: beside the modules in a wheel, one level up in a checkout.
HOME = _PACKAGE if (_PACKAGE / "features").is_dir() else _PACKAGE.parent

__version__ = version("ifmatch")
