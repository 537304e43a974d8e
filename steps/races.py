"""When: several writers meet."""

from functools import partial

import pytest
from pytest_bdd import when

from ifmatch.client.workbench import Workbench
from ifmatch.errors import RuleNotApplicable
from ifmatch.judge.history import Kind
from ifmatch.race.runner import Runner
from ifmatch.race.summary import check, check_together
from ifmatch.race.workloads import creates, interleaved, interrupted, pairs, relay, rounds
from ifmatch.race.workloads.rounds import Workload
from ifmatch.rules.expectation import describe
from ifmatch.suite.stash import session_of

from .race_outcomes import accepted_on


@pytest.fixture
def runner(request, target, resource_type):
    session = session_of(request.config)
    races = session.races
    bench = Workbench(target, resource_type, history=False)
    environment = session.race_environment(resource_type)
    return Runner(environment, target, bench, races.budget, races.writers, races.seed, check)


def _all(invocation):
    return lambda subject, seen, writers: [invocation(subject, seen) for _ in range(writers)]


def _demand_unnamed(runner):
    if not runner.invocations.unnamed_writes:
        raise RuleNotApplicable(f"{runner.target.profile.title} lets no write name no version")


# ---------------------------------------------------------------- who meets


@when("several writers update a resource from the same version, at once", target_fixture="race")
def update_same_version(runner):
    return rounds.tried(runner, Workload(_all(runner.invocations.update)))


@when("several writers patch a resource from the same version, at once", target_fixture="race")
def patch_same_version(runner):
    return rounds.tried(runner, Workload(_all(runner.invocations.patch)))


@when(
    "several writers patch a resource by FHIRPath from the same version, at once",
    target_fixture="race",
)
def fhirpath_patch_same_version(runner, case):
    return _patched_by(runner, case, "fhirpath-patch")


@when(
    "several writers patch a resource by XML Patch from the same version, at once",
    target_fixture="race",
)
def xml_patch_same_version(runner, case):
    return _patched_by(runner, case, "xml-patch")


def _patched_by(runner, case, patch_format):
    patch = partial(runner.invocations.patch, patch_format=patch_format)
    race = rounds.tried(runner, Workload(_all(patch)))
    case.demand_offered([completion.answer for completion in race.completions])
    return race


@when(
    "several writers update a resource in transactions from the same version, at once",
    target_fixture="race",
)
def transaction_same_version(runner):
    return rounds.tried(runner, Workload(_all(runner.invocations.transaction)))


@when(
    "several writers update a resource in batches from the same version, at once",
    target_fixture="race",
)
def batch_same_version(runner):
    return rounds.tried(runner, Workload(_all(runner.invocations.batch)))


@when(
    "several writers update two resources in transactions, every second one in the opposite order, from the same "
    "versions, at once",
    target_fixture="race",
)
def transactions_in_opposite_order(runner):
    return pairs.raced(runner, check_together, pairs.in_opposite_order(runner))


@when(
    "several writers update two resources in transactions, every second one in the opposite order, without naming "
    "versions, at once",
    target_fixture="race",
)
def unnamed_transactions_in_opposite_order(runner):
    _demand_unnamed(runner)
    return pairs.raced(runner, check_together, pairs.in_opposite_order(runner, named=False))


@when(
    "one writer updates two resources in a transaction and another one of them by itself, from the same versions, "
    "at once",
    target_fixture="race",
)
def transaction_half_stale(runner, case):
    return _half_stale(runner, case, "transaction")


@when(
    "one writer updates two resources in a batch and another one of them by itself, from the same versions, at once",
    target_fixture="race",
)
def batch_half_stale(runner, case):
    return _half_stale(runner, case, "batch")


def _half_stale(runner, case, bundle_type):
    prepare = pairs.against_an_update(runner, bundle_type)
    race = pairs.raced(runner, check_together, prepare, unlike=True)
    case.demand_offered([round_[0].answer for round_ in race.rounds])
    return race


@when(
    "several writers update two resources in transactions while others read them",
    target_fixture="race",
)
def transactions_and_reads(runner):
    return pairs.raced(runner, check_together, pairs.beside_readers(runner))


@when(
    "transactions that update two resources are refused for the second while others read the first",
    target_fixture="race",
)
def refused_transactions_and_reads(runner):
    return pairs.raced(runner, check_together, pairs.undone_beside_readers(runner))


@when(
    "several writers update two resources in transactions while others search for both",
    target_fixture="race",
)
def transactions_and_searches(runner):
    return pairs.raced(runner, check_together, pairs.beside_searches(runner))


@when("several writers update a resource without naming a version, at once", target_fixture="race")
def update_unnamed(runner):
    _demand_unnamed(runner)
    return rounds.tried(
        runner,
        Workload(_all(lambda subject, seen: runner.invocations.update(subject, seen, named=False))),
    )


