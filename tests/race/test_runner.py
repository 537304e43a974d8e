"""How races are carried out: who meets, what counts as having met, and what a server's names for its versions mean."""

import itertools
from dataclasses import replace

import pytest

from ifmatch.client.exchange import Request
from ifmatch.client.recorder import Recorder
from ifmatch.client.redaction import Redactor
from ifmatch.client.settings import Settings
from ifmatch.client.target import Target
from ifmatch.client.workbench import Workbench
from ifmatch.errors import OutcomeUnknown, SetupFailed, TargetUnusable
from ifmatch.judge.anomaly import Anomaly, Name
from ifmatch.judge.history import Entry, Kind, Operation, Outcome
from ifmatch.race.budget import Budget
from ifmatch.race.completion import Completion, block_of
from ifmatch.race.confidence import Block
from ifmatch.race.environment import Environment
from ifmatch.race.invocations import Invocation
from ifmatch.race.race import Race, Sighting
from ifmatch.race.runner import Runner
from ifmatch.race.summary import blamed, check, report
from ifmatch.race.transport import Side
from ifmatch.race.version_names import VersionNames
from ifmatch.race.workloads.interrupted import abandoned_and_retried
from ifmatch.race.workloads.rounds import Workload, run, winner
from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.answer import Answer
from ifmatch.rules.profile import load

INVOCATION = Invocation(Kind.UPDATE, Request("PUT", "http://x/Patient/1", (), b"{}"))


def completed(
    status: int, released: int = 0, returned: int | None = 10, outcome: Outcome | None = None
) -> Completion:
    """An update as it was answered."""
    outcome = outcome or (Outcome.OK if status == 200 else Outcome.REFUSED)
    operation = Operation(0, "A", Kind.UPDATE, 0, returned, outcome, status or None)
    return Completion(INVOCATION, Answer(status), operation, released)


UNANSWERED = completed(0, returned=None, outcome=Outcome.UNKNOWN)
PUT_OFF = completed(429, outcome=Outcome.UNKNOWN)

# ---------------------------------------------------------------- what counts


@pytest.mark.parametrize(
    ("completions", "overlapping"),
    [
        ([completed(200, 0, 10), completed(412, 5, 12)], 1),
        ([completed(200, 0, 4), completed(412, 5, 12)], 0),
        ([completed(200), UNANSWERED], 0),
        ([completed(200), PUT_OFF], 0),
        ([completed(200), completed(500, 1, 9, Outcome.UNKNOWN)], 1),
    ],
)
def test_only_writes_that_were_answered_have_met(completions, overlapping):
    """What was put off, or never answered, may never have been there."""
    assert block_of([completions]).overlapping == overlapping


def test_a_round_is_decided_when_every_outcome_is_known():
    """Only such a round can be said to have had no winner."""
    race = Race(
        environment=None,
        rounds=[[completed(412), completed(412)], [completed(412), PUT_OFF], [completed(200)]],
    )
    assert race.decided == [race.rounds[0]]


@pytest.mark.parametrize(
    ("first", "second", "won"),
    [(200, 412, Side.A), (412, 200, Side.B), (200, 200, Side.B), (412, 412, None)],
)
def test_of_two_unlike_invocations_the_second_has_won_if_it_was_accepted(first, second, won):
    """A delete that names no version is accepted in any case; an update after it is not."""
    assert winner([completed(first), completed(second)]) is won


def test_who_won_is_not_told_by_what_was_not_answered():
    """It teaches nothing."""
    assert winner([completed(200), UNANSWERED]) is None


def test_dates_that_go_back_are_not_blamed():
    """Unlike a lost update."""
    assert not blamed(Anomaly(Name.UPDATED_BACKWARDS, (), ""))
    assert blamed(Anomaly(Name.LOST_UPDATE, (), ""))


# ---------------------------------------------------------------- names of versions


def shown(tag: str, version: str) -> Answer:
    """A read that calls a version by two names."""
    body = f'{{"resourceType": "Patient", "meta": {{"versionId": "{version}"}}}}'.encode()
    return Answer(200, {"etag": f'W/"{tag}"'}, body)


def learnt(*pairs: tuple[str, str]) -> VersionNames:
    """The names after so many reads."""
    names = VersionNames()
    for pair in pairs:
        names.learn(shown(*pair))
    return names


def wrote(version: str, marker: str | None) -> Operation:
    """An accepted write."""
    return Operation(0, "A", Kind.UPDATE, 0, 1, Outcome.OK, 200, marker=marker, version=version)


ENTRIES = (Entry("1", ("m1",)), Entry("2", ("m2",)), Entry("3", ("m3",)))


def test_names_that_agree_change_nothing():
    """As on most servers."""
    assert learnt(("1", "1"), ("2", "2")).listed(ENTRIES, [wrote("3", "m3")]) == (ENTRIES, "")


def test_an_etag_of_its_own_kind_names_the_entries():
    """By the reads, and by the mark where nobody has read."""
    listed, why = learnt(("a", "1"), ("b", "2")).listed(
        ENTRIES, [wrote("b", "m2"), wrote("c", "m3")]
    )
    assert ([entry.version for entry in listed or ()], why) == (["a", "b", "c"], "")


def test_a_history_whose_names_cannot_be_matched_is_given_up():
    """A write without a mark could be any of them."""
    listed, why = learnt(("a", "1")).listed(ENTRIES, [wrote("c", None)])
    assert listed is None
    assert "calls versions otherwise" in why


def test_an_etag_that_stands_for_two_versions_names_none():
    """Nor does a version with two ETags."""
    assert "the ETag a stands for several versions" in learnt(("a", "1"), ("a", "2")).doubt
    assert "the meta.versionId 1 stands for several ETags" in learnt(("a", "1"), ("b", "1")).doubt
    assert learnt(("a", "1"), ("b", "2")).doubt == ""


