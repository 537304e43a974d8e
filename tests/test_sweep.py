"""What a run that died has left is found and removed, and nothing else is."""

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from hostile import Asked, hostile

from ifmatch.cli.main import main
from ifmatch.errors import ExitCode
from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import load

pytestmark = pytest.mark.slow

FHIR = ("Content-Type", "application/fhir+json")


def begin(base_url, folder, *words):
    """A run in a process of its own, that nothing but a signal ends."""
    command = [sys.executable, "-m", "ifmatch", "run", base_url, "-o", str(folder), *words]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def killed(server, folder, *words, after=60):
    """A run on a hostile server that was killed when it had sent so many requests."""
    process = begin(server.base_url, folder, *words)
    while len(server.seen) < after and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.3)


def put(server, path, body):
    """A write of somebody else's."""
    content = json.dumps(body).encode()
    return server.answer(Asked("PUT", f"/fhir/{path}", [FHIR], content))


def read(server, path):
    """What is there now."""
    return json.loads(server.answer(Asked("GET", f"/fhir/{path}", [], b"")).body)


@contextmanager
def a_killed_run(tmp_path, *words, name="none", after=60):
    """A server, and the folder of a run on it that was killed."""
    with hostile(name) as server:
        server.slow = 0.01
        killed(server, tmp_path / "out", "-p", "fhir-r4", *words, after=after)
        server.slow = 0.0
        assert server.left
        yield server, tmp_path / "out"


def test_by_the_journal(tmp_path, capsys):
    """Dry first: all is listed, nothing changed. Then all is removed, the ledger is empty, and so is a second sweep."""
    with a_killed_run(tmp_path) as (server, folder):
        left = set(server.left)
        assert main(["sweep", str(folder)]) == ExitCode.CONFORMANT
        shown = capsys.readouterr().out
        assert set(server.left) == left
        assert all(f"{name}   run " in shown for name in left)
        assert "Nothing was changed" in shown
        assert main(["ledger", str(folder)]) == ExitCode.CONFORMANT
        assert set(server.left) <= set(capsys.readouterr().out.split())
        assert main(["sweep", str(folder), "--yes"]) == ExitCode.CONFORMANT
        assert server.left == []
        capsys.readouterr()
        assert main(["ledger", str(folder)]) == ExitCode.CONFORMANT
        assert capsys.readouterr().out == "nothing left\n"
        assert main(["sweep", str(folder)]) == ExitCode.CONFORMANT
        assert capsys.readouterr().out == "nothing is left\n"


@pytest.mark.parametrize(
    "name",
    ["none", "strips-tags", "ignores-search", "pages", "pages-relatively", "pages-by-another-name"],
)
def test_by_the_label(name, tmp_path, capsys):
    """When the run's machine is gone, what it left is found by its label, whatever the server does to searches."""
    with a_killed_run(tmp_path, name=name) as (server, _):
        put(server, "Patient/theirs", {"resourceType": "Patient", "id": "theirs", "active": True})
        main(["ledger", server.base_url])
        assert f"{len(server.left) - 1} left" in capsys.readouterr().out
        code = main(["sweep", server.base_url, "--yes"])
        assert server.left == ["Patient/theirs"]
    assert code == ExitCode.CONFORMANT


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("searches-by-nothing", "a search by _tag is answered 400"),
        ("pages-elsewhere", "the next page of a search lies at http://inside.example/pages"),
    ],
)
def test_what_cannot_be_searched_for(name, why, tmp_path, capsys):
    """It is said of which type something may be there still, and why; by its journal all of a run is found."""
    with a_killed_run(tmp_path, name=name) as (server, folder):
        assert main(["sweep", server.base_url]) == ExitCode.CONFORMANT
        shown = capsys.readouterr().out
        assert f"Patient/(whatever bears the label)   cannot be seen: {why}" in shown
        assert "nothing is left" not in shown
        assert main(["sweep", server.base_url, "--yes"]) == ExitCode.INCONCLUSIVE
        assert f"Patient/(whatever bears the label)   stays: {why}" in capsys.readouterr().out
        assert main(["sweep", str(folder), "--yes"]) == ExitCode.CONFORMANT
        assert server.left == []


def test_what_somebody_else_has_put_there_stays(tmp_path, capsys):
    """A resource under an id of ours that is not ours any more is left alone, though the server kept our tag on it."""
    with a_killed_run(tmp_path) as (server, folder):
        name, other = sorted(server.left)[:2]
        ours = read(server, name)
        theirs = {"resourceType": "Patient", "id": ours["id"], "birthDate": "1950-01-01"}
        put(server, name, {**theirs, "meta": {"tag": ours["meta"]["tag"]}})
        put(server, other, {**theirs, "id": other.partition("/")[2]})
        code = main(["sweep", str(folder), "--yes"])
        printed = capsys.readouterr().out
        assert sorted(server.left) == [name, other]
    assert code == ExitCode.INCONCLUSIVE
    assert printed.count("somebody else has put it there") == 2


