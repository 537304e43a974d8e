"""Then: what must be so after several writers have met."""

from pytest_bdd import then

from ifmatch.client.demands import demand_unchanged
from ifmatch.errors import OutcomeUnknown
from ifmatch.race.summary import history_report, report, worth_report
from ifmatch.race.workloads import rounds
from ifmatch.rules.answer import Effect
from ifmatch.rules.expectation import describe


def accepted_on(target, race):
    accepted = {
        completion.invocation.request.url for completion in race.completions if completion.accepted
    }
    return [s for s in race.subjects if f"{target.settings.base_url}/{s.type}/{s.id}" in accepted]


@then("every accepted write is kept")
@then("every read shows a version as it was written")
def kept(case, race):
    case.raced(report(race))


@then("the history only ever grows")
@then("each transaction is there whole or not at all")
@then("each transaction is seen whole or not at all")
@then("both resources had the transactions in one order")
def history_tells(case, race):
    case.raced(history_report(race))


@then("exactly one of them is accepted each time")
def one_winner(case, race):
    case.demand_offered([completion.answer for completion in race.completions])
    several = [round_ for round_ in race.rounds if _accepted_in(round_) > 1]
    won = [round_ for round_ in race.decided if _accepted_in(round_)]
    case.fact(
        not several,
        "one accepted write in each round",
        f"several accepted writes in {len(several)} of {len(race.rounds)} rounds",
    )
    decided = len(race.decided)
    case.fact(
        bool(won) or not decided, "a winner in some round", f"no winner in any of {decided} rounds"
    )


def _accepted_in(completions):
    return sum(completion.accepted for completion in completions)


@then("the others are refused as promised")
def losers_as_promised(case, race):
    case.refused_alike(race.losers)


@then("nobody is answered with a server error")
def no_server_error(case, race):
    answers = [completion.answer for completion in race.completions]
    failed = [answer for answer in answers if answer.is_server_error]
    case.fact(
        not failed,
        "no server error",
        f"{len(failed)} server errors, such as {describe(failed[0])}" if failed else "",
    )
    case.raced(worth_report(race))


@then("an ordinary update afterwards is accepted")
def not_wedged(case, bench, race):
    for subject in race.subjects[-3:]:
        answer = rounds.ordinary_update(bench, subject)
        case.fact(
            answer.effect is Effect.ACCEPTED, "an ordinary update after the race", describe(answer)
        )
    case.raced(worth_report(race))


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
        demand_unchanged(bench, case, subject)
        if case.findings:
            break


@then("the resource is gone")
def gone(case, target, race):
    for subject in accepted_on(target, race)[-3:]:
        answer = target.read(subject.type, subject.id)
        case.fact(answer.effect is Effect.REFUSED, "a resource that is gone", describe(answer))


@then("every element is there")
@then("every element of an accepted patch is there")
def elements_there(case, race):
    case.demand_offered([completion.answer for completion in race.completions])
    lost = len(race.missing)
    case.fact(
        not lost,
        "every accepted element",
        f"{lost} accepted elements are gone, without anyone being told",
    )
    case.raced(worth_report(race))


@then("every writer came through")
def nobody_starved(case, race):
    tries = max(race.attempts, default=0)
    case.observed["attempts"] = {"most": tries, "all": sum(race.attempts)}
    case.fact(
        not race.starved,
        "every writer accepted in the end",
        f"{race.starved} writers still refused after {tries} attempts",
    )


def _demand_some(made):
    if not any(made):
        raise OutcomeUnknown(
            f"nothing was made in any of {len(made)} rounds, so nothing could have been made twice"
        )


@then("one resource was made")
def one_made(case, race):
    case.demand_offered([completion.answer for completion in race.completions])
    _demand_some(race.made)
    several = [len(ids) for ids in race.made if len(ids) > 1]
    case.fact(
        not several,
        "one resource in each round",
        f"up to {max(several, default=0)} resources for one condition, in {len(several)} of {len(race.made)} rounds",
    )
    case.raced(worth_report(race))


@then("exactly one of them creates it each time")
def one_creates(case, race):
    case.demand_offered([completion.answer for completion in race.completions])
    _demand_some(race.made)
    several = [count for count in race.created if count > 1]
    case.fact(
        not several,
        "one create in each round",
        f"up to {max(several, default=0)} writers told that they created it, in {len(several)} rounds",
    )
