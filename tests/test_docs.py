"""The pages in docs/ that are made from the code speak of what is there today."""

from ifmatch import HOME
from ifmatch.rules import catalogue


def test_every_rule_stands_on_the_page_of_what_a_pass_rests_on():
    """A rule that was added or renamed has the page made anew: `python docs/what_a_pass_rests_on.py`."""
    page = (HOME / "docs" / "what-a-pass-rests-on.md").read_text(encoding="utf-8")
    missing = [rule.id for rule in catalogue.rules() if f"`{rule.id}`" not in page]
    assert not missing
