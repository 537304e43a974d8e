"""Whole runs of the command line, each in a process forked for it: they share the cost of loading, and nothing else."""

import contextlib
import io
import multiprocessing
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from ifmatch.report.document import load

#: Forked from a server that has loaded what every run needs, and that has no threads, as this process may have.
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(["ifmatch.suite.live", "ifmatch.reference.server"])


def run(arguments, folder=None):
    """One run in this process; returns its exit code, its report and what it printed.

    What it leaves behind lies in `run` within the folder, or in one of its own.
    """
    folder = folder or Path(tempfile.mkdtemp())
    code, printed = typed(["run", *arguments, "-o", str(folder / "run")], folder)
    path = folder / "run" / "report.json"
    return code, load(path) if path.is_file() else None, printed


def typed(words, folder):
    """A command in this process, as if typed in a folder; returns its exit code and what it printed."""
    from ifmatch.cli.main import main

    printed = io.StringIO()
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        contextlib.chdir(folder),
    ):
        try:
            code = main(list(words))
        except SystemExit as ended:  # a slip that argparse tells
            code = ended.code
    return code, printed.getvalue()


def ifmatch(*words, folder, **environment):
    """The command line in a process of its own: exit code, and what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "ifmatch", *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def forked(function, calls, processes=1):
    """What a function returns for the arguments of each call, each in a process of its own."""
    with _SERVER.Pool(processes, maxtasksperchild=1) as pool:
        return pool.starmap(function, calls, chunksize=1)


def as_finished(function, calls, processes=1):
    """The same as they come, for calls that take long."""
    with _SERVER.Pool(processes, maxtasksperchild=1) as pool:
        yield from pool.imap_unordered(partial(_applied, function), calls)


def _applied(function, call):
    return function(*call)
