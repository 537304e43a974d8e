"""The doors, end to end: what a person types, what comes back, and with which exit code."""

import dataclasses
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from importlib.resources import files
from pathlib import Path

import pytest
from running import forked, typed

from ifmatch import HOME
from ifmatch.cli.main import main
from ifmatch.client.settings import settings_for
from ifmatch.errors import ConfigurationError
from ifmatch.reference.faults import FAULTS
from ifmatch.reference.server import EmbeddedServer
from ifmatch.report.document import flaw
from ifmatch.rules.profile import load
from ifmatch.suite.options import OPTIONS, demand_typed, words_for_command, words_for_pytest
from ifmatch.suite.session import Options, Session

ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("IFMATCH_", "PYTEST_"))
}


def ifmatch(*words, folder, **environment):
    """The command line in a process of its own: exit code, what it printed, and its report."""
    command = [sys.executable, "-m", "ifmatch", *words]
    settings = ENVIRONMENT | environment
    done = subprocess.run(
        command, cwd=folder, env=settings, capture_output=True, text=True, check=False
    )
    path = Path(folder) / "reports" / "latest" / "report.json"
    return (
        done.returncode,
        done.stdout + done.stderr,
        json.loads(path.read_text()) if path.is_file() else None,
    )


@pytest.mark.slow
def test_a_run_that_passes(tmp_path):
    """Exit 0, the word first, a valid report, and all the files that a run leaves."""
    code, printed, report = ifmatch(
        "run", "-p", "spine", "--rules", "update.if-match.*", folder=tmp_path
    )
    assert code == 0, printed
    assert "\nPARTIAL " in printed
    assert flaw(report) == ""
    assert report["conformant"] is None
    assert "read.existing" in report["left_out"]
    assert "update.if-match.stale" not in report["left_out"]
    folder = tmp_path / "reports" / "latest"
    assert {path.name for path in folder.iterdir()} == {
        "events.jsonl",
        "report.json",
        "report.html",
        "summary.md",
        "exchanges.har",
        "results.sarif",
        "badge.json",
        "badge.svg",
        "junit.xml",
        "allure-results",
    }
    assert ElementTree.parse(folder / "junit.xml").getroot().get("failures") == "0"


@pytest.mark.slow
def test_a_run_inside_of_a_checkout(tmp_path):
    """Who has installed the suite stands in a clone of it, whose features are not those that were installed."""
    (tmp_path / "profiles").mkdir()
    shutil.copy(HOME / "profiles" / "profile.schema.json", tmp_path / "profiles")
    code, printed, report = ifmatch(
        "run", "-p", "spine", "--rules", "update.if-match.stale", folder=tmp_path
    )
    assert code == 0, printed
    assert report["complete"]


@pytest.mark.slow
def test_a_run_that_fails(tmp_path):
    """Exit 1; what was expected, what came, the sentence that says so, and a script that repeats it."""
    words = (
        "run",
        "-p",
        "spine",
        "--fault",
        "conflict-answered-412",
        "--rules",
        "update.if-match.stale",
    )
    code, printed, report = ifmatch(*words, folder=tmp_path)
    assert code == 1, printed
    for part in ("NOT CONFORMANT", "expected  409", "got       412", "SHALL", "says", "replay"):
        assert part in printed
    assert not report["conformant"]
    assert report["rules"][0]["verdict"] == "fail"


