"""A server that keeps every promise in its own way gets no worse verdict than the embedded server does."""

import os

import pytest

from variations.draw import drawn
from variations.run import outcomes

#: The seeds that are run when nobody says; IFMATCH_SEEDS names others, as in "11 12 13".
USUAL = "1 2 3 4 5 6 7 8 9 10"
SEEDS = [int(seed) for seed in os.environ.get("IFMATCH_SEEDS", USUAL).split()]


@pytest.fixture(scope="module")
def found():
    """The outcomes, by seed."""
    return {outcome.draw.seed: outcome for outcome in outcomes([drawn(seed) for seed in SEEDS])}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_lawful_is_not_held_against_a_server(found, seed):
    """Nothing fails and nothing errs; what warns, or could not be judged, is explained by a variation."""
    outcome = found[seed]
    assert outcome.unexplained == {}, str(outcome.draw)
    assert outcome.is_good
