"""Real servers, from package registries to a base URL: built into a cache, started on a free port, stopped at the end.

The launchers are the folders under `servers/`, beside this file. What a build makes never lies in the repository: it
goes to IFMATCH_CACHE, by default `ifmatch` in the user's cache folder, into a folder named after the launcher's text;
so a launcher that has changed is built anew, and a build that broke off is never taken for a whole one.
"""

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SERVERS = HERE / "servers"

#: How long a build and a start may take, in seconds: many times what they take on two idle cores.
BUILD, START, STOP = 900, 300, 20


class MissingError(Exception):
    """A tool that a server needs is not here, so the server cannot be had."""


class StartError(Exception):
    """A server was built or started in vain; the message ends with the last lines that it wrote."""


@dataclass(frozen=True)
class Tool:
    """A program that must be on the PATH, in a version that is new enough (0: any)."""

    name: str
    version: int = 0

    def demand(self, server: str) -> None:
        """Raises MissingError, in words for the person who is about to read "skipped"."""
        path = shutil.which(self.name)
        if path is None:
            raise MissingError(f"{server} needs {self._wanted}, and there is no {self.name} on the PATH")
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=60)
        found = re.search(r"(\d+)\.\d+", said.stdout + said.stderr)
        if self.version and (found is None or int(found[1]) < self.version):
            raise MissingError(f"{server} needs {self._wanted}, this is {found[0] if found else 'unknown'}")

    @property
    def _wanted(self) -> str:
        return f"{self.name} {self.version} or later" if self.version else self.name


@dataclass(frozen=True)
class Launcher:
    """How one server is had: the tools it needs, the command that builds it in its folder, and the one that runs it."""

    name: str
    title: str
    url_variable: str
    tools: tuple[Tool, ...]
    build: tuple[str, ...]
    command: Callable[[Path, int], list[str]]


@dataclass(frozen=True)
class Server:
    """A server that answers at `base_url`."""

    name: str
    base_url: str


def _java(home: Path, port: int) -> list[str]:
    classes = os.pathsep.join([str(home / "target" / "classes"), str(home / "lib" / "*")])
    memory = os.environ.get("IFMATCH_HAPI_JAVA_OPTIONS", "-Xmx512m").split()
    return ["java", *memory, "-cp", classes, "ifmatch.HapiServer", str(port)]


def _node(home: Path, port: int) -> list[str]:
    # Medplum's library asks for WebSocket, which Node 20 has behind this switch only; later ones have both.
    return ["node", "--experimental-websocket", str(home / "server.mjs"), str(port)]


HAPI = Launcher(
    name="hapi",
    title="HAPI FHIR",
    url_variable="IFMATCH_HAPI_URL",
    tools=(Tool("java", 17), Tool("mvn")),
    build=("mvn", "-q", "-B", "-ntp", "compile", "dependency:copy-dependencies",
           "-DincludeScope=runtime", "-DoutputDirectory=lib"),
    command=_java,
)  # fmt: skip

MEDPLUM = Launcher(
    name="medplum",
    title="Medplum",
    url_variable="IFMATCH_MEDPLUM_URL",
    tools=(Tool("node", 20), Tool("npm")),
    build=("npm", "install", "--silent", "--no-fund", "--no-audit", "--ignore-scripts", "--legacy-peer-deps"),
    command=_node,
)


@contextmanager
def running(launcher: Launcher, *arguments: str) -> Iterator[Server]:
    """The server: the one that its variable points to, which is left alone, or one of our own, stopped at the end.

    With arguments for the server's command, it is always one of our own.
    Raises MissingError when a tool is not here, StartError when it cannot be built or does not come up.
    """
    given = None if arguments else os.environ.get(launcher.url_variable)
    if given:
        yield Server(launcher.name, given.rstrip("/"))
        return
    for tool in launcher.tools:
        tool.demand(launcher.title)
    home = built(launcher)
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


def built(launcher: Launcher) -> Path:
    """The folder in the cache that holds the server, built if need be. Raises StartError when it cannot be built."""
    source = SERVERS / launcher.name
    home = cache() / f"{launcher.name}-{_digest(source)}"
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{launcher.name}-building-", dir=home.parent) as folder:
            site = Path(folder) / "site"
            shutil.copytree(source, site)
            done = subprocess.run(launcher.build, cwd=site, capture_output=True, text=True, check=False, timeout=BUILD)
            if done.returncode:
                raise StartError(f"{launcher.title} could not be built:\n{_tail(done.stdout + done.stderr)}")
            if not home.is_dir():  # another process may have been faster
                site.rename(home)
    return home


def cache() -> Path:
    """Where built servers are kept: IFMATCH_CACHE, or `ifmatch` in the user's cache folder."""
    given = os.environ.get("IFMATCH_CACHE")
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ifmatch"
    return Path(given).resolve() if given else usual


def _digest(source: Path) -> str:
    text = hashlib.sha256()
    for file in sorted(file for file in source.rglob("*") if file.is_file()):
        text.update(f"{file.relative_to(source)}\0".encode() + file.read_bytes())
    return text.hexdigest()[:12]


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
            raise StartError(f"{launcher.title} ended with {process.returncode}:\n{_tail(_read(log))}")
        time.sleep(0.2)
    raise StartError(f"{launcher.title} was not ready after {START} s:\n{_tail(_read(log))}")


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


def _tail(text: str, lines: int = 20) -> str:
    return "\n".join(text.splitlines()[-lines:])
