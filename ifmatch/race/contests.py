"""The races that are more than rounds of equal moves: relays, newcomers, slow and broken writers, drawn plans."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from ifmatch.errors import OutcomeUnknown, RuleNotApplicable, SetupFailed, TargetUnusable
from ifmatch.race.arena import FEWEST, Arena, Contest, Race, Reproduction
from ifmatch.race.chronicle import Chronicle, Fought
from ifmatch.race.history import ANY, Kind, Outcome
from ifmatch.race.moves import Move
from ifmatch.race.plan import LETTERS, REPERTOIRE, Plan, Step, concurrent_plans, draw, sequential_plans
from ifmatch.race.register import CONFLICT
from ifmatch.race.transport import Widener
from ifmatch.race.transport.wideners import held_body
from ifmatch.rules.answer import Answer, Effect
from ifmatch.rules.content import merge
from ifmatch.rules.expectation import describe
from ifmatch.target.ledger import Item
from ifmatch.target.target import Target
from ifmatch.target.workbench import Snapshot, Subject, Workbench, new_unique

#: The system of the identifiers that writers add in a race.
ELEMENT_SYSTEM = "urn:ifmatch:element"

#: How often a window that needs no luck is opened: once would do, if a server were always the same.
_ACTS = 3

#: How often an update with nobody else about is tried before the resource is said to be wedged.
_FRESH_TRIES = 3

#: So many rounds for each writer, and one that is still refused is said to starve.
_PATIENCE = 4


# ---------------------------------------------------------------- rounds of moves that are prepared alike


def tried(arena: Arena, contest: Contest) -> Race:
    """A contest; a fault that it shows is tried again with as few writers as can race, to say how often it does."""
    race = arena.contest(contest)
    if race.faults:
        race.reproduced = reproduce(arena, contest)
    return race


def delete_first(chronicle: Chronicle) -> None:
    """An opening: the resource is deleted before anyone else comes."""
    named = not chronicle.arena.unnamed_writes
    one = chronicle.alone("opener", chronicle.arena.moves.delete(chronicle.subject, chronicle.seen, named))
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
    """What became of writers who each added an element: who was accepted, who is missing, how often each tried."""

    race: Race
    missing: tuple[str, ...]
    attempts: tuple[int, ...]
    starved: int


def relay(arena: Arena) -> Relay:
    """Each writer reads, adds an element of its own, saves from the version it read, and tries again until accepted.

    Who got no answer may have been accepted, and does not starve.
    """
    _demand_a_list(arena)
    race, missing, starved = Race(arena.ground), list[str](), list[str]()
    attempts: list[int] = []

    def block(writers: int) -> bool:
        with arena.counted(race):
            chronicle = arena.joined(race)
            waiting = {name: _element() for name in LETTERS[:writers]}
            tried, done, unsure = dict.fromkeys(waiting, 0), list[str](), set[str]()
            gun = arena.gun(chronicle.subject)
            for _ in range(_PATIENCE * writers):
                names = list(waiting)
                fought = chronicle.fight(gun, [_adding(arena, chronicle, waiting[name]) for name in names], names)
                race.rounds.append(fought)
                _demand_growth(arena, fought)
                for one in fought:
                    name = one.operation.writer
                    tried[name] += 1
                    if one.accepted:
                        done.append(waiting.pop(name)["value"])
                    elif not one.told:
                        unsure.add(name)
                seen = chronicle.look()
                if not waiting:
                    break
            if seen is not None:
                missing.extend(value for value in done if value not in _values(seen))
            attempts.extend(tried.values())
            starved.extend(name for name in waiting if name not in unsure and tried[name] == _PATIENCE * writers)
        return bool(missing or race.faults)

    arena.each_block(race, block)
    return Relay(race, tuple(missing), tuple(attempts), len(starved))


def patch_relay(arena: Arena) -> Relay:
    """Each writer patches an element of its own in, naming no version, all at once."""
    _demand_a_list(arena)
    race, missing = Race(arena.ground), list[str]()

    def block(writers: int) -> bool:
        with arena.counted(race):
            chronicle = arena.joined(race)
            gun = arena.gun(chronicle.subject)
            for _ in arena.rounds(race):
                elements = [_element() for _ in range(writers)]
                moves = [arena.moves.patch_own_element(chronicle.subject, element) for element in elements]
                owners = dict(zip(map(id, moves), elements, strict=True))
                race.rounds.append(chronicle.fight(gun, moves))
                seen = chronicle.look()
                done = [owners[id(one.move)]["value"] for one in race.rounds[-1] if one.accepted]
                if seen is not None:
                    missing.extend(value for value in done if value not in _values(seen))
        return bool(missing)

    arena.each_block(race, block)
    return Relay(race, tuple(missing), (), 0)


def _values(seen: Snapshot) -> list[object]:
    identifiers = seen.resource.get("identifier")
    return [e.get("value") for e in identifiers if isinstance(e, dict)] if isinstance(identifiers, list) else []


def _demand_a_list(arena: Arena) -> None:
    if not isinstance(arena.bench.kind.body.get("identifier"), list):
        raise RuleNotApplicable(f"a {arena.bench.kind.type} has no list of identifiers that writers could add to")


def _demand_growth(arena: Arena, fought: list[Fought]) -> None:
    """Who is refused for what was added, not for the version, is not one of many who want to save."""
    other = [one.answer for one in fought if one.refused and one.answer.status not in CONFLICT]
    if other and len(other) == len(fought):
        raise RuleNotApplicable(
            f"the server lets no writer add an identifier to a {arena.bench.kind.type}: {describe(other[0])}"
        )


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


def _may_create(arena: Arena) -> None:
    if arena.bench.kind.lent:
        raise RuleNotApplicable(f"nothing is created on this target: the {arena.bench.kind.type}s are lent to the run")


def newcomers(arena: Arena, move: Callable[[str], Move]) -> Newcomers:
    """Rounds in which every writer sends the move for one and the same new thing."""
    _may_create(arena)
    race, made, created = Race(arena.ground), list[frozenset[str]](), list[int]()
    kind = arena.bench.kind

    def block(writers: int) -> bool:
        with arena.counted(race):
            gun = arena.gun()
            for _ in arena.rounds(race):
                unique = new_unique()
                items = [arena.target.ledger.intend(kind.type, unique) for _ in range(writers)]
                fought = Chronicle(arena, _nobody(arena, unique)).fight(gun, [move(unique) for _ in items])
                race.rounds.append(fought)
                created.append(sum(one.answer.status == 201 for one in fought))
                ids = {_id_of(one.answer) for one in fought if one.accepted} - {""}
                ids |= set(arena.bench.found(kind.type, unique))
                _entered(arena, unique, items, ids, certain=all(one.told for one in fought))
                made.append(frozenset(ids))
        return any(len(ids) > 1 for ids in made)

    arena.each_block(race, block)
    return Newcomers(race, tuple(made), tuple(created))


def _entered(arena: Arena, unique: str, items: list[Item], ids: set[str], certain: bool) -> None:
    """The ledger as the answers have it. What may have been made without an answer stays in it, to be looked for."""
    ledger = arena.target.ledger
    items += [ledger.intend(arena.bench.kind.type, unique) for _ in range(len(ids) - len(items))]
    for item, resource_id in zip(items, sorted(ids), strict=False):
        ledger.created(item, resource_id)
    for item in items[len(ids) :] if certain else ():
        ledger.never_made(item)


def births(arena: Arena) -> Newcomers:
    """Rounds in which every writer puts to one and the same id that was never given out."""
    _may_create(arena)
    race, made, created = Race(arena.ground), list[frozenset[str]](), list[int]()

    def block(writers: int) -> bool:
        with arena.counted(race):
            gun = arena.gun()
            for _ in arena.rounds(race):
                resource_id = new_unique()
                item = arena.target.ledger.intend(arena.bench.kind.type, "", resource_id)
                chronicle = Chronicle(arena, _nobody(arena, resource_id))
                chronicle.forget_initial()
                fought = chronicle.fight(gun, [arena.moves.put_new(resource_id) for _ in range(writers)])
                if any(one.accepted for one in fought):
                    arena.target.ledger.created(item, resource_id)
                    race.pending.append(chronicle)
                elif all(one.refused for one in fought):
                    arena.target.ledger.never_made(item)
                race.rounds.append(fought)
                made.append(frozenset({resource_id}))
                created.append(sum(one.answer.status == 201 for one in fought))
        return bool(race.faults) or any(count > 1 for count in created)

    arena.each_block(race, block)
    return Newcomers(race, tuple(made), tuple(created))


def _nobody(arena: Arena, resource_id: str) -> Subject:
    return Subject(arena.bench.kind, resource_id, resource_id, {}, Snapshot(Answer(404), {}, None))


def _id_of(answer: Answer) -> str:
    return answer.location_id or str((answer.resource or {}).get("id") or "")


# ---------------------------------------------------------------- slow and broken writers: windows that need no luck


def slow_writer(arena: Arena) -> Race:
    """One writer sends all but the last byte, another updates the resource, and then the last byte follows."""

    def act(chronicle: Chronicle) -> None:
        slow = arena.moves.update(chronicle.subject, chronicle.seen)
        quick = arena.moves.update(chronicle.subject, chronicle.seen)
        result, _ = held_body(arena.ground.choice.engine, slow.request, lambda: chronicle.alone("B", quick))
        if result.sent:
            chronicle.record("A", slow, result)

    return _acted(arena, act)


def abandoned_and_retried(arena: Arena) -> Race:
    """A writer sends an update, closes the connection before the answer, and at once sends it again on another."""
    widener = _widener(arena)

    def act(chronicle: Chronicle) -> None:
        first = arena.moves.update(chronicle.subject, chronicle.seen)
        again = arena.moves.update(chronicle.subject, chronicle.seen)
        result = widener.abandon(first.request)
        if result.sent:
            chronicle.record("A", first, result)
        chronicle.alone("A again", again)

    return _acted(arena, act)


def aborted_upload(arena: Arena) -> Race:
    """A writer breaks off after half of the body."""
    widener = _widener(arena)

    def act(chronicle: Chronicle) -> None:
        move = arena.moves.update(chronicle.subject, chronicle.seen)
        result = widener.aborted_upload(move.request)
        if result.sent:
            chronicle.cut_short("A", move, result)

    return _acted(arena, act)


def _widener(arena: Arena) -> Widener:
    widener = arena.ground.choice.widener
    if widener is None:
        raise RuleNotApplicable("behind a proxy, what a writer breaks off is not what the target sees")
    return widener


def _acted(arena: Arena, act: Callable[[Chronicle], None]) -> Race:
    """The act, a few times, each on a resource of its own. Raises what stood in the way if it never came about."""
    race, acted = Race(arena.ground), 0
    for _ in range(_ACTS):
        try:
            act(arena.joined(race))
            acted += 1
        except (OutcomeUnknown, SetupFailed) as trouble:
            race.troubles.append(str(trouble))
            if not acted and len(race.troubles) == _ACTS:
                raise
    arena.settle(race)
    return race


# ---------------------------------------------------------------- drawn plans


def interleaved(arena: Arena, number: int) -> Race:
    """Plans drawn by Hypothesis: sequential ones first, which need no luck, then those that race.

    A plan that finds something is cut down to the smallest one that shows it again.
    """
    race = Race(arena.ground)
    plans = iter(_plans(arena, number))
    played: list[Plan] = []

    def block(_: int) -> bool:
        for plan in islice(plans, _share(arena)):
            played.append(plan)
            _play(arena, race, plan)
            if race.faults:
                return True
        return False

    arena.each_block(race, block)
    if race.faults:
        _, anomaly = race.faults[0]
        race.reproduced = _smallest(arena, played[-1], {o.writer for o in anomaly.operations})
    return race


def _share(arena: Arena) -> int:
    """How many plans make a block, so that all are played."""
    return -(-arena.budget.plans // arena.budget.blocks)


def _plans(arena: Arena, number: int) -> Iterator[Plan]:
    repertoire = tuple(deed for deed in REPERTOIRE if arena.allows(*deed))
    sequential = arena.budget.plans // 3
    yield from draw(sequential_plans(2, 10, repertoire), sequential, number)
    yield from draw(concurrent_plans(arena.writers, 4, repertoire), arena.budget.plans - sequential, number)


def _play(arena: Arena, race: Race, plan: Plan) -> None:
    with arena.counted(race):
        chronicle = arena.joined(race)
        gun = arena.gun(chronicle.subject)
        seen: dict[str, list[Snapshot]] = {writer: [chronicle.seen] for writer in plan.writers}
        for steps in plan.rounds:
            moves = [_move(arena, chronicle.subject, step, seen[step.writer]) for step in steps]
            if len(steps) == 1:
                fought = [chronicle.alone(steps[0].writer, moves[0])]
            else:
                fought = chronicle.fight(gun, moves, [step.writer for step in steps])
                race.rounds.append(fought)
            for one in fought:
                _learn(seen[one.operation.writer], one)


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


def _smallest(arena: Arena, plan: Plan, guilty: set[str]) -> Reproduction:
    """The smallest plan that shows a fault again, and how often it did: tried from the smallest up.

    Then each round is left out that can be (the last step of Zeller and Hildebrandt, "Simplifying and Isolating
    Failure-Inducing Input", TSE 2002): what is left over was needed.
    """
    for candidate in _candidates(plan, guilty):
        best = _replayed(arena, candidate)
        if best.shown:
            for i in reversed(range(len(candidate.rounds))):
                fewer = Plan(candidate.rounds[:i] + candidate.rounds[i + 1 :])
                if fewer.rounds and (again := _replayed(arena, fewer)).shown:
                    candidate, best = fewer, again
            return best
    return best


def _replayed(arena: Arena, plan: Plan) -> Reproduction:
    return Reproduction(*_shown(arena, partial(_play, arena, plan=plan)), f"the smallest plan:\n{plan}")


def _candidates(plan: Plan, guilty: set[str]) -> Iterator[Plan]:
    for round_ in plan.rounds:
        only = tuple(step for step in round_ if step.writer in guilty)
        if len(only) > 1:
            yield Plan((only,))
    yield Plan(tuple(kept for r in plan.rounds if (kept := tuple(s for s in r if s.writer in guilty))))
    yield plan


# ---------------------------------------------------------------- again


def reproduce(arena: Arena, contest: Contest) -> Reproduction:
    """How often a block of as few writers as can race shows a fault again, in so many tries."""
    crew: Counter[bool] = Counter()

    def once(race: Race) -> None:
        arena.block(race, contest, FEWEST)
        crew.clear()
        crew.update(one.move.kind in (Kind.READ, Kind.SEARCH) for one in race.rounds[0])

    shown, tries = _shown(arena, once)
    readers = f" and {crew[True]} reader" if crew[True] else ""
    return Reproduction(shown, tries, f"{crew[False] or FEWEST} writers{readers}")


def _shown(arena: Arena, once: Callable[[Race], None]) -> tuple[int, int]:
    """How often a race shows a fault, in so many tries; what is proven stays so even if the target is gone."""
    shown = tries = 0
    with suppress(OutcomeUnknown, SetupFailed, TargetUnusable):
        for _ in range(arena.budget.repeats):
            race = Race(arena.ground)
            once(race)
            arena.settle(race)
            shown, tries = shown + bool(race.faults), tries + 1
    return shown, tries
