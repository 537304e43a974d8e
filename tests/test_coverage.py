"""What the suite covers of the texts: each of their rules is proven by a scenario, or left out for a reason."""

from contextlib import redirect_stdout
from io import StringIO

import pytest

from ifmatch.report.coverage import print_coverage
from ifmatch.rules.catalogue import ids, rules
from ifmatch.rules.door_table import main_cells, table
from ifmatch.rules.doors import ELSEWHERE
from ifmatch.rules.profile import shipped
from ifmatch.rules.texts import proofs, texts, texts_of

KNOWN = {text.id for text in texts()}


@pytest.fixture(scope="module")
def printed():
    """What is printed of the coverage."""
    with redirect_stdout(StringIO()) as output:
        print_coverage()
    return output.getvalue()


def test_every_rule_of_the_texts_is_proven_or_left_out_for_a_reason():
    proven = proofs()
    assert not [text.id for text in texts() if not proven[text.id] and not text.left_out]


def test_a_scenario_proves_rules_that_stand_in_the_texts():
    """A tag with a slip in it would prove nothing, unseen."""
    assert not {rule.id: texts_of(rule) - KNOWN for rule in rules() if texts_of(rule) - KNOWN}


def test_every_cell_of_the_table_of_doors_is_tried_or_left_out_for_a_reason():
    assert not [cell for cell in table() if not cell.rule and not cell.left_out]


def test_every_main_cell_is_tried_by_a_rule():
    """Whatever a system offers of them is tried then, and the rest it does not have."""
    cells = main_cells()
    assert len(cells) == 270
    assert not [cell for cell in cells if not cell.rule]


def test_each_profile_is_told_how_many_cells_are_tried_or_not_offered(printed):
    lines = printed.splitlines()
    told = {line.split()[0]: line for line in lines if " not offered" in line}
    assert told.keys() == set(shipped())
    assert all("270 of 270" in line for line in told.values())
    assert "270 tried, 0 not offered" in told["fhir-r4"]


def test_every_rule_on_a_door_is_a_cell_of_the_table():
    """But for what a dozen versions are made for."""
    tried = {cell.rule for cell in table()}
    assert {rule for rule in ids() if rule.startswith("door.")} - tried == {
        "door.update.stale-by-many.exists"
    }


def test_what_tries_a_cell_under_another_name_is_a_rule():
    assert set(ELSEWHERE.values()) <= ids()


@pytest.mark.parametrize(
    ("text", "levels", "rule"),
    [
        (
            "CON-02  ",
            "STU3 SHALL · R4 SHALL · R4B SHALL · R5 SHALL · R6 draft SHALL",
            "update.if-match.stale",
        ),
        ("CD-06  ", "R5 SHOULD · R6 draft SHALL", "door.conditional-delete.stale.exists"),
        (
            "INM-01  ",
            "R4 SHOULD · R4B SHOULD · R5 SHALL · R6 draft SHALL",
            "update.if-none-match.existing",
        ),
        ("PAT-04  ", "DSTU2 –", "patch.failing-test"),
    ],
)
def test_a_rule_is_shown_with_its_levels_and_its_scenarios(printed, text, levels, rule):
    blocks = printed.split("\n\n")
    block = next(block for block in blocks if block.strip().startswith(text))
    assert levels in block
    assert rule in block
