"""What tests need from package registries beyond the test extra: built into a cache, skipped where a tool is missing.

What a build makes never lies in the repository: it goes to IFMATCH_CACHE, by default `ifmatch` in the user's cache
folder, into a folder named after the recipe's text; so a recipe that has changed is built anew, and a build that broke
off is never taken for a whole one.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

#: How long one command of a build may take, in seconds: many times what it takes on two idle cores.
BUILD = 900


class MissingError(Exception):
    """A tool is not here, so what needs it cannot be had."""


class BuildError(Exception):
    """A build failed; the message ends with the last lines that it wrote."""


@contextmanager
def or_skip() -> Iterator[None]:
    """Skip, with the reason, what needs a tool that is not here."""
    try:
        yield
    except MissingError as reason:
        pytest.skip(str(reason))


@dataclass(frozen=True)
class Tool:
    """A program that must be on the PATH, in a version that is new enough (0: any)."""

    name: str
    version: int = 0

    def demand(self, title: str) -> None:
        """Raises MissingError, in words for the person who is about to read "skipped"."""
        path = shutil.which(self.name)
        if path is None:
            raise MissingError(
                f"{title} needs {self._wanted}, and there is no {self.name} on the PATH"
            )
        said = subprocess.run(
            [path, "--version"], capture_output=True, text=True, check=False, timeout=60
        )
        found = re.search(r"(\d+)\.\d+", said.stdout + said.stderr)
        if self.version and (found is None or int(found[1]) < self.version):
            raise MissingError(
                f"{title} needs {self._wanted}, this is {found[0] if found else 'unknown'}"
            )

    @property
    def _wanted(self) -> str:
        return f"{self.name} {self.version} or later" if self.version else self.name


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a thing is had: the folder with its text, the tools it needs, the commands that build it in a copy of it."""

    title: str
    source: Path
    tools: tuple[Tool, ...]
    build: tuple[tuple[str, ...], ...]

    def built(self) -> Path:
        """The folder in the cache that holds it, built if need be.

        Raises MissingError when a tool is not here, BuildError when it cannot be built.
        """
        for tool in self.tools:
            tool.demand(self.title)
        home = cache() / f"{self.source.name}-{_digest(self.source)}"
        if not home.is_dir():
            home.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(
                prefix=f"{self.source.name}-building-", dir=home.parent
            ) as folder:
                site = Path(folder) / "site"
                shutil.copytree(self.source, site)
                self._build_in(site)
                if not home.is_dir():  # another process may have been faster
                    site.rename(home)
        return home

    def _build_in(self, site: Path) -> None:
        for command in self.build:
            done = subprocess.run(
                command, cwd=site, capture_output=True, text=True, check=False, timeout=BUILD
            )
            if done.returncode:
                raise BuildError(
                    f"{self.title} could not be built:\n{tail(done.stdout + done.stderr)}"
                )


def cache() -> Path:
    """Where built things are kept: IFMATCH_CACHE, or `ifmatch` in the user's cache folder."""
    given = os.environ.get("IFMATCH_CACHE")
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ifmatch"
    return Path(given).resolve() if given else usual


def tail(text: str, lines: int = 20) -> str:
    """The last lines of what a program wrote."""
    return "\n".join(text.splitlines()[-lines:])


def _digest(source: Path) -> str:
    text = hashlib.sha256()
    for file in sorted(file for file in source.rglob("*") if file.is_file()):
        text.update(f"{file.relative_to(source)}\0".encode() + file.read_bytes())
    return text.hexdigest()[:12]
