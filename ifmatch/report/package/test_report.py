"""`testreport.json`: the run as a FHIR TestReport (R4, http://hl7.org/fhir/R4/testreport.html)."""

import json
from collections.abc import Mapping
from typing import Any

from ifmatch.report.run import Judged, Run
from ifmatch.report.text import one_line
from ifmatch.rules.verdict import Verdict

FILE_NAME = "testreport.json"

#: What a verdict is called there. What was only observed, or could not be told, is no pass.
_RESULT: Mapping[Verdict, str] = {
    Verdict.FAIL: "fail",
    Verdict.ERROR: "error",
    Verdict.INCONCLUSIVE: "skip",
    Verdict.WAIVED: "fail",
    Verdict.WARN: "warning",
    Verdict.OBSERVED: "skip",
    Verdict.PASS: "pass",
    Verdict.NOT_APPLICABLE: "skip",
}

#: What the whole comes to; what was not told in full is pending.
_WHOLE = {True: "pass", False: "fail", None: "pending"}


def test_report(run: Run) -> bytes:
    """The resource as the bytes of its file."""
    return f"{json.dumps(_resource(run), indent=1, ensure_ascii=False)}\n".encode(
        "utf-8", "replace"
    )


def _resource(run: Run) -> dict[str, Any]:
    suite = f"{run.suite.name} {run.suite.version}"
    identifier = {"system": "urn:ifmatch:profile", "value": run.profile.sha256 or "unknown"}
    resource: dict[str, Any] = {
        "resourceType": "TestReport",
        "identifier": {"system": "urn:ifmatch:run", "value": run.id or "unknown"},
        "name": one_line(f"{suite}: {run.profile.title or run.profile.id}"),
        "status": "completed" if run.complete else "stopped",
        "testScript": {
            "type": "TestScript",
            "identifier": identifier,
            "display": one_line(f"{suite}, profile {run.profile.id}"),
        },
        "result": _WHOLE[run.conformant if run.complete else None],
        "score": _score(run),
        "tester": suite,
        "participant": [
            {"type": "test-engine", "uri": f"urn:ifmatch:suite:{run.suite.version}", "display": suite},
            _server(run),
        ],
        "test": [_test(judged) for judged in run.rules],
    }  # fmt: skip
    if run.finished:
        resource["issued"] = run.finished
    return {name: value for name, value in resource.items() if value != []}


def _server(run: Run) -> dict[str, str]:
    server = {"type": "server", "uri": run.target.base_url, "display": run.target.software or ""}
    return {name: one_line(value) for name, value in server.items() if value}


def _score(run: Run) -> float:
    """The share of passes among the rules that have one of the three answers, in percent."""
    counted = [_RESULT[judged.verdict] for judged in run.rules]
    decided = [result for result in counted if result in ("pass", "warning", "fail")]
    passed = len(decided) - decided.count("fail")
    return round(100 * passed / len(decided), 2) if decided else 0.0


def _test(judged: Judged) -> dict[str, Any]:
    case = judged.spokesman
    said = case.message or str(case.observed.get("answer") or "")
    assertion = {
        "result": _RESULT[judged.verdict],
        "message": one_line(f"{judged.verdict.value}: {said}", 2000),
        "detail": case.source.url if case.source is not None else "",
    }
    return {
        "name": judged.rule,
        "description": one_line(case.title or judged.rule),
        "action": [{"assert": {name: value for name, value in assertion.items() if value}}],
    }
