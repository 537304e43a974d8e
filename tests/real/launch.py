"""Real servers, from package registries to a base URL: started on a free port, stopped at the end.

The launchers are the folders under `servers/`, beside this file; how they are built is told in `tests/built.py`.
"""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from built import Recipe, Tool, tail

SERVERS = Path(__file__).parent / "servers"

#: How long a start and a stop may take, in seconds: many times what they take on two idle cores.
START, STOP = 300, 20

#: For a server that lives for minutes: its start costs half as much where code is compiled quickly, not well.
_JAVA_OPTIONS = "-Xmx512m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


class StartError(Exception):
    """A server was started in vain; the message ends with the last lines that it wrote."""


@dataclass(frozen=True, kw_only=True)
class Launcher(Recipe):
    """How one server is had: how it is built, the variable that points to another one, the command that runs it."""

    url_variable: str
    command: Callable[[Path, int], list[str]]

    @property
    def name(self) -> str:
        """What its folder is called."""
        return self.source.name


@dataclass(frozen=True)
class Server:
    """A server that answers at `base_url`."""

    name: str
    base_url: str


def _java(home: Path, port: int) -> list[str]:
    classes = os.pathsep.join([str(home / "target" / "classes"), str(home / "lib" / "*")])
    options = os.environ.get("IFMATCH_HAPI_JAVA_OPTIONS", _JAVA_OPTIONS).split()
    return ["java", *options, "-cp", classes, "ifmatch.HapiServer", str(port)]


def _node(home: Path, port: int) -> list[str]:
    # Medplum's library asks for WebSocket, which Node 20 has behind this switch only; later ones have both.
    return ["node", "--experimental-websocket", str(home / "server.mjs"), str(port)]


HAPI = Launcher(
    title="HAPI FHIR",
    source=SERVERS / "hapi",
    url_variable="IFMATCH_HAPI_URL",
    tools=(Tool("java", 17), Tool("mvn")),
    build=(("mvn", "-q", "-B", "-ntp", "compile", "dependency:copy-dependencies",
            "-DincludeScope=runtime", "-DoutputDirectory=lib"),),
    command=_java,
)  # fmt: skip

MEDPLUM = Launcher(
    title="Medplum",
    source=SERVERS / "medplum",
    url_variable="IFMATCH_MEDPLUM_URL",
    tools=(Tool("node", 20), Tool("npm")),
    build=(
        (
            "npm",
            "install",
            "--silent",
            "--no-fund",
            "--no-audit",
            "--ignore-scripts",
            "--legacy-peer-deps",
        ),
    ),
    command=_node,
)


@contextmanager
def running(launcher: Launcher, *arguments: str) -> Iterator[Server]:
    """The server: the one that its variable points to, which is left alone, or one of our own, stopped at the end.

    With arguments for the server's command, it is always one of our own.
    Raises MissingError when a tool is not here, BuildError when it cannot be built, StartError when it does not start.
    """
    given = None if arguments else os.environ.get(launcher.url_variable)
    if given:
        yield Server(launcher.name, given.rstrip("/"))
        return
    home = launcher.built()
    with tempfile.TemporaryDirectory(prefix=f"ifmatch-{launcher.name}-") as folder:
        log = Path(folder) / "server.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*launcher.command(home, free_port()), *arguments],
                cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        try:
            yield Server(launcher.name, _ready(launcher, process, log))
        finally:
            _stop(process)


def free_port() -> int:
    """A port of the loopback that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _ready(launcher: Launcher, process: subprocess.Popen[bytes], log: Path) -> str:
    """The base URL that the server prints once it listens."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        ready = re.search(r"^READY (\S+)", _read(log), re.MULTILINE)
        if ready:
            return ready[1]
        if process.poll() is not None:
            raise StartError(
                f"{launcher.title} ended with {process.returncode}:\n{tail(_read(log))}"
            )
        time.sleep(0.2)
    raise StartError(f"{launcher.title} was not ready after {START} s:\n{tail(_read(log))}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it started; it leads a process group of its own."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, how)
            process.wait(STOP)


def _read(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")
