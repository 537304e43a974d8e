"""Other machines by ssh, for real: an sshd of our own on loopback, whose keys live as long as the tests.

Skipped, with the reason, where there is no sshd (Debian: openssh-server).
"""

import contextlib
import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from running import ifmatch, run

from ifmatch.reference.server import EmbeddedServer
from ifmatch.report.document import load as report_in
from ifmatch.rules.profile import load

pytestmark = pytest.mark.slow

#: Where sshd lies when the PATH is that of a user.
_PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])

_SERVER = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
"""

_CLIENT = """
Host dc2 dc3
    HostName 127.0.0.1
    Port {port}
    User {user}
    IdentityFile {folder}/user_key
    IdentitiesOnly yes
    UserKnownHostsFile {folder}/known_hosts
    StrictHostKeyChecking accept-new
Host stranger
    HostName 127.0.0.1
    Port {port}
    UserKnownHostsFile /dev/null
    StrictHostKeyChecking yes
Host gone
    HostName 127.0.0.1
    Port {closed}
Host *
    BatchMode yes
"""


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    """How a machine is named, by its name for ssh: with this Python, as it has ifmatch."""
    sshd = shutil.which("sshd", path=_PLACES)
    if not (sshd and shutil.which("ssh") and shutil.which("ssh-keygen")):
        pytest.skip("there is no sshd here, or no ssh (Debian: openssh-server, openssh-client)")
    folder, port, closed = tmp_path_factory.mktemp("ssh"), _free_port(), _free_port()
    for name in ("host_key", "user_key"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(words, check=True)
    if os.geteuid() == 0:  # where it puts itself when it speaks to a stranger
        Path("/run/sshd").mkdir(exist_ok=True)
    (folder / "sshd_config").write_text(_SERVER.format(port=port, folder=folder))
    (folder / "config").write_text(
        _CLIENT.format(port=port, closed=closed, folder=folder, user=getpass.getuser())
    )
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen([sshd, "-D", "-e", "-f", folder / "sshd_config"], stderr=log)
    try:
        if not _listens(port, process):
            pytest.skip(f"sshd does not start: {(folder / 'sshd.log').read_text()}")
        yield lambda name: f"ssh={name}//ssh_config={folder / 'config'}//python={sys.executable}"
    finally:
        process.terminate()
        process.wait()


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _listens(port, process):
    """Whether a process comes to listen, or ends before."""
    while process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        time.sleep(0.05)
    return False


def test_a_fleet_on_another_machine(spec, tmp_path, monkeypatch):
    """What a run needs travels there, its evidence comes back, a secret stays nowhere."""
    monkeypatch.setenv("FLEET_TOKEN", "very-secret")
    with EmbeddedServer(load("fhir-r4"), tokens={"very-secret": "write"}) as server:
        (tmp_path / "fleet.toml").write_text(
            f"""
            [defaults]
            rules = "update.if-match.stale"
            auth.token_env = "FLEET_TOKEN"
            [targets.one]
            base_url = "{server.base_url}"
            profile = "fhir-r4"
            [targets.two]
            profile = "spine"
            auth = {{}}
            """
        )
        words = ["fleet", "fleet.toml", "-o", "night", "--hosts", f"{spec('dc2')},{spec('dc3')}"]
        code, printed = ifmatch(*words, folder=tmp_path)
    assert code == 0, printed
    night = json.loads((tmp_path / "night" / "fleet.json").read_text())
    assert {run["host"] for run in night["runs"]} <= {spec("dc2"), spec("dc3")}
    assert report_in(tmp_path / "night" / "one")["complete"]
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"very-secret" in content for content in written)


def test_a_vantage_point(spec):
    """Writers sit there, and the report says how well its clock is known; nothing is left."""
    with EmbeddedServer(load("fhir-r4")) as server:
        words = ["-p", "fhir-r4", "--rules", "race.update.same-version", "--vantage", spec("dc2")]
        code, report, printed = run([server.base_url, *words])
    assert code == 0, printed
    (rule,) = report["rules"]
    assert rule["verdict"] == "pass"
    assert f"Writers sit here and at {spec('dc2')} (its clock known to" in rule["race"]["engine"]
    assert report["left"] == []


@pytest.mark.parametrize(
    ("name", "python", "why"),
    [
        ("gone", "", "ssh found no way in, and says above why"),
        ("stranger", "", "ssh found no way in, and says above why"),
        ("dc2", "/nowhere/python", "its Python did not start"),
    ],
)
def test_a_machine_that_cannot_be_had(spec, name, python, why):
    """Exit 4 in a moment, without a question, and nothing is written."""
    there = spec(name).replace(sys.executable, python or sys.executable)
    with EmbeddedServer(load("fhir-r4")) as server:
        words = ["-p", "fhir-r4", "--rules", "race.update.same-version", "--vantage", there]
        code, _, printed = run([server.base_url, *words])
        assert not server.world.store.all_versions("Patient")
    assert code == 4
    assert f"is of no use ({why})" in " ".join(printed.split())


def test_the_keys_that_break_off_a_night_do_not_break_the_way_to_its_machines(spec, tmp_path):
    """A terminal sends Ctrl-C to all that belong to it, ssh among them: every run tidies up, and its evidence comes."""
    with EmbeddedServer(load("fhir-r4")) as server:
        # So long that neither has ended when the keys come, however fast the machine is.
        races = 'rules = "race.*"\neffort = "thorough"\n'
        entry = f'base_url = "{server.base_url}"\nprofile = "fhir-r4"\n{races}'
        other = f'profile = "spine"\n{races}'
        (tmp_path / "fleet.toml").write_text(f"[targets.one]\n{entry}[targets.two]\n{other}")
        words = ["fleet", "fleet.toml", "-n", "2", "-o", "night", "--hosts", spec("dc2")]
        process = subprocess.Popen(
            [sys.executable, "-m", "ifmatch", *words], cwd=tmp_path, start_new_session=True
        )
        deadline = time.monotonic() + 60
        while not server.world.store.all_versions("Patient") and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 2
        store = server.world.store
        left = [name for name in store.snapshot() if store.current(*name) is not None]
    night = json.loads((tmp_path / "night" / "fleet.json").read_text())
    said = {run["name"]: (run["code"], run["sentence"]) for run in night["runs"]}
    assert said == dict.fromkeys(("one", "two"), (2, "The run was interrupted."))
    assert left == []
    assert report_in(tmp_path / "night" / "one")["left"] == []
