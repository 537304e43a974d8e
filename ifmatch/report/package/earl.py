"""`earl.jsonld`: the run in the W3C's Evaluation and Report Language (https://www.w3.org/TR/EARL10-Schema/)."""

import json
from collections.abc import Mapping
from typing import Any

from ifmatch.report.run import Judged, Run
from ifmatch.report.text import one_line
from ifmatch.rules.verdict import Verdict

FILE_NAME = "earl.jsonld"

#: What a verdict is called there.
_OUTCOME: Mapping[Verdict, str] = {
    Verdict.FAIL: "earl:failed",
    Verdict.ERROR: "earl:untested",
    Verdict.INCONCLUSIVE: "earl:cantTell",
    Verdict.WAIVED: "earl:failed",
    Verdict.WARN: "earl:failed",
    Verdict.OBSERVED: "earl:inapplicable",
    Verdict.PASS: "earl:passed",
    Verdict.NOT_APPLICABLE: "earl:inapplicable",
}

_CONTEXT = {
    "earl": "http://www.w3.org/ns/earl#",
    "dct": "http://purl.org/dc/terms/",
    "doap": "http://usefulinc.com/ns/doap#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def earl(run: Run) -> bytes:
    """The report as the bytes of its file."""
    graph = [_assertor(run), _subject(run), *(_assertion(judged, run) for judged in run.rules)]
    document = {"@context": _CONTEXT, "@graph": graph}
    return f"{json.dumps(document, indent=1, ensure_ascii=False)}\n".encode("utf-8", "replace")


def _assertor(run: Run) -> dict[str, Any]:
    return {
        "@id": _assertor_id(run),
        "@type": ["earl:Software", "earl:Assertor"],
        "dct:title": run.suite.name,
        "dct:hasVersion": run.suite.version,
    }


def _assertor_id(run: Run) -> str:
    return f"urn:ifmatch:suite:{run.suite.version}"


def _subject(run: Run) -> dict[str, Any]:
    return {
        "@id": run.target.base_url,
        "@type": ["earl:TestSubject", "doap:Project"],
        "dct:title": one_line(run.target.software or run.target.base_url),
    }


def _assertion(judged: Judged, run: Run) -> dict[str, Any]:
    case = judged.spokesman
    result = {
        "@type": "earl:TestResult",
        "earl:outcome": {"@id": _OUTCOME[judged.verdict]},
        "earl:info": one_line(f"{judged.verdict.value}: {case.message}", 2000),
        "dct:date": {"@value": case.time, "@type": "xsd:dateTime"},
    }
    test = {
        "@id": f"urn:ifmatch:rule:{judged.rule}",
        "@type": "earl:TestCase",
        "dct:title": one_line(case.title),
    }
    return {
        "@type": "earl:Assertion",
        "earl:assertedBy": {"@id": _assertor_id(run)},
        "earl:subject": {"@id": run.target.base_url},
        "earl:test": test,
        "earl:result": result,
        "earl:mode": {"@id": "earl:automatic"},
    }