@pytest.mark.slow
def test_a_race_that_finds_a_lost_update_shows_who_collided(tmp_path):
    """A seeded fault between check and write is found; its name, its witness and its picture are told."""
    words = (
        "run",
        "-p",
        "fhir-r4",
        "--fault",
        "if-match-ignored",
        "--rules",
        "race.update.same-version",
    )
    code, printed, report = ifmatch(*words, "--seed", "1", folder=tmp_path)
    assert code == 1, printed
    assert "LOST UPDATE" in printed
    drawn = [line for line in printed.splitlines() if "┣" in line or "├" in line]
    assert len(drawn) >= 2
    assert max(map(len, drawn)) <= 80  # of a terminal that nobody has made wider
    race = report["rules"][0]["race"]
    assert 2 <= len(race["anomalies"][0]["operations"]) <= 3
    assert (tmp_path / "reports" / "latest" / race["picture"]).read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("run", "-p", "spyne"), 4, 'Did you mean "spine"?'),
        (("run", "-p", "spine", "--rules", "nope.*"), 5, "No rule matches"),
        (("run", "-p", "spine", "--rules", "read.*,updat.*"), 5, 'Did you mean "update.*"?'),
        (("rules", "--rules", "update.if-mach.stale"), 5, 'Did you mean "update.if-match.stale"?'),
        (("re-play", "x"), 4, 'Did you mean "replay"?'),
        (("run", "--effort", "quik"), 4, 'Did you mean "quick"?'),
        (("run", "-p", "spine", "--efort", "quick"), 4, 'Did you mean "--effort"?'),
        (("run", "-p", "spnie"), 4, 'Did you mean "spine"?'),
        (("run", "http://127.0.0.1:9/fhir"), 6, "Nothing answers"),
        (("run", "-p", "spine", "--effort", "lots"), 4, "quick"),
        (("profiles", "spyne"), 4, "spine"),
        (("bogus",), 4, "not a base URL"),
        (("rnu",), 4, 'Did you mean "run"?'),
        (("serv", "-p", "spine"), 4, 'Did you mean "serve"?'),
        (("serve", "--prot", "80"), 4, 'Did you mean "--port"?'),
        (("run", "--efort", "quick"), 4, 'Did you mean "--effort"?'),
        (("--efort=quick",), 4, 'Did you mean "--effort"?'),
        (
            ("serve", "--port", "99999"),
            4,
            "port 99999: ports have the numbers from 0 to 65535. Choose another",
        ),
    ],
)
def test_a_slip_is_told_in_a_sentence(tmp_path, words, code, told):
    """The right exit code, what to do, and no traceback; after a slip on the command line nothing is begun."""
    ((got, printed),) = forked(typed, [(words, tmp_path)])
    assert got == code, printed
    assert told in printed
    assert "Traceback" not in printed
    assert code != 4 or not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("rules", "-p", "spine", "--rules", "update.if-match.stale"),
            "SHALL 409 with an OperationOutcome",
        ),
        (("profiles",), "reasonable-adjustments"),
        (("profiles", "cerner-dstu2"), "no If-Match or invalid If-Match header provided"),
        (("serve", "--fault", "list"), "if-match-ignored"),
        (("--version",), "ifmatch"),
        (("run", "--help"), "example"),
    ],
)
def test_what_can_be_asked(tmp_path, words, told):
    """The catalogue, the profiles and the faults, each with what a person looks for."""
    ((code, printed),) = forked(typed, [(words, tmp_path)])
    assert code == 0, printed
    assert told in printed


def test_the_faults_are_listed_by_interaction(tmp_path):
    """A line each, with the profile where it is not the usual one; those of the table come last, for they are many."""
    code, printed = typed(["serve", "--fault", "list"], tmp_path)
    lines = printed.splitlines()
    faults = [line for line in lines if line.startswith("  ")]
    assert (code, [line.split()[0] for line in faults]) == (
        0,
        [fault.name for fault in sorted(FAULTS.values(), key=in_list)],
    )
    (ignored,) = (line for line in faults if " if-match-ignored " in line)
    assert FAULTS["if-match-ignored"].sentence in ignored
    profiles = {line.split()[0]: line.rpartition("  -p ")[2] for line in faults if "  -p " in line}
    assert profiles == {
        name: fault.profile for name, fault in FAULTS.items() if fault.profile != "fhir-r4"
    }
    groups = [line.partition(" (")[0] for line in lines if line and not line.startswith(" ")]
    assert len(groups) == len(set(groups))
    assert groups[-1] == "door"


