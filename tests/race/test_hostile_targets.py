"""Races on targets that misbehave on the wire but lose nothing: a verdict or a reason, never a false alarm.

Behind each front is a server that keeps every promise, so nothing may be found; where the front makes it impossible to
tell, that must be said. The same fronts before a server that does lose updates must not hide it.
"""

import itertools
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

import pytest

from ifmatch.client.recorder import Recorder
from ifmatch.client.redaction import Redactor
from ifmatch.client.settings import Settings
from ifmatch.client.target import Target
from ifmatch.client.tidying import tidy_up
from ifmatch.client.workbench import Workbench
from ifmatch.errors import OutcomeUnknown, SetupFailed
from ifmatch.judge.anomaly import Name
from ifmatch.log.events import Event, ExchangeRecorded, Journalled
from ifmatch.race import closing
from ifmatch.race.budget import Budget
from ifmatch.race.environment import Environment
from ifmatch.race.race import Race
from ifmatch.race.runner import Runner
from ifmatch.race.summary import check
from ifmatch.race.workloads import interrupted, relay
from ifmatch.race.workloads.interleaved import interleaved
from ifmatch.rules.case import Case
from ifmatch.rules.expectation import Expectation, Level, Source
from ifmatch.rules.profile import load
from ifmatch.rules.verdict import Verdict
from steps import race_outcomes as outcomes
from steps import races as steps
from tests.hostile import Asked, Hostile, Reply, Turn, altered, misbehaviour, none

pytestmark = pytest.mark.slow

#: Seconds that a target has for an answer.
TIMEOUT = 0.6

#: As few rounds as can lead to a verdict.
BUDGET = Budget(blocks=8, rounds=1, plans=16, repeats=2, seconds=600)


@pytest.fixture(autouse=True)
def _short_settling(monkeypatch):
    """What the fronts lose, they lose at once: there is no need to wait for it for seconds."""
    monkeypatch.setattr(closing, "_SETTLING", 0.4)


PROMISE = Expectation(Level.SHALL, Source("A text", "https://example.org/text"), status=(412, 409))

# ---------------------------------------------------------------- fronts


def connection_of(turn: Turn) -> int:
    """The how manyth connection a request came on."""
    wires = turn.front.__dict__.setdefault("wires", {})
    return wires.setdefault(turn.wire, len(wires))


@misbehaviour
def hang_some(turn: Turn) -> bool:
    """Every seventh connection is never answered."""
    if connection_of(turn) % 7 == 6:
        turn.front.stopped.wait()
    return none(turn)


@misbehaviour
def reset_some(turn: Turn) -> bool:
    """Every seventh connection is reset when a request comes."""
    if connection_of(turn) % 7 == 6:
        turn.wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
    return none(turn)


@misbehaviour
def lose_answers(turn: Turn) -> bool:
    """Every ninth write is done and never answered."""
    if turn.asked.method == "PUT" and turn.number % 9 == 0:
        turn.reply()
        turn.front.stopped.wait()
    return none(turn)


@misbehaviour
def fail_after_writing(turn: Turn) -> bool:
    """Every fifth write is done, and then said to have failed."""
    reply = turn.reply()
    done = turn.asked.method == "PUT" and turn.number % 5 == 0 and not reply.is_refusal
    return turn.send(Reply(500, b"sorry", [("Content-Type", "text/plain")]) if done else reply)


def putting_off(status: int, seconds: str) -> Callable[[Turn], bool]:
    """Whoever writes while two others do is put off."""

    def turn_away(turn: Turn) -> bool:
        busy = turn.front.__dict__.setdefault("busy", threading.Semaphore(2))
        if turn.asked.method == "GET":
            return none(turn)
        if not busy.acquire(blocking=False):
            return turn.send(Reply(status, headers=[("Retry-After", seconds)]))
        try:
            time.sleep(0.01)
            return none(turn)
        finally:
            busy.release()

    return turn_away


def named(name: str, behave: Callable[[Turn], bool]) -> None:
    """Enter a misbehaviour that was made."""
    behave.__name__ = name
    misbehaviour(behave)


named("too_many", putting_off(429, "0"))
named("too_many_for_a_second", putting_off(429, "1"))
named("busy_some", putting_off(503, "0"))


