"""Whoever reads our output and has seen enough, as `head` has, ends nothing by that."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from running import ifmatch

from ifmatch.report.document import load

SOME = ["-p", "fhir-r4", "--rules", "read.*"]


def unread(*words, folder):
    """The exit code of a command whose output nobody reads, and what it had to say on standard error."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", *words]
    done = subprocess.run(
        command, cwd=folder, stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    alone = subprocess.run(command, cwd=folder, stdout=writer, stderr=writer, check=False)
    os.close(writer)
    assert alone.returncode == done.returncode
    return done.returncode, done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One where a run lies."""
    folder = tmp_path_factory.mktemp("readers")
    ifmatch("run", *SOME, "-o", "run", folder=folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("fault, code", [([], 0), (["--fault", "vread-hides-an-element"], 1)])
def test_a_run_goes_on_to_its_end(tmp_path, fault, code):
    """It is complete, it has tidied up, and its exit code is that of its verdicts."""
    found = unread("ifmatch", "run", *SOME, *fault, "-o", "run", folder=tmp_path)
    assert found == (code, "")
    report = load(tmp_path / "run")
    assert (report["complete"], report["left"]) == (True, [])


@pytest.mark.slow
def test_so_does_a_run_of_pytest(tmp_path):
    root = Path(__file__).resolve().parents[1]
    words = ["--profile=fhir-r4", "--rules=read.*", f"--report-dir={tmp_path / 'run'}", "features"]
    code, said = unread("pytest", *words, folder=root)
    assert (code, said) == (0, "")
    assert load(tmp_path / "run")["complete"]


@pytest.mark.parametrize(
    "words",
    [
        "rules -p spine",
        "profiles",
        "verify run",
        "compare run run",
        "ledger run",
        "report run",
        "--help",
    ],
)
def test_every_command_ends_as_it_would_have(folder, words):
    assert unread("ifmatch", *words.split(), folder=folder) == (0, "")


def test_nothing_is_lost_to_who_reads_on(tmp_path):
    """Up to the last line of what pytest prints behind our back."""
    root = str(Path(__file__).resolve().parents[1])
    words = ["--profile=fhir-r4", "--rules=read.*", f"--report-dir={tmp_path / 'run'}", "features"]
    command = [sys.executable, "-m", "pytest", *words]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1].startswith("====")
    assert "PARTIAL" in done.stdout
