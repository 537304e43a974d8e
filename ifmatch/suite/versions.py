"""What a run was made with, in the versions that were installed: Python, and each library that ifmatch needs."""

import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version


def versions() -> dict[str, str]:
    """The versions by name, Python's first."""
    libraries = {name: _version_of(name) for name in sorted(_required())}
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return {"Python": python, "system": platform.platform(terse=True), **libraries}


def _required() -> list[str]:
    """The libraries that ifmatch needs for any run."""
    lines = [line for line in requires("ifmatch") or () if "extra ==" not in line]
    return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines]


def _version_of(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
