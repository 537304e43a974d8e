"""A run gets in where tokens are short, and nothing of what it shows stays behind.

The authorization server is a real one; the embedded server believes its tokens, and nobody else's.
"""

import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from datetime import datetime

import pytest
from authority import KEYS, READ, SECRET, WRITE, authority
from built import or_skip

from ifmatch.errors import ExitCode
from ifmatch.reference.server import EmbeddedServer
from ifmatch.report.document import load
from ifmatch.rules import profile as profiles

pytestmark = pytest.mark.auth

#: Seconds that a run may take: many times what it takes on two idle cores.
PATIENCE = 300

#: By each way to show who one is, what of the target file says so.
WAYS = {
    "basic": 'client_secret_env = "WARD_SECRET"',
    "post": 'client_secret_file = "secret"\nauthentication = "client_secret_post"',
    "RS384": 'key_file = "RS384.pem"\nkid = "rsa-1"',
    "ES384": 'key_file = "ES384.jwk"',
}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def brief():
    """Tokens that last for four seconds, so the fourth second of each is its last but for what is under way."""
    with or_skip(), authority(free_port(), 4) as found:
        yield found


@pytest.fixture(scope="module")
def usual():
    """Tokens that last for twenty seconds."""
    with or_skip(), authority(free_port(), 20) as found:
        yield found


@contextmanager
def target(found, early=0.0):
    """A server that believes the tokens of an authority until so many seconds before they end."""
    with EmbeddedServer(profiles.load("fhir-r4"), tokens=found.believers(early)) as server:
        yield server.base_url


def identity(name, found, scope, table="auth"):
    return (
        f'[{table}.oauth]\nclient_id = "{name}"\ntoken_url = "{found.token_url}"\n'
        f'scopes = ["{scope}"]\n{WAYS.get(name, WAYS["basic"])}\n'
    )


class Done:
    """A run that has ended, with all that it printed and wrote."""

    def __init__(self, process, folder):
        self.code, self.printed = process.returncode, process.stdout + process.stderr
        self.folder = folder

    @property
    def report(self):
        return load(self.folder / "run")

    @property
    def verdicts(self):
        return {rule["rule"]: rule["verdict"] for rule in self.report["rules"]}

    @property
    def exchanges(self):
        lines = (self.folder / "run" / "events.jsonl").read_text("utf-8").splitlines()
        return [event for event in map(json.loads, lines) if event["event"] == "exchange"]

    @property
    def texts(self):
        """What anybody may read afterwards, by where."""
        files = [path for path in (self.folder / "run").rglob("*") if path.is_file()]
        return {"printed": self.printed} | {
            path.name: path.read_bytes().decode("utf-8", "replace") for path in files
        }


def run(folder, base_url, said, *words):
    """One run of the command line, with the secrets at hand that the target file names."""
    (folder / "target.toml").write_text(said)
    (folder / "secret").write_text(SECRET)
    (folder / "RS384.pem").write_bytes(KEYS["RS384"].as_pem(private=True))
    (folder / "ES384.jwk").write_text(json.dumps(KEYS["ES384"].as_dict(private=True)))
    words = ["run", base_url, "-p", "fhir-r4", "-t", "target.toml", "-o", "run", *words]
    return Done(ifmatch(folder, *words), folder)


