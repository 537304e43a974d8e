"""Writers who meet on two resources at once, which a transaction writes as one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ifmatch.client.workbench import Snapshot
from ifmatch.judge.history import Kind
from ifmatch.judge.transactions import Histories, Look
from ifmatch.race.completion import Completion
from ifmatch.race.history_builder import HistoryBuilder
from ifmatch.race.invocations import Invocation
from ifmatch.race.plan import LETTERS
from ifmatch.race.race import Race, Sighting
from ifmatch.race.runner import Runner
from ifmatch.race.sender import FEWEST
from ifmatch.race.transport import Blocks, Result, WinnerFeedback
from ifmatch.race.workloads.rounds import winner

#: How the two are called, in the order in which their histories are fetched.
NAMES = ("1st", "2nd")


@dataclass(frozen=True, slots=True)
class Request:
    """One request, and what it is for each of the resources that it concerns: at least one, by their names.

    It is released so long after the others of its round (ns).
    """

    parts: dict[str, Invocation]
    offset: int = 0

    @property
    def contested(self) -> Invocation:
        """What it is for the last of them, for which all writers meet."""
        return self.parts[max(self.parts)]


@dataclass(slots=True, eq=False)
class Pair:
    """Two resources by their names, and what was seen of both in one answer."""

    builders: dict[str, HistoryBuilder]
    looks: list[Look] = field(default_factory=list)

    @property
    def histories(self) -> Histories:
        """Their histories, once both are finished."""
        finished = {name: builder.finished for name, builder in self.builders.items()}
        return {name: history for name, history in finished.items() if history is not None}


#: The requests of a round of so many writers, on what was last seen of both.
Prepare = Callable[[Pair, int], Sequence[Request]]

#: Judges what became of both.
CheckTogether = Callable[[Histories, Sequence[Look]], list[Sighting]]


@dataclass(slots=True)
class Pairs(Race):
    """Races for two resources each."""

    pairs: list[Pair] = field(default_factory=list)

    def judge(self, check: CheckTogether) -> None:
        """What their histories show together, which explains what each of them shows."""
        finished = [pair for pair in self.pairs if len(pair.histories) == len(NAMES)]
        for pair in finished:
            self.sightings[:0] = check(pair.histories, pair.looks)
            self.pairs.remove(pair)


def raced(runner: Runner, check: CheckTogether, prepare: Prepare, unlike: bool = False) -> Pairs:
    """Rounds of requests that concern two resources. `unlike` are two that are released so that each wins half."""
    race = Pairs(runner.environment, aim=WinnerFeedback() if unlike else None)

    def block(writers: int) -> bool:
        with runner.counted_block(race):
            _block(runner, race, prepare, writers)
        race.judge(check)
        return race.shows_fault

    runner.each_block(race, block)
    race.judge(check)
    return race


def _block(runner: Runner, race: Pairs, prepare: Prepare, writers: int) -> None:
    pair = Pair({name: runner.new_history(race) for name in NAMES})
    race.pairs.append(pair)
    connections = runner.connections(pair.builders[NAMES[0]].subject)
    for number in runner.rounds(race):
        if number:
            _look(pair)
        race.rounds.append(_released(runner, race, pair, connections, prepare(pair, writers)))


def _look(pair: Pair) -> None:
    for builder in pair.builders.values():
        builder.look()


def _released(
    runner: Runner, race: Pairs, pair: Pair, connections: Blocks, requests: Sequence[Request]
) -> list[Completion]:
    """One round; two unlike requests at the offset that their winners so far lead to."""
    aimed = race.aim if len(requests) == FEWEST else None
    offsets = aimed.offsets(runner.rng) if aimed else [request.offset for request in requests]
    sent = [request.contested.request for request in requests]
    results = runner.sender.together(connections, sent, offsets)
    completions = _completions(runner, pair, requests, results)
    runner.sender.obey([completion.answer for completion in completions])
    writes = [one for one in completions if one.invocation.kind is not Kind.SEARCH]
    if aimed:
        race.aim = aimed.after(winner(writes))
    return writes


def _completions(
    runner: Runner, pair: Pair, requests: Sequence[Request], results: Sequence[Result]
) -> list[Completion]:
    """What came of the requests that were sent, each recorded under a letter as its writer."""
    return [
        _recorded(runner, pair, writer, request, result)
        for writer, request, result in zip(LETTERS, requests, results, strict=False)
        if result.sent
    ]


def _recorded(
    runner: Runner, pair: Pair, writer: str, request: Request, result: Result
) -> Completion:
    """Record a request in the history of each resource that it concerns; what came of it for the contested one."""
    whole = runner.sender.recorded(result, writer, raced=True)
    completions = {
        name: pair.builders[name].completed(writer, part, result, whole)
        for name, part in request.parts.items()
    }
    if request.contested.kind is Kind.SEARCH:
        _keep_look(pair, completions)
    else:
        for name, completion in completions.items():
            pair.builders[name].keep(completion)
    return completions[max(completions)]


def _keep_look(pair: Pair, completions: dict[str, Completion]) -> None:
    """What a search showed is no operation on either resource, for an index may lag."""
    sights = {name: completion.operation for name, completion in completions.items()}
    pair.looks.append({name: sight for name, sight in sights.items() if sight.version})


# ---------------------------------------------------------------- who meets


def in_opposite_order(runner: Runner, named: bool = True) -> Prepare:
    """Every writer updates both in a transaction, every second one beginning with the other."""

    def prepare(pair: Pair, writers: int) -> list[Request]:
        return [
            _of_both(runner, pair, "transaction", NAMES[:: -1 if number % 2 else 1], named)
            for number in range(writers)
        ]

    return prepare


def against_an_update(runner: Runner, bundle_type: str) -> Prepare:
    """One writer updates both in a Bundle, another only the second."""

    def prepare(pair: Pair, _: int) -> list[Request]:
        contested = pair.builders[NAMES[-1]]
        update = runner.invocations.update(contested.subject, contested.seen)
        return [_of_both(runner, pair, bundle_type, NAMES), Request({NAMES[-1]: update})]

    return prepare


def beside_readers(runner: Runner) -> Prepare:
    """Two writers update both in transactions, in opposite order, while others read one of them each."""

    def prepare(pair: Pair, _: int) -> list[Request]:
        reads = {
            name: runner.invocations.read(builder.subject)
            for name, builder in pair.builders.items()
        }
        writes = in_opposite_order(runner)(pair, FEWEST)
        return [*writes, *(Request({name: read}) for name, read in reads.items())]

    return prepare


def undone_beside_readers(runner: Runner) -> Prepare:
    """Two writers update both in transactions that are refused for the second, while others read the first.

    In the first round they may be accepted: it makes the versions stale that are named from then on. The reads are
    spread over the time that the transactions of the round before took.
    """

    def prepare(pair: Pair, writers: int) -> Sequence[Request]:
        first, second = (pair.builders[name] for name in NAMES)
        if second.seen.version == second.subject.read.version:
            return in_opposite_order(runner)(pair, FEWEST)
        seen = [first.seen, second.subject.read]
        writes = [_of_both(runner, pair, "transaction", NAMES, seen=seen) for _ in range(FEWEST)]
        took, read = _longest_transaction(second), runner.invocations.read(first.subject)
        number = max(FEWEST, writers - FEWEST)
        offsets = [round(took * (place + runner.rng.random()) / number) for place in range(number)]
        return [*writes, *(Request({NAMES[0]: read}, offset) for offset in offsets)]

    return prepare


def _longest_transaction(builder: HistoryBuilder) -> int:
    """How long the slower of the last transactions took (ns)."""
    last = [one for one in builder.operations if one.kind is Kind.PART][-FEWEST:]
    return max((one.returned - one.invoked for one in last if one.returned), default=0)


def beside_searches(runner: Runner) -> Prepare:
    """Two writers update both in transactions, in one order, while others search for both."""

    def prepare(pair: Pair, _: int) -> list[Request]:
        subjects = [builder.subject for builder in pair.builders.values()]
        found = runner.invocations.search_all(subjects)
        search = Request(dict(zip(NAMES, found, strict=True)))
        writes = [_of_both(runner, pair, "transaction", NAMES) for _ in range(FEWEST)]
        return [*writes, search, search]

    return prepare


def _of_both(
    runner: Runner,
    pair: Pair,
    bundle_type: str,
    order: Sequence[str],
    named: bool = True,
    seen: Sequence[Snapshot] = (),
) -> Request:
    """A Bundle that updates both, from what was last seen of each unless it is said from what."""
    builders = [pair.builders[name] for name in order]
    subjects = [builder.subject for builder in builders]
    seen = seen or [builder.seen for builder in builders]
    invocations = runner.invocations.bundle(bundle_type, subjects, seen, named)
    return Request(dict(zip(order, invocations, strict=True)))
