"""Writers who each add an element of their own: however many do, every accepted element must be there in the end."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ifmatch.client.workbench import Snapshot, new_unique
from ifmatch.errors import RuleNotApplicable
from ifmatch.judge.version_order import CONFLICT
from ifmatch.race.completion import Completion
from ifmatch.race.history_builder import HistoryBuilder
from ifmatch.race.invocations import Invocation
from ifmatch.race.plan import LETTERS
from ifmatch.race.race import Race
from ifmatch.race.runner import Runner
from ifmatch.race.transport import Blocks
from ifmatch.rules.content import merge
from ifmatch.rules.expectation import describe

#: The system of the identifiers that writers add in a race.
ELEMENT_SYSTEM = "urn:ifmatch:element"

#: So many rounds for each writer, and one that is still refused is said to starve.
_PATIENCE = 4

Element = dict[str, str]


@dataclass(slots=True)
class Relay(Race):
    """What became of writers who each added an element: what is missing, how often each tried, and who starved."""

    missing: list[str] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    starved: int = 0

    @property
    def shows_fault(self) -> bool:
        """An accepted element that is missing is a lost update, whatever the history says."""
        return bool(self.missing) or super(Relay, self).shows_fault


@dataclass(slots=True)
class _Queue:
    """The writers of one block: who is still waiting, how often each has tried, and what was accepted."""

    waiting: dict[str, Element]
    tries: dict[str, int] = field(init=False)
    accepted: list[str] = field(default_factory=list)
    unsure: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tries = dict.fromkeys(self.waiting, 0)

    def answered(self, completion: Completion) -> None:
        """A writer has an answer. Who got none may have been accepted, and does not starve."""
        name = completion.operation.writer
        self.tries[name] += 1
        if completion.accepted:
            self.accepted.append(self.waiting.pop(name)["value"])
        elif not completion.outcome_known:
            self.unsure.add(name)

    def settle(self, seen: Snapshot | None) -> None:
        """Who got no answer, and reads that the element is there, has no reason to try again."""
        there = _values(seen.resource.get("identifier")) if seen else []
        for name in self.unsure & self.waiting.keys():
            if self.waiting[name]["value"] in there:
                del self.waiting[name]

    def starved(self, tries: int) -> list[str]:
        """Who was refused in each of so many tries."""
        return [
            name for name in self.waiting if name not in self.unsure and self.tries[name] == tries
        ]


def read_modify_write(runner: Runner) -> Relay:
    """Each writer reads, adds an element of its own, saves from the version it read, and tries again until accepted."""
    _demand_a_list(runner)
    relay = Relay(runner.environment)

    def block(writers: int) -> bool:
        with runner.counted_block(relay):
            _relay_block(runner, relay, LETTERS[:writers])
        return relay.shows_fault

    runner.each_block(relay, block)
    return relay


def _relay_block(runner: Runner, relay: Relay, names: str) -> None:
    builder = runner.new_history(relay)
    connections = runner.connections(builder.subject)
    queue = _Queue({name: _element() for name in names})
    most = _PATIENCE * len(names)
    for _ in range(most):
        invocations = [_adding(runner, builder, element) for element in queue.waiting.values()]
        completions = builder.release(connections, invocations, list(queue.waiting))
        relay.rounds.append(completions)
        _demand_growth(runner, completions)
        for completion in completions:
            queue.answered(completion)
        seen = builder.look()
        queue.settle(seen)
        if not queue.waiting:
            break
    relay.missing += _missing(seen, queue.accepted)
    relay.attempts += queue.tries.values()
    relay.starved += len(queue.starved(most))


def unnamed_patches(runner: Runner) -> Relay:
    """Each writer patches an element of its own in, naming no version, all at once."""
    _demand_a_list(runner)
    relay = Relay(runner.environment)

    def block(writers: int) -> bool:
        with runner.counted_block(relay):
            builder = runner.new_history(relay)
            connections = runner.connections(builder.subject)
            for _ in runner.rounds(relay):
                _patch_round(runner, relay, builder, connections, LETTERS[:writers])
        return relay.shows_fault

    runner.each_block(relay, block)
    return relay


def _patch_round(
    runner: Runner, relay: Relay, builder: HistoryBuilder, connections: Blocks, names: str
) -> None:
    queue = _Queue({name: _element() for name in names})
    patch = runner.invocations.patch_own_element
    invocations = [patch(builder.subject, element) for element in queue.waiting.values()]
    completions = builder.release(connections, invocations)
    relay.rounds.append(completions)
    for completion in completions:
        queue.answered(completion)
    relay.missing += _missing(builder.look(), queue.accepted)


# ---------------------------------------------------------------- elements


def _element() -> Element:
    return {"system": ELEMENT_SYSTEM, "value": new_unique()}


def _adding(runner: Runner, builder: HistoryBuilder, element: Element) -> Invocation:
    seen = builder.seen
    identifiers = [*seen.resource.get("identifier", []), element]
    longer = merge(seen.resource, {"identifier": identifiers})
    return runner.invocations.update(builder.subject, replace(seen, shown=longer))


def _missing(seen: Snapshot | None, accepted: Sequence[str]) -> list[str]:
    """The accepted elements that a read does not show; none when it shows no resource at all."""
    if seen is None:
        return []
    there = _values(seen.resource.get("identifier"))
    return [value for value in accepted if value not in there]


def _values(identifiers: object) -> list[object]:
    if not isinstance(identifiers, list):
        return []
    return [identifier.get("value") for identifier in identifiers if isinstance(identifier, dict)]


def _demand_a_list(runner: Runner) -> None:
    if not isinstance(runner.bench.kind.body.get("identifier"), list):
        raise RuleNotApplicable(
            f"a {runner.bench.kind.type} has no list of identifiers that writers could add to"
        )


def _demand_growth(runner: Runner, completions: Sequence[Completion]) -> None:
    """Who is refused for what was added, not for the version, is not one of many who want to save."""
    if completions and all(map(_refused_for_growth, completions)):
        raise RuleNotApplicable(
            f"the server lets no writer add an identifier to a {runner.bench.kind.type}: "
            f"{describe(completions[0].answer)}"
        )


def _refused_for_growth(completion: Completion) -> bool:
    return completion.refused and completion.answer.status not in CONFLICT