def ifmatch(folder, *words):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("IFMATCH_")}
    return subprocess.run(
        [sys.executable, "-m", "ifmatch", *words],
        cwd=folder,
        env={**clean, "WARD_SECRET": SECRET},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def seconds(time):
    return datetime.fromisoformat(time).timestamp()


def refused_as_unknown(done):
    """The exchanges that were answered 401 though they showed a token."""
    return [
        exchange
        for exchange in done.exchanges
        if (exchange["response"] or {}).get("status") == 401
        and any(name == "Authorization" for name, _ in exchange["request"]["headers"])
    ]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_gets_in(way, usual, tmp_path):
    """By a secret or a key, as PEM or JWK; and a second identity gets a token of its own, which may only read."""
    both = identity(way, usual, WRITE) + identity("reader", usual, READ, "auth.second")
    with target(usual) as base_url:
        done = run(
            tmp_path,
            base_url,
            both,
            "--rules",
            "read.existing,update.if-match.current,*.forbidden,*.unauth*",
        )
    assert done.code == ExitCode.CONFORMANT, done.printed
    assert set(done.verdicts.values()) == {"pass"}
    assert {line["client"] for line in usual.issued} >= {way, "reader"}


def test_tokens_end_while_writers_race(brief, tmp_path):
    """Several tokens serve one run: each new one comes between two rounds, and no request is too late for its own."""
    before = len(brief.issued)
    with target(brief) as base_url:
        done = run(tmp_path, base_url, identity("ES384", brief, WRITE), "--rules", "race.update.*")
    assert done.code == ExitCode.CONFORMANT, done.printed
    issued = brief.issued[before:]
    assert len(issued) > 1
    assert refused_as_unknown(done) == []
    rounds = [exchange for exchange in done.exchanges if exchange["raced"]]
    assert len(rounds) > 100
    within = [
        (line["at"], exchange["id"])
        for line in issued
        for exchange in rounds
        if 0 < line["at"] / 1000 - seconds(exchange["started"]) < exchange["duration_ms"] / 1000
    ]
    assert within == []


#: Rules that are run where tokens end early, by one process and by two: so many that one ends before they are done.
EARLY = {
    "one process": ["--rules", "race.update.same-version,update.*,patch.*"],
    "two": ["--rules", "update.*,create.*,patch.*,conditional-*,door.*", "-n", "2"],
}


@pytest.mark.parametrize("words", EARLY.values(), ids=EARLY)
def test_a_token_that_ends_early_is_no_verdict(words, brief, tmp_path):
    """The target lets each end two seconds before its time: nothing is judged by that, then or from the log."""
    with target(brief, early=2.0) as base_url:
        done = run(tmp_path, base_url, identity("RS384", brief, WRITE), *words)
    assert len(refused_as_unknown(done)) > 0
    assert not {"fail", "error"} & set(done.verdicts.values()), done.printed
    assert done.code in (ExitCode.CONFORMANT, ExitCode.INCONCLUSIVE), done.printed
    again = ifmatch(tmp_path, "recheck", "run")
    assert again.returncode == ExitCode.CONFORMANT, again.stdout


def test_nothing_of_it_stays_behind(usual, tmp_path):
    """No token, no assertion, no secret and no key is in what a run prints or writes."""
    before = len(usual.issued)
    both = identity("ES384", usual, WRITE) + identity("reader", usual, READ, "auth.second")
    with target(usual) as base_url:
        done = run(
            tmp_path,
            base_url,
            both,
            "--rules",
            "read.*,*.forbidden",
            "-n",
            "2",
            "-vv",
            "--showlocals",
        )
    issued = usual.issued[before:]
    key = KEYS["ES384"].as_dict(private=True)["d"]
    shown = {line[part] for line in issued for part in ("token", "assertion") if line[part]}
    assert len(shown) > 2
    secrets = {SECRET, key, *shown, *(token.rpartition(".")[2] for token in shown)}
    assert "report.html" in done.texts
    found = [
        (name, secret) for name, text in done.texts.items() for secret in secrets if secret in text
    ]
    assert found == []


REFUSED = {
    "wrong secret": ("basic", WRITE, "invalid_client", {"client_secret_env": "WARD_OTHER"}),
    "wrong key": ("RS384", WRITE, "invalid_client", {"key_file": "ES384.jwk"}),
    "unknown client": ("stranger", WRITE, "invalid_client", {}),
    "wrong scope": ("reader", WRITE, "invalid_scope", {}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_names_the_culprit(case, usual, tmp_path, monkeypatch):
    """What the authorization server refuses is put down to the target file, in one sentence, with nothing secret."""
    name, scope, error, changes = REFUSED[case]
    monkeypatch.setenv("WARD_OTHER", "0ther-s3cret")
    said = identity(name, usual, scope)
    for part, value in changes.items():
        kept = [line for line in said.splitlines() if not line.startswith((part, "kid"))]
        said = "\n".join([*kept, f'{part} = "{value}"', ""])
    with target(usual) as base_url:
        done = run(tmp_path, base_url, said)
    assert done.code == ExitCode.USAGE, done.printed
    assert f"{usual.token_url} refuses a token: {error}" in " ".join(done.printed.split())
    assert "Traceback" not in done.printed
    assert "s3cr" not in done.printed
