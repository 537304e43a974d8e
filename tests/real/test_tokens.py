"""A real server behind a real authorization server, whose tokens end while writers race."""

import json
import os
import subprocess
import sys

import pytest
from authority import KEYS, WRITE, authority
from authority.front import gateway
from built import or_skip
from launch import free_port

from ifmatch.report.document import load

pytestmark = pytest.mark.real


def test_hapi_behind_tokens(hapi, tmp_path):
    """SMART Backend Services, the token end-point found by the target's own word; no answer is about a token."""
    (tmp_path / "key.jwk").write_text(json.dumps(KEYS["ES384"].as_dict(private=True)))
    said = f'[auth.oauth]\nclient_id = "ES384"\nkey_file = "key.jwk"\nscopes = ["{WRITE}"]\n'
    (tmp_path / "target.toml").write_text(said)
    with (
        or_skip(),
        authority(free_port(), 4) as issuer,
        gateway(hapi.base_url, issuer.believers(), issuer.token_url) as base_url,
    ):
        command = [
            sys.executable,
            "-m",
            "ifmatch",
            "run",
            base_url,
            "-p",
            "hapi",
            "-t",
            "target.toml",
        ]
        rules = [
            "--rules",
            "update.if-match.*,race.update.same-version",
        ]
        done = subprocess.run(
            [*command, *rules, "-o", "run"],
            cwd=tmp_path,
            env={
                name: value for name, value in os.environ.items() if not name.startswith("IFMATCH_")
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    report = load(tmp_path / "run")
    events = map(json.loads, (tmp_path / "run" / "events.jsonl").read_text("utf-8").splitlines())
    with_token = [
        event["response"]["status"]
        for event in events
        if event["event"] == "exchange"
        and any(name == "Authorization" for name, _ in event["request"]["headers"])
    ]
    assert report["complete"], done.stdout
    assert {rule["verdict"] for rule in report["rules"]} & {"pass"}
    assert not {rule["verdict"] for rule in report["rules"]} & {"error"}
    assert len(with_token) > 100
    assert 401 not in with_token
    assert len(issuer.issued) > 2
    assert report["left"] == []