@misbehaviour
def dawdles(turn: Turn) -> bool:
    """Takes up to 300 ms for a request, mostly less."""
    time.sleep(0.3 * random.random() ** 3)
    return none(turn)


@misbehaviour
def forgets(turn: Turn) -> bool:
    """Drops a connection on which nothing was said for 50 ms."""
    turn.wire.settimeout(0.05)
    return none(turn)


@misbehaviour
def own_etag(turn: Turn) -> bool:
    """Has an ETag that is not the versionId, and takes no other in an If-Match, in bundles neither."""
    if any(n.lower() == "if-match" and "tag-" not in v for n, v in turn.asked.headers):
        return turn.send(Reply(412))
    headers = [
        (n, _OWN.sub(r"\1", v) if n.lower() == "if-match" else v) for n, v in turn.asked.headers
    ]
    reply = turn.reply(
        replace(
            turn.asked, headers=headers, body=_OWN.sub(r"\1", turn.asked.body.decode()).encode()
        )
    )
    reply = reply.holding(_with_own_etags(reply.json)) if reply.json else reply
    tag = next((v for n, v in reply.headers if n.lower() == "etag"), None)
    return turn.send(reply.but(etag=_owned(tag)) if tag else reply)


_OWN = re.compile(r"tag-(\w+)")


def _owned(tag: str) -> str:
    return re.sub(r"(\w+)(?=\W*$)", r"tag-\1", tag)


def _with_own_etags(content: object) -> object:
    if isinstance(content, list):
        return [_with_own_etags(one) for one in content]
    if not isinstance(content, dict):
        return content
    return {n: _owned(v) if n == "etag" else _with_own_etags(v) for n, v in content.items()}


@altered
def clock_jumps(asked: Asked, reply: Reply) -> Reply:
    """Its clock goes back years for every second version."""
    return reply.holding(_jumping(reply.json)) if reply.json else reply


def _jumping(content: object) -> object:
    if isinstance(content, list):
        return [_jumping(one) for one in content]
    if not isinstance(content, dict):
        return content
    content = {name: _jumping(one) for name, one in content.items()}
    if str(content.get("versionId", "")).isdigit() and int(content["versionId"]) % 2 == 0:
        content["lastUpdated"] = re.sub(r"^\d{4}", "2001", content["lastUpdated"])
    return content


@altered
def short_pages(asked: Asked, reply: Reply) -> Reply:
    """Lists only the newest version, and does not say how to get at the rest."""
    content = reply.json
    return (
        reply.holding({**content, "entry": content["entry"][:1]})
        if content.get("type") == "history"
        else reply
    )


class TwoAtOnce(Hostile):
    """Serves two connections at once; whoever comes then waits until one of them is closed."""

    def __init__(self, *given: object, **options: object) -> None:
        super().__init__(*given, **options)
        self.room = threading.Semaphore(2)

    def _serve(self, wire: socket.socket) -> None:
        with self.room:
            super()._serve(wire)


class OnlyTwo(TwoAtOnce):
    """Serves two connections at once, and closes any other."""

    def _serve(self, wire: socket.socket) -> None:
        if not self.room.acquire(blocking=False):
            wire.close()
            return
        try:
            Hostile._serve(self, wire)
        finally:
            self.room.release()


# ---------------------------------------------------------------- races on them


@dataclass
class Place:
    """A target behind a front, and all that was recorded."""

    runner: Callable[[], Runner]
    server: Hostile
    events: list[Event]
    target: Target


@contextmanager
def place(
    name: str, kind: type[Hostile] = Hostile, faults: tuple[str, ...] = (), writers: int = 4
) -> Iterator[Place]:
    """A front before a server, found out about, and swept in the end."""
    server, events = kind(name, faults=faults).start(), []
    try:
        settings = Settings(base_url=server.base_url, timeout=TIMEOUT, through_proxy=False)
        target = Target(settings, load("fhir-r4"), "run-1", Recorder(events.append, Redactor()))
        bench = Workbench(target, "Patient", history=False)
        environment, seeds = Environment.measured(target, bench.make(), writers), itertools.count(1)

        def new_runner() -> Runner:
            return Runner(environment, target, bench, BUDGET, writers, next(seeds), check)

        yield Place(new_runner, server, events, target)
        tidy_up(target)
    finally:
        server.stop()


