"""Failures grouped by what they have in common: read from the evidence, the simplest rule first."""

import json

import pytest
from page_run import CHANGED, accepted, everything, operation, raced, step
from report_log import BASE, exchange, failure, verdict, whole

from ifmatch.report.advice import advice_on
from ifmatch.report.causes import ACCEPTED, APPLIED, REFUSED, SERVER_ERROR, causes
from ifmatch.report.document import document, problems
from ifmatch.report.evidence import deciding_exchange
from ifmatch.report.interaction import interaction_of
from ifmatch.rules.verdict import Verdict


def found(run):
    """The causes of the failures of a run: each with its rules."""
    failed = [judged for judged in run.rules if judged.verdict is Verdict.FAIL]
    return {
        str(cause.symptom): [judged.rule for judged in cause.rules] for cause in causes(failed, run)
    }


def test_one_ignored_header_is_one_cause():
    """The plain rule of the fewest exchanges first, then the others, the race last; what differs stands apart."""
    assert found(everything()) == {
        f"Update with If-Match: {ACCEPTED}": [
            "update.if-match.stale",
            "update.if-match.stale-by-two",
            "race.update.same-version",
        ],
        "Expected a ETag header": ["read.headers.etag"],
    }


def test_a_race_without_a_plain_rule_is_a_cause_of_its_own():
    """A server that checks If-Match, and then writes too late, fails races alone: nothing plainer hides them."""
    run = whole(
        exchange("u1", status=200, headers=[]), exchange("r1", status=200), exchange("r2", status=200),
        accepted("update.if-match.missing", "u1", reads=0),
        raced("race.x", operation("A", "r1", "2"), operation("B", "r2", "3")),
    )  # fmt: skip
    assert found(run) == {
        f"Update: {ACCEPTED}": ["update.if-match.missing"],
        f"Update with If-Match: {ACCEPTED}": ["race.x"],
    }


def test_a_race_that_shows_something_else_is_named_after_it():
    """A read that is late is not a write that was let through; nor is a write that was refused without need."""
    run = whole(
        exchange("w1", status=200), exchange("r1", "GET", 200, headers=[]), exchange("r2", status=412),
        accepted("update.if-match.stale", "w1", reads=0),
        raced("race.read", operation("A", "r1", "2"), anomaly="stale read"),
        raced("race.torn", operation("A", "w1", "2"), operation("B", "w1", "3", base="2"), anomaly="torn content"),
        raced("race.wedged", operation("A", "w1", "2"), operation("B", "r2", "", "refused"),
              anomaly="spurious conflict"),
    )  # fmt: skip
    assert list(found(run)) == [
        f"Update with If-Match: {ACCEPTED}",
        "Read: stale read",
        "Update with If-Match: torn content",
        "Update with If-Match: spurious conflict",
    ]


def test_what_was_refused_and_applied_is_one_cause_alone_and_in_a_race():
    """The judge calls it a ghost write; a single request shows it as a resource that has changed."""
    refused = {"status": 412, "answer": "412 with an OperationOutcome"}
    run = whole(
        exchange("w1"), exchange("r1", raced=True), exchange("w2"),
        accepted("update.if-match.stale", "w1", reads=0, findings=[CHANGED], observed=refused),
        accepted("update.lost-update.detected", "w2", reads=0, observed=refused,
                 findings=[CHANGED | {"expected": "what was sent is stored"}]),
        raced("race.x", operation("A", "r1", "", "refused"), anomaly="ghost write"),
    )  # fmt: skip
    assert found(run) == {
        f"Update with If-Match: {APPLIED}": [
            "update.if-match.stale",
            "update.lost-update.detected",
            "race.x",
        ]
    }


def test_rules_that_only_warn_count():
    """An ETag that is wrong everywhere fails where it must be right and warns where it should: that comes first."""
    etag = {"expected": "an ETag that names 3", "got": "ETag 2", "level": "SHALL"}
    versions = {"expected": "the versions 1, 2", "got": "no versions", "level": "SHALL"}
    run = whole(
        failure("history.count", findings=[versions], exchanges=[]),
        failure("history.deletion", findings=[versions], exchanges=[]),
        failure("read.etag", findings=[etag], exchanges=[]),
        verdict("create.etag", "warn", findings=[etag]),
        verdict("patch.etag", "warn", findings=[etag]),
    )
    assert list(found(run)) == ["Expected an ETag that names …", "Expected the versions … …"]


