"""The judge against a search that knows nothing of it; `benchmarks/judge_differential.py` asks it of many more."""

import os
import random

import pytest

from ifmatch.judge.anomaly import WITNESS, Name
from ifmatch.judge.checker import judge
from ifmatch.judge.history import History
from tests.judge.differential import CHAIN, CLAIMED, LOOSE, VALUES, histories
from tests.judge.seeded import EPISODES, WITHOUT_HISTORY, seeded
from tests.judge.simulate import World, simulate
from tests.judge.wgl import explicable

#: How many histories a run looks at; the figures of the benchmarks are of 50,000.
COUNT = int(os.environ.get("IFMATCH_HISTORIES", "3000"))


@pytest.mark.parametrize("world", [CLAIMED, CHAIN, VALUES], ids=["history", "links", "values"])
def test_judge_and_search_agree(world: World) -> None:
    for history in histories(COUNT // 3, seed=3, worlds=(world,)):
        assert (not judge(history)) == explicable(history), history


@pytest.mark.parametrize(
    "world",
    LOOSE,
    ids=["nameless deletions", "nameless deletions without history", "mixed refusals"],
)
def test_where_it_may_miss_something_it_accuses_nobody_wrongly(world: World) -> None:
    for history in histories(COUNT // 6, seed=4, worlds=(world,)):
        assert not judge(history) or not explicable(history, foreign_deletions=False), history


def test_the_search_finds_faults_at_all() -> None:
    """An oracle that accepts everything would agree with a judge that does."""
    told = [explicable(history) for history in histories(300, seed=5)]
    assert 30 < told.count(False) < 200


@pytest.mark.parametrize("name", EPISODES, ids=lambda name: name.label)
def test_a_seeded_fault_is_named(name: Name) -> None:
    for number in range(5):
        _is_named(name, seeded(name, random.Random(number)))


@pytest.mark.parametrize("name", WITHOUT_HISTORY, ids=lambda name: name.label)
def test_a_seeded_fault_is_named_without_history(name: Name) -> None:
    for number in range(5):
        _is_named(name, seeded(name, random.Random(number), claimed=False))


def _is_named(name: Name, history: History) -> None:
    found = judge(history)
    assert [anomaly.name for anomaly in found] == [name]
    assert len(found[0].operations) <= WITNESS


def test_a_correct_server_raises_no_alarm() -> None:
    rng = random.Random(6)
    for world in (CLAIMED, CHAIN, VALUES, *LOOSE):
        for _ in range(20):
            assert judge(simulate(world, rng)) == ()
