"""When several writers meet, and what must be so afterwards."""

import pytest
from pytest_bdd import then, when

from ifmatch.errors import RuleNotApplicable
from ifmatch.plugin import session_of
from ifmatch.race import contests
from ifmatch.race.arena import Arena, Contest
from ifmatch.race.telling import history_report, report
from ifmatch.rules.answer import Effect
from ifmatch.rules.expectation import describe
from ifmatch.target.workbench import Workbench


@pytest.fixture
def arena(request, target, resource_type):
    session = session_of(request.config)
    races = session.races
    bench = Workbench(target, resource_type, history=False)
    return Arena(session.ground(resource_type), target, bench, races.budget, races.writers, races.seed)


def _all(move):
    return lambda subject, seen, writers: [move(subject, seen) for _ in range(writers)]


def _demand_unnamed(arena):
    if not arena.unnamed_writes:
        raise RuleNotApplicable(f"{arena.target.profile.title} lets no write name no version")


# ---------------------------------------------------------------- who meets


@when("several writers update a resource from the same version, at once", target_fixture="race")
def update_same_version(arena):
    return contests.tried(arena, Contest(_all(arena.moves.update)))


@when("several writers patch a resource from the same version, at once", target_fixture="race")
def patch_same_version(arena):
    return contests.tried(arena, Contest(_all(arena.moves.patch)))


@when("several writers update a resource in transactions from the same version, at once", target_fixture="race")
def transaction_same_version(arena):
    return contests.tried(arena, Contest(_all(arena.moves.transaction)))


@when("several writers update a resource in batches from the same version, at once", target_fixture="race")
def batch_same_version(arena):
    return contests.tried(arena, Contest(_all(arena.moves.batch)))


@when(
    "one writer updates a resource in a transaction and another by itself, from the same version, at once",
    target_fixture="race",
)
def transaction_and_update(arena):
    moves = arena.moves
    return contests.tried(
        arena,
        Contest(lambda subject, seen, _: [moves.transaction(subject, seen), moves.update(subject, seen)], unlike=True),
    )


@when("several writers update a resource without naming a version, at once", target_fixture="race")
def update_unnamed(arena):
    _demand_unnamed(arena)
    return contests.tried(arena, Contest(_all(lambda subject, seen: arena.moves.update(subject, seen, named=False))))


@when("several writers update a deleted resource without naming a version, at once", target_fixture="race")
def revive(arena):
    _demand_unnamed(arena)
    prepare = _all(lambda subject, seen: arena.moves.update(subject, seen, named=False))
    race = contests.tried(arena, Contest(prepare, opening=contests.delete_first, once=True))
    if race.clear and not any(one.accepted for one in race.answered()):
        raise RuleNotApplicable(f"what is deleted stays so: {describe(race.clear[0][0].answer)}")
    race.subjects = _accepted_on(arena.target, race)  # where nobody won, there is nothing that could be wedged
    return race


