"""`ifmatch recheck`: the evidence of a run is judged anew, without the server."""

import contextlib
import io
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from answering import answering
from running import forked, ifmatch, run

from ifmatch.cli.main import main
from ifmatch.reference.faults import FAULTS
from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import load, shipped
from ifmatch.suite.session import Session

pytestmark = pytest.mark.slow

RULES = "update.if-match.*,read.*,always.*"


def recheck(*words):
    """What comes of it: the exit code, and the lines that were printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = main(["recheck", *map(str, words)])
    return code, printed.getvalue().splitlines()


def folder_of(printed):
    """The folder of a run, as the run has named it."""
    (line,) = [line for line in printed.splitlines() if line.startswith("report  ")]
    return Path(line.removeprefix("report  ").strip())


@pytest.fixture(scope="module")
def evidence():
    """A run in which a rule fails."""
    words = ["-p", "fhir-r4", "--fault", "conflict-answered-409", "--rules", RULES]
    return folder_of(run(words)[2])


@pytest.fixture(scope="module")
def raced():
    """A run in which an update is lost."""
    words = ["-p", "fhir-r4", "--fault", "if-match-ignored", "--rules", "race.update.same-version"]
    return folder_of(run(words)[2])


@pytest.fixture
def copy(tmp_path):
    """Copies evidence, with a change to each line of its log."""

    def copied(evidence, change):
        folder = tmp_path / "copy"
        shutil.copytree(evidence, folder)
        log = folder / "events.jsonl"
        lines = [change(json.loads(line)) for line in log.read_text().splitlines()]
        log.write_text("".join(json.dumps(line) + "\n" for line in lines if line is not None))
        return folder

    return copied


def test_a_run_is_judged_as_it_was(evidence):
    """By the same suite and profile nothing changes."""
    code, lines = recheck(evidence)
    assert code == 0, lines
    assert lines[-1].endswith("as they were, 0 changed, 0 cannot be judged from the log")


def test_a_race_is_judged_as_it_was(raced):
    """Its histories are judged, not run."""
    code, lines = recheck(raced)
    assert code == 0, lines
    assert lines[-1].startswith("1 cases: 1 as they were")


@pytest.mark.parametrize("way", ["by tokens that end", "from a vantage point"])
def test_however_the_target_was_reached(way, tmp_path, monkeypatch):
    """Credentials and other machines are not asked for again, nor are they needed."""
    monkeypatch.setenv("WARD", "s3cr3t-of-the-ward")
    token = {"access_token": "t0ken-of-the-ward", "token_type": "Bearer", "expires_in": 2}
    with EmbeddedServer(load("fhir-r4")) as server, answering((200, token)) as (issuer, asked):
        path = tmp_path / "target.toml"
        path.write_text(
            f'base_url = "{server.base_url}"\n[auth.oauth]\ntoken_url = "{issuer}"\n'
            'client_id = "ward"\nclient_secret_env = "WARD"\n'
        )
        by_token = ["-t", str(path)]
        reached = {
            "by tokens that end": by_token,
            "from a vantage point": [*by_token, "--vantage", "popen"],
        }
        words = [*reached[way], "-p", "fhir-r4", "--rules", "read.*,race.update.same-version"]
        code, _, printed = run(words, tmp_path)
    assert (code, bool(asked)) == (0, True), printed
    code, lines = recheck(tmp_path / "run")
    assert code == 0, lines
    assert " 0 changed, 0 cannot be judged from the log" in lines[-1]


def test_another_profile_changes_what_it_promises_otherwise(evidence, tmp_path):
    """What was a failure by the one text is a pass by the other."""
    profile = tmp_path / "mine.toml"
    profile.write_text(
        'id = "mine"\ntitle = "Mine"\nlabel = "Mine"\nextends = "fhir-r4"\n'
        '[sources.mine]\ntitle = "Mine"\nurl = "https://mine.example"\n'
        '[rules."update.if-match.stale"]\n'
        'outcome = "refused"\nstatus = [409]\nlevel = "SHALL"\nsource = "mine"\n'
    )
    code, lines = recheck(evidence, "-p", profile)
    assert code == 1, lines
    assert "  update.if-match.stale [Patient]   fail → pass   409 with an OperationOutcome" in lines
    assert "(its text has changed)" in lines[1]


def test_nothing_but_the_evidence_is_looked_at(evidence, tmp_path, monkeypatch):
    """No run is begun beside it, which would leave a log where people look for their newest."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Session, "open", None)
    code, lines = recheck(evidence)
    assert (code, list(tmp_path.glob("reports/*"))) == (0, []), lines


