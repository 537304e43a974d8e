"""The races that are more than rounds of equal requests: relays, newcomers, slow and broken writers, drawn plans."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from ifmatch.client.ledger import Item
from ifmatch.client.target import Target
from ifmatch.client.workbench import Snapshot, Subject, Workbench, new_unique
from ifmatch.errors import OutcomeUnknown, RuleNotApplicable, SetupFailed, TargetUnusable
from ifmatch.judge.history import ANY, Kind, Outcome
from ifmatch.judge.version_order import CONFLICT
from ifmatch.race.history_builder import Completion, HistoryBuilder
from ifmatch.race.invocations import Invocation
from ifmatch.race.plan import LETTERS, REPERTOIRE, Plan, Step
from ifmatch.race.runner import FEWEST, Race, Reproduction, Runner, Workload
from ifmatch.race.transport import Widener
from ifmatch.race.transport.wideners import held_body
from ifmatch.rules.answer import Answer, Effect
from ifmatch.rules.content import merge
from ifmatch.rules.expectation import describe

#: The system of the identifiers that writers add in a race.
ELEMENT_SYSTEM = "urn:ifmatch:element"

#: How often a window that needs no luck is opened: once would do, if a server were always the same.
_ACTS = 3

#: How often an update with nobody else about is tried before the resource is said to be wedged.
_FRESH_TRIES = 3

#: So many rounds for each writer, and one that is still refused is said to starve.
_PATIENCE = 4


# ---------------------------------------------------------------- rounds of invocations that are prepared alike


def tried(runner: Runner, workload: Workload) -> Race:
    """A workload; a fault that it shows is tried again with as few writers as can race, to say how often it does."""
    race = runner.workload(workload)
    if race.faults:
        race.reproduced = reproduce(runner, workload)
    return race


def delete_first(builder: HistoryBuilder) -> None:
    """An opening: the resource is deleted before anyone else comes."""
    named = not builder.runner.unnamed_writes
    one = builder.alone("opener", builder.runner.invocations.delete(builder.subject, builder.seen, named))
    if not one.accepted:
        raise SetupFailed(f"set-up: the delete was answered {describe(one.answer)}")


def ordinary_update(target: Target, bench: Workbench, subject: Subject) -> Answer:
    """An update from the current version with nobody else about, tried again when it is refused.

    A write of the race whose outcome is unknown may land between the read and the update: once, not time and again.
    """
    for _ in range(_FRESH_TRIES):
        seen = bench.look(subject)
        answer = target.update(subject.type, subject.id, bench.changed(subject, seen.resource), if_match=seen.tag)
        if answer.effect is Effect.ACCEPTED:
            break
    return answer


def by_identifier(runner: Runner, unique: str) -> str:
    """The criteria that find a resource of the scenario by its identifier.

    Raises RuleNotApplicable when the profile knows none.
    """
    criteria = runner.bench.kind.criteria.get("identifier")
    if criteria is None:
        raise RuleNotApplicable(f"the profile finds no {runner.bench.kind.type} by identifier")
    return criteria.replace("{unique}", unique)


# ---------------------------------------------------------------- writers who each add something


@dataclass(frozen=True, slots=True)
class Relay:
    """What became of writers who each added an element: who was accepted, who is missing, how often each tried."""

    race: Race
    missing: tuple[str, ...]
    attempts: tuple[int, ...]
    starved: int


def relay(runner: Runner) -> Relay:
    """Each writer reads, adds an element of its own, saves from the version it read, and tries again until accepted.

    Who got no answer may have been accepted, and does not starve.
    """
    _demand_a_list(runner)
    race, missing, starved = Race(runner.ground), list[str](), list[str]()
    attempts: list[int] = []

    def block(writers: int) -> bool:
        with runner.counted(race):
            builder = runner.joined(race)
            waiting = {name: _element() for name in LETTERS[:writers]}
            tried, done, unsure = dict.fromkeys(waiting, 0), list[str](), set[str]()
            connections = runner.connections(builder.subject)
            for _ in range(_PATIENCE * writers):
                names = list(waiting)
                completed = builder.fight(
                    connections, [_adding(runner, builder, waiting[name]) for name in names], names
                )
                race.rounds.append(completed)
                _demand_growth(runner, completed)
                for one in completed:
                    name = one.operation.writer
                    tried[name] += 1
                    if one.accepted:
                        done.append(waiting.pop(name)["value"])
                    elif not one.told:
                        unsure.add(name)
                seen = builder.look()
                if not waiting:
                    break
            if seen is not None:
                missing.extend(value for value in done if value not in _values(seen))
            attempts.extend(tried.values())
            starved.extend(name for name in waiting if name not in unsure and tried[name] == _PATIENCE * writers)
        return bool(missing or race.faults)

    runner.each_block(race, block)
    return Relay(race, tuple(missing), tuple(attempts), len(starved))


def patch_relay(runner: Runner) -> Relay:
    """Each writer patches an element of its own in, naming no version, all at once."""
    _demand_a_list(runner)
    race, missing = Race(runner.ground), list[str]()

    def block(writers: int) -> bool:
        with runner.counted(race):
            builder = runner.joined(race)
            connections = runner.connections(builder.subject)
            for _ in runner.rounds(race):
                elements = [_element() for _ in range(writers)]
                invocations = [runner.invocations.patch_own_element(builder.subject, element) for element in elements]
                owners = dict(zip(map(id, invocations), elements, strict=True))
                race.rounds.append(builder.fight(connections, invocations))
                seen = builder.look()
                done = [owners[id(one.invocation)]["value"] for one in race.rounds[-1] if one.accepted]
                if seen is not None:
                    missing.extend(value for value in done if value not in _values(seen))
        return bool(missing)

    runner.each_block(race, block)
    return Relay(race, tuple(missing), (), 0)


def _values(seen: Snapshot) -> list[object]:
    identifiers = seen.resource.get("identifier")
    return [e.get("value") for e in identifiers if isinstance(e, dict)] if isinstance(identifiers, list) else []


def _demand_a_list(runner: Runner) -> None:
    if not isinstance(runner.bench.kind.body.get("identifier"), list):
        raise RuleNotApplicable(f"a {runner.bench.kind.type} has no list of identifiers that writers could add to")


def _demand_growth(runner: Runner, completed: list[Completion]) -> None:
    """Who is refused for what was added, not for the version, is not one of many who want to save."""
    other = [one.answer for one in completed if one.refused and one.answer.status not in CONFLICT]
    if other and len(other) == len(completed):
        raise RuleNotApplicable(
            f"the server lets no writer add an identifier to a {runner.bench.kind.type}: {describe(other[0])}"
        )


def _element() -> dict[str, str]:
    return {"system": ELEMENT_SYSTEM, "value": new_unique()}


def _adding(runner: Runner, builder: HistoryBuilder, element: dict[str, str]) -> Invocation:
    seen = builder.seen
    longer = merge(seen.resource, {"identifier": [*seen.resource.get("identifier", []), element]})
    return runner.invocations.update(builder.subject, replace(seen, resource=longer))


# ---------------------------------------------------------------- conditional_creates


@dataclass(frozen=True, slots=True)
class ConditionalCreates:
    """What became of writers who all wanted to make the same thing: the ids that they were given, round by round."""

    race: Race
    made: tuple[frozenset[str], ...]
    created: tuple[int, ...]


def _may_create(runner: Runner) -> None:
    if runner.bench.kind.lent:
        raise RuleNotApplicable(f"nothing is created on this target: the {runner.bench.kind.type}s are lent to the run")


def conditional_creates(runner: Runner, invocation: Callable[[str], Invocation]) -> ConditionalCreates:
    """Rounds in which every writer sends the invocation for one and the same new thing."""
    _may_create(runner)
    race, made, created = Race(runner.ground), list[frozenset[str]](), list[int]()
    kind = runner.bench.kind

    def block(writers: int) -> bool:
        with runner.counted(race):
            connections = runner.connections()
            for _ in runner.rounds(race):
                unique = new_unique()
                items = [runner.target.ledger.intend(kind.type, unique) for _ in range(writers)]
                completed = HistoryBuilder(runner, _nobody(runner, unique)).fight(
                    connections, [invocation(unique) for _ in items]
                )
                race.rounds.append(completed)
                created.append(sum(one.answer.status == 201 for one in completed))
                ids = {_id_of(one.answer) for one in completed if one.accepted} - {""}
                ids |= set(runner.bench.found(kind.type, unique))
                _entered(runner, unique, items, ids, certain=all(one.told for one in completed))
                made.append(frozenset(ids))
        return any(len(ids) > 1 for ids in made)

    runner.each_block(race, block)
    return ConditionalCreates(race, tuple(made), tuple(created))


def _entered(runner: Runner, unique: str, items: list[Item], ids: set[str], certain: bool) -> None:
    """The ledger as the answers have it. What may have been made without an answer stays in it, to be looked for."""
    ledger = runner.target.ledger
    items += [ledger.intend(runner.bench.kind.type, unique) for _ in range(len(ids) - len(items))]
    for item, resource_id in zip(items, sorted(ids), strict=False):
        ledger.created(item, resource_id)
    for item in items[len(ids) :] if certain else ():
        ledger.never_made(item)


def births(runner: Runner) -> ConditionalCreates:
    """Rounds in which every writer puts to one and the same id that was never given out."""
    _may_create(runner)
    race, made, created = Race(runner.ground), list[frozenset[str]](), list[int]()

    def block(writers: int) -> bool:
        with runner.counted(race):
            connections = runner.connections()
            for _ in runner.rounds(race):
                resource_id = new_unique()
                item = runner.target.ledger.intend(runner.bench.kind.type, "", resource_id)
                builder = HistoryBuilder(runner, _nobody(runner, resource_id))
                builder.forget_initial()
                completed = builder.fight(
                    connections, [runner.invocations.put_new(resource_id) for _ in range(writers)]
                )
                if any(one.accepted for one in completed):
                    runner.target.ledger.created(item, resource_id)
                    race.pending.append(builder)
                elif all(one.refused for one in completed):
                    runner.target.ledger.never_made(item)
                race.rounds.append(completed)
                made.append(frozenset({resource_id}))
                created.append(sum(one.answer.status == 201 for one in completed))
        return bool(race.faults) or any(count > 1 for count in created)

    runner.each_block(race, block)
    return ConditionalCreates(race, tuple(made), tuple(created))


def _nobody(runner: Runner, resource_id: str) -> Subject:
    return Subject(runner.bench.kind, resource_id, resource_id, {}, Snapshot(Answer(404), {}, None))


def _id_of(answer: Answer) -> str:
    return answer.location_id or str((answer.resource or {}).get("id") or "")


# ---------------------------------------------------------------- slow and broken writers: windows that need no luck


def slow_writer(runner: Runner) -> Race:
    """One writer sends all but the last byte, another updates the resource, and then the last byte follows."""

    def act(builder: HistoryBuilder) -> None:
        slow = runner.invocations.update(builder.subject, builder.seen)
        quick = runner.invocations.update(builder.subject, builder.seen)
        result, _ = held_body(runner.ground.choice.engine, slow.request, lambda: builder.alone("B", quick))
        if result.sent:
            builder.record("A", slow, result)

    return _acted(runner, act)


def abandoned_and_retried(runner: Runner) -> Race:
    """A writer sends an update, closes the connection before the answer, and at once sends it again on another."""
    widener = _widener(runner)

    def act(builder: HistoryBuilder) -> None:
        first = runner.invocations.update(builder.subject, builder.seen)
        again = runner.invocations.update(builder.subject, builder.seen)
        result = widener.abandon(first.request)
        if result.sent:
            builder.record("A", first, result)
        builder.alone("A again", again)

    return _acted(runner, act)


def aborted_upload(runner: Runner) -> Race:
    """A writer breaks off after half of the body."""
    widener = _widener(runner)

    def act(builder: HistoryBuilder) -> None:
        invocation = runner.invocations.update(builder.subject, builder.seen)
        result = widener.aborted_upload(invocation.request)
        if result.sent:
            builder.cut_short("A", invocation, result)

    return _acted(runner, act)


def _widener(runner: Runner) -> Widener:
    widener = runner.ground.choice.widener
    if widener is None:
        raise RuleNotApplicable("behind a proxy, what a writer breaks off is not what the target sees")
    return widener


def _acted(runner: Runner, act: Callable[[HistoryBuilder], None]) -> Race:
    """The act, a few times, each on a resource of its own. Raises what stood in the way if it never came about."""
    race, acted = Race(runner.ground), 0
    for _ in range(_ACTS):
        try:
            act(runner.joined(race))
            acted += 1
        except (OutcomeUnknown, SetupFailed) as trouble:
            race.troubles.append(str(trouble))
            if not acted and len(race.troubles) == _ACTS:
                raise
    runner.settle(race)
    return race


# ---------------------------------------------------------------- drawn plans


def interleaved(runner: Runner, number: int) -> Race:
    """Plans drawn by Hypothesis: sequential ones first, which need no luck, then those that race.

    A plan that finds something is cut down to the smallest one that shows it again.
    """
    race = Race(runner.ground)
    plans = iter(_plans(runner, number))
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
        _, anomaly = race.faults[0]
        race.reproduced = _smallest(runner, played[-1], {o.writer for o in anomaly.operations})
    return race


def _share(runner: Runner) -> int:
    """How many plans make a block, so that all are played."""
    return -(-runner.budget.plans // runner.budget.blocks)


def _plans(runner: Runner, number: int) -> Iterator[Plan]:
    # Imported here: only a run that draws plans waits for Hypothesis.
    from ifmatch.race.drawing import concurrent_plans, draw, sequential_plans

    repertoire = tuple(deed for deed in REPERTOIRE if runner.allows(*deed))
    sequential = runner.budget.plans // 3
    yield from draw(sequential_plans(2, 10, repertoire), sequential, number)
    yield from draw(concurrent_plans(runner.writers, 4, repertoire), runner.budget.plans - sequential, number)


def _play(runner: Runner, race: Race, plan: Plan) -> None:
    with runner.counted(race):
        builder = runner.joined(race)
        connections = runner.connections(builder.subject)
        seen: dict[str, list[Snapshot]] = {writer: [builder.seen] for writer in plan.writers}
        for steps in plan.rounds:
            invocations = [_move(runner, builder.subject, step, seen[step.writer]) for step in steps]
            if len(steps) == 1:
                completed = [builder.alone(steps[0].writer, invocations[0])]
            else:
                completed = builder.fight(connections, invocations, [step.writer for step in steps])
                race.rounds.append(completed)
            for one in completed:
                _learn(seen[one.operation.writer], one)


def _move(runner: Runner, subject: Subject, step: Step, seen: list[Snapshot]) -> Invocation:
    invocations, base = runner.invocations, step.base
    known = seen[max(0, len(seen) - 1 - base)] if isinstance(base, int) else seen[-1]
    match step.kind:
        case Kind.READ:
            return invocations.read(subject)
        case Kind.PATCH:
            return invocations.patch(subject, known, named=base is not None)
        case Kind.DELETE:
            return invocations.delete(subject, known, named=base is not None)
        case Kind.TRANSACTION:
            return invocations.transaction(subject, known)
        case _ if base == ANY:
            return invocations.update_any(subject, known)
        case _:
            return invocations.update(subject, known, named=base is not None)


def _learn(seen: list[Snapshot], one: Completion) -> None:
    """What a writer knows after an answer: the version and the content it was shown, or has just written."""
    answer = one.answer
    # The version of a deletion may be told, but no text lets a writer build on it.
    if one.operation.outcome is Outcome.OK and answer.version and one.invocation.kind is not Kind.DELETE:
        seen.append(Snapshot(answer, answer.resource or seen[-1].resource, None))


def _smallest(runner: Runner, plan: Plan, guilty: set[str]) -> Reproduction:
    """The smallest plan that shows a fault again, and how often it did: tried from the smallest up.

    Then each round is left out that can be (the last step of Zeller and Hildebrandt, "Simplifying and Isolating
    Failure-Inducing Input", TSE 2002): what is left over was needed.
    """
    for candidate in _candidates(plan, guilty):
        best = _replayed(runner, candidate)
        if best.shown:
            for i in reversed(range(len(candidate.rounds))):
                fewer = Plan(candidate.rounds[:i] + candidate.rounds[i + 1 :])
                if fewer.rounds and (again := _replayed(runner, fewer)).shown:
                    candidate, best = fewer, again
            return best
    return best


def _replayed(runner: Runner, plan: Plan) -> Reproduction:
    return Reproduction(*_shown(runner, partial(_play, runner, plan=plan)), f"the smallest plan:\n{plan}")


def _candidates(plan: Plan, guilty: set[str]) -> Iterator[Plan]:
    for round_ in plan.rounds:
        only = tuple(step for step in round_ if step.writer in guilty)
        if len(only) > 1:
            yield Plan((only,))
    yield Plan(tuple(kept for r in plan.rounds if (kept := tuple(s for s in r if s.writer in guilty))))
    yield plan


# ---------------------------------------------------------------- again


def reproduce(runner: Runner, workload: Workload) -> Reproduction:
    """How often a block of as few writers as can race shows a fault again, in so many tries."""
    crew: Counter[bool] = Counter()

    def once(race: Race) -> None:
        runner.block(race, workload, FEWEST)
        crew.clear()
        crew.update(one.invocation.kind in (Kind.READ, Kind.SEARCH) for one in race.rounds[0])

    shown, tries = _shown(runner, once)
    readers = f" and {crew[True]} reader" if crew[True] else ""
    return Reproduction(shown, tries, f"{crew[False] or FEWEST} writers{readers}")


def _shown(runner: Runner, once: Callable[[Race], None]) -> tuple[int, int]:
    """How often a race shows a fault, in so many tries; what is proven stays so even if the target is gone."""
    shown = tries = 0
    with suppress(OutcomeUnknown, SetupFailed, TargetUnusable):
        for _ in range(runner.budget.repeats):
            race = Race(runner.ground)
            once(race)
            runner.settle(race)
            shown, tries = shown + bool(race.faults), tries + 1
    return shown, tries
