"""Secrets by name: of an environment variable, or of a file. A target file never holds one itself."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ifmatch.errors import ConfigurationError


def from_environment(variable: str) -> str:
    """The value of a variable that the target file names. Raises ConfigurationError when there is none."""
    value = os.environ.get(variable, "").strip()
    if not value:
        state = "is empty" if variable in os.environ else "is not set"
        raise ConfigurationError(
            f"The environment variable {variable}, which the target file names, {state}. Set it and run again."
        )
    return value


def from_file(path: Path, place: str) -> str:
    """The text of a file that the target file names at a place. Raises ConfigurationError when there is none."""
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", "") or "it is not text"
        raise ConfigurationError(
            f"The file that the target file names at {place} cannot be read: {why}. Check its name and its rights."
        ) from None
    if not value:
        raise ConfigurationError(
            f"The file that the target file names at {place} is empty. Put the secret alone into it."
        )
    return value


def named(table: Mapping[str, Any], name: str, place: str) -> str:
    """The secret that a table names by `NAME_env` or `NAME_file`; empty when it names none.

    Raises ConfigurationError when it cannot be had, or is named twice.
    """
    way = only(table, (f"{name}_env", f"{name}_file"), place)
    if not way:
        return ""
    if way.endswith("_env"):
        return from_environment(table[way])
    return from_file(Path(table[way]), f"{place}.{way}")


def only(table: Mapping[str, Any], names: Iterable[str], place: str) -> str:
    """Which of several names a table has; empty for none. Raises ConfigurationError when it has more than one."""
    given = [name for name in names if name in table]
    if len(given) > 1:
        raise ConfigurationError(
            f"The target file gives {' and '.join(given)} at {place}, which exclude each other. Give one of them."
        )
    return given[0] if given else ""
