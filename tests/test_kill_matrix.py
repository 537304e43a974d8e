"""Every fault of the embedded server is found by the rules that are about it.

A server that keeps its promises passes every rule; one that breaks only one of them fails just there.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest
from kill_matrix import RED, rules_broken_by
from running import forked, run

from ifmatch.reference.faults import FAULTS
from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import for_proof, shipped
from ifmatch.rules.profile import load as load_profile

#: Every profile whose own server has to pass.
PROFILES = [*shipped(), *for_proof()]


@pytest.fixture(scope="module")
def runs():
    """All runs of this module."""
    jobs = {("profile", name): ["-p", name] for name in PROFILES}
    for name, fault in FAULTS.items():
        selected = rules_broken_by(fault)
        jobs["fault", name] = ["-p", fault.profile, "--fault", name, "--rules", selected]
    return dict(zip(jobs, forked(run, [(job,) for job in jobs.values()], processes=2), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_by_each_rule_that_it_breaks(runs, name):
    """The rule is red, and says what was expected and what came, or tells the story of a race under its name.

    No rule is an error: whatever a server answers, it is the server's.
    """
    code, report, printed = runs["fault", name]
    assert report is not None, printed
    verdicts = {rule["rule"]: rule["verdict"] for rule in report["rules"]}
    unseen = [
        f"{rule} is {verdicts.get(rule)}"
        for rule in FAULTS[name].breaks
        if verdicts.get(rule) not in RED
    ]
    assert not unseen, f"the fault {name} is not found: {'; '.join(unseen)}"
    assert "error" not in verdicts.values(), verdicts
    assert code == (1 if "fail" in verdicts.values() else 0)
    for rule in report["rules"]:
        if rule["verdict"] in RED:
            message = rule["message"]
            assert (message.startswith("expected ") and ", got " in message) or message.partition(
                ":"
            )[0].isupper()


@pytest.mark.slow
@pytest.mark.parametrize("name", PROFILES)
def test_a_server_that_keeps_its_promises_passes(runs, name):
    """Nothing fails, warns, errs or stays open on the embedded server of any profile."""
    code, report, printed = runs["profile", name]
    assert code == 0, printed
    others = [
        rule
        for rule in report["rules"]
        if rule["verdict"] not in ("pass", "observed", "not-applicable")
    ]
    odd = [f"{rule['rule']} is {rule['verdict']}: {rule['message']}" for rule in others]
    assert not odd, "\n".join(odd)


def test_a_failure_can_be_repeated_by_its_script(tmp_path):
    """The script that a report names shows the same loss on a live server, with ids and versions of its own."""
    ((code, _, printed),) = forked(
        run, [(["-p", "fhir-r4", "--fault", _HOLE, "--rules", "update.if-match.stale"],)]
    )
    words = (word for line in printed.splitlines() if "replay" in line for word in line.split())
    script = next(Path(word) for word in words if word.endswith(".sh"))
    with EmbeddedServer(load_profile("fhir-r4"), faults=[_HOLE]) as server:
        environment = {**os.environ, "BASE": server.base_url, "IFMATCH_TOKEN": "none"}
        done = subprocess.run(
            ["bash", str(script)],
            env=environment,
            capture_output=True,
            encoding="utf-8",
            errors="replace",  # long bodies are cut, if need be within a character
        )
    statuses = re.findall(r"HTTP/1.1 (\d+)", done.stdout.partition("# When")[2])
    assert (code, done.returncode) == (1, 1)
    assert "THE SAME" in done.stdout
    assert statuses[0] == "200"
    assert "If-Match: W/" in done.stdout
    assert "HTTP/1.1 404" not in done.stdout


#: The fault that the whole suite is about.
_HOLE = "if-match-ignored"
