"""The events that the tests of the reports are built from, each as if it were read from a line of a log."""

from ifmatch.log.reader import event_of
from ifmatch.report.run import Run

BASE = "https://staging.example/fhir"

_AT = "2026-11-21T10:12:{:06.3f}+00:00"


def at(second):
    """A time of the run, in seconds since it began."""
    return _AT.format(second)


def header(**fields):
    """The first event of a run."""
    return event_of({
        "event": "run.started", "time": at(7), "schema": 2, "run": "2026-11-21T10-12-07", "seed": 4711,
        "suite": {"name": "ifmatch", "version": "0.1.0"}, "command": ["ifmatch", "run", "-p", "spine"],
        "base_url": BASE,
        "profile": {"id": "spine", "title": "NHS Spine core FHIR API (STU3)", "label": "Spine", "sha256": "ab" * 32},
    } | fields)  # fmt: skip


def target(**fields):
    """What the target says of itself."""
    return event_of({
        "event": "target", "time": at(7.1), "base_url": BASE, "software": "HAPI FHIR 8.8.0", "fhir_version": "3.0.2",
        "warnings": [],
    } | fields)  # fmt: skip


def footer(exit_code=0, complete=True, **fields):
    """The last event of a run."""
    line = {"event": "run.finished", "time": at(21.2), "complete": complete, "exit_code": exit_code}
    return event_of(line | fields)


def verdict(rule="update.if-match.current", verdict="pass", **fields):
    """One case's verdict."""
    return event_of({
        "event": "verdict", "time": at(9), "rule": rule, "title": "An update is answered", "feature": "Updates",
        "resource_type": "Patient", "row": {}, "verdict": verdict, "level": "SHALL", "message": "",
        "expected": {"status": [200], "body": ["resource"], "text": "200"},
        "observed": {"status": 200, "body": "resource", "answer": "200 with a resource", "facts": []},
        "findings": [], "source": {"title": "Spine Update", "url": "", "document": "001"}, "says": "",
        "exchanges": [], "steps": [], "duration_ms": 12.5,
    } | fields)  # fmt: skip


def failure(rule="update.if-match.stale", **fields):
    """A verdict on a rule that the target breaks."""
    finding = {"expected": "409 with an OperationOutcome", "got": "412 with an OperationOutcome", "level": "SHALL",
               "invariant": False}  # fmt: skip
    broken = {
        "title": "An update based on a superseded version is refused",
        "feature": "An update names the version it replaces",
        "message": "expected 409 with an OperationOutcome, got 412 with an OperationOutcome",
        "expected": {"status": [409], "body": ["OperationOutcome"], "text": "409 with an OperationOutcome"},
        "observed": {"status": 412, "body": "OperationOutcome", "answer": "412 with an OperationOutcome", "facts": []},
        "findings": [finding], "says": "A conflict is answered with 409.", "exchanges": ["1", "2", "3"],
    }  # fmt: skip
    return verdict(rule, "fail", **broken | fields)


def exchange(
    id="2", method="PUT", status=412, failure=None, raced=False, step=None, started=None,
    rule="update.if-match.stale", **request
):  # fmt: skip
    """An exchange as the recorder writes it; with a failure there is no response."""
    response = {"status": status, "reason": "", "http_version": "HTTP/1.1", "headers": [["ETag", 'W/"2"']],
                "body": '{"resourceType": "OperationOutcome"}'}  # fmt: skip
    return event_of({
        "event": "exchange", "time": at(8), "id": id, "rule": rule, "started": started or at(8),
        "step": step, "duration_ms": 4.0, "failure": failure, "raced": raced,
        "request": {
            "method": method, "url": f"{BASE}/Patient/57",
            "headers": [["Authorization", "[redacted]"], ["If-Match", 'W/"1"'], ["User-Agent", "ifmatch"],
                        ["Content-Type", "application/fhir+json"]],
            "body": '{"resourceType": "Patient", "id": "57"}' if method == "PUT" else "",
        } | request,
        "response": None if failure else response,
    })  # fmt: skip


def not_begun(rule="race.update.same-version", **fields):
    """A case that there was no time for."""
    return event_of({
        "event": "not.begun", "time": at(20), "rule": rule, "title": "Exactly one is accepted", "feature": "Races",
        "resource_type": "Patient", "row": {},
    } | fields)  # fmt: skip


def journal(action, id="57", type="Patient", reason=""):
    """One line of what the run made on the target."""
    return event_of(
        {
            "event": "journal",
            "time": at(8),
            "action": action,
            "type": type,
            "id": id,
            "reason": reason,
        }
    )


def whole(*between, exit_code=0):
    """The run of a whole log with these events between header and footer."""
    return Run.of([header(), target(), *between, footer(exit_code)])
