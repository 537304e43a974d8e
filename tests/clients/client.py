"""Well-known FHIR clients: how each is had, and what it tells of a server after its interactions.

The programs are the folders under `programs/`, beside this file; how they are built is told in `tests/built.py`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from built import Recipe, Tool, tail

PROGRAMS = Path(__file__).parent / "programs"

#: How long a program may take for all of its interactions, in seconds: many times what it takes on two idle cores.
PATIENCE = 120


@dataclass(frozen=True)
class Told:
    """What came of one interaction: whether the client took it for a success, and what it made of the answer."""

    ok: bool
    got: Any


@dataclass(frozen=True)
class Story:
    """What a client told, by interaction."""

    client: str
    told: dict[str, Told]

    def __getitem__(self, interaction: str) -> Told:
        return self.told[interaction]


@dataclass(frozen=True, kw_only=True)
class Client(Recipe):
    """How one client is had, and run."""

    name: str
    command: Callable[[Path], list[str]]
    arguments: tuple[str, ...] = ()

    def story(self, base_url: str, sent: object) -> Story:
        """What the client tells of a server to which it sends all this. Raises AssertionError when it breaks off."""
        command = [*self.command(self.built()), base_url, json.dumps(sent), *self.arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        assert done.returncode == 0, (
            f"{self.name} ended with {done.returncode}:\n{done.stdout}\n{tail(done.stderr)}"
        )
        lines = map(json.loads, done.stdout.splitlines())
        return Story(
            self.title, {line["interaction"]: Told(line["ok"], line.get("got")) for line in lines}
        )


def _of_python(folder: str, *arguments: str) -> Client:
    return Client(
        name="-".join((folder, *arguments)),
        title=folder,
        source=PROGRAMS / folder,
        tools=(),
        build=(
            (sys.executable, "-m", "venv", "env"),
            ("env/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
             "-r", "requirements.txt"),
        ),
        command=lambda home: [str(home / "env" / "bin" / "python"), str(home / "program.py")],
        arguments=arguments,
    )  # fmt: skip


def _java(home: Path) -> list[str]:
    classes = os.pathsep.join([str(home / "target" / "classes"), str(home / "lib" / "*")])
    return ["java", "-Xmx256m", "-cp", classes, "ifmatch.Program"]


CLIENTS = (
    _of_python("fhirpy", "async"),
    _of_python("fhirpy", "sync"),
    _of_python("fhirclient"),
    Client(
        name="fhir-kit-client",
        title="fhir-kit-client",
        source=PROGRAMS / "fhir-kit-client",
        tools=(Tool("node", 20), Tool("npm")),
        build=(("npm", "install", "--silent", "--no-fund", "--no-audit", "--ignore-scripts"),),
        command=lambda home: ["node", str(home / "program.mjs")],
    ),
    Client(
        name="hapi-fhir-client",
        title="hapi-fhir-client",
        source=PROGRAMS / "hapi-fhir-client",
        tools=(Tool("java", 17), Tool("mvn")),
        build=(
            (
                "mvn",
                "-q",
                "-B",
                "-ntp",
                "compile",
                "dependency:copy-dependencies",
                "-DincludeScope=runtime",
                "-DoutputDirectory=lib",
            ),
        ),
        command=_java,
    ),
)