def same_version(runner: Runner) -> Race:
    return steps.update_same_version(runner)


def acts(act: Callable[[Runner, Case], Race]) -> Callable[[Runner, Case], None]:
    """A race whose accepted writes must be kept."""

    def judged(runner: Runner, case: Case) -> None:
        outcomes.kept(case, act(runner, case))

    return judged


def judged_same_version(runner: Runner, case: Case) -> None:
    race = same_version(runner)
    outcomes.one_winner(case, race)
    outcomes.losers_as_promised(case, race)
    outcomes.kept(case, race)


def judged_relay(runner: Runner, case: Case) -> None:
    race = relay.read_modify_write(runner)
    outcomes.elements_there(case, race)
    outcomes.nobody_starved(case, race)
    outcomes.kept(case, race)


def judged_creates(runner: Runner, case: Case) -> None:
    outcomes.one_made(case, steps.create_conditional(runner))


def judged_deletes(runner: Runner, case: Case) -> None:
    race = steps.delete_all(runner, case)
    outcomes.gone(case, runner.target, race)


RACES = {
    "same-version": judged_same_version,
    "no-precondition": acts(lambda runner, _: steps.update_unnamed(runner)),
    "delete-vs-update": acts(steps.delete_and_update),
    "deletes": judged_deletes,
    "relay": judged_relay,
    "conditional-creates": judged_creates,
    "abandoned": acts(lambda runner, _: interrupted.abandoned_and_retried(runner)),
    "slow-writer": acts(lambda runner, _: interrupted.slow_writer(runner)),
    "interleaved": acts(lambda runner, _: interleaved(runner, 1)),
}

#: The races that are tried on every front: rounds, retries, an unlike pair, conditional creates, a window without luck.
FEW = ("same-version", "relay", "delete-vs-update", "conditional-creates", "abandoned")

#: The fronts on which nothing but the wire is odd, so that all can be told.
PLAIN = ("closes", "http10", "chunked", "no_etag", "own_etag")

#: Those on which some things cannot be known.
TRYING = (
    "drops",
    "drops_after_refusal",
    "forgets",
    "reset_some",
    "fail_after_writing",
    "too_many",
    "busy_some",
    "short_pages",
)

#: Those that cost time as well.
SLOW = ("hang_some", "lose_answers", "dawdles", "too_many_for_a_second")


def judge(runner: Runner, name: str) -> Case:
    """One race, judged as its scenario would be."""
    case = Case(f"race.{name}", PROMISE, "Patient")
    RACES[name](runner, case)
    return case


def described(case: Case) -> str:
    return f"{case.verdict()}: {[f.got for f in case.findings]} {case.race and case.race.doubt}"


def demand_pass(here: Place, names: Iterable[str]) -> None:
    """Each race passes."""
    for name in names:
        case = judge(here.runner(), name)
        assert case.verdict() is Verdict.PASS, f"{name}: {described(case)}"


def demand_no_false_alarm(here: Place, names: Iterable[str]) -> None:
    """Each race passes, or says why it cannot."""
    for name in names:
        try:
            case = judge(here.runner(), name)
        except (OutcomeUnknown, SetupFailed) as reason:
            assert str(reason)
            continue
        assert case.verdict() in (Verdict.PASS, Verdict.INCONCLUSIVE), f"{name}: {described(case)}"
        assert case.verdict() is Verdict.PASS or case.race.doubt


def test_a_target_that_is_not_odd_passes_every_race():
    """What is odd on the other fronts is then their own."""
    with place("none") as here:
        demand_pass(here, RACES)


@pytest.mark.parametrize("front", PLAIN)
def test_a_wire_that_is_only_odd_changes_no_verdict(front):
    """Nothing is hidden by it, so every race passes."""
    with place(front.replace("_", "-")) as here:
        demand_pass(here, (*FEW, "interleaved") if "etag" in front else FEW)


