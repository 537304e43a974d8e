"""Failures grouped by what they have in common: read from the evidence, the simplest rule first."""

import json

import pytest
from page_run import CHANGED, accepted, everything, operation, raced, step
from report_log import BASE, exchange, failure, verdict, whole

from ifmatch.judge.anomaly import Name
from ifmatch.report.advice import advice_on
from ifmatch.report.causes import causes
from ifmatch.report.document import document, flaw
from ifmatch.report.evidence import deciding_exchange
from ifmatch.report.interaction import interaction_of
from ifmatch.report.symptoms import (
    ACCEPTED,
    APPLIED,
    DISORDER,
    REFUSED,
    SAME_AS_PLAIN,
    SERVER_ERROR,
    Symptom,
)
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


def test_of_races_the_one_between_equals_comes_first():
    """Where a transaction collides with an update, it is not plain which of them let it pass."""
    run = whole(
        exchange("u1"), exchange("u2"), exchange("u3"), bundled("transaction", "t1"),
        raced("race.a", operation("A", "u1", "2"), operation("B", "t1", "3")),
        raced("race.update.same-version", operation("A", "u2", "2"), operation("B", "u3", "3")),
    )  # fmt: skip
    assert found(run) == {
        f"Update with If-Match: {ACCEPTED}": ["race.update.same-version", "race.a"]
    }


def test_races_are_one_cause_where_they_have_an_interaction_in_common():
    """Which race comes first does not matter: an update that does not wait for others collides with all of them."""
    run = whole(
        exchange("u1"), exchange("u2"), exchange("u3"), exchange("u4"),
        exchange("p1", "PATCH"), exchange("d1", "DELETE"),
        raced("race.patch-vs-update", operation("A", "p1", "2"), operation("B", "u1", "3"), exchanges=["p1"]),
        raced("race.delete-vs-update", operation("A", "d1", "2"), operation("B", "u2", "3"),
              exchanges=["d1", "u2"]),
        raced("race.interleaved", operation("A", "d1", "2"), operation("B", "p1", "3"), exchanges=["d1"]),
        raced("race.update", operation("A", "u3", "2"), operation("B", "u4", "3"), exchanges=["u3", "u4", "u1"]),
    )  # fmt: skip
    assert found(run) == {
        f"Update with If-Match: {ACCEPTED}": [
            "race.update", "race.patch-vs-update", "race.delete-vs-update", "race.interleaved",
        ]
    }  # fmt: skip


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
        ("an audit event of the patch", "none within 2 s", "Expected an audit event of the …"),
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


CREATED = {
    "expected": "201 only where something was created",
    "got": "201 with a resource",
    "level": "SHALL",
}


def watched(*exchanges):
    """What was watched, and went wrong in these exchanges."""
    return failure("always.status-fits-effect", findings=[CREATED], exchanges=exchanges)


def test_what_is_watched_is_no_news_where_a_rule_fails_anyway():
    """An update of what is deleted is let through, and so answered 201: one cause."""
    run = whole(
        exchange("1", status=201, rule="update.deleted"), exchange("2", status=201, rule="update.gone"),
        exchange("3", rule="update.current"),
        accepted("update.deleted", "1", reads=0), accepted("update.stale", "4", reads=0), exchange("4"),
        verdict("update.gone", "warn"), verdict("update.current"), watched("1", "2"),
    )  # fmt: skip
    assert found(run) == {
        f"Update with If-Match: {ACCEPTED}": ["update.deleted", "update.stale", "always.status-fits-effect"]
    }  # fmt: skip


def test_what_is_watched_is_a_cause_where_rules_are_kept():
    """It goes wrong with them, too, so what fails besides is not what is wrong."""
    run = whole(
        exchange("1", status=201, rule="update.deleted"), exchange("2", rule="update.current"),
        accepted("update.deleted", "1", reads=0), verdict("update.current"), watched("1", "2"),
    )  # fmt: skip
    assert list(found(run)) == [
        f"Update with If-Match: {ACCEPTED}",
        "Expected … only where something was created",
    ]


