"""The event log, and the events that the other tests of the reports are built from."""

import json

import pytest

from ifmatch.errors import ConfigurationError
from ifmatch.log import events
from ifmatch.log.events import EventLog
from ifmatch.report.run import Run

BASE = "https://staging.example/fhir"

_AT = "2026-11-21T10:12:{:06.3f}+00:00"


def at(second):
    """A time of the run, in seconds since it began."""
    return _AT.format(second)


def header(**fields):
    """The first event of a run."""
    return {
        "event": "run.started", "time": at(7), "schema": 1, "run": "2026-11-21T10-12-07", "seed": 4711,
        "suite": {"name": "ifmatch", "version": "0.1.0"}, "command": "ifmatch run -p spine", "base_url": BASE,
        "profile": {"id": "spine", "title": "NHS Spine core FHIR API (STU3)", "label": "Spine", "sha256": "ab" * 32},
    } | fields  # fmt: skip


def target(**fields):
    """What the target says of itself."""
    return {"event": "target", "time": at(7.1), "base_url": BASE, "software": "HAPI FHIR 8.8.0",
            "fhir_version": "3.0.2", "warnings": []} | fields  # fmt: skip


def footer(exit_code=0, complete=True, **fields):
    """The last event of a run."""
    return {"event": "run.finished", "time": at(21.2), "complete": complete, "exit_code": exit_code} | fields


def verdict(rule="update.if-match.current", verdict="pass", **fields):
    """One case's verdict."""
    return {
        "event": "verdict", "time": at(9), "rule": rule, "title": "An update is answered", "feature": "Updates",
        "resource_type": "Patient", "row": {}, "verdict": verdict, "level": "SHALL", "message": "",
        "expected": {"status": [200], "body": ["resource"], "text": "200"},
        "observed": {"status": 200, "body": "resource", "answer": "200 with a resource", "facts": []},
        "findings": [], "source": {"title": "Spine Update", "url": "", "document": "001"}, "says": "",
        "exchanges": [], "steps": [], "duration_ms": 12.5,
    } | fields  # fmt: skip


def failure(rule="update.if-match.stale", **fields):
    """A verdict on a rule that the target breaks."""
    finding = {"expected": "409 with an OperationOutcome", "got": "412 with an OperationOutcome", "level": "SHALL",
               "invariant": False}  # fmt: skip
    return verdict(
        rule, "fail", title="An update based on a superseded version is refused",
        feature="An update names the version it replaces",
        message="expected 409 with an OperationOutcome, got 412 with an OperationOutcome",
        expected={"status": [409], "body": ["OperationOutcome"], "text": "409 with an OperationOutcome"},
        observed={"status": 412, "body": "OperationOutcome", "answer": "412 with an OperationOutcome", "facts": []},
        findings=[finding], says="A conflict is answered with 409.", exchanges=["1", "2", "3"],
    ) | fields  # fmt: skip


def exchange(id="2", method="PUT", status=412, **request):
    """An exchange as the recorder writes it."""
    return {
        "event": "exchange", "time": at(8), "id": id, "rule": "update.if-match.stale", "purpose": "", "started": at(8),
        "duration_ms": 4.0, "failure": None,
        "request": {
            "method": method, "url": f"{BASE}/Patient/57",
            "headers": [["Authorization", "[redacted]"], ["If-Match", 'W/"1"'], ["User-Agent", "ifmatch"],
                        ["Content-Type", "application/fhir+json"]],
            "body": '{"resourceType": "Patient", "id": "57"}' if method == "PUT" else "",
        } | request,
        "response": {"status": status, "reason": "", "http_version": "HTTP/1.1", "headers": [["ETag", 'W/"2"']],
                     "body": '{"resourceType": "OperationOutcome"}'},
    }  # fmt: skip


def journal(action, id="57", type="Patient", reason=""):
    """One line of what the run made on the target."""
    return {"event": "journal", "time": at(8), "action": action, "type": type, "id": id, "reason": reason}


def whole(*between, exit_code=0):
    """The run of a whole log with these events between header and footer."""
    return Run.of([header(), target(), *between, footer(exit_code)])


def test_what_is_written_is_read_back(tmp_path):
    """Any text survives the log, also the separators that Python takes for ends of lines."""
    hostile = "a\u2028b\u0085c\x0bd\x1b[31m\ud800\n"
    log = EventLog(tmp_path)
    log.write("exchange", id="1", body=hostile)
    log.write("run.finished", complete=True)
    log.close()
    first, last = events.read(tmp_path)
    assert first["body"] == hostile.replace("\ud800", "?")
    assert last["complete"] is True


def test_no_field_can_forget_to_redact(tmp_path):
    """Every text in an event is redacted, however deep; what is returned is what is stored."""
    log = EventLog(tmp_path, redact=lambda text: text.replace("s3cret", "[redacted]"))
    returned = log.write("verdict", findings=[{"got": "s3cret", "level": "SHALL"}], row={"form": "s3cret"}, n=1)
    log.close()
    assert list(events.read(tmp_path)) == [returned]
    assert returned["findings"] == [{"got": "[redacted]", "level": "SHALL"}]
    assert "s3cret" not in (tmp_path / "events.jsonl").read_text()


def test_a_line_cut_short_is_left_out(tmp_path):
    """A crash in the middle of a line, even of a character, costs that line only."""
    line = json.dumps(header()) + "\n" + json.dumps(verdict(title="für"), ensure_ascii=False)
    (tmp_path / "events.jsonl").write_bytes(line.encode()[: line.encode().index("ü".encode()) + 1])
    assert [event["event"] for event in events.read(tmp_path)] == ["run.started"]


def test_a_folder_without_a_log_is_the_users_mistake(tmp_path):
    """It says which file was looked for."""
    with pytest.raises(ConfigurationError, match=r"events\.jsonl"):
        list(events.read(tmp_path))
