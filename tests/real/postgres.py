"""A PostgreSQL of our own for as long as a test needs it: a fresh cluster in a temporary folder, on the loopback."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from built import MissingError
from launch import StartError, free_port

#: Where Debian and its kin keep the programs of each version, off the PATH.
_ELSEWHERE = "/usr/lib/postgresql"

#: PostgreSQL refuses to run as root; then it runs as this user.
_USER = "postgres"


@contextmanager
def database() -> Iterator[str]:
    """The JDBC URL of an empty database. Raises MissingError where PostgreSQL cannot be had."""
    initdb, control, as_user = _program("initdb"), _program("pg_ctl"), _as_user()
    with tempfile.TemporaryDirectory(prefix="ifmatch-postgres-") as folder:
        if as_user:
            shutil.chown(folder, _USER)
        data, port = str(Path(folder) / "data"), free_port()
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
        _run(*as_user, initdb, "-D", data, "-U", "ifmatch", "-A", "trust", "-E", "UTF8")
        _run(*as_user, control, "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"jdbc:postgresql://127.0.0.1:{port}/postgres?user=ifmatch"
        finally:
            _run(*as_user, control, "-D", data, "-m", "immediate", "stop")


def _program(name: str) -> str:
    newest = sorted(
        Path(_ELSEWHERE).glob("*/bin"),
        key=lambda path: int(path.parent.name.split(".")[0]),
        reverse=True,
    )
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, newest)))
    if found is None:
        raise MissingError(f"HAPI FHIR on PostgreSQL needs PostgreSQL, and there is no {name}")
    return found


def _as_user() -> list[str]:
    """What to put before a command so that it does not run as root."""
    if os.geteuid():
        return []
    if _USER not in {user.pw_name for user in pwd.getpwall()} or not shutil.which("runuser"):
        raise MissingError(
            f"PostgreSQL does not run as root, and there is no user {_USER} to run it as"
        )
    return ["runuser", "-u", _USER, "--"]


def _run(*command: str) -> None:
    # To a file, not to a pipe: the server keeps what it inherits open, and a pipe would be waited for.
    with tempfile.TemporaryFile() as out:
        if subprocess.run(
            command, cwd="/", stdout=out, stderr=out, check=False, timeout=120
        ).returncode:
            out.seek(0)
            raise StartError(f"{command[-1]}: {out.read().decode(errors='replace')}")