def test_half_a_transaction_is_told_with_the_plain_rule_that_shows_it():
    """A transaction that is refused, and half applied, is one cause, raced or not; where only a race shows it, it is
    named after that."""
    body = '{"type": "transaction", "entry": [{"request": {"ifMatch": "W/1"}}]}'
    sent = [exchange(id, "POST", 412, url=BASE, headers=[], body=body) for id in ("1", "r1")]
    plain = failure(
        "door.transaction-put.stale.exists",
        exchanges=["1"],
        findings=[CHANGED],
        observed={"status": 412, "answer": "412 with an OperationOutcome"},
    )
    race = raced("race.x", operation("A", "r1", "2"), anomaly="half a transaction")
    assert found(whole(*sent, race, plain)) == {
        f"Transaction with ifMatch: {APPLIED}": ["door.transaction-put.stale.exists", "race.x"]
    }
    assert list(found(whole(*sent, race))) == ["Transaction with ifMatch: half a transaction"]


def test_of_a_race_without_a_witness_a_request_that_raced_decides():
    """Not the one that made the resource."""
    finding = {"expected": "409", "got": "500 with text", "level": "SHALL"}
    run = whole(
        exchange("raced", status=500, raced=True), exchange("make", "POST", 500, url=f"{BASE}/Patient"),
        failure(findings=[finding], exchanges=["make"], race={"rounds": 3}, observed={"status": 500},
                steps=[step("When", "writers race", "failed", exchanges=["make"], findings=[finding])]),
    )  # fmt: skip
    assert list(found(run)) == [f"Update with If-Match: {SERVER_ERROR}"]


def test_what_decided_is_the_last_deed_before_the_first_finding():
    """Not what was done to set the scene, nor what was read afterwards, nor a later attempt."""
    run = whole(
        exchange("make", "POST", 201, url=f"{BASE}/Patient"), exchange("first", "DELETE", 200, headers=[]),
        exchange("again", "PUT", 200), exchange("look", "GET", 200),
        failure(
            exchanges=["make", "first", "look", "again"],
            findings=[{"expected": "404", "got": "200 with an empty body", "level": "SHALL"}],
            steps=[
                step("Given", "a resource", exchanges=["make"]), step("When", "it is deleted", exchanges=["first"]),
                step("Then", "it is refused", "failed", exchanges=["look"],
                     findings=[{"expected": "404", "got": "200", "level": "SHALL"}]),
                step("When", "it is updated", exchanges=["again"]),
            ],
        ),
    )  # fmt: skip
    assert list(found(run)) == [f"Delete: {ACCEPTED}"]


@pytest.mark.parametrize(
    ("expected", "got", "heading"),
    [
        ("409 with an OperationOutcome", "412 with text", "Update with If-Match: answered 412, not 409"),
        ("400 or 422", "500 with text", f"Update with If-Match: {SERVER_ERROR}"),
        ("an answer that is not a server error", "503 with text", f"Update with If-Match: {SERVER_ERROR}"),
        ("2xx", "412 with an OperationOutcome", f"Update with If-Match: {REFUSED}"),
        ("an accepted write", "404 with text", f"Update with If-Match: {REFUSED}"),
        ("304", "200 with a resource", "Update with If-Match: answered 200, not 304"),
        ("an ETag that names 3", "ETag 2", "Expected an ETag that names …"),
        ("the text 'conflict'", "'other'", "Expected the text …"),
    ],
)  # fmt: skip
def test_a_symptom_is_what_went_wrong_without_the_particulars(expected, got, heading):
    """So that the same mistake has the same name, whatever the numbers and texts of the case."""
    finding = {"expected": expected, "got": got, "level": "SHALL"}
    assert list(found(whole(exchange("2"), failure(exchanges=["2"], findings=[finding])))) == [
        heading
    ]


