"""When several writers meet, and what must be so afterwards."""

import pytest
from pytest_bdd import then, when

from ifmatch.client.workbench import Workbench
from ifmatch.errors import RuleNotApplicable
from ifmatch.race import workloads
from ifmatch.race.runner import Runner, Workload
from ifmatch.race.summary import history_report, report
from ifmatch.rules.answer import Effect
from ifmatch.rules.expectation import describe
from ifmatch.suite.plugin import session_of


@pytest.fixture
def runner(request, target, resource_type):
    session = session_of(request.config)
    races = session.races
    bench = Workbench(target, resource_type, history=False)
    return Runner(session.ground(resource_type), target, bench, races.budget, races.writers, races.seed)


def _all(invocation):
    return lambda subject, seen, writers: [invocation(subject, seen) for _ in range(writers)]


def _demand_unnamed(runner):
    if not runner.unnamed_writes:
        raise RuleNotApplicable(f"{runner.target.profile.title} lets no write name no version")


# ---------------------------------------------------------------- who meets


@when("several writers update a resource from the same version, at once", target_fixture="race")
def update_same_version(runner):
    return workloads.tried(runner, Workload(_all(runner.invocations.update)))


@when("several writers patch a resource from the same version, at once", target_fixture="race")
def patch_same_version(runner):
    return workloads.tried(runner, Workload(_all(runner.invocations.patch)))


@when("several writers update a resource in transactions from the same version, at once", target_fixture="race")
def transaction_same_version(runner):
    return workloads.tried(runner, Workload(_all(runner.invocations.transaction)))


@when("several writers update a resource in batches from the same version, at once", target_fixture="race")
def batch_same_version(runner):
    return workloads.tried(runner, Workload(_all(runner.invocations.batch)))


@when(
    "one writer updates a resource in a transaction and another by itself, from the same version, at once",
    target_fixture="race",
)
def transaction_and_update(runner):
    invocations = runner.invocations
    return workloads.tried(
        runner,
        Workload(
            lambda subject, seen, _: [invocations.transaction(subject, seen), invocations.update(subject, seen)],
            unlike=True,
        ),
    )


@when("several writers update a resource without naming a version, at once", target_fixture="race")
def update_unnamed(runner):
    _demand_unnamed(runner)
    return workloads.tried(
        runner, Workload(_all(lambda subject, seen: runner.invocations.update(subject, seen, named=False)))
    )


@when("several writers update a deleted resource without naming a version, at once", target_fixture="race")
def revive(runner):
    _demand_unnamed(runner)
    prepare = _all(lambda subject, seen: runner.invocations.update(subject, seen, named=False))
    race = workloads.tried(runner, Workload(prepare, opening=workloads.delete_first, once=True))
    if race.clear and not any(one.accepted for one in race.answered()):
        raise RuleNotApplicable(f"what is deleted stays so: {describe(race.clear[0][0].answer)}")
    race.subjects = _accepted_on(runner.target, race)  # where nobody won, there is nothing that could be wedged
    return race


@when("several writers update a resource while others read it", target_fixture="race")
def update_and_read(runner):
    def prepare(subject, seen, writers):
        readers = max(1, writers // 2)
        updates = [runner.invocations.update(subject, seen) for _ in range(max(2, writers - readers))]
        return updates + [runner.invocations.read(subject) for _ in range(readers)]

    return workloads.tried(runner, Workload(prepare))


@when("several writers update a resource while others read its history", target_fixture="race")
def update_and_read_history(runner):
    def prepare(subject, seen, writers):
        updates = [runner.invocations.update(subject, seen) for _ in range(max(2, writers - 1))]
        return [*updates, runner.invocations.history(subject)]

    return workloads.tried(runner, Workload(prepare))


@when("a writer deletes a resource while another updates it from the version that was read", target_fixture="race")
def delete_and_update(runner):
    invocations = runner.invocations
    named = not runner.unnamed_writes

    def prepare(subject, seen, _):
        return [invocations.delete(subject, seen, named), invocations.update(subject, seen)]

    return workloads.tried(runner, Workload(prepare, once=True, unlike=True))


@when("several writers delete a resource, at once", target_fixture="race")
def delete_all(runner):
    named = not runner.unnamed_writes
    prepare = _all(lambda subject, seen: runner.invocations.delete(subject, seen, named))
    return workloads.tried(runner, Workload(prepare, once=True))


@when("several writers read and update a resource in any order, some of it at once", target_fixture="race")
def interleaved(runner, request):
    return workloads.interleaved(runner, session_of(request.config).races.seed)


@when(
    "several writers each add an element of their own, reading again and retrying until they are accepted",
    target_fixture="relay",
)
def relay(runner):
    return workloads.relay(runner)


@when(
    "several writers each patch an element of their own without naming a version, at once",
    target_fixture="relay",
)
def patch_relay(runner):
    _demand_unnamed(runner)
    return workloads.patch_relay(runner)


@when(
    "several writers create a resource on the condition that its identifier is new, at once",
    target_fixture="conditional_creates",
)
def create_conditional(runner):
    return workloads.conditional_creates(
        runner, lambda unique: runner.invocations.create_if_none(unique, workloads.by_identifier(runner, unique))
    )


@when("several writers update by an identifier that nothing has yet, at once", target_fixture="conditional_creates")
def update_conditional(runner):
    return workloads.conditional_creates(
        runner, lambda unique: runner.invocations.conditional_update(unique, workloads.by_identifier(runner, unique))
    )


@when("several writers update an id that was never given out, at once", target_fixture="conditional_creates")
def update_as_create(runner):
    return workloads.births(runner)


@when(
    "a writer sends all but the last byte, another updates the resource, and then the last byte follows",
    target_fixture="race",
)
def slow_writer(runner):
    return workloads.slow_writer(runner)


@when("a writer gives up waiting and sends the same update again from the same version", target_fixture="race")
def abandoned(runner):
    return workloads.abandoned_and_retried(runner)


@when("a writer breaks off in the middle of sending an update", target_fixture="race")
def aborted(runner):
    return workloads.aborted_upload(runner)


def _accepted_on(target, race):
    accepted = {one.invocation.request.url for one in race.answered() if one.accepted}
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
        answer = workloads.ordinary_update(target, bench, subject)
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
def one_made(case, conditional_creates):
    several = [len(ids) for ids in conditional_creates.made if len(ids) > 1]
    case.fact(
        not several,
        "one resource in each round",
        f"up to {max(several, default=0)} resources for one condition, "
        f"in {len(several)} of {len(conditional_creates.made)} rounds",
    )
    case.raced(report(conditional_creates.race, judged=False))


@then("exactly one of them creates it each time")
def one_creates(case, conditional_creates):
    several = [count for count in conditional_creates.created if count > 1]
    case.fact(
        not several,
        "one create in each round",
        f"up to {max(several, default=0)} writers told that they created it, in {len(several)} rounds",
    )


@then("every accepted write of the relay is kept")
def relay_kept(case, relay):
    case.raced(report(relay.race))


@then("every accepted write of the newcomers is kept")
def newcomers_kept(case, conditional_creates):
    case.raced(report(conditional_creates.race))