@when(
    "several writers update a deleted resource without naming a version, at once",
    target_fixture="race",
)
def revive(runner):
    _demand_unnamed(runner)
    prepare = _all(lambda subject, seen: runner.invocations.update(subject, seen, named=False))
    race = rounds.tried(runner, Workload(prepare, opening=rounds.delete_first, once=True))
    if race.decided and not any(completion.accepted for completion in race.completions):
        raise RuleNotApplicable(f"what is deleted stays so: {describe(race.decided[0][0].answer)}")
    race.subjects = accepted_on(
        runner.target, race
    )  # where nobody won, there is nothing that could be wedged
    return race


@when("several writers update a resource while others read it", target_fixture="race")
def update_and_read(runner):
    return _beside_readers(runner, runner.invocations.update)


@when("several writers patch a resource while others read it", target_fixture="race")
def patch_and_read(runner):
    return _beside_readers(runner, runner.invocations.patch)


def _beside_readers(runner, write):
    def prepare(subject, seen, writers):
        readers = max(1, writers // 2)
        writes = [write(subject, seen) for _ in range(max(2, writers - readers))]
        return writes + [runner.invocations.read(subject) for _ in range(readers)]

    return rounds.tried(runner, Workload(prepare))


@when("several writers update a resource while others read its history", target_fixture="race")
def update_and_read_history(runner):
    def prepare(subject, seen, writers):
        updates = [runner.invocations.update(subject, seen) for _ in range(max(2, writers - 1))]
        return [*updates, runner.invocations.history(subject)]

    return rounds.tried(runner, Workload(prepare))


@when(
    "a writer deletes a resource while another updates it from the version that was read",
    target_fixture="race",
)
def delete_and_update(runner, case):
    invocations = runner.invocations
    named = not runner.invocations.unnamed_writes

    def prepare(subject, seen, _):
        return [invocations.delete(subject, seen, named), invocations.update(subject, seen)]

    race = rounds.tried(runner, Workload(prepare, once=True, unlike=True))
    case.demand_offered(_answers(race, Kind.DELETE))
    return race


@when(
    "a writer deletes a resource by its identifier while another updates it from the version that was read",
    target_fixture="race",
)
def delete_by_identifier_and_update(runner, case):
    def prepare(subject, seen, _):
        criteria = creates.by_identifier(runner, subject.unique)
        deletion = runner.invocations.delete_found(subject, criteria)
        return [deletion, runner.invocations.update(subject, seen)]

    race = rounds.tried(runner, Workload(prepare, once=True, unlike=True))
    case.demand_offered(_answers(race, Kind.DELETE))
    return race


@when("several writers delete a resource, at once", target_fixture="race")
def delete_all(runner, case):
    named = not runner.invocations.unnamed_writes
    prepare = _all(lambda subject, seen: runner.invocations.delete(subject, seen, named))
    race = rounds.tried(runner, Workload(prepare, once=True))
    case.demand_offered(_answers(race, Kind.DELETE))
    return race


@when(
    "several writers read and update a resource in any order, some of it at once",
    target_fixture="race",
)
def interleave(runner, request):
    return interleaved.interleaved(runner, session_of(request.config).races.seed)


@when(
    "several writers each add an element of their own, reading again and retrying until they are accepted",
    target_fixture="race",
)
def read_modify_write(runner):
    return relay.read_modify_write(runner)


@when(
    "several writers each patch an element of their own without naming a version, at once",
    target_fixture="race",
)
def unnamed_patches(runner):
    _demand_unnamed(runner)
    return relay.unnamed_patches(runner)


@when(
    "several writers create a resource on the condition that its identifier is new, at once",
    target_fixture="race",
)
def create_conditional(runner):
    return creates.conditional_creates(
        runner,
        lambda unique: runner.invocations.create_if_none(
            unique, creates.by_identifier(runner, unique)
        ),
    )


@when(
    "several writers update by an identifier that nothing has yet, at once", target_fixture="race"
)
def update_conditional(runner):
    return creates.conditional_creates(
        runner,
        lambda unique: runner.invocations.conditional_update(
            unique, creates.by_identifier(runner, unique)
        ),
    )


@when("several writers update an id that was never given out, at once", target_fixture="race")
def update_as_create(runner):
    return creates.updates_as_create(runner)


@when(
    "several writers update an id that was never given out, asking that nothing be there, at once",
    target_fixture="race",
)
def update_if_absent(runner):
    return creates.updates_as_create(runner, [("If-None-Match", "*")])


@when(
    "a writer sends all but the last byte, another updates the resource, and then the last byte follows",
    target_fixture="race",
)
def slow_writer(runner):
    return interrupted.slow_writer(runner)


@when(
    "a writer gives up waiting and sends the same update again from the same version",
    target_fixture="race",
)
def abandoned(runner):
    return interrupted.abandoned_and_retried(runner)


@when("a writer breaks off in the middle of sending an update", target_fixture="race")
def aborted(runner):
    return interrupted.aborted_upload(runner)


def _answers(race, kind):
    return [one.answer for one in race.completions if one.invocation.kind is kind]