def test_what_was_seen_with_each_rule_of_several_causes_makes_them_one():
    """Where a deletion begins the versions anew, a superseded one is current again, by whichever door it is named."""
    patch = {"url": f"{BASE}/Patient/57", "method": "PATCH"}
    run = whole(
        exchange("1", rule="update.revived"), exchange("2", rule="patch.revived", **patch),
        exchange("3", rule="delete.stale", method="DELETE"),
        accepted("update.revived", "1", reads=0), accepted("patch.revived", "2", reads=0),
        accepted("delete.stale", "3", reads=0), watched("1", "2"),
    )  # fmt: skip
    assert found(run) == {
        f"Update with If-Match: {ACCEPTED}": ["update.revived", "patch.revived", "always.status-fits-effect"],
        f"Delete with If-Match: {ACCEPTED}": ["delete.stale"],
    }  # fmt: skip


def test_what_is_refused_with_one_status_is_refused_for_one_reason():
    """A server that takes no update, for what it lost before, does not come to compare versions."""

    def refused(rule, id, due, got="422 with text"):
        return failure(
            rule, exchanges=[id], findings=[{"expected": due, "got": got, "level": "SHALL"}]
        )

    run = whole(
        exchange("1"), exchange("2"), exchange("3", headers=[]), exchange("4"), exchange("5", "DELETE"),
        refused("update.current", "1", "200"), refused("update.stale", "2", "409 or 412"),
        refused("update.missing", "3", "412 with an OperationOutcome"),
        refused("update.malformed", "4", "400", "409 with text"), refused("delete.stale", "5", "412"),
        refused("capability.update", "1", "an update of Flag, which the capability statement claims"),
    )  # fmt: skip
    assert found(run) == {
        f"Update with If-Match: {REFUSED}": [
            "update.current", "capability.update", "update.stale", "update.missing",
        ],
        "Update with If-Match: answered 409, not 400": ["update.malformed"],
        "Delete with If-Match: answered 422, not 412": ["delete.stale"],
    }  # fmt: skip


def test_a_race_without_a_story_shows_what_a_single_request_does():
    """More writes were accepted than one, and no history tells which: what is ignored alone is ignored there."""
    several = {"expected": "one accepted write in each round", "got": "several accepted writes in 3 of 3 rounds",
               "level": "SHALL"}  # fmt: skip
    run = whole(
        exchange("1"), exchange("2", raced=True),
        accepted("update.if-none-match", "1", reads=0),
        failure("race.update-as-create", exchanges=["2"], findings=[several], race={"rounds": 3}),
    )  # fmt: skip
    assert found(run) == {
        f"Update with If-Match: {ACCEPTED}": ["update.if-none-match", "race.update-as-create"]
    }


def test_answers_in_another_order_are_one_cause():
    """What each entry of a Bundle came to is not known then, so nothing that it seems to show is a cause."""
    mixed = {
        "expected": "refused, accepted, accepted",
        "got": "accepted, accepted, refused",
        "level": "SHALL",
    }
    lost = {"expected": "a reference to Patient/1", "got": "no such reference", "level": "SHALL"}
    run = whole(
        bundled("batch", "1"), bundled("batch", "2"), bundled("transaction", "3"), exchange("4"),
        failure("batch.answers", exchanges=["1"], findings=[mixed]),
        accepted("door.batch-put.stale.exists", "2", reads=0),
        failure("transaction.references", exchanges=["3"], findings=[lost]),
        accepted("update.if-match.stale", "4", reads=0),
    )  # fmt: skip
    assert {heading: set(rules) for heading, rules in found(run).items()} == {
        DISORDER.capitalize().replace("bundle", "Bundle"): {
            "batch.answers", "door.batch-put.stale.exists", "transaction.references",
        },
        f"Update with If-Match: {ACCEPTED}": {"update.if-match.stale"},
    }  # fmt: skip


def test_a_server_that_fails_to_search_fails_every_write_by_criteria():
    """Whatever is written, and whatever it depends on besides."""
    crash = {"expected": "404", "got": "500 with text", "level": "SHALL"}
    sent = {"url": f"{BASE}/Patient?identifier=1", "status": 500}
    run = whole(
        exchange("1", **sent), exchange("2", "PATCH", headers=[], **sent), exchange("3", "DELETE", **sent),
        failure("conditional-update.none", exchanges=["1"], findings=[crash]),
        failure("conditional-patch.none", exchanges=["2"], findings=[crash]),
        failure("conditional-delete.none", exchanges=["3"], findings=[crash]),
    )  # fmt: skip
    assert list(found(run)) == [f"Conditional write: {SERVER_ERROR}"]


