"""One run in several processes: the same verdicts as in one, one log, and no two processes on one resource."""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest
from hostile.front import hostile
from running import run, typed

#: Sequential rules of several kinds, and races; all of them with resources of their own.
_RULES = (
    "update.if-match.*,update.lost-update.*,door.delete.*,race.update.same-version,race.delete-*"
)

_RESOURCE = re.compile(r"/fhir/(\w+/[A-Za-z0-9.-]+)")


def _run(*words):
    code, report, printed = run(["-p", "fhir-r4", "--rules", _RULES, "--seed", "1", *words])
    assert report, printed
    return code, report, printed


def _exchanges(printed):
    folder = re.findall(r"report\s+(\S+)/", printed)[-1]
    lines = Path(folder, "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == "exchange"]


@pytest.mark.slow
@pytest.mark.parametrize("fault", [[], ["--fault", "if-match-ignored"]])
def test_as_right_as_one_process(fault):
    """Verdicts and exit code are those of a run in one process, and every exchange stands once in one log."""
    code, alone, _ = _run(*fault)
    code_shared, shared, printed = _run(*fault, "-n", "2")
    verdicts = [
        {rule["rule"]: rule["verdict"] for rule in report["rules"]} for report in (alone, shared)
    ]
    assert verdicts[0] == verdicts[1]
    assert code == code_shared
    ids = [exchange["id"] for exchange in _exchanges(printed)]
    assert len(ids) == len(set(ids))
    assert {id.partition("-")[0] for id in ids} >= {"gw0", "gw1"}


@pytest.mark.slow
def test_no_two_processes_on_one_resource():
    """Who wrote to a resource was one process, from the first request to the last: so races have it for themselves."""
    _, _, printed = _run("-n", "2")
    by_resource = defaultdict(set)
    for exchange in _exchanges(printed):
        found = _RESOURCE.search(exchange["request"]["url"])
        process, is_shared, _ = exchange["id"].partition("-")
        if found and is_shared and exchange["request"]["method"] in ("PUT", "PATCH", "DELETE"):
            by_resource[found[1]].add(process)
    assert by_resource
    assert all(len(processes) == 1 for processes in by_resource.values())


@pytest.mark.slow
@pytest.mark.parametrize("shares", [[], ["-n", "2"]], ids=["one process", "two"])
def test_what_nobody_asked_for_a_rule_is_watched_too(shares, tmp_path):
    """The first look at a server is that of the process which opens the run: an answer to it counts like any other."""
    with hostile("statement-fails") as server:
        words = [server.base_url, "-p", "fhir-r4", "--rules", "read.*,always.no-server-error"]
        _, report, printed = run([*words, *shares], tmp_path)
    (watched,) = [r for r in report["rules"] if r["rule"] == "always.no-server-error"]
    assert watched["verdict"] == "warn", printed
    assert "/metadata" in watched["message"]
    assert not watched.get("cases"), "one log, one verdict"
    code, judged_anew = typed(["recheck", "run"], tmp_path)
    assert code == 0, judged_anew
