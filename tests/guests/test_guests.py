"""ifmatch beside other plugins of pytest: in their users' projects it is not there, and beside them it judges the same.

Each plugin is tried alone, and then all of them together.
"""

import functools
import json
import subprocess
import sys

import pytest
from guests import GUESTS, environment

pytestmark = pytest.mark.guests

#: Longer than any of these runs takes on a machine that has more to do.
PATIENCE = 300

#: A rule that fails, among others that pass.
FAULT = "--fault=conflict-answered-412"


@pytest.fixture(
    params=[*((guest,) for guest in GUESTS), GUESTS],
    ids=lambda guests: "+".join(g.name for g in guests),
)
def guests(request):
    return request.param


def run(words, folder, guests=(), path=()):
    """What a command prints, and its exit code, where these plugins are installed."""
    folders = [*path, *(guest.folder() for guest in guests)]
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environment(*folders),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def options(guests):
    """What puts these plugins to work, behind `ifmatch run`."""
    given = [option for guest in guests for option in guest.options]
    behind = [option for guest in guests for option in guest.behind]
    return [*given, "--", *behind]


def verdicts(words, folder, guests=(), path=()):
    """The exit code of `ifmatch run`, and each rule's verdict."""
    done = run(["ifmatch", "run", "-p", "spine", "-o", "out", *words], folder, guests, path)
    report = folder / "out" / "report.json"
    assert report.is_file(), done.stdout + done.stderr
    rules = json.loads(report.read_text())["rules"]
    return done.returncode, {rule["rule"]: rule["verdict"] for rule in rules}


@functools.cache
def verdicts_alone(folder):
    return verdicts([FAULT, "--rules=update.if-match.*"], folder)


@pytest.fixture
def alone(tmp_path_factory):
    """The verdicts where no plugin is installed."""
    return verdicts_alone(tmp_path_factory.getbasetemp())


@pytest.fixture
def project(tmp_path):
    """A project of somebody else, whose tests take options that have names of ours."""
    (tmp_path / "conftest.py").write_text(
        "def pytest_addoption(parser):\n"
        "    for name in ('--target', '--rules', '--report-dir', '--effort', '--writers', '--seed', '--fault'):\n"
        "        parser.addoption(name)\n"
    )
    (tmp_path / "test_theirs.py").write_text(
        "import sys\n\n"
        "def test_theirs(pytestconfig):\n"
        "    assert pytestconfig.getoption('--seed') == 'theirs'\n"
        "    assert not [name for name in sys.modules if name.startswith('ifmatch.') and name[8:] not in\n"
        "                ('suite', 'suite.door')]\n"
    )
    return tmp_path


def test_a_foreign_project(project, guests):
    """Its tests pass, and its options are its own."""
    done = run(["pytest", "-q", "--seed", "theirs"], project, guests)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_help_in_a_foreign_project(project, guests):
    """It is told of no option that it would not be told of without ifmatch."""
    here, without = (
        run(["pytest", "--help"], project, guests),
        run(["pytest", "--help", "-p", "no:ifmatch"], project, guests),
    )
    assert here.returncode == 0, here.stdout + here.stderr
    assert here.stdout == without.stdout


def test_verdicts(tmp_path, guests, alone):
    """They are the same as where no plugin is, whatever the plugins do to the order, the time or the reports."""
    code, told = alone
    assert code == 1
    assert {"pass", "fail"} <= set(told.values())
    assert (
        verdicts([FAULT, "--rules=update.if-match.*", *options(guests)], tmp_path, guests) == alone
    )


def test_a_plain_pytest_in_a_checkout(request, tmp_path, guests):
    """The address and the profile arrive, whoever else has such an option."""
    words = [
        "--base-url",
        "http://127.0.0.1:1/fhir",
        "--profile",
        "spine",
        f"--report-dir={tmp_path / 'out'}",
    ]
    done = run(["pytest", "-p", "no:cacheprovider", *words], request.config.rootpath, guests)
    assert done.returncode == 6, done.stdout + done.stderr
    assert "Nothing answers at http://127.0.0.1:1/fhir" in done.stdout + done.stderr


def test_a_plugin_asked_for_by_name(request, tmp_path, guests):
    """The same with -p, which pytest obeys before it loads any other plugin."""
    words = [
        "-p",
        "ifmatch.suite.plugin",
        "--base-url=http://127.0.0.1:1/fhir",
        f"--report-dir={tmp_path / 'out'}",
    ]
    done = run(["pytest", "-p", "no:cacheprovider", *words], request.config.rootpath, guests)
    assert done.returncode == 6, done.stdout + done.stderr


def test_several_processes_beside_all(tmp_path, alone):
    """Each of them has the plugins, too."""
    words = [FAULT, "--rules=update.if-match.*", "-n", "2", *options(GUESTS)]
    assert verdicts(words, tmp_path, GUESTS) == alone


def test_no_rerun_turns_a_failure_green(tmp_path):
    """A rule that failed has failed, even when the server is repaired before the next try."""
    (tmp_path / "repaired.py").write_text(
        "from ifmatch.reference.faults import Faults\n"
        "from ifmatch.suite.stash import SESSION\n\n"
        "def pytest_runtest_logreport(report):\n"
        "    if report.when == 'call':\n"
        "        object.__setattr__(world, 'faults', Faults(()))\n\n"
        "def pytest_collection_finish(session):\n"
        "    global world\n"
        "    world = session.config.stash[SESSION].embedded.world\n"
    )
    rerun = next(guest for guest in GUESTS if guest.name == "pytest-rerunfailures")
    words = [FAULT, "--rules=update.if-match.stale", *rerun.options, "--", "-p", "repaired"]
    assert verdicts(words, tmp_path, (rerun,), (tmp_path,)) == (
        1,
        {"update.if-match.stale": "fail"},
    )
    log = (tmp_path / "out" / "events.jsonl").read_text().splitlines()
    told = [event["verdict"] for event in map(json.loads, log) if event["event"] == "verdict"]
    assert told == ["fail", "pass"]
