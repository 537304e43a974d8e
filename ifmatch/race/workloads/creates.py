"""Writers who all want to make the same thing, which must be made once."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from ifmatch.client.ledger import Item
from ifmatch.client.workbench import Snapshot, Subject, new_unique
from ifmatch.errors import OutcomeUnknown, RuleNotApplicable
from ifmatch.race.completion import Completion
from ifmatch.race.invocations import Invocation
from ifmatch.race.race import Race
from ifmatch.race.runner import Runner
from ifmatch.race.transport import Blocks
from ifmatch.rules.answer import Answer


@dataclass(slots=True)
class Creates(Race):
    """What became of writers who all wanted to make the same thing.

    Round by round: the ids that were made, and how many writers were told that they made one.
    """

    made: list[frozenset[str]] = field(default_factory=list)
    created: list[int] = field(default_factory=list)

    @property
    def shows_fault(self) -> bool:
        """Two of what must be one are a fault, whatever any history says."""
        return any(len(ids) > 1 for ids in self.made) or super(Creates, self).shows_fault

    def add(self, completions: list[Completion], ids: set[str]) -> None:
        """One more round, and what it made."""
        self.rounds.append(completions)
        self.made.append(frozenset(ids))
        self.created.append(sum(completion.answer.status == 201 for completion in completions))


def by_identifier(runner: Runner, unique: str) -> str:
    """The criteria that find a resource of the scenario by its identifier.

    Raises RuleNotApplicable when the profile knows none.
    """
    return runner.bench.criteria("identifier", unique)


def _nobody(runner: Runner, resource_id: str) -> Subject:
    """A resource that does not exist yet."""
    unseen = Snapshot(Answer(404), {}, None)
    return Subject(runner.bench.kind, resource_id, resource_id, {}, unseen)


#: One round of so many writers; it adds what it made.
Release = Callable[[Creates, Blocks, int], None]


def _rounds(runner: Runner, release: Release, shown: Callable[[Creates], bool]) -> Creates:
    """Rounds in which there is nothing before, until one has shown a fault."""
    if runner.bench.kind.lent:
        raise RuleNotApplicable(
            f"nothing is created on this target: the {runner.bench.kind.type}s are lent to the run"
        )
    creates = Creates(runner.environment)

    def block(writers: int) -> bool:
        with runner.counted_block(creates):
            connections = runner.connections()
            for _ in runner.rounds(creates):
                release(creates, connections, writers)
        return shown(creates)

    runner.each_block(creates, block)
    return creates


# ---------------------------------------------------------------- under a condition


def conditional_creates(runner: Runner, invocation: Callable[[str], Invocation]) -> Creates:
    """Rounds in which every writer sends the invocation for one and the same new thing."""

    def release(creates: Creates, connections: Blocks, writers: int) -> None:
        unique = new_unique()
        items = [
            runner.target.ledger.intend(runner.bench.kind.type, unique) for _ in range(writers)
        ]
        builder = runner.history_of(_nobody(runner, unique))
        completions = builder.release(connections, [invocation(unique) for _ in range(writers)])
        ids = _ids_made(runner, unique, completions)
        creates.add(completions, ids)
        certain = all(completion.outcome_known for completion in completions)
        _enter(runner, unique, items, ids, certain)

    return _rounds(runner, release, lambda creates: creates.shows_fault)


def _ids_made(runner: Runner, unique: str, completions: list[Completion]) -> set[str]:
    """The ids of what was made, by the answers, and by a search where that can be had."""
    ids = {completion.answer.named_id for completion in completions if completion.accepted}
    with suppress(RuleNotApplicable, OutcomeUnknown):
        ids.update(runner.bench.found(runner.bench.kind.type, unique))
    return ids - {""}


def _enter(runner: Runner, unique: str, items: list[Item], ids: set[str], certain: bool) -> None:
    """The ledger as the answers have it. What may have been made without an answer stays in it, to be looked for."""
    ledger = runner.target.ledger
    while len(items) < len(ids):
        items.append(ledger.intend(runner.bench.kind.type, unique))
    for item, resource_id in zip(items, sorted(ids), strict=False):
        ledger.created(item, resource_id)
    if certain:
        for item in items[len(ids) :]:
            ledger.never_made(item)


# ---------------------------------------------------------------- under an id of the client's


def updates_as_create(runner: Runner, conditions: Sequence[tuple[str, str]] = ()) -> Creates:
    """Rounds in which every writer puts to one and the same id that was never given out.

    `conditions` are headers that each of them depends on.
    """

    def release(creates: Creates, connections: Blocks, writers: int) -> None:
        resource_id = new_unique()
        item = runner.target.ledger.intend(runner.bench.kind.type, "", resource_id)
        builder = runner.history_of(_nobody(runner, resource_id))
        builder.forget_initial()
        put_new = runner.invocations.put_new
        invocations = [put_new(resource_id, conditions) for _ in range(writers)]
        completions = builder.release(connections, invocations)
        made = any(completion.accepted for completion in completions)
        if made:
            runner.target.ledger.created(item, resource_id)
            creates.pending.append(builder)
        elif all(completion.refused for completion in completions):
            runner.target.ledger.never_made(item)
        creates.add(completions, {resource_id} if made else set())

    return _rounds(runner, release, _created_twice)


def _created_twice(creates: Creates) -> bool:
    return creates.shows_fault or any(count > 1 for count in creates.created)