@when("several writers update a resource while others read it", target_fixture="race")
def update_and_read(arena):
    def prepare(subject, seen, writers):
        readers = max(1, writers // 2)
        updates = [arena.moves.update(subject, seen) for _ in range(max(2, writers - readers))]
        return updates + [arena.moves.read(subject) for _ in range(readers)]

    return contests.tried(arena, Contest(prepare))


@when("several writers update a resource while others read its history", target_fixture="race")
def update_and_read_history(arena):
    def prepare(subject, seen, writers):
        updates = [arena.moves.update(subject, seen) for _ in range(max(2, writers - 1))]
        return [*updates, arena.moves.history(subject)]

    return contests.tried(arena, Contest(prepare))


@when("a writer deletes a resource while another updates it from the version that was read", target_fixture="race")
def delete_and_update(arena):
    moves = arena.moves
    named = not arena.unnamed_writes

    def prepare(subject, seen, _):
        return [moves.delete(subject, seen, named), moves.update(subject, seen)]

    return contests.tried(arena, Contest(prepare, once=True, unlike=True))


@when("several writers delete a resource, at once", target_fixture="race")
def delete_all(arena):
    named = not arena.unnamed_writes
    prepare = _all(lambda subject, seen: arena.moves.delete(subject, seen, named))
    return contests.tried(arena, Contest(prepare, once=True))


@when("several writers read and update a resource in any order, some of it at once", target_fixture="race")
def interleaved(arena, request):
    return contests.interleaved(arena, session_of(request.config).races.seed)


@when(
    "several writers each add an element of their own, reading again and retrying until they are accepted",
    target_fixture="relay",
)
def relay(arena):
    return contests.relay(arena)


@when(
    "several writers each patch an element of their own without naming a version, at once",
    target_fixture="relay",
)
def patch_relay(arena):
    _demand_unnamed(arena)
    return contests.patch_relay(arena)


@when(
    "several writers create a resource on the condition that its identifier is new, at once", target_fixture="newcomers"
)
def create_conditional(arena):
    return contests.newcomers(
        arena, lambda unique: arena.moves.create_if_none(unique, contests.by_identifier(arena, unique))
    )


@when("several writers update by an identifier that nothing has yet, at once", target_fixture="newcomers")
def update_conditional(arena):
    return contests.newcomers(
        arena, lambda unique: arena.moves.conditional_update(unique, contests.by_identifier(arena, unique))
    )


@when("several writers update an id that was never given out, at once", target_fixture="newcomers")
def update_as_create(arena):
    return contests.births(arena)


@when(
    "a writer sends all but the last byte, another updates the resource, and then the last byte follows",
    target_fixture="race",
)
def slow_writer(arena):
    return contests.slow_writer(arena)


@when("a writer gives up waiting and sends the same update again from the same version", target_fixture="race")
def abandoned(arena):
    return contests.abandoned_and_retried(arena)


@when("a writer breaks off in the middle of sending an update", target_fixture="race")
def aborted(arena):
    return contests.aborted_upload(arena)


def _accepted_on(target, race):
    accepted = {one.move.request.url for one in race.answered() if one.accepted}
    return [s for s in race.subjects if f"{target.settings.base_url}/{s.type}/{s.id}" in accepted]


# ---------------------------------------------------------------- what must be so


@then("every accepted write is kept")
@then("every read shows a version as it was written")
def kept(case, race):
    case.raced(report(race))


@then("the history only ever grows")
def history_grows(case, race):
    case.raced(history_report(race))


@then("exactly one of them is accepted each time")
def one_winner(case, race):
    several = [fight for fight in race.rounds if sum(one.accepted for one in fight) > 1]
    won = sum(any(one.accepted for one in fight) for fight in race.clear)
    case.fact(
        not several,
        "one accepted write in each round",
        f"several accepted writes in {len(several)} of {len(race.rounds)} rounds",
    )
    case.fact(won > 0 or not race.clear, "a winner in some round", f"no winner in any of {len(race.clear)} rounds")


@then("the others are refused as promised")
def losers_as_promised(case, race):
    losers = [one.answer for one in race.answered() if one.refused]
    case.refused_alike(losers)


@then("nobody is answered with a server error")
def no_server_error(case, race):
    failed = [one.answer for one in race.answered() if one.answer.is_server_error]
    case.fact(
        not failed, "no server error", f"{len(failed)} server errors, such as {describe(failed[0])}" if failed else ""
    )
    case.raced(report(race, judged=False))


@then("an ordinary update afterwards is accepted")
def not_wedged(case, bench, target, race):
    for subject in race.subjects[-3:]:
        answer = contests.ordinary_update(target, bench, subject)
        case.fact(answer.effect is Effect.ACCEPTED, "an ordinary update after the race", describe(answer))
    case.raced(report(race, judged=False))


@then("the last version is what a read shows")
def last_is_read(case, race):
    for history in race.histories:
        if history.entries and history.final is not None:
            last, shown = history.entries[-1].version, history.final.version
            case.fact(
                last == shown,
                "the last version of the history",
                f"a read shows version {shown}, the history ends with {last}",
            )


@then("the resource is readable and whole")
def readable(case, bench, race):
    for subject in race.subjects:
        # Nobody else writes here, and half a body need not hold the mark by which a version is known.
        bench.demand_unchanged(case, subject)
        if case.findings:
            break


@then("the resource is gone")
def gone(case, target, race):
    for subject in _accepted_on(target, race)[-3:]:
        answer = target.read(subject.type, subject.id)
        case.fact(answer.effect is Effect.REFUSED, "a resource that is gone", describe(answer))


@then("every element is there")
@then("every element of an accepted patch is there")
def elements_there(case, relay):
    lost = len(relay.missing)
    case.fact(not lost, "every accepted element", f"{lost} accepted elements are gone, without anyone being told")
    case.raced(report(relay.race, judged=False))


@then("every writer came through")
def nobody_starved(case, relay):
    tries = max(relay.attempts, default=0)
    case.observed["attempts"] = {"most": tries, "all": sum(relay.attempts)}
    case.fact(
        not relay.starved,
        "every writer accepted in the end",
        f"{relay.starved} writers still refused after {tries} attempts",
    )


@then("one resource was made")
def one_made(case, newcomers):
    several = [len(ids) for ids in newcomers.made if len(ids) > 1]
    case.fact(
        not several,
        "one resource in each round",
        f"up to {max(several, default=0)} resources for one condition, "
        f"in {len(several)} of {len(newcomers.made)} rounds",
    )
    case.raced(report(newcomers.race, judged=False))


@then("exactly one of them creates it each time")
def one_creates(case, newcomers):
    several = [count for count in newcomers.created if count > 1]
    case.fact(
        not several,
        "one create in each round",
        f"up to {max(several, default=0)} writers told that they created it, in {len(several)} rounds",
    )


@then("every accepted write of the relay is kept")
def relay_kept(case, relay):
    case.raced(report(relay.race))


@then("every accepted write of the newcomers is kept")
def newcomers_kept(case, newcomers):
    case.raced(report(newcomers.race))
