"""Plans drawn by Hypothesis, played on a resource, and cut down when they show a fault."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from ifmatch.client.doors import await_index
from ifmatch.client.ledger import Item
from ifmatch.client.workbench import Snapshot, Subject
from ifmatch.judge.history import ANY, Kind, Operation, Outcome
from ifmatch.race.completion import Completion
from ifmatch.race.history_builder import HistoryBuilder
from ifmatch.race.invocations import Invocation
from ifmatch.race.plan import REPERTOIRE, Plan, Round, Step
from ifmatch.race.race import Race, Reproduction
from ifmatch.race.runner import Runner
from ifmatch.race.transport import Blocks
from ifmatch.race.workloads.creates import by_identifier
from ifmatch.race.workloads.rounds import times_shown

#: The kinds of writes that look for their resource.
_BY_CRITERIA = (Kind.CREATE, Kind.CONDITIONAL_UPDATE)

#: What each writer has seen of the resource, the latest last.
Seen = dict[str, list[Snapshot]]


def interleaved(runner: Runner, seed: int) -> Race:
    """Plans drawn by Hypothesis: sequential ones first, which need no luck, then those that race.

    A plan that finds something is cut down to the smallest one that shows it again.
    """
    race = Race(runner.environment)
    plans = iter(_plans(runner, seed))
    played: list[Plan] = []

    def block(_: int) -> bool:
        for plan in islice(plans, _share(runner)):
            played.append(plan)
            _play(runner, race, plan)
            if race.faults:
                return True
        return False

    runner.each_block(race, block)
    if race.faults:
        witness = race.faults[0].anomaly.operations
        race.reproduced = _smallest(runner, played[-1], {operation.writer for operation in witness})
    return race


def _share(runner: Runner) -> int:
    """How many plans make a block, so that all are played."""
    return -(-runner.budget.plans // runner.budget.blocks)


def _plans(runner: Runner, seed: int) -> Iterator[Plan]:
    # Imported here: only a run that draws plans waits for Hypothesis.
    from ifmatch.race.drawing import concurrent_plans, draw, sequential_plans

    repertoire = tuple(action for action in REPERTOIRE if runner.invocations.allowed(*action))
    sequential = runner.budget.plans // 3
    yield from draw(sequential_plans(2, 10, repertoire), sequential, seed)
    yield from draw(
        concurrent_plans(runner.writers, 4, repertoire), runner.budget.plans - sequential, seed
    )


# ---------------------------------------------------------------- playing a plan


def _play(runner: Runner, race: Race, plan: Plan) -> None:
    with runner.counted_block(race):
        builder = runner.new_history(race)
        if any(step.kind in _BY_CRITERIA for step in plan.steps):
            await_index(runner.bench, builder.subject)
        connections = runner.connections(builder.subject)
        seen: Seen = {writer: [builder.seen] for writer in plan.writers}
        for steps in plan.rounds:
            completions = _played(runner, builder, connections, steps, seen)
            if len(steps) > 1:
                race.rounds.append(completions)
            _learn_all(seen, builder.subject, completions)


def _learn_all(seen: Seen, subject: Subject, completions: Iterable[Completion]) -> None:
    """Let each writer know what the answers to it say of the resource."""
    for completion in completions:
        if _is_about(subject, completion):
            _learn(seen[completion.operation.writer], completion)


def _played(
    runner: Runner, builder: HistoryBuilder, connections: Blocks, steps: Round, seen: Seen
) -> list[Completion]:
    """One round of a plan: a single step is sequential, several are released together."""
    writers = [step.writer for step in steps]
    invocations = [_invocation(runner, builder.subject, step, seen[step.writer]) for step in steps]
    items = _intended(runner, builder.subject, steps)
    if len(steps) == 1:
        completions = [builder.alone(writers[0], invocations[0])]
    else:
        completions = builder.release(connections, invocations, writers)
    for completion in completions:
        item = items.pop(completion.operation.writer, None)
        if item is not None:
            runner.target.settle_new(item, completion.answer)
            builder.correct(_on_the_resource(builder.subject, completion))
    return completions


def _invocation(runner: Runner, subject: Subject, step: Step, seen: list[Snapshot]) -> Invocation:
    invocations, base = runner.invocations, step.base
    back = base if isinstance(base, int) else 0
    known = seen[max(0, len(seen) - 1 - back)]
    named = base is not None
    match step.kind:
        case Kind.READ:
            return invocations.read(subject)
        case Kind.PATCH:
            return invocations.patch(subject, known, named)
        case Kind.DELETE:
            return invocations.delete(subject, known, named)
        case Kind.TRANSACTION:
            return invocations.transaction(subject, known)
        case Kind.CREATE:
            return invocations.create_if_none(subject.unique, by_identifier(runner, subject.unique))
        case Kind.CONDITIONAL_UPDATE:
            criteria = by_identifier(runner, subject.unique)
            return invocations.update_found(subject, known, criteria)
        case _ if base == ANY:
            return invocations.update_any(subject, known)
        case _:
            return invocations.update(subject, known, named)


def _learn(seen: list[Snapshot], completion: Completion) -> None:
    """What a writer knows after an answer: the version and the content it was shown, or has just written."""
    # The answer may name the version of a deletion, but no text lets a writer build on it.
    if (
        completion.accepted
        and completion.invocation.kind is not Kind.DELETE
        and completion.answer.version
    ):
        content = completion.answer.resource or seen[-1].resource
        seen.append(Snapshot(completion.answer, content, None))


# ---------------------------------------------------------------- what goes by criteria


def _intended(runner: Runner, subject: Subject, steps: Round) -> dict[str, Item]:
    """What may be made by the steps of a round that find nothing to write to, by their writers."""
    ledger = runner.target.ledger
    return {
        step.writer: ledger.intend(subject.type, subject.unique)
        for step in steps
        if step.kind in _BY_CRITERIA
    }


def _is_about(subject: Subject, completion: Completion) -> bool:
    """Whether an answer speaks of the resource: by criteria another one may have been found, or made."""
    by_criteria = completion.invocation.kind in _BY_CRITERIA
    return not by_criteria or completion.answer.named_id == subject.id


def _on_the_resource(subject: Subject, completion: Completion) -> Operation:
    """What an accepted write by criteria is for the resource.

    A conditional create never writes to what it finds, nor does an update that found another one: as if refused, it
    must leave no trace. Of an update whose answer names no resource nobody knows which one it found.
    """
    operation, answer = completion.operation, completion.answer
    if not completion.accepted:
        return operation
    if operation.kind is Kind.CREATE or answer.named_id not in ("", subject.id):
        return replace(operation, outcome=Outcome.REFUSED, version=None)
    return operation if answer.named_id else replace(operation, outcome=Outcome.UNKNOWN)


# ---------------------------------------------------------------- cutting it down


def _smallest(runner: Runner, plan: Plan, guilty: set[str]) -> Reproduction:
    """The smallest plan that shows a fault again, and how often it did: tried from the smallest up.

    Then each round is left out that can be (the last step of Zeller and Hildebrandt, "Simplifying and Isolating
    Failure-Inducing Input", TSE 2002): what is left over was needed.
    """
    for candidate in _candidates(plan, guilty):
        best = _replayed(runner, candidate)
        if best.shown:
            return _without_the_needless(runner, candidate, best)
    return best


def _without_the_needless(runner: Runner, plan: Plan, best: Reproduction) -> Reproduction:
    for number in reversed(range(len(plan.rounds))):
        if len(plan.rounds) == 1:
            break
        fewer = plan.without(number)
        again = _replayed(runner, fewer)
        if again.shown:
            plan, best = fewer, again
    return best


def _replayed(runner: Runner, plan: Plan) -> Reproduction:
    shown, tries = times_shown(runner, lambda race: _play(runner, race, plan))
    return Reproduction(shown, tries, f"the smallest plan:\n{plan}")


def _candidates(plan: Plan, guilty: set[str]) -> Iterator[Plan]:
    """What may be left of a plan, the smallest first: one round of the guilty writers, all of theirs, everything."""
    by_guilty = [_steps_of(guilty, steps) for steps in plan.rounds]
    yield from (Plan((steps,)) for steps in by_guilty if len(steps) > 1)
    yield Plan(tuple(filter(None, by_guilty)))
    yield plan


def _steps_of(writers: set[str], steps: Round) -> Round:
    return tuple(step for step in steps if step.writer in writers)
