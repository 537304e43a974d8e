"""The promises to the owner of a target: nothing leaks, nothing of theirs is lost, nothing of ours is left unsaid."""

import base64
import json
import os
import resource
import signal
import subprocess
import sys
import time
from urllib.parse import quote

import pytest
from answering import answering
from hostile import Asked, hostile
from joserfc import jwk
from leaks import leaks, parts_of

from ifmatch.errors import ExitCode

pytestmark = pytest.mark.slow

#: A secret with everything in it that some encoding changes.
SECRET = "s3cr3t/+~val<ue>&=%'x"
COOKIE = "cookie-of-the-server"


def found_in(folder, done, *secrets):
    """Where a secret stands in what a run printed or wrote."""
    assert any(folder.rglob("report.html"))
    return leaks(folder, done.stdout + done.stderr, list(secrets), but=("target.toml",))


def ifmatch(words, folder, command="run", **environment):
    """Run the command line in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "ifmatch", command, *words],
        cwd=folder,
        env=env(**environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def env(**more):
    """The environment without what concerns us."""
    return {
        **{n: v for n, v in os.environ.items() if not n.startswith(("IFMATCH_", "PYTEST_"))},
        **more,
    }


# ---------------------------------------------------------------- secrets


@pytest.mark.parametrize(
    "options",
    [[], ["-n", "2", "-vv", "--showlocals", "--junitxml", "pytest.xml", "-rA"]],
    ids=["plain", "all"],
)
def test_a_token_is_nowhere(options, tmp_path):
    """A bearer token that the server shouts back in every spelling stands in no file and no line of output."""
    token = SECRET.replace(" ", "")
    with hostile("echoes") as server:
        done = ifmatch(
            [server.base_url, "-p", "fhir-r4", "--rules", "read.*,update.if-match.*", *options],
            tmp_path,
            IFMATCH_TOKEN=token,
        )
        assert any(asked.header("authorization") == f"Bearer {token}" for asked in server.seen)
    assert "pass" in done.stdout
    assert found_in(tmp_path, done, token, COOKIE) == []


def test_a_password_in_the_address_is_nowhere(tmp_path):
    """Credentials in the base URL are used as basic authentication, and shown and stored nowhere."""
    with hostile("echoes") as server:
        address = server.base_url.replace("://", f"://nurse:{quote(SECRET, safe='')}@")
        done = ifmatch([address, "-p", "fhir-r4", "--rules", "read.*"], tmp_path)
        sent = {asked.header("authorization") for asked in server.seen}
    assert f"Basic {base64.b64encode(f'nurse:{SECRET}'.encode()).decode()}" in sent
    assert found_in(tmp_path, done, SECRET, f"nurse:{SECRET}") == []


def test_secrets_of_a_target_file_are_nowhere(tmp_path):
    """Passwords and header values that a target file names are used, and shown and stored nowhere."""
    auth = '[auth]\nuser = "nurse"\npassword_env = "WARD_PASSWORD"\n[headers]\nX-Api-Key = {env = "WARD_KEY"}\n'
    (tmp_path / "target.toml").write_text(auth)
    with hostile("echoes") as server:
        words = [server.base_url, "-p", "fhir-r4", "-t", "target.toml", "--rules", "read.*"]
        done = ifmatch(words, tmp_path, WARD_PASSWORD=SECRET, WARD_KEY="k3y-of-the-ward")
        assert {asked.header("x-api-key") for asked in server.seen} == {"k3y-of-the-ward"}
    assert found_in(tmp_path, done, SECRET, "k3y-of-the-ward") == []


#: What a target file says of tokens that are not in it: asked for with a secret, and made with a key for each request.
HAD = {
    "asked for": '[auth.oauth]\nclient_id = "ward"\nclient_secret_env = "WARD_SECRET"\ntoken_url = "{issuer}/token"\n',
    "made": '[auth.jwt]\nkey_file = "key.pem"\n[auth.jwt.claims]\nreason_for_request = "directcare"\n',
}


@pytest.mark.parametrize("way", HAD)
def test_tokens_that_are_had_in_a_run_are_nowhere(way, tmp_path):
    """Tokens that nobody knew beforehand, which the server shouts back in every spelling, and what they are had by."""
    key = jwk.generate_key("EC", "P-384", private=True)
    (tmp_path / "key.pem").write_bytes(key.as_pem(private=True))
    issued = SECRET.replace(" ", "")
    token = {"access_token": issued, "token_type": "Bearer", "expires_in": 60}
    with answering((200, token)) as (issuer, _), hostile("echoes") as server:
        (tmp_path / "target.toml").write_text(HAD[way].format(issuer=issuer))
        words = [server.base_url, "-p", "fhir-r4", "-t", "target.toml", "--rules", "read.*"]
        done = ifmatch(words, tmp_path, WARD_SECRET="s3cret-of-the-ward")
        shown = {asked.header("authorization").removeprefix("Bearer ") for asked in server.seen}
    (tmp_path / "key.pem").unlink()
    assert len(shown) > (5 if way == "made" else 0)
    assert found_in(tmp_path, done, "s3cret-of-the-ward", *filter(None, shown)) == []


#: A target that is reached with everything that can be secret: a token that is asked for with a secret, somebody else
#: with a password, and a key in a header.
EVERYTHING = (
    'base_url = "{server}"\nprofile = "fhir-r4"\n{more}'
    '[auth.oauth]\nclient_id = "ward"\nclient_secret_env = "WARD_SECRET"\ntoken_url = "{issuer}/token"\n'
    '[auth.second]\nuser = "reader"\npassword_env = "READER_PASSWORD"\n'
    '[headers]\nX-Api-Key = {{env = "WARD_KEY"}}\n'
)
HIDDEN = {
    "WARD_SECRET": "s3cret-of-the-ward",
    "READER_PASSWORD": "pa55word of the reader&",
    "WARD_KEY": "k3y-of-the-ward",
}


@pytest.mark.parametrize("command", ["certify", "fleet"])
def test_nothing_secret_is_in_what_is_handed_on(command, tmp_path):
    """A package, and the page of a night: of a server that shouts back whatever it is sent."""
    pem = jwk.generate_key("OKP", "Ed25519", private=True).as_pem(private=True).decode()
    token = {"access_token": SECRET, "token_type": "Bearer", "expires_in": 60}
    with answering((200, token)) as (issuer, _), hostile("echoes") as server:
        words = {
            "certify": ["-t", "target.toml", "--out", "out", "--effort", "quick", "--key-env", "SIGNING_KEY"],
            "fleet": ["fleet.toml", "-o", "out"],
        }[command]  # fmt: skip
        more = 'rules = "read.*"\n' if command == "fleet" else ""
        (tmp_path / "target.toml").write_text(
            EVERYTHING.format(server=server.base_url, issuer=issuer, more=more)
        )
        (tmp_path / "fleet.toml").write_text('[targets.one]\ntarget = "target.toml"\n')
        done = ifmatch(words, tmp_path, command, SIGNING_KEY=pem, **HIDDEN)
        shown = {asked.header("authorization").partition(" ")[2] for asked in server.seen} - {""}
    assert SECRET in shown
    assert len(shown) > (1 if command == "certify" else 0)
    secrets = [*HIDDEN.values(), *shown, *parts_of(pem), COOKIE]
    assert (tmp_path / "out").is_dir(), done.stdout + done.stderr
    assert found_in(tmp_path, done, *secrets) == []


@pytest.mark.parametrize("name", ["redirects", "unauthorized"])
def test_a_token_is_in_no_sentence(name, tmp_path):
    """A sentence that quotes the server does not quote the token that the server quotes."""
    with hostile(name) as server:
        done = ifmatch(
            [server.base_url, "-p", "fhir-r4"], tmp_path, IFMATCH_TOKEN="t0ken-of-the-ward"
        )
    assert found_in(tmp_path, done, "t0ken-of-the-ward") == []


def test_cookies_do_not_travel(tmp_path):
    """A cookie that the server sets is never sent back: it would carry one identity into the requests of another."""
    with hostile("echoes") as server:
        ifmatch(
            [server.base_url, "-p", "fhir-r4", "--rules", "read.*"], tmp_path, IFMATCH_TOKEN="t0ken"
        )
        assert {asked.header("cookie") for asked in server.seen} == {""}


def test_a_crash_of_ours(tmp_path):
    """A bug of ours is an error, exit 3: a traceback in the evidence, none on the screen, no token in either."""
    (tmp_path / "broken.py").write_text(
        "from ifmatch.client.target import Target\n"
        "def update(self, *a, **o):\n"
        "    token = self.settings.credentials\n"
        "    raise RuntimeError(f'never expected: {dict(token)}')\n"
        "Target.update = update\n"
    )
    with hostile("none") as server:
        words = [
            server.base_url,
            "-p",
            "fhir-r4",
            "-o",
            "out",
            "--rules",
            "read.existing,update.version.*",
            "-p",
            "fhir-r4",
        ]
        script = f"import sys, broken; from ifmatch.cli.main import main; sys.exit(main({['run', *words]!r}))"
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, env=env(IFMATCH_TOKEN="t0ken-of-the-ward"),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert server.left == []
    assert done.returncode == ExitCode.INTERNAL_ERROR
    assert "Traceback" not in done.stdout + done.stderr
    assert "never expected" in done.stdout
    assert "RuntimeError: never expected" in (tmp_path / "out" / "events.jsonl").read_text()
    assert found_in(tmp_path, done, "t0ken-of-the-ward") == []


# ---------------------------------------------------------------- tidying up


@pytest.mark.parametrize(
    "options", [[], ["-n", "2"], ["--rules", "race.*"]], ids=["one process", "two", "in a race"]
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_interrupted(number, options, tmp_path):
    """An interrupted run removes what it made, ends with 2, and its report says that it is incomplete."""
    with hostile("none") as server:
        code, report = interrupted(server, [number], tmp_path, *options)
        assert server.left == []
    assert code == ExitCode.INTERRUPTED
    assert (report["complete"], report["exit_code"], report["left"]) == (False, 2, [])


def test_interrupted_twice(tmp_path):
    """A second Ctrl-C ends the tidying up; what is then left is listed, all of it."""
    with hostile("none") as server:
        code, report = interrupted(server, [signal.SIGINT] * 2, tmp_path)
        left = server.left
    assert code == ExitCode.INTERRUPTED
    assert left
    assert {f"{item['type']}/{item['id']}" for item in report["left"]} >= set(left)


def test_killed(tmp_path):
    """What a run that was killed has left can be read from its log, all of it."""
    with hostile("none") as server:
        begin(server, tmp_path).kill()
        time.sleep(0.3)
        left = server.left
    events = [
        json.loads(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()
    ]
    assert left
    assert {
        f"{e['type']}/{e['id']}"
        for e in events
        if e["event"] == "journal" and e["action"] == "created"
    } >= set(left)


def test_a_dead_target_holds_nobody_up(tmp_path):
    """When the target dies, the run ends at once, and lists everything that it could not remove."""
    with hostile("dies", after=300) as server:
        done = ifmatch([server.base_url, "-p", "fhir-r4", "-o", "out"], tmp_path)
        left = server.left
    assert done.returncode == ExitCode.TARGET_UNUSABLE
    listed = json.loads((tmp_path / "out" / "report.json").read_text())["left"]
    assert {f"{item['type']}/{item['id']}" for item in listed} >= set(left)
    assert len(left) > 10


@pytest.mark.parametrize(
    "name",
    [
        "hang-once",
        "half-once",
        "keeps",
        "talkative-delete",
        "strips-tags",
        "ignores-search",
        "drops",
    ],
)
def test_what_is_left(name, tmp_path):
    """What is left on the target is what the report lists, whatever the target does to creates and deletes."""
    (tmp_path / "target.toml").write_text("timeout = 1.0\n")
    with hostile(name, after=40) as server:
        ifmatch(
            [
                server.base_url,
                "-p",
                "fhir-r4",
                "-t",
                "target.toml",
                "-o",
                "out",
                "--rules",
                "create.*,read.*",
            ],
            tmp_path,
        )
        left = server.left
    listed = json.loads((tmp_path / "out" / "report.json").read_text())["left"]
    assert {f"{item['type']}/{item['id']}" for item in listed} == set(left)
    assert bool(left) is (name == "keeps")


def test_a_full_disk(tmp_path):
    """When the evidence cannot be written any more, the run stops with one sentence and tidies up all the same."""
    with hostile("none") as server:
        done = subprocess.run(
            [sys.executable, "-m", "ifmatch", "run", server.base_url, "-p", "fhir-r4", "-o", "out"],
            cwd=tmp_path, env=env(), preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert server.left == []
    assert done.returncode == ExitCode.USAGE
    assert "could not be written" in done.stdout
    assert "left on the target: nothing" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_folder_used_twice(tmp_path):
    """A folder tells one run: an earlier log stays under its run's name, and no earlier report outlives it."""
    for profile in ("fhir-r4", "spine"):
        ifmatch(["-p", profile, "-o", "out", "--rules", "update.version.*"], tmp_path)
    earlier = [path.name for path in (tmp_path / "out").glob("events-*.jsonl")]
    assert len(earlier) == 1
    assert json.loads((tmp_path / "out" / "report.json").read_text())["profile"]["id"] == "spine"
    ifmatch(["http://127.0.0.1:1/fhir", "-p", "fhir-r4", "-o", "out"], tmp_path)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["complete"], report["rules"]) == (False, [])


