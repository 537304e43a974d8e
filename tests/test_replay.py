"""What a run has shown is shown again: by its scripts, which bash really runs, and by `ifmatch replay`."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from report_log import exchange, failure, target, verdict, whole
from running import forked, run

from ifmatch.log.reader import read
from ifmatch.reference.server import EmbeddedServer
from ifmatch.report.replay import script, scripts
from ifmatch.report.run import Run
from ifmatch.rules.profile import load

#: The fault that the whole suite is about, and rules that show it: plainly, after many writes, and in a race.
HOLE = "if-match-ignored"
PLAIN = ("update.if-match.stale", "update.if-match.stale-by-many", "update.if-match.never-existed")
RACE = "race.update.same-version"


@pytest.fixture(scope="module")
def evidence():
    """The folder of a run on a server with the hole."""
    rules = ",".join([*PLAIN, RACE])
    words = ["-p", "fhir-r4", "--fault", HOLE, "--seed", "1", "--rules", rules]
    ((_, _, printed),) = forked(run, [(words,)])
    return next(line.split()[1] for line in printed.splitlines() if line.startswith("report "))


def carried_out(evidence, rule, **environment):
    """A script of the run, carried out by bash without any variable of ours but these: its exit code and its words."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IFMATCH_")}
    done = subprocess.run(
        ["bash", f"{evidence}/replay/{rule}.sh"],
        env=kept | environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("rule", PLAIN)
def test_a_script_says_that_a_failure_is_the_same(evidence, rule):
    """Without a token, under `set -u`: with ids and versions of its own it comes to the same answer."""
    with EmbeddedServer(load("fhir-r4"), faults=[HOLE]) as server:
        code, told, complaints = carried_out(evidence, rule, BASE=server.base_url)
    assert (code, complaints) == (1, "")
    assert told.splitlines()[-1] == "THE SAME: answered 200, as in the run"


@pytest.mark.slow
@pytest.mark.parametrize("rule", PLAIN)
def test_a_script_says_that_a_failure_is_gone(evidence, rule):
    """Where the server answers as promised."""
    with EmbeddedServer(load("fhir-r4")) as server:
        code, told, complaints = carried_out(evidence, rule, BASE=server.base_url)
    assert (code, complaints) == (0, "")
    assert told.splitlines()[-1].startswith("GONE: answered 4")


@pytest.mark.slow
def test_a_script_says_that_a_server_fails_differently(evidence):
    """Neither as promised nor as in the run."""
    with EmbeddedServer(load("fhir-r4"), faults=["conflict-answered-400"]) as server:
        code, told, _ = carried_out(evidence, PLAIN[0], BASE=server.base_url)
    assert (code, told.splitlines()[-1]) == (1, "DIFFERENTLY: answered 400, in the run 200")


@pytest.mark.slow
def test_a_script_of_a_race_counts(evidence):
    """It shows the picture as it was drawn, and says how often both were accepted; that none was proves nothing."""
    with EmbeddedServer(load("fhir-r4"), faults=[HOLE]) as server:
        code, told, complaints = carried_out(evidence, RACE, BASE=server.base_url)
    assert (code, complaints) == (1, "")
    assert "    LOST UPDATE: " in told
    assert re.search(r"^    ▶ \w +┣━+┫", told, re.M)
    assert told.splitlines()[-1] == "THE SAME: both writers were accepted in 5 of 5 tries"
    with EmbeddedServer(load("fhir-r4")) as server:
        code, told, _ = carried_out(evidence, RACE, BASE=server.base_url)
    assert (code, told.splitlines()[-1][:18]) == (7, "NOT SEEN in 5 trie")


@pytest.mark.slow
def test_a_script_of_a_race_counts_answers_too(tmp_path):
    """Where nothing is lost, and those who came too late are told another code."""
    words = ["-p", "fhir-r4", "--fault", "conflict-answered-400", "--rules", RACE]
    forked(run, [(words, tmp_path)])
    with EmbeddedServer(load("fhir-r4"), faults=["conflict-answered-400"]) as server:
        code, told, _ = carried_out(tmp_path / "run", RACE, BASE=server.base_url)
    assert code == 1, told
    assert re.fullmatch(
        r"THE SAME: they were answered 400 and \d+ in 5 of 5 tries", told.splitlines()[-1]
    )


@pytest.mark.slow
@pytest.mark.parametrize("rule", [PLAIN[0], RACE])
def test_a_script_does_not_take_a_closed_door_for_a_repair(evidence, rule):
    """A server that lets nobody in refuses everything; its refusals say nothing of the rule."""
    with EmbeddedServer(load("fhir-r4"), tokens={"secret": "write"}) as server:
        code, told, _ = carried_out(evidence, rule, BASE=server.base_url)
        assert (code, told.splitlines()[-1][:18]) == (7, "NOT TO BE COMPARED")
        code, told, _ = carried_out(evidence, rule, BASE=server.base_url, IFMATCH_TOKEN="secret")
        assert "NOT TO BE COMPARED" not in told


#: What makes resources otherwise than by a POST of their own: under an id of the run's choosing, and within a bundle.
MADE_OTHERWISE = (
    "update.if-match.no-resource",
    "door.transaction-put.any-form.never",
    "transaction.atomic.precondition",
    "race.update-as-create",
)


@pytest.mark.slow
def test_a_script_leaves_nothing_and_can_be_carried_out_again(tmp_path):
    """What it makes it removes, and an id that was never given out is a new one each time."""
    faults = [HOLE, "transaction-keeps-what-went-before", "newcomers-checked-then-written"]
    broken = [word for fault in faults for word in ("--fault", fault)]
    words = ["-p", "fhir-r4", *broken, "--rules", ",".join(MADE_OTHERWISE)]
    forked(run, [(words, tmp_path)])
    with EmbeddedServer(load("fhir-r4"), faults=faults) as server:
        for rule in (*MADE_OTHERWISE, *MADE_OTHERWISE):
            code, told, complaints = carried_out(tmp_path / "run", rule, BASE=server.base_url)
            assert (code, complaints) == (1, ""), told
            assert told.splitlines()[-1].startswith("THE SAME: "), told
            with urllib.request.urlopen(f"{server.base_url}/Patient?_summary=count") as answer:
                assert json.load(answer)["total"] == 0, rule


@pytest.mark.slow
def test_a_script_says_that_nobody_answers(evidence):
    """Exit 6, as a run has it."""
    code, told, _ = carried_out(evidence, PLAIN[0], BASE="http://127.0.0.1:9/fhir")
    assert (code, told.splitlines()[-1]) == (6, "UNREACHED: the server gave no answer")


@pytest.mark.parametrize(
    ("credential", "variable", "sent"),
    [
        ({}, "IFMATCH_TOKEN", '-H "Authorization: Bearer $IFMATCH_TOKEN"'),
        ({"token_env": "WARD"}, "WARD", '-H "Authorization: Bearer $WARD"'),
        ({"user": "it's ada", "password_env": "WARD"}, "WARD", "-u 'it'\"'\"'s ada':\"$WARD\""),
        ({"token_env": "X; rm -rf /"}, "IFMATCH_TOKEN", '-H "Authorization: Bearer $IFMATCH_TOKEN"'),
    ],
)  # fmt: skip
def test_a_script_names_the_targets_own_variable(credential, variable, sent):
    """As the target file names it; what is no name is not carried out."""
    steps = [{"keyword": "When", "text": "it is updated", "exchanges": ["2"]}]
    one = whole(target(credential=credential), exchange(), failure(steps=steps))
    (text,) = scripts(one).values()
    assert f"{variable}=${{{variable}:-}}\n" in text.decode()
    assert sent in text.decode()


def test_a_finding_that_no_status_shows_is_for_the_eye():
    """A missing header, for one."""
    lacking = {"expected": "an ETag header", "got": "no ETag header", "level": "SHALL"}
    steps = [{"keyword": "When", "text": "it is read", "exchanges": ["2"], "findings": [lacking]}]
    one = whole(exchange(), verdict(verdict="fail", findings=[lacking], steps=steps))
    assert "\nlook 'ifmatch explain" in script(one.rules[0], one)


# ---------------------------------------------------------------- ifmatch replay


def replay(folder, *words):
    """The command line in a process of its own: exit code and what it printed."""
    command = [sys.executable, "-m", "ifmatch", "replay", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_a_run_says_how_it_can_be_done_again(evidence):
    """What it was called with stands in its log."""
    run = Run.of(read(Path(evidence)))
    assert (run.header.profile_file, run.header.embedded, run.header.faults) == (
        "fhir-r4",
        True,
        (HOLE,),
    )


@pytest.mark.slow
def test_all_that_a_run_found_wrong_is_done_again(evidence, tmp_path):
    """On an embedded server with the same faults, by the same seed: the same. A race says how often it was seen."""
    code, told = replay(tmp_path, evidence, "--times", "2")
    assert code == 1, told
    assert told.count("the same in 2 of 2 attempts") == 4
    assert "4 the same" in told
    assert re.search(r"seen \d+ times in \d+ rounds", " ".join(told.split()))


@pytest.mark.slow
def test_another_server_may_have_nothing_of_it(evidence, tmp_path):
    """Gone, and exit 0; the newest run is not that of the replay."""
    with EmbeddedServer(load("fhir-r4")) as server:
        code, told = replay(tmp_path, evidence, "update.*", "--against", server.base_url)
    assert code == 0, told
    assert told.count("  gone  ") == len(PLAIN)
    assert not (tmp_path / "reports" / "latest").exists()


@pytest.mark.slow
def test_another_server_may_fail_in_another_way(evidence, tmp_path):
    """Differently, and exit 1."""
    with EmbeddedServer(load("fhir-r4"), faults=["conflict-answered-400"]) as server:
        code, told = replay(tmp_path, evidence, PLAIN[0], "--against", server.base_url)
    assert (code, "1 differently" in told) == (1, True), told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["updat.if-match.stale"], 5, 'Did you mean "update.if-match.stale"?'),
        (["--against", "http://127.0.0.1:9/fhir"], 6, "Nothing answers"),
        (["--times", "0"], 4, "at least 1"),
        (["--agianst", "x"], 4, 'Did you mean "--against"?'),
    ],
)
def test_what_cannot_be_done_again_is_said(evidence, tmp_path, words, code, told):
    """In a sentence, with the exit code that it has everywhere."""
    ended, printed = replay(tmp_path, evidence, *words)
    assert (ended, told in printed) == (code, True), printed


def test_there_must_be_a_run(tmp_path):
    """Without one, or with several, it says what to do."""
    assert replay(tmp_path, PLAIN[0])[0] == 4
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "events.jsonl").touch()
    code, told = replay(tmp_path, str(tmp_path), PLAIN[0])
    assert code == 4
    assert f"  ifmatch replay {tmp_path / 'a'} {PLAIN[0]}\n" in told


@pytest.mark.slow
def test_what_is_watched_is_done_again_where_it_was_seen_first(tmp_path):
    """And not wherever it was seen: of a server that breaks it everywhere that would be the whole run."""
    rules = "update.*,always.etag-equals-version"
    words = ["-p", "fhir-r4", "--fault", "etag-is-a-digest", "--rules", rules]
    forked(run, [(words, tmp_path)])
    folder = tmp_path / "run"
    many = {one.rule for one in Run.of(read(folder)).exchanges.values()}
    code, told = replay(tmp_path, "run", "always.etag-equals-version", "-o", "again")
    assert (code, "1 the same" in told.splitlines()) == (1, True), told
    again = {one.rule for one in Run.of(read(tmp_path / "again")).exchanges.values()}
    assert len(again) < 10 < len(many)
