"""The plans of a race."""

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from ifmatch.judge.history import ANY, Kind
from ifmatch.race.drawing import concurrent_plans, draw, mixed_rounds, sequential_plans
from ifmatch.race.plan import REPERTOIRE, Plan, Step

PLANS = {"sequential": sequential_plans(), "concurrent": concurrent_plans()}


@given(st.one_of(*PLANS.values()))
@settings(max_examples=200, database=None)
def test_no_writer_does_two_things_at_once(plan: Plan) -> None:
    for steps in plan.rounds:
        assert len({step.writer for step in steps}) == len(steps)


@pytest.mark.parametrize("kind", PLANS)
def test_a_seed_reproduces_the_plans(kind: str) -> None:
    assert draw(PLANS[kind], 30, 7) == draw(PLANS[kind], 30, 7)
    assert draw(PLANS[kind], 30, 7) != draw(PLANS[kind], 30, 8)


def test_half_of_the_rounds_are_hot() -> None:
    rounds = [steps for plan in draw(concurrent_plans(), 200, 1) for steps in plan.rounds]
    hot = [steps for steps in rounds if len({(step.kind, step.base) for step in steps}) == 1]
    assert 0.4 < len(hot) / len(rounds) < 0.65


def test_what_shrinks_becomes_plain() -> None:
    """The smallest race of a write with anything is one with a read."""
    quiet = settings(database=None, max_examples=500)
    smallest = find(
        mixed_rounds(4),
        lambda steps: any(step.kind is not Kind.READ for step in steps),
        settings=quiet,
    )
    assert sorted(step.kind for step in smallest) == [Kind.READ, Kind.UPDATE]


def test_a_server_is_asked_only_what_it_offers() -> None:
    offered = tuple(action for action in REPERTOIRE if action[0] in (Kind.READ, Kind.UPDATE))
    plans = draw(concurrent_plans(repertoire=offered), 50, 1)
    assert {step.kind for plan in plans for step in plan.steps} <= {Kind.READ, Kind.UPDATE}


def test_a_plan_is_told_in_words() -> None:
    plan = Plan(
        ((Step("A", Kind.UPDATE, 0), Step("B", Kind.PATCH, 2)), (Step("A", Kind.DELETE, ANY),))
    )
    assert str(plan) == (
        "1. A: update, naming the version last seen | B: patch, naming a version seen before (up to 2 back)\n"
        "2. A: delete, naming any version"
    )
    assert plan.writers == ("A", "B")
    assert plan.without(0).steps == (Step("A", Kind.DELETE, ANY),)
