"""The races that are more than rounds of equal moves: relays, newcomers, slow and broken writers, drawn plans."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from typing import Any

from ifmatch.errors import RuleNotApplicable, SetupFailed
from ifmatch.race.arena import Arena, Chronicle, Fought, Prepare, Race, block_of
from ifmatch.race.history import ANY, Kind, Outcome
from ifmatch.race.moves import Move
from ifmatch.race.plan import LETTERS, REPERTOIRE, Plan, Step, concurrent_plans, draw, sequential_plans
from ifmatch.race.transport import Widener
from ifmatch.race.transport.wideners import held_body
from ifmatch.rules.answer import Answer
from ifmatch.rules.content import merge
from ifmatch.rules.expectation import describe
from ifmatch.target.target import Target
from ifmatch.target.workbench import Snapshot, Subject, Workbench, new_unique

#: The system of the identifiers that writers add in a race.
ELEMENT_SYSTEM = "urn:ifmatch:element"

#: How often a window that needs no luck is opened: once would do, if a server were always the same.
_ACTS = 3

#: So many rounds for each writer, and one that is still refused is said to starve.
_PATIENCE = 4


# ---------------------------------------------------------------- rounds of moves that are prepared alike


def tried(arena: Arena, prepare: Prepare, **options: Any) -> Race:
    """A contest; a fault that it shows is tried again with two writers, to say how often it does."""
    race = arena.contest(prepare, **options)
    if race.faults and not options:
        race.reproduced = reproduce(arena, prepare)
    return race


def delete_first(chronicle: Chronicle) -> None:
    """An opening: the resource is deleted before anyone else comes."""
    named = not chronicle.arena.unnamed_writes
    one = chronicle.alone("opener", chronicle.arena.moves.delete(chronicle.subject, chronicle.seen, named))
    if not one.accepted:
        raise SetupFailed(f"set-up: the delete was answered {describe(one.answer)}")


def ordinary_update(target: Target, bench: Workbench, subject: Subject) -> Answer:
    """An update from the current version with nobody else about."""
    seen = bench.look(subject)
    return target.update(subject.type, subject.id, bench.changed(subject, seen.resource), if_match=seen.tag)


def by_identifier(arena: Arena, unique: str) -> str:
    """The criteria that find a resource of the scenario by its identifier.

    Raises RuleNotApplicable when the profile knows none.
    """
    criteria = arena.bench.kind.criteria.get("identifier")
    if criteria is None:
        raise RuleNotApplicable(f"the profile finds no {arena.bench.kind.type} by identifier")
    return criteria.replace("{unique}", unique)


# ---------------------------------------------------------------- writers who each add something


@dataclass(frozen=True, slots=True)
class Relay:
    """What became of writers who each added an element: who was accepted, who is missing in the end, how often each tried."""

    race: Race
    missing: tuple[str, ...]
    attempts: tuple[int, ...]
    starved: int


def relay(arena: Arena) -> Relay:
    """Each writer reads, adds an element of its own, saves from the version it read, and tries again until accepted."""
    _demand_a_list(arena)
    race, missing, starved = Race(arena.ground), [], 0
    attempts: list[int] = []
    for _ in range(arena.budget.blocks):
        chronicle = _joined(arena, race)
        waiting = {name: _element() for name in LETTERS[: arena.writers]}
        tried, done, fights = dict.fromkeys(waiting, 0), [], []
        gun = arena.gun(chronicle.subject)
        for _ in range(_PATIENCE * arena.writers):
            if not waiting:
                break
            names = list(waiting)
            fought = chronicle.fight(gun, [_adding(arena, chronicle, waiting[name]) for name in names])
            fights.append(fought)
            for name, one in zip(names, fought, strict=False):
                tried[name] += 1
                if one.accepted:
                    done.append(waiting.pop(name))
            chronicle.look()
        there = [e.get("value") for e in chronicle.seen.resource.get("identifier", []) if isinstance(e, dict)]
        missing += [element["value"] for element in done if element["value"] not in there]
        attempts += tried.values()
        starved += len(waiting)
        _end(arena, race, chronicle, fights)
        if missing or race.faults:
            break
    return Relay(race, tuple(missing), tuple(attempts), starved)


def patch_relay(arena: Arena) -> Relay:
    """Each writer patches an element of its own in, naming no version, all at once."""
    _demand_a_list(arena)
    race, missing = Race(arena.ground), []
    for _ in range(arena.budget.blocks):
        chronicle = _joined(arena, race)
        gun = arena.gun(chronicle.subject)
        for _ in range(arena.budget.rounds):
            elements = [_element() for _ in range(arena.writers)]
            fought = chronicle.fight(gun, [arena.moves.patch_own_element(chronicle.subject, e) for e in elements])
            race.rounds.append(fought)
            chronicle.look()
            there = [e.get("value") for e in chronicle.seen.resource.get("identifier", []) if isinstance(e, dict)]
            missing += [e["value"] for e, one in zip(elements, fought, strict=False) if one.accepted and e["value"] not in there]
        race.blocks.append(block_of(race.rounds[-arena.budget.rounds :]))
        if missing:
            break
    return Relay(race, tuple(missing), (), 0)


def _demand_a_list(arena: Arena) -> None:
    if not isinstance(arena.bench.kind.body.get("identifier"), list):
        raise RuleNotApplicable(f"a {arena.bench.kind.type} has no list of identifiers that writers could add to")


def _element() -> dict[str, str]:
    return {"system": ELEMENT_SYSTEM, "value": new_unique()}


def _adding(arena: Arena, chronicle: Chronicle, element: dict[str, str]) -> Move:
    seen = chronicle.seen
    longer = merge(seen.resource, {"identifier": [*seen.resource.get("identifier", []), element]})
    return arena.moves.update(chronicle.subject, replace(seen, resource=longer))


# ---------------------------------------------------------------- newcomers


@dataclass(frozen=True, slots=True)
class Newcomers:
    """What became of writers who all wanted to make the same thing: the ids that they were given, round by round."""

    race: Race
    made: tuple[frozenset[str], ...]
    created: tuple[int, ...]


def newcomers(arena: Arena, move: Callable[[str], Move]) -> Newcomers:
    """Rounds in which every writer sends the move for one and the same new thing."""
    race, made, created = Race(arena.ground), [], []
    ledger, kind = arena.target.ledger, arena.bench.kind
    probe = arena.target.request("GET", "metadata")
    for _ in range(arena.budget.blocks):
        fights = []
        for _ in range(arena.budget.rounds):
            unique = new_unique()
            items = [ledger.intend(kind.type, unique) for _ in range(arena.writers)]
            chronicle = Chronicle(arena, _nobody(arena, unique))
            fought = chronicle.fight(arena.gun_for(probe), [move(unique) for _ in items])
            ids = {_id_of(one.answer) for one in fought if one.accepted} - {""}
            ids |= set(arena.bench.found(kind.type, unique))
            for item, resource_id in zip(items, sorted(ids), strict=False):
                ledger.created(item, resource_id)
            for item in items[len(ids) :]:
                ledger.never_made(item)
            fights.append(fought)
            made.append(frozenset(ids))
            created.append(sum(one.answer.status == 201 for one in fought))
        race.rounds += fights
        race.blocks.append(block_of(fights))
        if any(len(ids) > 1 for ids in made):
            break
    return Newcomers(race, tuple(made), tuple(created))


def births(arena: Arena) -> Newcomers:
    """Rounds in which every writer puts to one and the same id that was never given out."""
    race, made, created = Race(arena.ground), [], []
    for _ in range(arena.budget.blocks):
        fights = []
        for _ in range(arena.budget.rounds):
            resource_id = new_unique()
            item = arena.target.ledger.intend(arena.bench.kind.type, "", resource_id)
            chronicle = Chronicle(arena, _nobody(arena, resource_id))
            chronicle.forget_initial()
            probe = arena.target.request("GET", "metadata")
            fought = chronicle.fight(arena.gun_for(probe), [arena.moves.put_new(resource_id) for _ in range(arena.writers)])
            if any(one.accepted for one in fought):
                arena.target.ledger.created(item, resource_id)
                arena.close(race, chronicle)
            fights.append(fought)
            made.append(frozenset({resource_id}))
            created.append(sum(one.answer.status == 201 for one in fought))
        race.rounds += fights
        race.blocks.append(block_of(fights))
        if race.faults or any(count > 1 for count in created):
            break
    return Newcomers(race, tuple(made), tuple(created))


def _nobody(arena: Arena, resource_id: str) -> Subject:
    return Subject(arena.bench.kind, resource_id, resource_id, {}, Snapshot(Answer(404), {}, None))


def _id_of(answer: Answer) -> str:
    return answer.location_id or str((answer.resource or {}).get("id") or "")


# ---------------------------------------------------------------- slow and broken writers: windows that need no luck


def slow_writer(arena: Arena) -> Race:
    """One writer sends all but the last byte, another updates the resource meanwhile, and then the last byte follows."""

    def act(chronicle: Chronicle) -> None:
        slow = arena.moves.update(chronicle.subject, chronicle.seen)
        quick = arena.moves.update(chronicle.subject, chronicle.seen)
        result, _ = held_body(arena.ground.choice.engine, slow.request, lambda: chronicle.alone("B", quick))
        chronicle.record("A", slow, result)

    return _acted(arena, act)


def abandoned_and_retried(arena: Arena) -> Race:
    """A writer sends an update, closes the connection before the answer, and at once sends it again on another."""
    widener = _widener(arena)

    def act(chronicle: Chronicle) -> None:
        first = arena.moves.update(chronicle.subject, chronicle.seen)
        again = arena.moves.update(chronicle.subject, chronicle.seen)
        chronicle.record("A", first, widener.abandon(first.request))
        chronicle.alone("A again", again)

    return _acted(arena, act)


def aborted_upload(arena: Arena) -> Race:
    """A writer breaks off after half of the body."""
    widener = _widener(arena)

    def act(chronicle: Chronicle) -> None:
        move = arena.moves.update(chronicle.subject, chronicle.seen)
        chronicle.cut_short("A", move, widener.aborted_upload(move.request))

    return _acted(arena, act)


def _widener(arena: Arena) -> Widener:
    widener = arena.ground.choice.widener
    if widener is None:
        raise RuleNotApplicable("behind a proxy, what a writer breaks off is not what the target sees")
    return widener


def _acted(arena: Arena, act: Callable[[Chronicle], None]) -> Race:
    race, chronicles = Race(arena.ground), []
    for _ in range(_ACTS):
        chronicles.append(_joined(arena, race))
        act(chronicles[-1])
    for chronicle in chronicles:
        arena.close(race, chronicle)
    return race


# ---------------------------------------------------------------- drawn plans


def interleaved(arena: Arena, number: int) -> Race:
    """Plans drawn by Hypothesis: sequential ones first, which need no luck, then those that race.

    A plan that finds something is cut down to the smallest one that shows it again.
    """
    race = Race(arena.ground)
    for plan in _plans(arena, number):
        _play(arena, race, plan)
        if race.faults:
            _, anomaly = race.faults[0]
            race.smallest, race.reproduced = _smallest(arena, plan, {o.writer for o in anomaly.operations})
            break
    return race


def _plans(arena: Arena, number: int) -> Iterator[Plan]:
    repertoire = tuple(deed for deed in REPERTOIRE if arena.allows(*deed))
    sequential = arena.budget.plans // 3
    yield from draw(sequential_plans(2, 6, repertoire), sequential, number)
    yield from draw(concurrent_plans(arena.writers, 4, repertoire), arena.budget.plans - sequential, number)


def _play(arena: Arena, race: Race, plan: Plan) -> None:
    chronicle = _joined(arena, race)
    gun = arena.gun(chronicle.subject)
    seen: dict[str, list[Snapshot]] = {writer: [chronicle.seen] for writer in plan.writers}
    fights = []
    for steps in plan.rounds:
        moves = [_move(arena, chronicle.subject, step, seen[step.writer]) for step in steps]
        if len(steps) == 1:
            fought = [chronicle.alone(steps[0].writer, moves[0])]
        else:
            fought = chronicle.fight(gun, moves, [step.writer for step in steps])
            fights.append(fought)
        for step, one in zip(steps, fought, strict=False):
            _learn(seen[step.writer], one)
    arena.close(race, chronicle)
    race.rounds += fights
    race.blocks += [block_of(fights)] if fights else []


def _move(arena: Arena, subject: Subject, step: Step, seen: list[Snapshot]) -> Move:
    moves, base = arena.moves, step.base
    known = seen[max(0, len(seen) - 1 - base)] if isinstance(base, int) else seen[-1]
    match step.kind:
        case Kind.READ:
            return moves.read(subject)
        case Kind.PATCH:
            return moves.patch(subject, known, named=base is not None)
        case Kind.DELETE:
            return moves.delete(subject, known, named=base is not None)
        case Kind.TRANSACTION:
            return moves.transaction(subject, known)
        case _ if base == ANY:
            return moves.update_any(subject, known)
        case _:
            return moves.update(subject, known, named=base is not None)


def _learn(seen: list[Snapshot], one: Fought) -> None:
    """What a writer knows after an answer: the version and the content it was shown, or has just written."""
    answer = one.answer
    # The version of a deletion may be told, but no text lets a writer build on it.
    if one.operation.outcome is Outcome.OK and answer.version and one.move.kind is not Kind.DELETE:
        seen.append(Snapshot(answer, answer.resource or seen[-1].resource, None))


def _smallest(arena: Arena, plan: Plan, guilty: set[str]) -> tuple[Plan, tuple[int, int]]:
    """The smallest plan that shows a fault again, and how often it did: tried from the smallest up."""
    tries = arena.budget.repeats
    for candidate in _candidates(plan, guilty):
        shown = sum(bool(_once(arena, candidate).faults) for _ in range(tries))
        if shown:
            return candidate, (shown, tries)
    return plan, (1, 1)


def _candidates(plan: Plan, guilty: set[str]) -> Iterator[Plan]:
    for round_ in plan.rounds:
        only = tuple(step for step in round_ if step.writer in guilty)
        if len(only) > 1:
            yield Plan((only,))
    yield Plan(tuple(kept for r in plan.rounds if (kept := tuple(s for s in r if s.writer in guilty))))
    yield plan


def _once(arena: Arena, plan: Plan) -> Race:
    race = Race(arena.ground)
    _play(arena, race, plan)
    return race


# ---------------------------------------------------------------- shared


def reproduce(arena: Arena, prepare: Prepare) -> tuple[int, int]:
    """How often a race of two writers shows a fault again, in so many tries. It can not take a failure back."""
    shown = 0
    for _ in range(arena.budget.repeats):
        race = Race(arena.ground)
        chronicle = _joined(arena, race)
        chronicle.fight(arena.gun(chronicle.subject), list(prepare(chronicle.subject, chronicle.seen))[:2])
        arena.close(race, chronicle)
        shown += bool(race.faults)
    return shown, arena.budget.repeats


def _joined(arena: Arena, race: Race) -> Chronicle:
    chronicle = Chronicle(arena, arena.bench.make())
    race.subjects.append(chronicle.subject)
    return chronicle


def _end(arena: Arena, race: Race, chronicle: Chronicle, fights: list[list[Fought]]) -> None:
    arena.close(race, chronicle)
    race.rounds += fights
    race.blocks.append(block_of(fights))