def test_what_fails_for_its_neighbour_stands_behind_what_is_about_it():
    """A batch whose plain entry is refused fails every rule that sends such an entry beside its own."""
    beside = {"expected": "the entry beside it accepted", "got": "412 with text", "level": "SHALL"}
    own = {"expected": "2xx", "got": "412 with text", "level": "SHALL"}
    body = '{"type": "batch", "entry": [{"request": {"ifMatch": "W/1"}}]}'
    sent = [exchange(id, "POST", 200, url=BASE, headers=[], body=body) for id in "123"]
    run = whole(
        *sent,
        failure("door.batch-put.stale.exists", exchanges=["1"], findings=[beside]),
        failure("door.batch-delete.stale.exists", exchanges=["2"], findings=[beside]),
        failure("door.batch-put.current.exists", exchanges=["3"], findings=[own, beside]),
    )
    ((heading, rules),) = found(run).items()
    assert heading == f"Batch with ifMatch: {REFUSED}"
    assert rules[0] == "door.batch-put.current.exists"


def test_what_is_watched_stands_behind_what_has_a_story():
    """A monitor names an exchange, and no more; the causes that break the most rules come first."""
    finding = {"expected": "ETag 3", "got": "ETag 2", "level": "SHALL"}
    other = {"expected": "a Location header", "got": "no Location header", "level": "SHALL"}
    run = whole(
        verdict("always.etag", "fail", findings=[finding], exchanges=["1"]),
        verdict("create.location", "fail", findings=[other]),
        verdict("read.etag", "fail", findings=[finding], exchanges=["1", "2"]),
        verdict("update.etag", "fail", findings=[finding], exchanges=["1", "2", "3"]),
    )
    assert found(run) == {
        "Expected ETag …": ["read.etag", "update.etag", "always.etag"],
        "Expected a Location header": ["create.location"],
    }


@pytest.mark.parametrize(
    ("method", "path", "headers", "name"),
    [
        ("PUT", "/Patient/1", [], "update"),
        ("PUT", "/Patient/1", [["if-match", "x"], ["If-None-Match", "y"]], "update with If-Match and If-None-Match"),
        ("PUT", "/Patient?identifier=1", [], "conditional update"),
        ("PUT", "/Patient/1?_format=json", [], "update"),
        ("PATCH", "/Patient/1", [["If-Match", "x"]], "patch with If-Match"),
        ("DELETE", "/Patient?identifier=1", [], "conditional delete"),
        ("POST", "/Patient", [], "create"),
        ("POST", "/Patient", [["If-None-Exist", "identifier=1"]], "conditional create"),
        ("POST", "/Patient/_search", [], "search"),
        ("POST", "/", [], "transaction with ifMatch"),
        ("GET", "/Patient/1", [["If-None-Match", "x"]], "read with If-None-Match"),
        ("HEAD", "/Patient/1", [], "read"),
        ("GET", "/Patient/1/_history/2", [], "version read"),
        ("GET", "/Patient/1/_history", [], "history"),
        ("GET", "/_history", [], "history"),
        ("GET", "/Patient?name=x", [], "search"),
        ("GET", "/metadata", [], "capabilities"),
        ("BREW", "/Patient/1", [], "BREW"),
    ],
)  # fmt: skip
def test_a_request_has_a_name(method, path, headers, name):
    """That of the interaction of FHIR, with the precondition."""
    body = (
        '{"type": "transaction", "entry": [{"request": {"ifMatch": "W/1"}}]}' if path == "/" else ""
    )
    request = exchange(method=method, url=f"{BASE}{path}", headers=headers, body=body).request
    assert interaction_of(request, BASE) == name


def test_there_is_something_to_do_about_each_cause():
    """Every symptom has its advice, and the common ones not the general one."""
    run = everything()
    failed = [judged for judged in run.rules if judged.verdict is Verdict.FAIL]
    advice = [advice_on(cause.symptom) for cause in causes(failed, run)]
    assert "If-Match" in advice[0].means
    assert "lacks" in advice[1].means


def test_where_nothing_was_done_but_to_look_that_decides():
    """A history that is wrong is no news of the writes that made it."""
    wrong = {"expected": "404", "got": "200 with a resource", "level": "SHALL"}
    run = whole(
        exchange("make", "PUT", 200), exchange("history", "GET", 200, url=f"{BASE}/Patient/57/_history", headers=[]),
        failure(
            exchanges=["make", "history"], findings=[wrong],
            steps=[
                step("Given", "a resource", exchanges=["make"]),
                step("Then", "it has no history", "failed", exchanges=["history"], findings=[wrong]),
            ],
        ),
    )  # fmt: skip
    assert list(found(run)) == ["History: accepted, though it must be refused"]


