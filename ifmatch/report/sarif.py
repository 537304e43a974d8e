"""`results.sarif`: what is wrong, for platforms that show findings beside code (SARIF 2.1.0, OASIS)."""

import json
from collections.abc import Mapping
from typing import Any

from ifmatch.log.events import VerdictReached
from ifmatch.report.run import Judged, Run
from ifmatch.report.text import one_line
from ifmatch.rules.verdict import Verdict

FILE_NAME = "results.sarif"

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

#: The verdicts that are results there, each with its level.
_LEVEL: Mapping[Verdict, str] = {
    Verdict.FAIL: "error",
    Verdict.ERROR: "warning",
    Verdict.WARN: "warning",
    Verdict.INCONCLUSIVE: "note",
    Verdict.WAIVED: "note",
}


def sarif(run: Run) -> bytes:
    """The findings as the bytes of their file."""
    found = [judged for judged in run.rules if judged.verdict in _LEVEL]
    driver = {
        "name": run.suite.name,
        "version": run.suite.version,
        "rules": [_rule(judged.spokesman) for judged in found],
    }
    one = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{run.suite.name}/{run.profile.id}/{run.id}"},
        "invocations": [{"executionSuccessful": run.complete}],
        "results": [_result(judged, run) for judged in found],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [one]}
    return f"{json.dumps(log, indent=1, ensure_ascii=False)}\n".encode("utf-8", "replace")


def _rule(case: VerdictReached) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": case.rule,
        "shortDescription": {"text": one_line(case.title or case.rule)},
    }
    if case.source is not None and case.source.url.startswith(("http://", "https://")):
        rule["helpUri"] = case.source.url
    return rule


def _result(judged: Judged, run: Run) -> dict[str, Any]:
    case = judged.spokesman
    message = case.message.partition("\n\n")[0] or judged.verdict.value
    return {
        "ruleId": judged.rule,
        "level": _LEVEL[judged.verdict],
        "message": {"text": one_line(f"{case.title}: {message}", 1000)},
        "baselineState": "unchanged" if run.is_known(case) else "new",
        "locations": [_place(case)],
        "partialFingerprints": {"rule/v1": judged.rule},
    }


def _place(case: VerdictReached) -> dict[str, Any]:
    """Where the rule stands: a platform shows a finding only beside a file."""
    file = {"uri": f"features/{case.path}"}
    return {"physicalLocation": {"artifactLocation": file, "region": {"startLine": 1}}}
