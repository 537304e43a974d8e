"""The monitors: each tells a wrong exchange from a right one, and looks at nothing else."""

import json
from datetime import UTC, datetime

import pytest
from watched import BASE, patient, seen

from ifmatch.client.exchange import Exchange, Request, Response
from ifmatch.log.events import VerdictReached
from ifmatch.monitor import MONITORS
from ifmatch.rules.catalogue import is_watched, rules
from ifmatch.rules.profile import load
from ifmatch.rules.verdict import Verdict
from ifmatch.suite.verdicts import monitored

NOON = "2026-01-01T12:00:00.123Z"


def exchange(method="GET", path="Patient/1", status=200, headers=(), body=None, url="", accept=""):
    """One request and its answer; a body of bytes is sent as it is."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode() if body else b""
    response = Response(status, "", "HTTP/1.1", tuple(headers), content) if status else None
    asked = (("Accept", accept),) if accept else ()
    request = Request(method, url or f"{BASE}/{path}", asked)
    return Exchange(request, response, None, "", datetime.now(UTC), 1.0)


def bundle(kind, *resources, **entry):
    """A list of resources, each in an entry of its own."""
    entries = [{"resource": one, **entry} for one in resources]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def search(*resources, path="Patient?_id=1", **entry):
    return exchange(path=path, body=bundle("searchset", *resources, **entry))


def history(*resources, **more):
    return exchange(path="Patient/1/_history", body={**bundle("history", *resources), **more})


def outcome(**more):
    """A refusal with an OperationOutcome, whose issue or which itself is another than it should be."""
    issue = {"severity": "error", "code": "conflict", **more.pop("issue", {})}
    body = {"resourceType": "OperationOutcome", "issue": [issue], **more}
    return exchange("PUT", status=412, body=body)


def typed(content_type, body, **more):
    headers = [("Content-Type", content_type)] if content_type else []
    return exchange(headers=headers, body=body, **more)


SHOWS = "always.shows-what-was-asked"
CONTENT = "always.version-is-one-content"
META = "always.metadata-is-valid"
TIME = "always.last-modified-equals-last-updated"
OUTCOME = "always.operation-outcome-is-valid"
TYPE = "always.content-type-fits-body"
DATE = "always.date-present"
ENTRY = "always.entry-fits-resource"
FUTURE = "always.last-modified-not-in-the-future"
FHIR_JSON = "application/fhir+json"
TIMED = {"lastModified": NOON}


def location(text, method="POST", path="Patient", **more):
    return exchange(method, path, 201, [("Location", text), *more.pop("headers", ())], **more)


WRONG = {
    "500": ("always.no-server-error", exchange(status=500)),
    "503 without Retry-After": ("always.no-server-error", exchange("PUT", status=503)),
    "other ETag": ("always.etag-equals-version", exchange(headers=[("ETag", 'W/"1"')], body=patient("2"))),
    "unquoted ETag": ("always.etag-equals-version", exchange(headers=[("ETag", "2")], body=patient("2"))),
    "gzip suffix": ("always.etag-equals-version", exchange(headers=[("ETag", 'W/"2-gzip"')], body=patient("2"))),
    "in a refusal": ("always.etag-equals-version", exchange("PUT", status=412, headers=[("ETag", '"1"')],
                                                            body=patient("2"))),
    "other host": ("always.location-leads-there", location("https://internal.invalid/fhir/Patient/1")),
    "other host, else alike": ("always.location-leads-there", location("http://internal.invalid/fhir/Patient/1")),
    "other base": ("always.location-leads-there", location("http://target.example/other/Patient/1")),
    "other type": ("always.location-leads-there", location(f"{BASE}/Observation/1")),
    "other id": ("always.location-leads-there", location(f"{BASE}/Patient/2", body=patient())),
    "other id on update": ("always.location-leads-there", location(f"{BASE}/Patient/2", "PUT", "Patient/1")),
    "other version": ("always.location-leads-there",
                      location(f"{BASE}/Patient/1/_history/1", headers=[("ETag", 'W/"2"')])),
    "no address at all": ("always.location-leads-there", location("/")),
    "relative, elsewhere": ("always.location-leads-there", location("Observation/7")),
    "empty ETag": ("always.etag-equals-version", exchange(headers=[("ETag", "")], body=patient("2"))),
    "read without a body": (SHOWS, exchange()),
    "read answered 201": (SHOWS, exchange(status=201, body=patient())),
    "read of another": (SHOWS, exchange(path="Patient/2", body=patient())),
    "vread of another": (SHOWS, exchange(path="Patient/2/_history/2", body=patient())),
    "update that shows another": (SHOWS, exchange("PUT", "Patient/2", body=patient())),
    "patch that shows another type": (SHOWS, exchange("PATCH", body={**patient(), "resourceType": "Basic"})),
    "create without an id": (SHOWS, exchange("POST", "Patient", 201, body={"resourceType": "Patient"})),
    "search that is no list": (SHOWS, exchange(path="Patient?_id=1", body=patient())),
    "search answered by a number": (SHOWS, exchange(path="Patient?_id=1", body=b"7")),
    "search that lists another type": (SHOWS, search({**patient(), "resourceType": "Basic"})),
    "search that lists another id": (SHOWS, search({**patient(), "id": "2"})),
    "history of another type of list": (SHOWS, exchange(path="Patient/1/_history", body=bundle("searchset"))),
    "history whose entry is no list": (SHOWS, history(entry={"resource": patient()})),
    "history of another resource": (SHOWS, history({**patient(), "id": "2"})),
    "history with an entry of nothing": (SHOWS, history(entry=[{"fullUrl": "x"}])),
    "history with an entry of a text": (SHOWS, history(entry=[{"resource": "x"}])),
    "versionId that is a number": (META, exchange(body=patient(2))),
    "versionId with a slash": (META, exchange(body=patient("a/b"))),
    "lastUpdated without a zone": (META, exchange(body=patient(meta={"lastUpdated": "2026-01-01T00:00:00"}))),
    "tag that is a text": (META, exchange(body=patient(meta={"tag": "x"}))),
    "profiles that are none": (META, search(patient(meta={"profile": []}))),
    "id that is a list": (META, history({**patient(), "id": ["1"]})),
    "meta that is a list": (META, exchange(body=patient(meta=[]))),
    "no issue": (OUTCOME, exchange(status=404, body={"resourceType": "OperationOutcome"})),
    "empty issues": (OUTCOME, exchange(status=404, body={"resourceType": "OperationOutcome", "issue": []})),
    "severity of its own": (OUTCOME, outcome(issue={"severity": "ERROR"})),
    "code that is a status": (OUTCOME, outcome(issue={"code": "412"})),
    "details that are a text": (OUTCOME, outcome(issue={"details": "x"})),
    "narrative without a status": (OUTCOME, outcome(text={"div": "<div/>"})),
    "plain JSON": (TYPE, typed("application/json", patient())),
    "no Content-Type": (TYPE, typed("", patient())),
    "DSTU2's, unasked": (TYPE, typed("application/json+fhir", patient(), accept=FHIR_JSON)),
    "DSTU2's, where others were asked for": (TYPE, typed("application/json+fhir", patient(),
                                                         accept=f"{FHIR_JSON}, text/html;q=0.5")),
    "a number as FHIR": (TYPE, typed(FHIR_JSON, b"7")),
    "no Date": (DATE, exchange()),
    "a Date of its own": (DATE, exchange(status=404, headers=[("Date", "2026-01-01")])),
    "other Last-Modified": (TIME, exchange(headers=[("Last-Modified", "Thu, 01 Jan 2026 00:00:01 GMT")],
                                           body=patient(meta={"versionId": "2", "lastUpdated": NOON}))),
    "Last-Modified beside no metadata": (TIME, exchange(
        headers=[("ETag", '"2"'), ("Last-Modified", "Thu, 01 Jan 2026 12:00:00 GMT")], body=patient(meta=[]))),
}  # fmt: skip

RIGHT = {
    "one of several ids": (
        "always.shows-what-was-asked",
        search(patient(), path="Patient?_id=2%2C1"),
    ),
    "501": ("always.no-server-error", exchange(status=501)),
    "503 with Retry-After": (
        "always.no-server-error",
        exchange(status=503, headers=[("Retry-After", "1")]),
    ),
    "same version": (
        "always.etag-equals-version",
        exchange(headers=[("ETag", 'W/"2"')], body=patient("2")),
    ),
    "absolute": ("always.location-leads-there", location(f"{BASE}/Patient/1", body=patient())),
    "default port": (
        "always.location-leads-there",
        location("http://TARGET.example:80/fhir/Patient/1"),
    ),
    "versioned": (
        "always.location-leads-there",
        location(f"{BASE}/Patient/1/_history/2", body=patient()),
    ),
    "relative": (
        "always.location-leads-there",
        location("/fhir/Patient/1/_history/2", body=patient()),
    ),
    "with a query": ("always.location-leads-there", location(f"{BASE}/Patient/1?x=1", body=patient())),
    "with two slashes": ("always.location-leads-there", location(f"{BASE}//Patient/1", body=patient())),
    "beside an id that is no text": ("always.location-leads-there",
                                     location(f"{BASE}/Patient/1", body={**patient(), "id": 1})),
    "a read": (SHOWS, exchange(body=patient())),
    "a read by way of a proxy": (SHOWS, exchange(status=203, body=patient())),
    "a search": (SHOWS, search(patient())),
    "a search that ignores its criterion": (SHOWS, search({**patient(), "id": "2"}, patient())),
    "a search that finds nothing yet": (SHOWS, search()),
    "a search that includes more": (SHOWS, search({**patient(), "resourceType": "Basic"},
                                                  path="Patient?_include=x", search={"mode": "include"})),
    "a history with a deletion": (SHOWS, history(entry=[{"request": {"method": "DELETE"}}])),
    "a created resource": (SHOWS, exchange("POST", "Patient", 201, body=patient())),
    "a resource without metadata": (META, exchange(body={"resourceType": "Patient", "id": "1"})),
    "metadata": (META, exchange(body=patient(meta={"versionId": "A-1.b", "lastUpdated": NOON, "tag": [{}]}))),
    "an OperationOutcome": (OUTCOME, outcome()),
    "one with details": (OUTCOME, outcome(issue={"details": {"text": "no"}, "expression": ["Patient.id"]})),
    "one with a code of R5": (OUTCOME, outcome(issue={"code": "limited-filter", "severity": "success"})),
    "FHIR's JSON": (TYPE, typed(f"{FHIR_JSON}; charset=utf-8", patient(), accept=FHIR_JSON)),
    "DSTU2's, asked for": (TYPE, typed("application/json+fhir", patient(), accept="application/json+fhir")),
    "any of FHIR's, when none was asked for": (TYPE, typed("application/json+fhir", patient())),
    "a Date": (DATE, exchange(headers=[("Date", "Thu, 01 Jan 2026 12:00:00 GMT")])),
    "the same second": (TIME, exchange(headers=[("Last-Modified", "Thu, 01 Jan 2026 12:00:00 GMT")],
                                       body=patient(meta={"versionId": "2", "lastUpdated": NOON}))),
}  # fmt: skip

NOTHING_TO_SEE = {
    "no answer": ("always.no-server-error", exchange(status=0)),
    "no ETag": ("always.etag-equals-version", exchange(body=patient())),
    "no body": ("always.etag-equals-version", exchange(headers=[("ETag", 'W/"2"')])),
    "a search": ("always.etag-equals-version", exchange(headers=[("ETag", 'W/"x"')],
                                                        body={"resourceType": "Bundle", "meta": {"versionId": "1"}})),
    "an outcome": ("always.etag-equals-version", exchange(headers=[("ETag", 'W/"x"')],
                                                          body={"resourceType": "OperationOutcome"})),
    "a read": ("always.location-leads-there", exchange(headers=[("Location", "http://elsewhere.example/")])),
    "a refusal": ("always.location-leads-there", exchange("POST", status=400, headers=[("Location", "nowhere")])),
    "a write without a body": (SHOWS, exchange("PUT")),
    "a read of nothing": (SHOWS, exchange(status=404)),
    "what is no address of a resource": (SHOWS, exchange(path="metadata", body=patient())),
    "what comes first": (CONTENT, exchange(body=patient())),
    "an OperationOutcome in XML": (OUTCOME, exchange(status=400, body=b"<OperationOutcome/>")),
    "a web page": (TYPE, typed("text/html", b"<html/>")),
    "nothing at all": (TYPE, typed(FHIR_JSON, None)),
    "a server error": (DATE, exchange(status=500)),
    "no Last-Modified": (TIME, exchange(headers=[("ETag", '"2"')], body=patient())),
    "times of no version": (TIME, exchange("PUT", headers=[("Last-Modified", "Thu, 01 Jan 2026 10:00:00 GMT")]),
                            exchange(body=patient(meta={"lastUpdated": NOON}))),
    "times of a refusal": (TIME, exchange("PUT", status=412, headers=[
        ("ETag", '"2"'), ("Last-Modified", "Thu, 01 Jan 2026 10:00:00 GMT")]), exchange(body=patient(
            meta={"versionId": "2", "lastUpdated": NOON}))),
    "no versions": (CONTENT, exchange(body=patient(meta={})), exchange(body=patient(meta={}, active=True))),
    "a time of the response alone": (ENTRY, history(entry=[{"resource": patient(), "response": TIMED}])),
    "an entry without a response": (ENTRY, history(patient())),
    "entries without a time": ("always.last-updated-never-back", history(patient(), patient())),
    "a Last-Modified without a Date": (FUTURE, exchange(headers=[("Last-Modified", "Thu, 01 Jan 2026 12:00:00 GMT")])),
    "a Date without a Last-Modified": (FUTURE, exchange(headers=[("Date", "Thu, 01 Jan 2026 12:00:00 GMT")])),
    "metadata that are none": (ENTRY, history(entry=[{"resource": patient(meta=[]), "response": TIMED}])),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_exchange_is_found(name):
    """With what was expected, what came, and where."""
    rule, one = WRONG[name]
    tally = seen(rule, one)
    assert tally.broken
    (finding,) = tally.findings("SHALL")
    assert one.request.url in finding.got
    assert "exchange 1" in finding.got


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_exchange_counts_as_looked_at(name):
    """A pass rests on something that was seen."""
    tally = seen(*RIGHT[name])
    assert tally.looked
    assert not tally.broken


@pytest.mark.parametrize("name", NOTHING_TO_SEE)
def test_what_shows_nothing_is_not_counted(name):
    """Neither for nor against."""
    assert seen(*NOTHING_TO_SEE[name]).looked == 0


def shown(version="2", **more):
    """A version as a read shows it."""
    meta = {"versionId": version, "lastUpdated": NOON, "tag": [{"code": "a"}, {"code": "b"}]}
    return {"resourceType": "Patient", "id": "1", "meta": meta, "gender": "female", **more}


def timed(time):
    return shown(meta={**shown()["meta"], "lastUpdated": time})


#: A read of a version, and what is shown of it afterwards and is not the same.
CONTRADICTIONS = {
    name: (exchange(body=before), after)
    for name, before, after in (
        ("other content in an update", shown(), exchange("PUT", body=shown(gender="male"))),
        ("an element less in a search", shown(), search({k: v for k, v in shown().items() if k != "gender"})),
        ("an element more in a history", shown(), history(shown(active=True))),
        ("another time in a patch", shown(), exchange("PATCH", body=timed("2026-01-01T12:00:00.124Z"))),
        ("a tag less in a create", shown(),
         exchange("POST", "Patient", 201, body=shown(meta={**shown()["meta"], "tag": []}))),
        ("no version in a search", shown(), search(shown(meta={}))),
        ("a version by its ETag alone", shown(), exchange("PUT", headers=[("ETag", 'W/"2"')], body=shown(meta={}))),
        ("a text in another script", shown(language="é水"), exchange(body=shown(language="ü水"))),
        ("1 for true", shown(active=True), exchange(body=shown(active=1))),
    )
}  # fmt: skip

#: What is shown of a version after a read of it, and is the same, or not to be compared.
ACCORDS = {
    "the same": exchange("PUT", body=shown()),
    "tags in another order": search(shown(meta={**shown()["meta"], "tag": [{"code": "b"}, {"code": "a"}]})),
    "a time told less finely": history(timed("2026-01-01T13:00:00+01:00")),
    "another narrative": exchange(body=shown(text={"status": "generated", "div": "<div/>"})),
    "another version": exchange(body=shown("3", gender="male")),
    "another resource": exchange(path="Patient/2", body={**shown(gender="male"), "id": "2"}),
    "a part of it": search(shown(meta={"versionId": "2", "tag": [{"code": "SUBSETTED"}]}, gender="male")),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_version_that_is_shown_otherwise_than_before_is_found(name):
    """With the exchange that shows it, and the one that it contradicts."""
    tally = seen(CONTENT, *CONTRADICTIONS[name])
    assert len(tally.broken) == 1
    assert tally.exchanges == ("2", "1")
    assert "exchange 1" in tally.findings("SHALL")[0].expected


@pytest.mark.parametrize("name", ACCORDS)
def test_a_version_that_is_shown_as_before_contradicts_nothing(name):
    """Nor does what a server may show otherwise."""
    assert not seen(CONTENT, exchange(body=shown()), ACCORDS[name]).broken


@pytest.mark.parametrize(
    ("method", "path", "status"), [("PUT", "Patient/1", 200), ("POST", "Patient", 201)]
)
@pytest.mark.parametrize(("second", "breaks"), [("00", False), ("01", True)])
def test_a_last_modified_without_a_body_is_held_against_a_read(
    second, breaks, method, path, status
):
    """Whichever of them comes first."""
    headers = [
        ("ETag", 'W/"2"'),
        ("Last-Modified", f"Thu, 01 Jan 2026 12:00:{second} GMT"),
        ("Location", f"{BASE}/Patient/1"),
    ]
    written, read = exchange(method, path, status, headers), exchange(body=shown())
    for order in ((written, read), (read, written)):
        tally = seen(TIME, *order)
        assert tally.looked
        assert tally.exchanges == (("2", "1") if breaks else ())


@pytest.mark.parametrize(
    ("scheme", "port", "leads_there"),
    [("http", 80, True), ("https", 443, True), ("https", 80, False), ("http", 443, False)],
)
def test_a_location_may_tell_the_port_that_its_scheme_has_anyway(scheme, port, leads_there):
    """It is the same address (RFC 3986 section 6.2.3)."""
    base_url = f"{scheme}://target.example/fhir"
    there = f"{scheme}://target.example:{port}/fhir/Patient/1"
    one = exchange("POST", status=201, headers=[("Location", there)], url=f"{base_url}/Patient")
    tally = seen("always.location-leads-there", one, base_url=base_url)
    assert tally.looked
    assert bool(tally.broken) is not leads_there


def test_a_relative_location_is_noted():
    """It is lawful, and a reader may want to know."""
    tally = seen(*RIGHT["relative"])
    assert [note for note in tally.notes if "relative" in note]


def verdict(rule, *exchanges, profile="fhir-r4", waivers=()):
    chosen = next(one for one in rules() if one.id == rule)
    return monitored(chosen, load(profile), seen(rule, *exchanges), dict(waivers))


def test_the_verdict_tells_each_kind_once():
    """A server that fails always is not told a hundred times; the evidence names every exchange."""
    told = verdict(
        "always.no-server-error", *[exchange("PUT", status=500)] * 5, exchange(status=502)
    )
    assert isinstance(told, VerdictReached)
    assert (told.verdict, len(told.findings), len(told.exchanges)) == (Verdict.WARN, 2, 6)
    assert "and 4 more like it" in told.findings[0].got


def test_nothing_seen_is_no_pass():
    """The rule does not apply where no exchange could show it."""
    assert verdict("always.etag-equals-version").verdict is Verdict.NOT_APPLICABLE
    assert verdict("always.etag-equals-version", exchange()).verdict is Verdict.NOT_APPLICABLE


def test_a_waiver_counts_for_what_is_watched_too():
    """As for any other rule."""
    waiver = {"reason": "known", "owner": "ada", "until": "2999-01-01"}
    rule = "always.etag-equals-version"
    other = exchange(headers=[("ETag", 'W/"1"')], body=patient("2"))
    assert verdict(rule, other, waivers={rule: waiver}.items()).verdict is Verdict.WAIVED


def test_every_monitor_has_its_sentence():
    """The feature files are the catalogue of what is watched, too."""
    assert {rule.id for rule in rules() if is_watched(rule.id)} == set(MONITORS)