def test_of_what_is_watched_the_first_that_was_wrong_decides():
    """Not the last write among those that contradict each other."""
    wrong = {"expected": "an ETag that names 1", "got": "ETag 2", "level": "SHALL"}
    run = whole(
        exchange("read", "GET", 200), exchange("written", "PUT", 200),
        failure("always.etag-equals-version", exchanges=["read", "written"], findings=[wrong], steps=[]),
    )  # fmt: skip
    (judged,) = run.rules
    assert deciding_exchange(judged.spokesman, run).id == "read"


def test_of_two_conditions_the_one_that_others_show_is_what_is_wrong():
    """An update that is let through with a further header fails for no cause of its own."""
    both = [["If-Match", 'W/"1"'], ["If-None-Match", 'W/"9"']]
    run = whole(
        exchange("1"), exchange("2", headers=both),
        accepted("update.if-match.stale", "1", reads=0),
        accepted("update.if-match.stale-and-new", "2", reads=1),
    )  # fmt: skip
    assert found(run) == {
        f"Update with If-Match: {ACCEPTED}": [
            "update.if-match.stale",
            "update.if-match.stale-and-new",
        ]
    }


def bundled(kind, id, method="PUT", **how):
    """A Bundle with one entry that names a version, alone among others."""
    asked = {"method": method, "url": "Patient/57", "ifMatch": 'W/"1"'}
    body = json.dumps(
        {"type": kind, "entry": [{"request": asked}, {"request": {"method": "GET", "url": "x"}}]}
    )
    return exchange(id, "POST", 200, url=BASE, headers=[], body=body, **how)


def test_what_goes_wrong_in_a_bundle_is_no_other_cause():
    """A server that ignores If-Match ignores it everywhere: one cause, the plain rule first, whatever came first."""
    run = whole(
        bundled("batch", "b1"), bundled("transaction", "t1"), bundled("batch", "b2"),
        bundled("batch", "b3"), exchange("u1"), exchange("u0", "GET"), bundled("transaction", "d1", "DELETE"),
        accepted("door.batch-put.stale.exists", "b1", reads=0),
        accepted("batch.stale", "b3", reads=0),
        accepted("door.transaction-put.stale.exists", "t1", reads=0),
        failure("batch.answers", exchanges=["b2"],
                findings=[{"expected": "refused, accepted", "got": "accepted, accepted", "level": "SHALL"}]),
        accepted("update.if-match.stale", "u1", reads=1),
        accepted("door.transaction-delete.stale.exists", "d1", reads=0),
    )  # fmt: skip
    assert {symptom: set(rules) for symptom, rules in found(run).items()} == {
        f"Update with If-Match: {ACCEPTED}": {
            "update.if-match.stale",
            "door.batch-put.stale.exists",
            "door.transaction-put.stale.exists",
            "batch.answers",
            "batch.stale",
        },
        f"Transaction with ifMatch: {ACCEPTED}": {"door.transaction-delete.stale.exists"},
    }
    assert found(run)[f"Update with If-Match: {ACCEPTED}"][0] == "update.if-match.stale"


def test_a_machine_is_told_the_causes():
    """In the order in which a person is, and each failed rule in one."""
    report = document(everything())
    assert problems(report) == []
    assert report["causes"] == [
        {
            "cause": f"Update with If-Match: {ACCEPTED}",
            "rules": [
                "update.if-match.stale",
                "update.if-match.stale-by-two",
                "race.update.same-version",
            ],
        },
        {"cause": "Broken promise: A read has an ETag", "rules": ["read.headers.etag"]},
    ]
    assert document(whole(verdict()))["causes"] == []


def test_a_bundle_without_a_plain_rule_is_a_cause_of_its_own():
    """Such as of a server that honours If-Match but not ifMatch."""
    run = whole(bundled("batch", "b1"), accepted("door.batch-put.stale.exists", "b1", reads=0))
    assert list(found(run)) == [f"Batch with ifMatch: {ACCEPTED}"]