# ---------------------------------------------------------------- how resources are had


@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["one process", "two"])
def test_what_is_lent_is_given_back(options, tmp_path):
    """Existing resources of the owner's are used, never deleted, and hold at the end what they held before."""
    with hostile("none") as server:
        before = [lend(server, number) for number in range(2)]
        ids = [patient["id"] for patient in before]
        (tmp_path / "target.toml").write_text(
            f'[resources.Patient]\nhow = "existing"\nids = {json.dumps(ids)}\n'
        )
        rules = "update.if-match.*,read.*,update.version.*"
        done = ifmatch(
            [server.base_url, "-p", "fhir-r4", "-t", "target.toml", "--rules", rules, *options],
            tmp_path,
        )
        after = [
            json.loads(server.answer(Asked("GET", f"/fhir/Patient/{name}", [], b"")).body)
            for name in ids
        ]
        wrote = [asked for asked in server.seen if asked.method == "PUT"]
        assert {asked.method for asked in server.seen} == {"GET", "HEAD", "PUT"}
    assert done.returncode == ExitCode.CONFORMANT, done.stdout
    assert len(wrote) > 20
    assert [content(patient) for patient in after] == [content(patient) for patient in before]


def test_lent_and_interrupted(tmp_path):
    """What is lent is restored after Ctrl-C, too."""
    with hostile("none") as server:
        before = lend(server, 1)
        (tmp_path / "target.toml").write_text(
            f'[resources.Patient]\nhow = "existing"\nids = ["{before["id"]}"]\n'
        )
        code, _ = interrupted(
            server, [signal.SIGINT], tmp_path, "-t", "target.toml", "--rules", "update.*"
        )
        after = json.loads(
            server.answer(Asked("GET", f"/fhir/Patient/{before['id']}", [], b"")).body
        )
    assert code == ExitCode.INTERRUPTED
    assert content(after) == content(before)
    assert after["meta"]["versionId"] != before["meta"]["versionId"]