def test_it_does_not_matter_on_which_condition_a_read_is_refused():
    """No tag and no date allows that."""
    no = {"expected": "304 or 200", "got": "412 with an empty body", "level": "SHALL"}
    run = whole(
        exchange("1", "GET", headers=[["If-None-Match", "x"]]),
        exchange("2", "GET", headers=[["If-Modified-Since", "x"]]),
        failure("read.tag", exchanges=["1"], findings=[no]), failure("read.date", exchanges=["2"], findings=[no]),
    )  # fmt: skip
    assert found(run) == {f"Conditional read: {REFUSED}": ["read.tag", "read.date"]}


def test_what_a_read_shows_is_told_with_the_rule_about_reads():
    """A server that still shows what is deleted fails every rule that looks whether something is gone."""
    still = {"expected": "the resource is gone", "got": "a read is answered 200 with a resource",
             "level": "SHALL", "state": True}  # fmt: skip
    run = whole(
        exchange("1", method="DELETE", status=204, headers=[]), exchange("2", status=412),
        exchange("3", "GET", 200, headers=[]), exchange("4", "GET", 304, headers=[["If-None-Match", "x"]]),
        failure("delete.done", exchanges=["1"], findings=[still], observed={"status": 204}),
        failure("update.deleted", exchanges=["2"], findings=[still], observed={"status": 412}),
        failure("read.deleted", exchanges=["3"], findings=[{"expected": "410 or 404", "got": "200 with a resource",
                                                           "level": "SHALL"}]),
        failure("read.deleted.tag", exchanges=["4"], findings=[{"expected": "410 or 404", "got": "304 with text",
                                                               "level": "SHALL"}]),
    )  # fmt: skip
    ((heading, rules),) = found(run).items()
    assert heading == f"Read: {ACCEPTED}"
    assert rules[0] == "read.deleted"


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
        ("PUT", "/Patient/1/_history/2", [["If-Match", "x"]], "write to a version with If-Match"),
        ("DELETE", "/Patient/1/_history/2", [], "write to a version"),
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
    advice = [advice_on(cause.symptom, cause.is_raced) for cause in causes(failed, run)]
    assert "If-Match" in advice[0].means
    assert "lacks" in advice[1].means


@pytest.mark.parametrize(
    ("interaction", "wrong", "is_raced", "means"),
    [
        ("update with If-Match", ACCEPTED, False, "does not compare"),
        ("update with If-Match", ACCEPTED, True, "before it takes the lock"),
        ("write to a version with If-Match", ACCEPTED, False, "past version"),
        ("batch with ifMatch", ACCEPTED, False, "of an entry"),
        ("update with If-None-Match", ACCEPTED, False, "must not be there"),
        ("conditional create", ACCEPTED, False, "criterion that it does not know"),
        ("conditional create", ACCEPTED, True, "in two steps"),
        ("conditional read", ACCEPTED, False, "must not be seen"),
        ("read with If-None-Match", "answered 304, not 200", False, "no longer so"),
        ("read with If-None-Match", "answered 200, not 304", False, "not looked at"),
        ("update with If-Match", "answered 412, not 409", False, "another one than promised"),
        ("", DISORDER, False, "by its place"),
        ("", "expected the content that was sent", False, "not what was written"),
        ("", "expected two deletions", False, "no usual reason"),
    ],
)
def test_the_advice_fits_what_failed(interaction, wrong, is_raced, means):
    """A lock is no news of a server that lets through what is sent alone, nor a status that of a read that is stale."""
    assert means in advice_on(Symptom(interaction, wrong), is_raced).means


@pytest.mark.parametrize("anomaly", [name for name in Name if "order" not in name.label])
def test_each_anomaly_has_its_advice(anomaly):
    """Whoever lost an update is not told that something differs from what was promised."""
    wrong = SAME_AS_PLAIN.get(anomaly.label, anomaly.label)
    if anomaly not in (Name.UPDATED_BACKWARDS, Name.FUTURE_READ):
        assert "no usual reason" not in advice_on(Symptom("update", wrong), is_raced=True).means


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
    assert not flaw(report)
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
