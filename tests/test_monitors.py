"""The monitors: each tells a wrong exchange from a right one, and looks at nothing else."""

import json
from datetime import UTC, datetime

import pytest

from ifmatch.client.exchange import Exchange, Request, Response
from ifmatch.client.recorder import Recorder
from ifmatch.client.redaction import Redactor
from ifmatch.log.events import VerdictReached
from ifmatch.monitor import MONITORS
from ifmatch.monitor.watch import Watch
from ifmatch.rules.catalogue import is_watched, rules
from ifmatch.rules.profile import load
from ifmatch.rules.verdict import Verdict
from ifmatch.suite.verdicts import monitored

BASE = "http://target.example/fhir"


def exchange(method="GET", path="Patient/1", status=200, headers=(), body=None, url=""):
    """One request and its answer."""
    content = json.dumps(body).encode() if body is not None else b""
    response = Response(status, "", "HTTP/1.1", tuple(headers), content) if status else None
    return Exchange(
        Request(method, url or f"{BASE}/{path}"), response, None, "", datetime.now(UTC), 1.0
    )


def seen(rule, *exchanges):
    """What the monitor of a rule made of some exchanges."""
    watch = Watch({rule: MONITORS[rule]}, BASE)
    recorder = Recorder(lambda _: None, Redactor(), watch)
    for one in exchanges:
        recorder.exchange(one)
    return watch.tallies[rule]


def patient(version="2", **more):
    return {"resourceType": "Patient", "id": "1", "meta": {"versionId": version}, **more}


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
    "other base": ("always.location-leads-there", location("http://target.example/other/Patient/1")),
    "other type": ("always.location-leads-there", location(f"{BASE}/Observation/1")),
    "other id": ("always.location-leads-there", location(f"{BASE}/Patient/2", body=patient())),
    "other id on update": ("always.location-leads-there", location(f"{BASE}/Patient/2", "PUT", "Patient/1")),
    "other version": ("always.location-leads-there",
                      location(f"{BASE}/Patient/1/_history/1", headers=[("ETag", 'W/"2"')])),
    "no address at all": ("always.location-leads-there", location("/")),
    "relative, elsewhere": ("always.location-leads-there", location("Observation/7")),
}  # fmt: skip

RIGHT = {
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
}

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
    assert (told.verdict, len(told.findings), len(told.exchanges)) == (Verdict.FAIL, 2, 6)
    assert "and 4 more like it" in told.findings[0].got


def test_nothing_seen_is_no_pass():
    """The rule does not apply where no exchange could show it."""
    assert verdict("always.etag-equals-version").verdict is Verdict.NOT_APPLICABLE
    assert verdict("always.etag-equals-version", exchange()).verdict is Verdict.NOT_APPLICABLE


def test_a_waiver_counts_for_what_is_watched_too():
    """As for any other rule."""
    waiver = {"reason": "known", "owner": "ada", "until": "2999-01-01"}
    rule = "always.no-server-error"
    assert (
        verdict(rule, exchange(status=500), waivers={rule: waiver}.items()).verdict
        is Verdict.WAIVED
    )


def test_every_monitor_has_its_sentence():
    """The feature files are the catalogue of what is watched, too."""
    assert {rule.id for rule in rules() if is_watched(rule.id)} == set(MONITORS)
