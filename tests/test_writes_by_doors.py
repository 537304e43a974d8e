"""Writes by every door to a right server: each does what it says, to the resource that is meant and to no other."""

from types import SimpleNamespace

import pytest

from ifmatch.client.doors import (
    await_index,
    demand_own,
    tags_for,
    unborn,
    write,
    write_beside,
)
from ifmatch.client.recorder import Recorder
from ifmatch.client.redaction import Redactor
from ifmatch.client.settings import Settings
from ifmatch.client.subject import Snapshot, Subject
from ifmatch.client.target import Target
from ifmatch.client.workbench import Workbench
from ifmatch.errors import OutcomeUnknown, RuleNotApplicable
from ifmatch.rules.answer import Answer, Effect
from ifmatch.rules.content import differences
from ifmatch.rules.doors import CASES, DOORS
from ifmatch.rules.profile import load
from ifmatch.suite.embedded import embedded_server

ENTRIES = [name for name, door in DOORS.items() if door.within]


@pytest.fixture(scope="module")
def target():
    profile = load("fhir-r5")
    server, settings = embedded_server(profile, (), Settings(""))
    reached = Target(settings, profile, "run-1", Recorder(lambda _: None, Redactor()))
    yield reached
    reached.close()
    server.stop()


@pytest.fixture
def bench(target):
    return Workbench(target, "Patient", history=False)


def is_done(bench, subject, attempt):
    """Whether a resource is now as a write would leave it, and was another before."""
    seen = bench.look_for(subject)
    if attempt.deletes:
        return seen is None
    before = differences(attempt.sent, subject.now.resource)
    return seen is not None and bool(before) and not differences(attempt.sent, seen.resource)


@pytest.mark.parametrize("name", DOORS)
def test_a_write_that_names_the_current_version_is_done(target, bench, name):
    subject, bystander = bench.make(), bench.make()
    attempt = write(target, bench, DOORS[name], subject, tags_for("current", subject))
    assert attempt.answer.effect is Effect.ACCEPTED
    assert attempt.deletes is (DOORS[name].method == "DELETE")
    assert is_done(bench, subject, attempt)
    assert bystander.now.changes_to(bench.look(bystander)) == []


@pytest.mark.parametrize("name", DOORS)
def test_a_write_that_names_a_superseded_version_is_not_done(target, bench, name):
    subject = bench.make()
    bench.update(subject)
    attempt = write(target, bench, DOORS[name], subject, tags_for("stale", subject))
    assert attempt.answer.effect is Effect.REFUSED
    assert subject.now.changes_to(bench.look(subject)) == []


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_is_written_beside_another_one(target, bench, name):
    subject, other = bench.make(), bench.make()
    attempt = write_beside(target, bench, DOORS[name], subject, tags_for("current", subject), other)
    assert is_done(bench, subject, attempt)
    assert is_done(bench, other, attempt.beside)
    assert attempt.deletes is (DOORS[name].method == "DELETE")
    assert (attempt.answer.effect, attempt.beside.answer.effect) == (Effect.ACCEPTED,) * 2


@pytest.mark.parametrize("name", ENTRIES)
def test_of_two_entries_the_stale_one_is_refused(target, bench, name):
    """In a transaction the other one with it."""
    door, subject, other = DOORS[name], bench.make(), bench.make()
    bench.update(subject)
    attempt = write_beside(target, bench, door, subject, tags_for("stale", subject), other)
    assert attempt.answer.effect is Effect.REFUSED
    assert subject.now.changes_to(bench.look(subject)) == []
    assert is_done(bench, other, attempt.beside) is (door.within == "batch")


@pytest.mark.parametrize("name", ["update", "json-patch"])
def test_what_was_never_made_has_an_id_of_its_own(target, bench, name):
    subject, another = unborn(bench), unborn(bench)
    assert subject.id != another.id
    assert subject.sent["id"] == subject.id
    assert bench.look_for(subject) is None
    attempt = write(target, bench, DOORS[name], subject, tags_for("current", subject))
    assert attempt.answer.effect is Effect.REFUSED
    assert bench.look_for(subject) is None


