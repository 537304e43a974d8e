"""Every wrong part of an answer is caught by a rule, or a text allows it; none makes the suite fail itself.

A sample of the cells is run; IFMATCH_MUTANTS says of how many (`all` of all), IFMATCH_MUTANTS_SEED of which.
"""

import os

import pytest

from mutants.cells import CELLS, SENSELESS, matches
from mutants.matrix import sample
from mutants.run import baseline, outcomes
from mutants.tables import LAWFUL, reason

#: How many cells are run when nobody says.
USUAL = "25"

#: What made the suite fail itself when all cells were run: these are in every sample.
ONCE_CRASHED = ("etag.string.read", "profile.number.read")


@pytest.fixture(scope="module")
def found():
    """The outcomes of the sample, by cell."""
    count = os.environ.get("IFMATCH_MUTANTS", USUAL)
    names = sample(
        0 if count == "all" else int(count), int(os.environ.get("IFMATCH_MUTANTS_SEED", "1"))
    )
    names = dict.fromkeys([*names, *ONCE_CRASHED])
    return {outcome.cell: outcome for outcome in outcomes(list(names), baseline())}


def test_no_answer_makes_the_suite_fail_itself(found):
    """Whatever the shape of an answer, it is the server's: no traceback, and no verdict that blames the suite."""
    assert {name: outcome.crash for name, outcome in found.items() if outcome.crash} == {}


def test_each_cell_is_caught_or_lawful(found):
    """A wrong answer turns a rule red. That another could not be judged is not enough."""
    missed = [name for name, outcome in found.items() if not outcome.red]
    assert [name for name in missed if not reason(name)] == []


def test_what_is_lawful_fails_nothing(found):
    """A rule that fails a server for what no text forbids is wrong."""
    failed = {
        name: [r for r, told in outcome.red.items() if told.startswith("fail")]
        for name, outcome in found.items()
    }
    assert {name: rules for name, rules in failed.items() if rules and reason(name)} == {}


@pytest.mark.parametrize("pattern", [*SENSELESS, *LAWFUL])
def test_a_pattern_of_a_table_means_something(pattern):
    """A pattern that no cell meets is a slip of the pen; of what makes no sense, there is nothing left to meet."""
    assert pattern in SENSELESS or any(matches(name, pattern) for name in CELLS)