def in_list(fault):
    """Where a fault stands in the list: with its interaction, in the order in which the faults are declared."""
    interactions = list(dict.fromkeys(one.breaks[0].partition(".")[0] for one in FAULTS.values()))
    interaction = fault.breaks[0].partition(".")[0]
    return interaction == "door", interactions.index(interaction)


@pytest.mark.slow
def test_what_stands_behind_two_dashes_is_for_pytest(tmp_path):
    """Its -p is not ours."""
    words = ("run", "-p", "spine", "--rules", "update.version.*", "--", "-p", "no:cacheprovider")
    code, printed, report = ifmatch(*words, folder=tmp_path)
    assert code == 0, printed
    assert report["profile"]["id"] == "spine"
    assert not (tmp_path / "reports" / ".cache").exists()


@pytest.mark.slow
def test_where_pytest_loads_no_plugins(tmp_path):
    """A run brings what it needs of pytest."""
    words = ("run", "-p", "spine", "--rules", "update.version.*")
    code, printed, _ = ifmatch(*words, folder=tmp_path, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert code == 0, printed


def test_each_option_says_what_it_fills():
    """A field of what a session is opened with, and a key that target files may have."""
    schema = json.loads(files("ifmatch.client").joinpath("target.schema.json").read_text())
    asked = {field.name for field in dataclasses.fields(Options)}
    assert {option.field for option in OPTIONS} == asked - {"command"}
    assert {option.key for option in OPTIONS if option.key} <= set(schema["properties"])


def test_what_is_not_given_is_not_handed_on():
    """Nothing is not zero: a seed may be 0, and an empty address is one that nobody else may fill."""
    given = {"base_url": "", "profile": None, "seed": 0, "faults": ["a", "b"]}
    assert words_for_pytest(given) == [
        "--ifmatch-base-url=",
        "--ifmatch-seed=0",
        "--ifmatch-fault=a",
        "--ifmatch-fault=b",
    ]
    assert words_for_command({"effort": "quick", "faults": None}) == ["--effort=quick"]


@pytest.mark.slow
def test_a_target_file_says_what_an_option_says(tmp_path):
    """Rules, effort, writers and seed may stand in the file; what is typed has the last word."""
    (tmp_path / "target.toml").write_text(
        'rules = "read.headers.*"\nseed = 7\neffort = "standard"\n'
    )
    words = ["run", "-p", "fhir-r4", "-t", "target.toml"]
    _, printed, report = ifmatch(*words, folder=tmp_path)
    assert {rule["rule"] for rule in report["rules"]} == {
        "read.headers.etag",
        "read.headers.last-modified",
    }, printed
    assert report["run"]["seed"] == 7
    _, _, report = ifmatch(*words, "--rules", "read.headers.etag", folder=tmp_path)
    assert [rule["rule"] for rule in report["rules"]] == ["read.headers.etag"]


@pytest.mark.slow
def test_a_server_that_is_starting_is_waited_for(tmp_path):
    """It is looked for until it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = EmbeddedServer(load("fhir-r4"), port=port)
    timer = threading.Timer(1.5, server.start)
    timer.start()
    words = ["-p", "fhir-r4", "--rules", "read.existing", "--wait", "60"]
    code, printed, _ = ifmatch("run", f"http://127.0.0.1:{port}/fhir", *words, folder=tmp_path)
    timer.join()
    server.stop()
    assert code == 0, printed


@pytest.mark.slow
def test_plain_pytest_is_the_same_door(tmp_path):
    """Selection, parallel processes and pytest's own reports work as every user of pytest expects."""
    xml, allure = tmp_path / "own.xml", tmp_path / "own-allure"
    plain = [
        "-p",
        "no:allure_pytest_bdd",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        f"--rootdir={HOME}",
    ]
    ours = ["--profile=spine", f"--report-dir={tmp_path / 'run'}"]
    words = [
        *ours,
        "-k",
        "stale and not race",
        "-n",
        "2",
        f"--junitxml={xml}",
        f"--alluredir={allure}",
    ]
    command = [sys.executable, "-m", "pytest", *plain, str(HOME / "features"), *words]
    done = subprocess.run(
        command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PARTIAL" in done.stdout
    assert ElementTree.parse(xml).getroot().find("testsuite").get("failures") == "0"
    assert list(allure.glob("*-result.json"))
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert report["complete"]
    assert "update.if-match.stale" in {rule["rule"] for rule in report["rules"]}


@pytest.mark.slow
def test_plain_pytest_ends_as_a_run_does(tmp_path):
    """How many causes the failures have, what shows each most simply, how to repeat it, and what it all comes to."""
    with EmbeddedServer(load("fhir-r4"), faults=["if-match-ignored"]) as server:
        words = [
            "--base-url",
            server.base_url,
            "--profile",
            "fhir-r4",
            "-k",
            "update.if-match.stale",
        ]
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:allure_pytest_bdd",
        ]
        plain = ["-c", os.devnull, f"--rootdir={HOME}", str(HOME / "features")]
        done = subprocess.run(
            [*command, *plain, *words],
            cwd=tmp_path,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        code, printed, _ = ifmatch("run", server.base_url, *words[2:], folder=tmp_path)
    end = done.stdout.partition("= ifmatch =")[2]
    assert (done.returncode, code) == (1, 1), printed
    assert "rules fail from 1 cause" in end
    for line in ("replay    bash reports/", "the same is shown by", "NOT CONFORMANT   "):
        assert (line in end, line in printed) == (True, True), end


def test_a_run_with_pytests_own_report_comes_to_its_conclusion_once(tmp_path):
    """With -v it is pytest's reporter that shows what goes on."""
    words = ["run", "-p", "spine", "--rules", "read.existing", "-v"]
    code, printed, _ = ifmatch(*words, folder=tmp_path)
    assert code == 0, printed
    assert (printed.count("PARTIAL"), printed.count("ifmatch 0.1 ·")) == (1, 1)
    assert "PASSED [100%]\n" in printed


@pytest.mark.parametrize(
    "words",
    [[""], ["--base-url", ""], ["--base-url="], ["-p", "spine", "--rules", ""], ["-p", " "]],
)
def test_a_word_that_is_empty_is_a_slip(words, capsys):
    """A variable that is not set must not have the embedded server judged, nor all rules run."""
    assert main(["run", *words]) == 4
    assert "is empty" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--base-url="], ["--base-url", ""], ["-x", "--rules", " "]])
def test_a_word_that_is_empty_is_a_slip_behind_pytest_too(words):
    """By the plain names; by the other ones an empty address is handed on."""
    with pytest.raises(ConfigurationError, match="is empty"):
        demand_typed(words)
    demand_typed(["--ifmatch-base-url=", "--strict", "", "-k", ""])


@pytest.mark.parametrize("address", ["", " "])
def test_an_empty_address_in_a_target_file_is_a_slip(address, tmp_path):
    """As where it was filled in from a variable that was not set."""
    file = tmp_path / "target.toml"
    file.write_text(f'base_url = "{address}"\n')
    with pytest.raises(ConfigurationError, match="base_url"):
        settings_for("", str(file))


@pytest.mark.parametrize("seconds", [-2.0, float("nan"), float("inf")])
def test_a_wait_that_cannot_be_is_a_slip(seconds):
    """Told before a server is started or asked."""
    with pytest.raises(ConfigurationError, match="--wait"):
        Session.open(Options(profile="spine", wait=seconds))


def test_another_server_that_is_empty_is_a_slip(capsys):
    """A replay must not go to the server of the run instead."""
    assert main(["replay", "--against", "", "update.*"]) == 4
    assert "--against is empty" in capsys.readouterr().err


def test_a_run_is_of_one_server(capsys):
    """Two addresses are a slip, told before anything is sent."""
    assert main(["run", "http://127.0.0.1:9/a", "http://127.0.0.1:9/b", "-p", "spine"]) == 4
    assert "one server" in capsys.readouterr().err
