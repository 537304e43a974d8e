"""What a job's page and other tools are given: `summary.md` and `exchanges.har`."""

import json

from page_run import HOSTILE, everything, hostile
from report_log import BASE, exchange, failure, footer, header, verdict, whole

from ifmatch.report.har import har
from ifmatch.report.markdown import summary
from ifmatch.report.run import Run


def lines(run):
    return summary(run).decode().splitlines()


def entries(*events):
    return json.loads(har(whole(*events)))["log"]["entries"]


def test_a_job_page_says_what_is_wrong_and_what_to_do():
    """The conclusion, each cause once, and in brief what else did not come out well."""
    text = lines(everything())
    assert text[0] == "## NOT CONFORMANT: NHS Spine core FHIR API (STU3)"
    assert text[2].startswith("4 rules fail · 1 error · 1 warning")
    first = text.index("### ✗ Update with If-Match: accepted, though it must be refused")
    block = text[first : text.index("### ✗ Broken promise: A read has an ETag")]
    assert "**About update.if-match.stale** (`update.if-match.stale`, SHALL)" in block
    assert "- expected resource unchanged, got **resource changed**" in block
    assert "- see it happen: `bash replay/update.if-match.stale.sh`" in block
    (more,) = [line for line in block if "more show the same" in line]
    assert more.endswith("`update.if-match.stale-by-two`, `race.update.same-version`")
    assert "- `race.none` nothing overlapped in 40 rounds" in text


def test_a_clean_run_is_three_lines():
    """Good news is short."""
    assert [line for line in lines(whole(verdict())) if line][:2] == [
        "## CONFORMANT: NHS Spine core FHIR API (STU3)",
        "1 pass.",
    ]


def test_a_run_cut_short_is_not_called_conformant():
    """Nor one that left rules out."""
    assert lines(Run.of([header(), verdict()]))[0].startswith("## INCOMPLETE")
    partial = lines(Run.of([header(), verdict(), footer(left_out=["a.b"])]))
    assert partial[0].startswith("## PARTIAL")
    assert "1 of 2 rules were left out" in partial[4]


def test_many_causes_are_not_all_named():
    """A job page is taken in at a glance."""
    failures = [
        failure(f"a.{n}", findings=[{"expected": f"a {'x' * n} header", "got": "none", "level": "SHALL"}])
        for n in range(1, 13)
    ]  # fmt: skip
    text = lines(whole(*failures))
    assert len([line for line in text if line.startswith("### ")]) == 10
    assert text[-1] == "… and 2 more causes, in `report.html`"


def test_what_a_server_said_is_not_markup():
    """Nor does it begin a line of its own."""
    text = lines(hostile())
    assert not [line for line in text if "<img" in line.replace("\\<", "")]
    assert not [line for line in text if HOSTILE in line]


def test_an_archive_has_every_exchange():
    """With what it was for, and what was sent and came."""
    (entry,) = entries(exchange("7", url=f"{BASE}/Patient?a=1&b="))
    assert (entry["_exchange"], entry["_rule"]) == ("7", "update.if-match.stale")
    request, response = entry["request"], entry["response"]
    assert (request["method"], request["url"]) == ("PUT", f"{BASE}/Patient?a=1&b=")
    assert request["queryString"] == [{"name": "a", "value": "1"}, {"name": "b", "value": ""}]
    assert {"name": "Authorization", "value": "[redacted]"} in request["headers"]
    assert request["postData"]["mimeType"] == "application/fhir+json"
    assert request["bodySize"] == len(request["postData"]["text"])
    assert (response["status"], response["content"]["text"][:2]) == (412, '{"')


def test_an_exchange_without_an_answer_says_why():
    """Its status is 0, as browsers have it; a read has no body."""
    (entry,) = entries(exchange(method="GET", failure="timed out"))
    assert (entry["response"]["status"], entry["_error"]) == (0, "timed out")
    assert "postData" not in entry["request"]


def test_a_hostile_body_is_kept():
    """An archive is JSON, whatever it holds."""
    (entry,) = entries(exchange(body=f"{HOSTILE}\ud800"))
    assert entry["request"]["postData"]["text"] == f"{HOSTILE}?"
