"""When and Then of transactions of several entries."""

from pytest_bdd import parsers, then, when

from ifmatch.client.demands import demand_unchanged
from ifmatch.client.flaws import send_flawed
from ifmatch.rules.answer import Effect

from .creates import nothing_created


@when(
    parsers.parse("a transaction creates one resource, updates both, and has this flaw: {flaw}"),
    target_fixture="attempt",
)
def flawed_transaction(target, bench, resource, other, flaw):
    return send_flawed(target, bench, resource, other, flaw)


@then("a refused transaction leaves nothing behind")
def nothing_left_behind(case, bench, glancing, resource, other, attempt):
    if attempt.answer.effect is Effect.REFUSED:
        nothing_created(case, bench, attempt)
        demand_unchanged(bench, case, resource)
        demand_unchanged(glancing, case, other)


@then("the other one is as it was")
def other_one_unchanged(case, glancing, other):
    demand_unchanged(glancing, case, other)