def test_created_by_put(tmp_path):
    """Where clients choose the ids, resources are had by PUT, and removed again."""
    (tmp_path / "target.toml").write_text('[resources.Patient]\nhow = "create-by-put"\n')
    with hostile("none") as server:
        done = ifmatch(
            [server.base_url, "-p", "fhir-r4", "-t", "target.toml", "--rules", "update.if-match.*"],
            tmp_path,
        )
        assert not [asked for asked in server.seen if asked.method == "POST"]
        assert server.left == []
    assert done.returncode == ExitCode.CONFORMANT, done.stdout


def test_waits_as_asked(tmp_path):
    """429 with Retry-After is waited out, for writes too; it is no verdict, and a longer wait is told."""
    with hostile("busy", after=8) as server:
        done = ifmatch([server.base_url, "-p", "fhir-r4", "--rules", "update.version.*"], tmp_path)
    assert done.returncode == ExitCode.CONFORMANT
    assert "waiting 3 s" in done.stderr


def lend(server, number):
    """A resource of the owner's."""
    body = {
        "resourceType": "Patient",
        "active": True,
        "address": [{"city": f"City {number}"}],
        "birthDate": "1950-01-01",
    }
    headers = [("Content-Type", "application/fhir+json"), ("Prefer", "return=representation")]
    return json.loads(
        server.answer(Asked("POST", "/fhir/Patient", headers, json.dumps(body).encode())).body
    )


def content(patient):
    """What of a resource is its owner's."""
    return {key: value for key, value in patient.items() if key != "meta"}


def begin(server, folder, *words):
    """A run that is in the middle of its work."""
    server.slow = 0.03
    command = [
        sys.executable,
        "-m",
        "ifmatch",
        "run",
        server.base_url,
        "-p",
        "fhir-r4",
        "-o",
        "out",
        *words,
    ]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=env(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while len(server.seen) < 60 and process.poll() is None:
        time.sleep(0.02)
    return process


def interrupted(server, signals, folder, *words):
    """Interrupt a run in its middle as a terminal does, and return its exit code and its report."""
    process = begin(server, folder, *words)
    for number in signals:
        # A terminal signals the whole group; whoever cancels a job, its leader.
        (os.killpg if number is signal.SIGINT else os.kill)(process.pid, number)
        time.sleep(0.25)
    code = process.wait(90)
    return code, json.loads((folder / "out" / "report.json").read_text())
