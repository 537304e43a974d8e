"""A seeded sample of the answers that are wrong in one part, held against few rules; all of them: tests/mutants."""

import pytest
from mutants.matrix import sample
from mutants.run import Baseline, outcomes
from mutants.tables import reason

#: Rules that see every kind of answer, in few requests.
RULES = (
    "always.*,create.headers.*,read.existing,read.headers.*,read.unknown-id,update.if-match.current,"
    "update.if-match.from-search,update.headers.*,patch.if-match.current,patch.headers.etag,"
    "history.each-write-once"
)


@pytest.mark.slow
def test_a_sample_of_wrong_answers_is_caught():
    """Each turns a rule red, or a text allows it; none makes the suite fail itself."""
    found = outcomes(sample(12, seed=7), Baseline.of_rules(RULES))
    assert {one.cell: one.crash for one in found if one.crash} == {}
    assert [one.cell for one in found if not one.red and not reason(one.cell)] == []
