"""A target whose reads lag behind its writes: told once, waited for, and taken for nothing else."""

import itertools
import json

import pytest

from ifmatch.client.exchange import Request
from ifmatch.client.freshness import Freshness
from ifmatch.rules.answer import Answer

BASE = "http://target.example/fhir"


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self):
        return self.now


def asked(method, path="Patient/1"):
    return Request(method, f"{BASE}/{path}")


def told(version, status=200):
    return Answer(status, {"etag": f'W/"{version}"'} if version else {})


def listed(*versions):
    """A history of some versions, of which an empty one is a deletion."""
    resources = [{"resourceType": "Patient", "meta": {"versionId": one}} for one in versions if one]
    deletions = [{"request": {"method": "DELETE"}} for one in versions if not one]
    entries = [*deletions, *({"resource": one} for one in resources)]
    bundle = {"resourceType": "Bundle", "entry": entries}
    return Answer(200, {}, json.dumps(bundle).encode())


def after(*writes):
    """What is known after some writes, each its method and its answer."""
    fresh = Freshness(BASE, Clock())
    for method, answer in writes:
        fresh.note(asked(method), answer)
    return fresh


TWO = (("PUT", told("1", 201)), ("PUT", told("2")))

BEHIND = {
    "what was replaced": (TWO, "Patient/1", told("1")),
    "what was replaced is still the same": (TWO, "Patient/1", told("1", 304)),
    "nothing yet": (TWO[:1], "Patient/1", told("", 404)),
    "what was deleted": ((*TWO, ("DELETE", told("", 204))), "Patient/1", told("2")),
    "a history without the deletion": (
        (*TWO, ("DELETE", told("", 204))),
        "Patient/1/_history",
        listed("2", "1"),
    ),
    "a history without the newest": (TWO, "Patient/1/_history", listed("1")),
}

UP_TO_DATE = {
    "the newest": (TWO, "Patient/1", told("2")),
    "one of somebody else": (TWO, "Patient/1", told("3")),
    "another resource": (TWO, "Patient/2", told("", 404)),
    "what was deleted is gone": ((*TWO, ("DELETE", told("", 204))), "Patient/1", told("", 410)),
    "one that was there before a write that tells none": ((*TWO, ("PUT", told(""))), "Patient/1", told("2")),
    "a history with the deletion": (
        (*TWO, ("DELETE", told("", 204))), "Patient/1/_history", listed("", "2", "1"),
    ),
    "no answer to the read": (TWO, "Patient/1", told("", 403)),
    "a history with the newest": (TWO, "Patient/1/_history", listed("2", "1")),
    "a search": (TWO, "Patient?_id=1", told("1")),
    "after a write that fails": ((*TWO, ("PUT", told("", 500))), "Patient/1", told("1")),
}  # fmt: skip


@pytest.mark.parametrize("name", BEHIND)
def test_what_shows_less_than_was_acknowledged_is_behind(name):
    writes, path, answer = BEHIND[name]
    assert after(*writes).is_behind(asked("GET", path), answer)


@pytest.mark.parametrize("name", UP_TO_DATE)
def test_what_may_be_current_is_not_behind(name):
    writes, path, answer = UP_TO_DATE[name]
    assert not after(*writes).is_behind(asked("GET", path), answer)


def test_a_create_is_known_by_the_id_that_its_answer_gives():
    fresh = Freshness(BASE, Clock())
    location = {"location": f"{BASE}/Patient/7/_history/1", "etag": 'W/"1"'}
    fresh.note(asked("POST", "Patient"), Answer(201, location))
    assert fresh.is_behind(asked("GET", "Patient/7"), told("", 404))


@pytest.mark.parametrize("forgets", ["by criteria", "in a race"])
def test_a_write_that_may_be_about_anything_leaves_nothing_certain(forgets):
    fresh = after(*TWO)
    if forgets == "in a race":
        fresh.raced(asked("PUT"))
    else:
        fresh.note(asked("DELETE", "Patient?identifier=1"), told("", 204))
    assert not fresh.is_behind(asked("GET"), told("", 404))


def test_a_target_that_lags_is_given_time_before_each_look():
    """As long as it was seen to take, and some more; writes wait for nothing."""
    clock = Clock()
    fresh = Freshness(BASE, clock)
    fresh.note(asked("PUT"), told("1"))
    assert fresh.due(asked("GET")) == 0
    clock.now = 0.2
    fresh.note(asked("GET"), told("1"), behind=3)
    assert fresh.lag == 0.2
    fresh.note(asked("PUT"), told("2"))
    assert fresh.due(asked("GET")) > fresh.lag
    assert fresh.due(asked("PUT")) == 0


def test_what_is_never_shown_is_not_waited_for_for_ever():
    fresh = after(*TWO)
    waits = itertools.takewhile(lambda _: fresh.patience, itertools.count())
    for _ in itertools.islice(waits, 100):
        fresh.note(asked("GET"), told("1"), behind=7)
    assert not fresh.patience
    assert not fresh.lag


#: Set-up, a refusal, a state after it, and races with and without reads in them.
RULES = ",".join(
    (
        "update.persisted",
        "update.if-match.stale",
        "create.persisted",
        "read.deleted",
        "race.update.same-version",
        "race.update.interleaved",
        "always.*",
    )
)


@pytest.mark.slow
def test_a_replica_that_lags_is_one_warning_and_nothing_else():
    from lagging_replica import lagging_replica
    from running import run

    with lagging_replica() as url:
        code, report, printed = run([url, "-p", "fhir-r4", "--rules", RULES])
    verdicts = {rule["rule"]: rule["verdict"] for rule in report["rules"]}
    assert code in (0, 7), printed
    warned = [rule for rule, verdict in verdicts.items() if verdict == "warn"]
    assert warned == ["always.read-your-writes"], printed
    assert verdicts["update.persisted"] == verdicts["update.if-match.stale"] == "pass"
    assert not {"fail", "error"} & set(verdicts.values()), printed
    assert not [
        one for rule in report["rules"] if (race := rule.get("race")) for one in race["anomalies"]
    ]
    words = {rule["rule"]: rule["message"] for rule in report["rules"]}
    assert "reads lag behind acknowledged writes" in words["always.read-your-writes"]
    if verdicts["race.update.interleaved"] == "inconclusive":
        assert "reads lag behind acknowledged writes" in words["race.update.interleaved"]