def test_another_answer_gives_another_verdict(evidence, copy):
    """What is judged is what was exchanged, not the verdict that was written."""

    def mended(event):
        if event["event"] == "exchange" and event["rule"] == "update.if-match.stale":
            answered = event["response"]
            answered["status"] = {409: 412}.get(answered["status"], answered["status"])
        return event

    code, lines = recheck(copy(evidence, mended))
    assert code == 1, lines
    assert any("update.if-match.stale" in line and "fail → pass" in line for line in lines)
    assert lines[0].startswith(
        "! the log is no evidence as it stands: it is not what its last line"
    )


def test_what_a_monitor_overlooked_is_found(evidence, copy):
    """Every exchange is shown to the monitors again."""

    def without_date(event):
        if event["event"] == "exchange" and event["response"]:
            answered = event["response"]
            answered["headers"] = [
                pair for pair in answered["headers"] if pair[0].lower() != "date"
            ]
        return event

    code, lines = recheck(copy(evidence, without_date))
    assert code == 1, lines
    assert any(line.startswith("  always.date-present   ") for line in lines)


def test_another_history_gives_another_verdict(raced, copy):
    """Where the history shows no lost update, only what was found besides it can still fail the rule."""

    def harmless(event):
        if event["event"] == "history":
            event["lines"] = []
        if event["event"] == "verdict":
            event["findings"] = [finding for finding in event["findings"] if finding["state"]]
        return event

    code, lines = recheck(copy(raced, harmless))
    assert code == 1, lines
    assert any("race.update.same-version" in line and "fail → " in line for line in lines)


def test_a_request_that_was_not_recorded_cannot_be_judged(evidence, copy):
    """No verdict is made up."""

    def lacking(event):
        gone = event["event"] == "exchange" and event["rule"] == "update.if-match.stale"
        return None if gone and event["request"]["method"] == "PUT" else event

    code, lines = recheck(copy(evidence, lacking))
    assert code == 7, lines
    (odd,) = [line for line in lines if line.startswith("  update.if-match.stale")]
    assert "fail → not judged   the log holds no answer to PUT http://" in odd


def test_what_is_found_can_be_written(evidence, tmp_path):
    """As the folder of a run, with all its reports."""
    code, _ = recheck(evidence, "-o", tmp_path / "anew")
    assert code == 0
    assert (tmp_path / "anew" / "report.html").is_file()
    code, (sentence,) = recheck(evidence, "-o", tmp_path / "anew")
    assert (code, "holds a run already" in sentence) == (4, True)


def test_a_log_that_says_too_little_is_wrong_usage(evidence, copy):
    """As that of an older version, which does not say in whose name it asked."""

    def older(event):
        event.pop("settings", None)
        return event

    code, lines = recheck(copy(evidence, older))
    assert code == 4, lines
    assert "cannot be judged anew" in lines[0]


# ---------------------------------------------------------------- everywhere


def _run_and_recheck(arguments):
    """What a recheck of a run finds, in a process in which sets have another order: its exit code and its words."""
    printed = run(arguments)[2]
    folder = folder_of(printed)
    code, told = ifmatch("recheck", str(folder), folder=folder.parent, PYTHONHASHSEED="1")
    shutil.rmtree(folder)
    return code, told


#: Every fortieth fault, unless all are asked for.
_FAULTS = list(FAULTS)[:: 1 if os.environ.get("IFMATCH_ALL_FAULTS") else 40]


def _of_fault(name):
    fault = FAULTS[name]
    rules = ",".join(filter(None, (*fault.breaks, fault.seen_in)))
    return ["-p", fault.profile, "--fault", name, "--rules", rules]


@pytest.fixture(scope="module")
def rechecks():
    """All runs, each with what a recheck finds."""
    jobs = {name: ["-p", name] for name in shipped()} | {name: _of_fault(name) for name in _FAULTS}
    with tempfile.TemporaryDirectory():
        found = forked(_run_and_recheck, [(job,) for job in jobs.values()], processes=2)
    return dict(zip(jobs, found, strict=True))


@pytest.mark.parametrize("name", [*shipped(), *_FAULTS])
def test_a_recheck_agrees_with_the_run(rechecks, name):
    """On every profile's own server, and where promises are broken."""
    code, printed = rechecks[name]
    assert code == 0, printed