def test_what_is_not_there_is_not_looked_for(target, bench, monkeypatch):
    monkeypatch.setattr(Workbench, "found", None)
    subject, door = unborn(bench), DOORS["conditional-delete"]
    attempt = write(target, bench, door, subject, (), is_there=False)
    assert attempt.answer.effect is not Effect.UNKNOWN


# ---------------------------------------------------------------- versions that are named


def _subject(*versions):
    """A resource that was read in the first of some versions, and is in the last now."""
    first, *_, last = (Snapshot(Answer(200, {"etag": f'W/"{v}"'}), {}, None) for v in versions)
    subject = Subject(SimpleNamespace(type="Patient", lent=False), "1", "u", {}, first)
    subject.now = last
    return subject


@pytest.mark.parametrize(
    ("case", "lines"),
    {
        "missing": [],
        "current": ['W/"5"'],
        "stale": ['W/"3"'],
        "never-existed": ['W/"987654321"'],
        "other-resource": ['W/"8"'],
        "malformed": ['W/"3'],
        "star": ["*"],
        "strong": ['"5"'],
        "strong-stale": ['"3"'],
        "bare": ["5"],
        "bare-stale": ["3"],
        "list": ['W/"3", W/"5"'],
        "list-stale": ['W/"3", W/"ifmatch-other"'],
        "two-lines": ['W/"3"', 'W/"5"'],
        "two-lines-stale": ['W/"3"', 'W/"ifmatch-other"'],
    }.items(),
)
def test_each_case_names_a_version_in_its_way(case, lines):
    assert tags_for(case, _subject("3", "5"), other="8") == lines


def test_every_case_is_known_above():
    assert len(CASES) == 15


def test_a_version_that_never_existed_looks_like_those_that_did():
    """Where they are no numbers, a number would be told apart by its form alone."""
    (tag,) = tags_for("never-existed", _subject("abc", "def"))
    assert "987654321" not in tag
    assert len(tag) == len('W/""') + 32


# ---------------------------------------------------------------- what is lent, and an index that lags


def test_what_is_lent_is_never_deleted():
    subject = _subject("1", "2")
    demand_own(subject)
    subject.kind.lent = True
    with pytest.raises(
        RuleNotApplicable, match=r"^Patient/1 is only lent to the run, so it is not deleted$"
    ):
        demand_own(subject)


class _Lagging:
    """A bench whose searches find a resource after so many looks."""

    def __init__(self, looks, offered=True):
        self.pauses, self._left, self._offered = [], looks, offered
        self.target = SimpleNamespace(pause=self.pauses.append)

    def offers(self, interaction, resource_type):
        assert (interaction, resource_type) == ("search-type", "Patient")
        return self._offered

    def found(self, resource_type, unique):
        assert (resource_type, unique) == ("Patient", "u")
        self._left -= 1
        return ["9"] if self._left else ["9", "1"]


@pytest.mark.parametrize(
    ("looks", "pauses"), [(1, [0]), (3, [0, 0.5, 1.0]), (4, [0, 0.5, 1.0, 2.0])]
)
def test_a_search_is_given_time_to_find_what_is_new(looks, pauses):
    bench = _Lagging(looks)
    await_index(bench, _subject("1", "2"))
    assert bench.pauses == pauses


def test_what_no_search_finds_no_condition_would_match():
    with pytest.raises(OutcomeUnknown, match=r"^a search does not find Patient/1, which is there$"):
        await_index(_Lagging(9), _subject("1", "2"))


def test_where_there_is_no_search_nobody_waits_for_one():
    bench = _Lagging(9, offered=False)
    await_index(bench, _subject("1", "2"))
    assert bench.pauses == []
