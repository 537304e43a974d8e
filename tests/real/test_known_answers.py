"""A run against each real server, started as a user would, comes to what is known of it and leaves nothing behind."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from known import known, surprises

from ifmatch.report.document import load

pytestmark = pytest.mark.real

#: The servers and the profiles that each is judged by: what FHIR says, and what its own documentation says.
LANES = [
    ("hapi", "fhir-r4"),
    ("hapi", "hapi"),
    ("hapi_on_postgres", "fhir-r4"),
    ("medplum", "fhir-r4"),
    ("medplum", "medplum"),
]

LABEL = "urn:ifmatch:run"


@dataclass(frozen=True)
class Lane:
    """One finished run."""

    server: str
    profile: str
    base_url: str
    folder: Path
    process: subprocess.CompletedProcess[str]

    @property
    def report(self):
        return load(self.folder)

    @property
    def made(self):
        """Where each resource lies that the run made."""
        events = map(
            json.loads, (self.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
        )
        return {
            (e["type"], e["id"])
            for e in events
            if e["event"] == "journal" and e["action"] == "created"
        }


@pytest.fixture(scope="module", params=LANES, ids="-".join)
def lane(request, tmp_path_factory):
    """The suite, started from its command line against a server under a profile."""
    name, profile = request.param
    server = request.getfixturevalue(name)
    folder = tmp_path_factory.mktemp("reports") / f"{name}.{profile}"
    options = ["-p", profile, "-o", str(folder), "--effort", "quick", "--seed", "1"]
    command = [sys.executable, "-m", "ifmatch", "run", server.base_url, *options]
    process = subprocess.run(
        command, cwd=folder.parent, capture_output=True, text=True, check=False, timeout=600
    )
    assert (folder / "report.json").is_file(), process.stdout + process.stderr
    return Lane(server.name, profile, server.base_url, folder, process)


def test_the_run_comes_to_its_end(lane):
    """Complete, with the exit code that is known, the same in the report and at the door."""
    assert lane.report["complete"], lane.report["message"]
    assert (
        lane.process.returncode
        == lane.report["exit_code"]
        == known(lane.server, lane.profile)["exit_code"]
    )


def test_every_verdict_is_known(lane):
    """No rule comes out otherwise than it was found by hand. What does is new: read it, then change page and data."""
    new = surprises(lane.report, known(lane.server, lane.profile)["rules"])
    assert not new, "\n".join(["", *new])


def test_nothing_is_left_on_the_server(lane):
    """Every resource that the run made is gone, and a search by its label finds none."""
    assert lane.report["left"] == []
    with httpx.Client(
        base_url=f"{lane.base_url}/", headers={"Cache-Control": "no-cache"}
    ) as client:
        still = {place: client.get("/".join(place)).status_code for place in lane.made}
        found = (
            client.get("Patient", params={"_tag": f"{LABEL}|{lane.report['run']['id']}"})
            .json()
            .get("entry", [])
        )
    assert lane.made
    assert {place: status for place, status in still.items() if status not in (404, 410)} == {}
    # Some servers ignore what they cannot search by and list everything: count only what carries the label.
    labels = [
        tag.get("code")
        for entry in found
        for tag in entry.get("resource", {}).get("meta", {}).get("tag", [])
    ]
    assert lane.report["run"]["id"] not in labels


def test_the_server_is_the_one_that_is_known(lane):
    """Another version of it may answer otherwise: then it is the data that is old, not the server that is wrong."""
    assert lane.report["target"]["software"] == known(lane.server, lane.profile)["software"]
