"""`ifmatch report`: all that is derived from a log can be derived again."""

import shutil
from pathlib import Path

import pytest
from running import run

from ifmatch.cli.main import main
from ifmatch.report.write import FORMATS

BROKEN = ["-p", "fhir-r4", "--fault", "if-match-ignored", "--rules", "update.if-match.*"]


@pytest.fixture(scope="module")
def evidence():
    """The folder of a run with failures, so that every form of report has something to hold."""
    _, _, printed = run(BROKEN)
    (line,) = [line for line in printed.splitlines() if line.startswith("report  ")]
    return Path(line.removeprefix("report  ").strip())


def files_in(folder):
    """What lies in a folder, by path: the bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_log_gives_the_same_bytes(evidence, tmp_path, capsys):
    """Whatever was lost or changed beside the log is as the run wrote it."""
    copy = tmp_path / "copy"
    shutil.copytree(evidence, copy)
    for form in FORMATS:
        path = copy / form.name
        if form.certifies:
            continue
        shutil.rmtree(path) if path.is_dir() else path.write_text("changed")
    assert main(["report", str(copy)]) == 0
    assert files_in(copy) == files_in(evidence)
    assert f"written {copy / 'report.json'}" in capsys.readouterr().out


def test_a_folder_without_a_log_is_wrong_usage(tmp_path, capsys):
    """There is nothing to make a report of."""
    assert main(["report", str(tmp_path)]) == 4
    assert "Name the folder of a run." in capsys.readouterr().err