@pytest.mark.parametrize("front", TRYING)
def test_what_cannot_be_known_is_no_fault(front):
    """Each race passes, or says why it cannot."""
    with place(front.replace("_", "-")) as here:
        demand_no_false_alarm(here, ("same-version", "relay", "conditional-creates"))


@pytest.mark.parametrize("front", SLOW)
def test_a_target_that_makes_us_wait_is_no_fault(front):
    """Each race passes, or says why it cannot; those that wait by design among them."""
    with place(front.replace("_", "-")) as here:
        for name in ("same-version", "abandoned"):
            demand_no_false_alarm(here, (name,))


def test_a_clock_that_jumps_loses_no_update():
    """Dates that go back are told, and nothing is blamed on them."""
    with place("clock-jumps") as here:
        case = judge(here.runner(), "same-version")
        assert case.verdict() is Verdict.WARN
        assert all("lastUpdated" in finding.got for finding in case.findings)


def test_a_server_that_does_not_know_its_own_etag_has_no_winner():
    """That is a fault, but no update is lost."""
    with place("other-etag") as here:
        case = judge(here.runner(), "same-version")
        assert [finding.got for finding in case.findings if finding.level is Level.SHALL] == [
            "no winner in any of 8 rounds"
        ]


@pytest.mark.parametrize("kind", [TwoAtOnce, OnlyTwo])
def test_where_two_connections_are_served_two_writers_meet(kind):
    """The limit is found out, kept to, and told."""
    with place("none", kind) as here:
        runner = here.runner()
        assert runner.writers == 2
        case = judge(runner, "same-version")
        assert case.verdict() is Verdict.PASS, described(case)
        assert list(case.race.facts.limits) == [
            "the target serves 2 connections at once, so no more than 2 writers meet"
        ]


LOSING = (
    "closes",
    "http10",
    "no_etag",
    "own_etag",
    "too_many",
    "fail_after_writing",
    "short_pages",
)


@pytest.mark.parametrize("front", LOSING)
def test_no_oddity_hides_a_lost_update(front):
    """Before a server that checks no If-Match, each front still lets it be seen."""
    with place(front.replace("_", "-"), faults=("if-match-ignored",)) as here:
        race = same_version(here.runner())
    assert {fault.anomaly.name for fault in race.faults} & {Name.LOST_UPDATE, Name.STALE_SUCCESS}


def test_connections_are_warmed_by_what_succeeds():
    """Where a refusal spoils a connection, a resource that is gone would spoil all before the race."""
    with place("drops-after-refusal") as here:
        race = steps.revive(here.runner())
    assert all(completion.outcome_known for completion in race.completions)


def test_writers_that_hang_when_they_meet():
    """Three rounds prove it: the rule fails and says so, and no other race is run on that target."""
    with place("crowds-hang") as here:
        runner = here.runner()
        race = same_version(runner)
        case = Case("race.update.same-version", PROMISE, "Patient")
        outcomes.kept(case, race)
        assert len(race.rounds) == 3
        with pytest.raises(OutcomeUnknown, match="no race is run"):
            same_version(here.runner())
    assert case.verdict() is Verdict.FAIL
    assert "whoever is alone gets one" in case.findings[0].got


def test_where_nobody_brought_it_back_nothing_is_wedged():
    """A round that nobody won leaves the resource deleted, which is no fault of the updates that follow."""
    with place("nobody-wins") as here:
        race = steps.revive(here.runner())
        case = Case("race.update.revival", PROMISE, "Patient")
        outcomes.not_wedged(case, here.runner().bench, race)
    assert 0 < len(race.subjects) < len(race.histories)
    assert case.findings == []


def test_everything_is_labelled_journalled_and_removed():
    """What the races made on a target that loses answers is gone again, or said to be left."""
    with place("reset-some") as here, suppress(Exception):
        for name in ("same-version", "conditional-creates", "relay"):
            judge(here.runner(), name)
        bodies = [
            e.request.body
            for e in here.events
            if isinstance(e, ExchangeRecorded) and e.request.method == "POST"
        ]
        assert all("urn:ifmatch:run" in body for body in bodies)
    left = [
        event for event in here.events if isinstance(event, Journalled) and event.action == "left"
    ]
    assert not here.target.ledger.open_items()
    assert all(event["reason"] for event in left)