# ---------------------------------------------------------------- races


@pytest.fixture
def runner():
    """A runner on an embedded server."""
    with EmbeddedServer(load("fhir-r4")) as server:
        settings = Settings(server.base_url, timeout=2, through_proxy=False)
        target = Target(settings, load("fhir-r4"), "run-1", Recorder(lambda _: None, Redactor()))
        bench = Workbench(target, "Patient", history=False)
        environment = Environment.measured(target, bench.make(), 4)
        yield Runner(environment, target, bench, Budget(8, 1, 6, 2, 600), 4, 1, check)
        target.close()


def updates(runner):
    """So many updates from the same version."""
    return Workload(
        lambda subject, seen, writers: [
            runner.invocations.update(subject, seen) for _ in range(writers)
        ]
    )


def test_two_writers_and_all_meet_by_turns(runner):
    """On some servers few are more likely to collide than many."""
    race = run(runner, updates(runner))
    assert [len(round_) for round_ in race.rounds][:8] == [4, 2] * 4


@pytest.mark.parametrize(
    ("overlapping", "blocks"),
    [((1,), 8), ((0,), 8), ((1, 0), 13), ((1, 0, 0, 0), 16)],
    ids=["all", "none", "half", "a quarter"],
)
def test_where_too_few_rounds_race_there_are_more(runner, overlapping, blocks):
    """Up to as many again, and only where it is worth trying."""
    race, share = Race(runner.environment), itertools.cycle(overlapping)
    runner.each_block(race, lambda _: race.blocks.append(Block(1, next(share))))
    assert len(race.blocks) == blocks


@pytest.mark.parametrize(("longest", "rounds"), [(60.0, 3), (0.0, 1)])
def test_where_rounds_take_long_a_block_has_fewer(runner, monkeypatch, longest, rounds):
    """The first is always run, and what was left out is told."""
    monkeypatch.setattr("ifmatch.race.runner._LONGEST_BLOCK", longest)
    runner.budget = replace(runner.budget, rounds=3)
    race = run(runner, updates(runner))
    assert {block.rounds for block in race.blocks} == {rounds}
    assert race.left_out == (3 - rounds) * len(race.blocks)
    assert [f"{race.left_out} were left out" in limit for limit in race.limits] == [True] * bool(
        race.left_out
    )


def test_unlike_invocations_are_brought_to_meet_and_it_is_told(runner):
    """The offset is in the report."""

    def prepare(subject, seen, _):
        return [runner.invocations.delete(subject, seen), runner.invocations.update(subject, seen)]

    race = run(runner, Workload(prepare, once=True, unlike=True))
    assert race.aim is not None and race.aim.last is not None
    assert race.aim.text in report(race).facts.confidence
    assert len({subject.id for subject in race.subjects}) == len(race.rounds)


def test_a_block_that_comes_to_nothing_is_told_and_the_next_is_tried(runner):
    """One hanging read must not hide what the other rounds show."""
    calls = iter(range(100))

    def prepare(subject, seen, writers):
        if next(calls) == 1:
            raise OutcomeUnknown("the read hung")
        return updates(runner).prepare(subject, seen, writers)

    race = run(runner, Workload(prepare))
    assert race.troubles == ["the read hung"]
    assert len(race.rounds) == len(race.histories) - 1


def test_what_never_comes_about_says_why(runner):
    """After a few attempts, not after all."""
    tries = []

    def prepare(*_):
        tries.append(1)
        raise SetupFailed("no version")

    with pytest.raises(SetupFailed, match="no version"):
        run(runner, Workload(prepare))
    assert len(tries) == 3


def test_a_target_that_goes_away_does_not_take_a_proven_fault_with_it(runner):
    """Evidence is kept."""
    race = Race(
        runner.environment,
        sightings=[Sighting(None, Anomaly(Name.LOST_UPDATE, (), ""), fault=True)],
    )

    def block(_):
        raise TargetUnusable("gone")

    runner.each_block(race, block)
    assert race.troubles == ["gone"]
    with pytest.raises(TargetUnusable):
        runner.each_block(Race(runner.environment), block)


def test_one_writer_is_no_race(runner):
    """It is said so, instead of passing."""
    environment = replace(runner.environment, writers=1, narrow=True)
    alone = Runner(environment, runner.target, runner.bench, runner.budget, 4, 1, check)
    with pytest.raises(OutcomeUnknown, match="serves 1 connections at once"):
        run(alone, updates(alone))


def test_an_abandoned_write_that_has_landed_is_not_waited_for(runner):
    """What can still land is given seconds; what is seen in the history has landed."""
    race = abandoned_and_retried(runner)
    assert not race.faults
    (history, *_) = race.histories
    assert any(operation.outcome is Outcome.UNKNOWN for operation in history.operations)


def test_a_history_that_cannot_be_checked_proves_nothing_and_loses_nothing(runner, monkeypatch):
    """The read of a version that it leaves out may hang: what raced is judged without the history."""

    def hangs(*_):
        raise OutcomeUnknown("the read of a version hung")

    race = Race(runner.environment)
    builder = runner.new_history(race)
    builder.alone("A", runner.invocations.update(builder.subject, builder.seen))
    monkeypatch.setattr(runner.reader, "history", lambda _: (Entry(str(builder.seen.version)),))
    monkeypatch.setattr("ifmatch.race.closing._SETTLING", 0.0)
    monkeypatch.setattr(runner.target, "vread", hangs)
    runner.settle(race)
    (history,) = race.histories
    assert history.entries is None
    assert [
        operation.writer for operation in history.operations if operation.kind is Kind.UPDATE
    ] == ["A"]
    assert race.troubles == ["the read of a version hung"]
