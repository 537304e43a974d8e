"""The monitors that hold one exchange against others: what was sent, made and told before, while and after it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from watched import BASE, patient, seen

from ifmatch.client.exchange import Exchange, Request, Response

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MARK, OTHER_MARK = "0123456789abcdef" * 2, "fedcba9876543210" * 2

TRACE = "always.refusal-leaves-no-trace"
REUSED = "always.version-never-reused"
BACK = "always.last-updated-never-back"
FUTURE = "always.last-modified-not-in-the-future"
STATUS = "always.status-fits-effect"
ENTRY = "always.entry-fits-resource"
READ = "always.written-version-is-read"
DONE = "always.history-entry-says-what-was-done"
YOURS = "always.read-your-writes"
META = "always.metadata-is-valid"


def exchange(
    method="GET", path="Patient/1", status=200, *, at=0, lasts=1, sent=(), body=None, **headers
):
    """One exchange that began `at` so many seconds and took `lasts` of them."""
    told = tuple(
        (name.replace("_", "-"), value) for name, value in headers.items() if name != "if_match"
    )
    asked = (("If-Match", headers["if_match"]),) if "if_match" in headers else ()
    content = json.dumps(body).encode() if body else b""
    response = Response(status, "", "HTTP/1.1", told, content) if status else None
    request = Request(method, f"{BASE}/{path}", asked, json.dumps(sent).encode() if sent else b"")
    return Exchange(request, response, None, "", NOON + timedelta(seconds=at), lasts * 1000)


def shows(mark, at, path="Patient/1"):
    return exchange(path=path, at=at, body=patient(gender=f"ifmatch {mark}"))


def put(status, at, mark=MARK, lasts=1):
    return exchange("PUT", status=status, at=at, lasts=lasts, sent={"gender": f"ifmatch {mark}"})


def history(*entries):
    return exchange(
        path="Patient/1/_history",
        body={"resourceType": "Bundle", "type": "history", "entry": [*entries]},
    )


def told(version, at, mark=MARK, **more):
    """An update that sends a mark and is told a version."""
    headers = {"ETag": f'W/"{version}"'} if version else {}
    return exchange("PUT", at=at, sent={"gender": f"ifmatch {mark}"}, **headers, **more)


def reads(version, at, mark=MARK):
    """A read that shows a mark in a version."""
    return exchange(at=at, body=patient(version, gender=f"ifmatch {mark}"))


def made(version, at, lasts=1, method="PUT", status=200):
    return exchange(method, status=status, at=at, lasts=lasts, ETag=f'W/"{version}"')


def found(version, at):
    """A read that shows a version, or that nothing is there."""
    told = {"ETag": f'W/"{version}"'} if version else {}
    return exchange(status=200 if version else 404, at=at, **told)


def deleted(at, status=204):
    return exchange("DELETE", status=status, at=at)


#: A write whose body is no text in any encoding that is known.
NO_TEXT = replace(put(400, 0), request=replace(put(400, 0).request, body=b"\xff"))


BROKEN = {
    "what was refused is read": (TRACE, put(412, 0), shows(MARK, 2)),
    "what was refused is listed": (TRACE, put(400, 0), history({"resource": patient(gender=MARK)})),
    "what is refused was read meanwhile": (TRACE, shows(MARK, 1), put(412, 0, lasts=3), shows(MARK, 5)),
    "refused twice": (TRACE, put(412, 0), put(409, 2), shows(MARK, 4)),
    "a version comes back": (REUSED, made("1", 0), made("2", 2), made("1", 4)),
    "a version comes back after a deletion": (REUSED, made("1", 0), deleted(2), made("1", 4, status=201)),
    "a created version comes back": (
        REUSED, exchange("POST", "Patient", 201, at=0, ETag='W/"1"', Location=f"{BASE}/Patient/1"),
        made("2", 2), made("1", 4),
    ),
    "another version is read": (READ, told("3", 0), reads("2", 2)),
    "a new one is told to be another": (
        READ,
        exchange("POST", "Patient", 201, sent=patient(gender=MARK), ETag='W/"0"', Location=f"{BASE}/Patient/1"),
        reads("1", 2),
    ),
    "a read that lags": (YOURS, made("1", 0), made("2", 2), found("1", 4), found("2", 6)),
    "a read before what was created arrived": (YOURS, made("1", 0, status=201), found("", 2), found("1", 4)),
    "a read of what was deleted": (YOURS, made("1", 0), deleted(2), found("1", 4), found("", 6)),
    "times rise": (BACK, history(
        {"resource": patient(meta={"versionId": "2", "lastUpdated": "2026-01-01T12:00:00Z"})},
        {"resource": patient(meta={"versionId": "1", "lastUpdated": "2026-01-01T12:00:01Z"})},
    )),
    "a deletion before what it deleted": (BACK, history(
        {"request": {"method": "DELETE"}, "response": {"lastModified": "2026-01-01T12:00:00.1Z"}},
        {"resource": patient(meta={"versionId": "1", "lastUpdated": "2026-01-01T12:00:00.2Z"})},
    )),
    "changed tomorrow": (FUTURE, exchange(Date="Thu, 01 Jan 2026 12:00:00 GMT",
                                          Last_Modified="Fri, 02 Jan 2026 12:00:00 GMT")),
    "a read that creates": (STATUS, exchange(status=201)),
    "a patch that creates": (STATUS, exchange("PATCH", status=201)),
    "a deletion that creates": (STATUS, exchange("DELETE", status=201)),
    "an update of a version that creates": (
        STATUS, exchange(body=patient("7")), exchange("PUT", status=201, if_match='W/"7"'),
    ),
    "a write that is unmodified": (STATUS, exchange("PUT", status=304)),
    "another etag in a history": (ENTRY, history({"resource": patient("2"), "response": {"etag": 'W/"1"'}})),
    "another time in a history": (ENTRY, history({
        "resource": patient(meta={"lastUpdated": "2026-01-01T12:00:00Z"}),
        "response": {"lastModified": "2026-01-01T12:00:01Z"},
    })),
    "a wrong one behind one that is known": (META, exchange(body=patient()),
                                             history({"resource": patient()}, {"resource": patient(3)})),
    "an entry of nothing": (DONE, history({"fullUrl": f"{BASE}/Patient/1"})),
    "an update without its resource": (DONE, history({"request": {"method": "PUT"}})),
    "a version in a fullUrl": (DONE, history({"resource": patient(), "fullUrl": f"{BASE}/Patient/1/_history/2"})),
}  # fmt: skip

LAWFUL = {
    "what was accepted is read": (TRACE, put(412, 0, OTHER_MARK), put(200, 2), shows(MARK, 4)),
    "what was refused, and then accepted": (TRACE, put(412, 0), put(200, 2), shows(MARK, 4)),
    "what was accepted, and then refused": (TRACE, put(200, 0), put(412, 2), shows(MARK, 4)),
    "what was accepted is recorded last": (TRACE, put(412, 0), shows(MARK, 2), put(200, 1)),
    "what got no answer": (TRACE, put(412, 2), shows(MARK, 4), put(0, 0)),
    "what is no text": (TRACE, NO_TEXT, put(412, 1, OTHER_MARK), shows(MARK, 3)),
    "what failed": (TRACE, put(500, 0), put(412, 2), shows(MARK, 4)),
    "what the server did not wait for": (TRACE, put(412, 0, OTHER_MARK), put(408, 0), shows(MARK, 4)),
    "what an earlier run left": (TRACE, shows(MARK, 0), put(412, 2), put(412, 2, OTHER_MARK), shows(MARK, 4)),
    "a read of what was written": (YOURS, made("1", 0), made("2", 2), found("2", 4)),
    "a read of what others wrote": (YOURS, made("1", 0), made("2", 2), found("3", 4), found("2", 6)),
    "a read meanwhile": (YOURS, made("1", 0), made("2", 2, lasts=9), found("1", 1.5), found("1", 4), found("2", 20)),
    "what no read ever shows": (YOURS, made("1", 0), made("2", 2), found("1", 4), found("1", 6)),
    "nothing changed": (REUSED, made("1", 0), made("2", 2), made("2", 4)),
    "two at once": (REUSED, made("1", 0, lasts=9), made("2", 1), made("1", 3)),
    "one that began as the other ended": (REUSED, made("1", 0), made("2", 1), made("1", 2)),
    "an answer that came late": (REUSED, made("1", 0), made("2", 2, lasts=9), made("1", 4)),
    "a deletion that is not done yet": (REUSED, made("1", 0), deleted(2, status=202), made("1", 4)),
    "writes that tell no version": (REUSED, exchange("PUT", at=0), made("2", 2), exchange("PUT", at=4)),
    "another resource": (REUSED, made("1", 0), made("2", 2), exchange("PUT", "Patient/2", at=4, ETag='W/"1"')),
    "the version told is read": (READ, told("2", 0), reads("2", 2)),
    "equal times": (BACK, history(*[{"resource": patient(meta={"lastUpdated": "2026-01-01T12:00:00Z"})}] * 2)),
    "a time told less finely": (BACK, history(
        {"resource": patient(meta={"lastUpdated": "2026-01-01T12:00:00Z"})},
        {"resource": patient(meta={"lastUpdated": "2026-01-01T12:00:00.9Z"})},
    )),
    "a Date that lags": (FUTURE, exchange(Date="Thu, 01 Jan 2026 12:00:00 GMT",
                                          Last_Modified="Thu, 01 Jan 2026 12:00:01 GMT")),
    "an update that creates": (STATUS, exchange("PUT", status=201)),
    "a create": (STATUS, exchange("POST", "Patient", status=201)),
    "brought back by the version of the deletion": (
        STATUS, exchange(body=patient("1")), exchange("PUT", status=201, if_match='W/"2"'),
    ),
    "an unmodified read": (STATUS, exchange(status=304)),
    "a create by criteria": (STATUS, exchange("PUT", "Patient?identifier=1", status=201)),
    "an etag without quotes": (ENTRY, history({"resource": patient("2"), "response": {"etag": "2"}})),
    "the same time, told in two zones": (ENTRY, history({
        "resource": patient(meta={"lastUpdated": "2026-01-01T12:00:00Z"}),
        "response": {"lastModified": "2026-01-01T13:00:00+01:00"},
    })),
    "a resource alone": (DONE, history({"resource": patient()})),
    "a deletion without a resource": (DONE, history({"request": {"method": "DELETE"}})),
}  # fmt: skip


TELLS_NOTHING = {
    "no version is told": (READ, told("", 0), reads("2", 2)),
    "a read that lags": (READ, told("2", 0, OTHER_MARK), told("3", 2), reads("2", 4, OTHER_MARK)),
    "a read that lags behind equal content": (READ, told("2", 0), told("3", 2), reads("2", 4)),
    "something else was sent in between": (
        READ, told("2", 0), exchange("POST", "", at=2, sent={"type": "transaction"}), reads("3", 4),
    ),
    "what nobody is known to have sent": (
        READ, told("2", 0), *[exchange(at=2, body=patient("3", gender=f"{MARK} {OTHER_MARK}"))] * 2,
    ),
    "another one's version": (READ, told("3", 0, path="Patient/2"), reads("2", 2)),
    "no versions": (READ, told("3", 0), reads(None, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_contradicts_what_was_seen_before_is_found(name):
    rule, *exchanges = BROKEN[name]
    tally = seen(rule, *exchanges)
    assert tally.broken
    assert tally.findings("SHALL")


@pytest.mark.parametrize("name", LAWFUL)
def test_what_a_right_server_may_do_contradicts_nothing(name):
    rule, *exchanges = LAWFUL[name]
    tally = seen(rule, *exchanges)
    assert tally.looked
    assert not tally.broken


@pytest.mark.parametrize("name", TELLS_NOTHING)
def test_what_tells_nothing_of_a_write_is_not_held_against_it(name):
    rule, *exchanges = TELLS_NOTHING[name]
    assert not seen(rule, *exchanges).looked


@pytest.mark.parametrize("name", ["what was refused is read", "a version comes back"])
def test_a_contradiction_shows_both_exchanges(name):
    """The one that is wrong, and the one that it contradicts."""
    rule, *exchanges = BROKEN[name]
    tally = seen(rule, *exchanges)
    assert tally.exchanges == (str(len(exchanges)), "1")
    (finding,) = tally.findings("SHALL")
    assert "exchange 1" in finding.expected + finding.got


def test_what_raced_is_not_held_against_the_version_of_a_write():
    """Of two who meet, the one whose answer came last need not have written last."""
    rule, *exchanges = BROKEN["another version is read"]
    assert not seen(rule, *exchanges, raced=True).looked
