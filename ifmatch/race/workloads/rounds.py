"""Rounds of invocations that are prepared alike and released together, each on what the last round left."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ifmatch.client.workbench import Snapshot, Subject, Workbench
from ifmatch.errors import OutcomeUnknown, RuleNotApplicable, SetupFailed, TargetUnusable
from ifmatch.judge.history import Kind
from ifmatch.race.completion import Completion
from ifmatch.race.history_builder import HistoryBuilder
from ifmatch.race.invocations import Invocation, Invocations
from ifmatch.race.race import Race, Reproduction
from ifmatch.race.runner import Runner
from ifmatch.race.sender import FEWEST
from ifmatch.race.transport import Blocks, Side, WinnerFeedback
from ifmatch.rules.answer import Answer, Effect
from ifmatch.rules.expectation import describe

#: Which of two unlike invocations came first, by which of them were accepted.
_WINNER = {
    (True, False): Side.A,
    (False, True): Side.B,
    (True, True): Side.B,
    (False, False): None,
}

#: How often an update with nobody else about is tried before the resource is said to be wedged.
_FRESH_TRIES = 3

#: The invocations of a round of so many writers, on what was last seen of a resource.
Prepare = Callable[[Subject, Snapshot, int], Sequence[Invocation]]

#: What is done to a resource before its first round.
Opening = Callable[[HistoryBuilder, Invocations], None]


def nothing_first(builder: HistoryBuilder, invocations: Invocations) -> None:
    """An opening: the resource is raced for as it was made."""


def delete_first(builder: HistoryBuilder, invocations: Invocations) -> None:
    """An opening: the resource is deleted before anyone else comes."""
    named = not invocations.unnamed_writes
    deletion = builder.alone("opener", invocations.delete(builder.subject, builder.seen, named))
    if deletion.refused:
        raise RuleNotApplicable(f"the server does not delete: {describe(deletion.answer)}")
    if not deletion.accepted:
        raise OutcomeUnknown(f"set-up: the delete was answered {describe(deletion.answer)}")


@dataclass(frozen=True, slots=True)
class Workload:
    """Rounds in which the prepared invocations are released together, each on what the last round left.

    With `once` a resource serves for one round only: for races that end its life. `unlike` are two different
    invocations: they are released at the offset at which each of them wins half of the rounds.
    """

    prepare: Prepare
    opening: Opening = nothing_first
    once: bool = False
    unlike: bool = False


def tried(runner: Runner, workload: Workload) -> Race:
    """A workload; a fault that it shows is tried again with as few writers as can race, to say how often it does."""
    race = run(runner, workload)
    if race.faults:
        race.reproduced = _reproduced(runner, workload)
    return race


def run(runner: Runner, workload: Workload) -> Race:
    """All blocks of a workload."""
    race = Race(runner.environment, aim=WinnerFeedback() if workload.unlike else None)
    runner.each_block(race, lambda writers: _block(runner, race, workload, writers))
    return race


def _block(runner: Runner, race: Race, workload: Workload, writers: int) -> bool:
    """One block of a workload; returns whether it has shown a fault."""
    with runner.counted_block(race):
        builder = runner.new_history(race)
        connections = runner.connections(None if workload.once else builder.subject)
        workload.opening(builder, runner.invocations)
        for number in runner.rounds(race):
            if number and workload.once:
                builder = runner.new_history(race)
                workload.opening(builder, runner.invocations)
            elif number:
                builder.look()
            invocations = workload.prepare(builder.subject, builder.seen, writers)
            race.rounds.append(_released(runner, race, builder, connections, invocations))
    return bool(race.faults)


def _released(
    runner: Runner,
    race: Race,
    builder: HistoryBuilder,
    connections: Blocks,
    invocations: Sequence[Invocation],
) -> list[Completion]:
    """One round; two unlike invocations at the offset that their winners so far lead to."""
    if race.aim is None or len(invocations) != FEWEST:
        return builder.release(connections, invocations)
    completions = builder.release(connections, invocations, offsets=race.aim.offsets(runner.rng))
    race.aim = race.aim.after(winner(completions))
    return completions


def winner(completions: Sequence[Completion]) -> Side | None:
    """Which of two unlike invocations came first; the second one can have been accepted only if it did."""
    if len(completions) != FEWEST or not all(
        completion.outcome_known for completion in completions
    ):
        return None
    first, second = completions
    return _WINNER[first.accepted, second.accepted]


def ordinary_update(bench: Workbench, subject: Subject) -> Answer:
    """An update after a race, with nobody else about, from the current version; tried again when it is refused.

    A write of the race whose outcome is unknown may land between the read and the update: once, not time and again.
    """
    for _ in range(_FRESH_TRIES):
        seen = bench.look(subject)
        body = bench.changed(subject, seen.resource)
        answer = bench.target.update(subject.type, subject.id, body, if_match=seen.tag)
        if answer.effect is Effect.ACCEPTED:
            break
    return answer


# ---------------------------------------------------------------- again


def _reproduced(runner: Runner, workload: Workload) -> Reproduction:
    """How often a block of as few writers as can race shows a fault again, in so many tries."""
    last_round = list[Completion]()

    def once(race: Race) -> None:
        _block(runner, race, workload, FEWEST)
        last_round[:] = race.rounds[0]

    shown, tries = times_shown(runner, once)
    reading = (Kind.READ, Kind.SEARCH)
    readers = sum(completion.invocation.kind in reading for completion in last_round)
    writers = len(last_round) - readers or FEWEST
    besides = f" and {readers} reader" if readers else ""
    return Reproduction(shown, tries, f"{writers} writers{besides}")


def times_shown(runner: Runner, once: Callable[[Race], None]) -> tuple[int, int]:
    """How often a race shows a fault, in so many tries; what is proven stays so even if the target is gone."""
    shown = tries = 0
    with suppress(OutcomeUnknown, SetupFailed, TargetUnusable):
        for _ in range(runner.budget.repeats):
            race = Race(runner.environment)
            once(race)
            runner.settle(race)
            shown += bool(race.faults)
            tries += 1
    return shown, tries