def test_who_refers_goes_first(tmp_path):
    """What others refer to is removed after them, whatever the order in which it was made."""
    with a_killed_run(tmp_path) as (server, folder):
        names = sorted(server.left)
        for name, other in itertools.pairwise(names):
            link = [{"other": {"reference": other}, "type": "seealso"}]
            put(server, name, {**read(server, name), "link": link})
        asked = len(server.seen)
        main(["sweep", str(folder), "--yes"])
        deleted = [
            one.path.removeprefix("/fhir/") for one in server.seen[asked:] if one.method == "DELETE"
        ]
    assert deleted == names


def test_what_was_lent_is_restored(tmp_path):
    """An owner's resource has its content back, unless the owner has written to it since."""
    with hostile("none") as server:
        before = {
            name: {
                "resourceType": "Patient",
                "id": name,
                "active": True,
                "address": [{"city": "A"}],
            }
            for name in ("one", "two")
        }
        for name, body in before.items():
            put(server, f"Patient/{name}", body)
        lent = '[resources.Patient]\nhow = "existing"\nids = ["one", "two"]\n'
        (tmp_path / "target.toml").write_text(lent)
        target = ["-t", str(tmp_path / "target.toml")]
        server.slow = 0.01
        words = ["--rules", "update.if-match.*,door.update.*"]
        killed(server, tmp_path / "out", "-p", "fhir-r4", *target, *words, after=50)
        server.slow = 0.0
        assert content(read(server, "Patient/one")) != before["one"]
        main(["sweep", str(tmp_path / "out"), *target, "--yes"])
        assert content(read(server, "Patient/one")) == before["one"]
        assert content(read(server, "Patient/two")) == before["two"]


def content(resource):
    """What of a resource is its owner's."""
    return {name: value for name, value in resource.items() if name != "meta"}


def test_a_target_file_of_another_server(tmp_path, capsys):
    """What is to be removed on one server is not looked for on another."""
    (tmp_path / "target.toml").write_text('base_url = "https://other.example/fhir"\n')
    with a_killed_run(tmp_path) as (server, folder):
        before = len(server.seen)
        code = main(["sweep", str(folder), "-t", str(tmp_path / "target.toml"), "--yes"])
        assert len(server.seen) == before
    assert code == ExitCode.USAGE


# ---------------------------------------------------------------- killed at any moment

#: Draw the moments of an earlier run again with IFMATCH_KILL_SEED.
SEED = int(os.environ.get("IFMATCH_KILL_SEED", "20261128"))
KILLS = int(os.environ.get("IFMATCH_KILLS", "8"))

#: Seconds at most before a run is killed: fewer, where it had ended by itself by then.
LONGEST = (6.0, 3.0, 1.5, 0.5)

#: What a run is busy with when it is killed: single writes, bundles and conditions, or races of every kind.
WORK = (
    "create.*,update.if-match.*,read.*",
    "transaction.*,conditional-*,door.*",
    "race.create*,race.delete*,race.*create*",
    "race.*",
)


@pytest.mark.parametrize("number", range(KILLS))
def test_killed_at_a_random_moment(number, tmp_path):
    """Whenever a run is killed, a sweep by its folder leaves nothing on the target."""
    rng = random.Random(f"{SEED}-{number}")
    with EmbeddedServer(load("fhir-r4")) as server:
        folders = (
            _killed_run(server, tmp_path / f"{longest}", WORK[number % len(WORK)], rng, longest)
            for longest in LONGEST
        )
        folder = next(filter(None, folders), None)
        assert folder, "every run had ended by itself: that proves nothing"
        time.sleep(0.1)
        left = _there(server)
        code = main(["sweep", str(folder), "--yes"])
        assert (code, _there(server)) == (ExitCode.CONFORMANT, []), left


def _killed_run(server, folder, rules, rng, longest):
    """The folder of a run that was killed; None where it had ended by itself."""
    before = len(server.world.store.snapshot())  # what an earlier one made and removed
    process = begin(server.base_url, folder, "-p", "fhir-r4", "--rules", rules)
    _await_first_write(server, process, before)
    time.sleep(rng.uniform(0.0, longest))
    os.killpg(process.pid, signal.SIGKILL)
    return folder if process.wait() == -signal.SIGKILL else None


def _await_first_write(server, process, before=0):
    while len(server.world.store.snapshot()) <= before and process.poll() is None:
        time.sleep(0.02)


def _there(server):
    """All that is on the server, of any type."""
    store = server.world.store
    return [name for name in store.snapshot() if store.current(*name) is not None]
