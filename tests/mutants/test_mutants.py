"""Every wrong part of an answer is caught by a rule, or a text allows it; and none makes the suite fail itself.

A sample of the cells is run; IFMATCH_MUTANTS says of how many (`all` of all), IFMATCH_MUTANTS_SEED of which.
"""

import os

import pytest

from mutants.cells import CELLS, SENSELESS, matches
from mutants.matrix import sample
from mutants.run import baseline, outcomes
from mutants.tables import CRASHES, LAWFUL, OPEN, reason

#: How many cells are run when nobody says.
USUAL = "25"


@pytest.fixture(scope="module")
def found():
    """The outcomes of the sample, by cell."""
    count = os.environ.get("IFMATCH_MUTANTS", USUAL)
    names = sample(
        0 if count == "all" else int(count), int(os.environ.get("IFMATCH_MUTANTS_SEED", "1"))
    )
    return {outcome.cell: outcome for outcome in outcomes(names, baseline())}


def test_no_answer_makes_the_suite_fail_itself(found):
    """Whatever the shape of an answer, it is the server's: no traceback, and no verdict that blames the suite."""
    crashes = {name: outcome.crash for name, outcome in found.items() if outcome.crash}
    assert {name: crash for name, crash in crashes.items() if not reason(CRASHES, name)} == {}


def test_each_cell_is_caught_or_explained(found):
    """A cell that no rule catches is lawful, for a reason, or known to be open."""
    missed = [name for name, outcome in found.items() if not outcome.red and not outcome.crash]
    assert [name for name in missed if not reason(LAWFUL, name) and not reason(OPEN, name)] == []


def test_what_is_mended_is_no_longer_open(found):
    """What is caught is no longer open, and what breaks nothing no longer breaks the suite: so the lists shrink."""
    caught = [name for name, outcome in found.items() if outcome.red and reason(OPEN, name)]
    harmless = [
        name for name, outcome in found.items() if not outcome.crash and reason(CRASHES, name)
    ]
    assert (caught, harmless) == ([], [])


def test_what_is_lawful_fails_nothing(found):
    """A rule that fails a server for what no text forbids is wrong."""
    failed = {
        name: [r for r, told in outcome.red.items() if told.startswith("fail")]
        for name, outcome in found.items()
    }
    assert {name: rules for name, rules in failed.items() if rules and reason(LAWFUL, name)} == {}


@pytest.mark.parametrize("pattern", [*SENSELESS, *LAWFUL, *CRASHES, *OPEN])
def test_a_pattern_of_a_table_means_something(pattern):
    """A pattern that no cell meets is a slip of the pen; of what makes no sense, there is nothing left to meet."""
    assert pattern in SENSELESS or any(matches(name, pattern) for name in CELLS)
