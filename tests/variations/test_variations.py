"""A server that keeps every promise in its own way gets no worse verdict than the embedded server does."""

import os

import pytest

from variations.draw import drawn, given
from variations.run import outcomes
from variations.tables import OPEN

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
    unknown = {
        rule: told for rule, told in outcome.unexplained.items() if rule not in outcome.known
    }
    assert unknown == {}, str(outcome.draw)
    assert outcome.is_good or outcome.known


@pytest.mark.parametrize("one", OPEN, ids=lambda one: f"{one.variation} {one.verdict}")
def test_what_is_to_be_mended_is_still_wrong(one):
    """An entry that came true is taken out of the table: so it shrinks."""
    # A server that has no update as create, which a statement would say.
    (outcome,) = outcomes(
        [given(1, "fhir-r4", [one.variation, "statuses=any that is promised"])], one.rules
    )
    assert outcome.known
