"""Given and When: one writer comes by another door, another by an ordinary update, both from one version."""

from pytest_bdd import given, when

from ifmatch.client.doors import demand_own
from ifmatch.errors import RuleNotApplicable
from ifmatch.race.workloads import creates, rounds
from ifmatch.race.workloads.rounds import Workload
from ifmatch.rules.answer import Effect
from ifmatch.rules.expectation import describe


def _against_an_update(runner, case, invocation, once=False):
    """One writer by another door, another by an ordinary update, both from the version that was read.

    `once`: a resource is raced for but once, for it may be gone then.
    """

    def prepare(subject, seen, _):
        return [invocation(subject, seen), runner.invocations.update(subject, seen)]

    race = rounds.tried(runner, Workload(prepare, once=once, unlike=True))
    case.demand_offered([round_[0].answer for round_ in race.rounds])
    return race


@when(
    "one writer updates a resource in a transaction and another by itself, from the same version, at once",
    target_fixture="race",
)
def transaction_and_update(runner, case):
    return _against_an_update(runner, case, runner.invocations.transaction)


@when(
    "one writer updates a resource in a batch and another by itself, from the same version, at once",
    target_fixture="race",
)
def batch_and_update(runner, case):
    return _against_an_update(runner, case, runner.invocations.batch)


@when(
    "one writer patches a resource and another updates it, from the same version, at once",
    target_fixture="race",
)
def patch_and_update(runner, case):
    return _against_an_update(runner, case, runner.invocations.patch)


@given("a delete from a superseded version is refused")
def delete_is_guarded(target, bench):
    """Where it is not, that is for the rule on just that to say: nobody would have to race for it."""
    subject = bench.make()
    demand_own(subject)
    bench.update(subject)
    answer = target.delete(subject.type, subject.id, if_match=subject.read.tag)
    if answer.effect is not Effect.REFUSED:
        raise RuleNotApplicable(
            f"a delete that names a superseded version is answered {describe(answer)}"
        )


@when(
    "one writer deletes a resource and another updates it, both from the version that was read, at once",
    target_fixture="race",
)
def delete_named_and_update(runner, case):
    def delete(subject, seen):
        return runner.invocations.delete(subject, seen, named=True)

    return _against_an_update(runner, case, delete, once=True)


@when(
    "one writer updates a resource by its identifier and another from the version that was read, at once",
    target_fixture="race",
)
def update_by_identifier_and_update(runner, case):
    def update_found(subject, seen):
        criteria = creates.by_identifier(runner, subject.unique)
        return runner.invocations.update_found(subject, seen, criteria)

    return _against_an_update(runner, case, update_found)
