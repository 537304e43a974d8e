"""The rules as the feature files tell them: ids, titles, tags, and what is said of a slip in one."""

from dataclasses import replace

import complete
import pytest
from complete import lacks

from ifmatch.errors import (
    NothingSelected,
)
from ifmatch.report.promises import OF_THE_TARGET
from ifmatch.rules.catalogue import Rule, demand_carried_out, hint, matches, rules, rules_in
from ifmatch.suite.gates import CONDITIONS


def test_every_rule_has_an_id_of_its_own():
    """Reports, profiles and comparisons speak of a rule by its id."""
    ids = [rule.id for rule in rules()]
    assert len(set(ids)) == len(ids) > 100
    assert all(rule.title and rule.feature for rule in rules())


def test_every_rule_is_complete():
    """Each has steps, a fault that breaks it, and a word in every profile; what is missing is said in a sentence."""
    missing = [sentence for rule in rules() for sentence in lacks(rule)]
    if missing:
        pytest.fail("\n".join(missing), pytrace=False)


def test_a_new_rule_is_told_what_it_lacks():
    """Whoever adds a scenario learns what is still to be done."""
    new = Rule(
        "update.foo",
        "A new rule",
        "A feature",
        "update/new.feature",
        frozenset({"@rule:update.foo"}),
    )
    fault, promise = lacks(new)
    assert (
        fault
        == "update.foo has no fault that breaks it: add one to ifmatch/reference/fault_list.py"
    )
    assert promise.startswith("no profile says anything of update.foo: add ")
    owned = replace(new, tags=new.tags | {"@if-promised"})
    assert lacks(owned)[1].startswith(
        "no profile promises update.foo, and it runs only where it is promised: "
    )


def test_a_sentence_without_a_step_is_named(tmp_path, monkeypatch):
    """With the rule that it is part of."""
    text = "Feature: F\n  @rule:update.foo\n  Scenario: S\n    Given a resource on the server\n    When it is fooed\n"
    (tmp_path / "new.feature").write_text(text)
    monkeypatch.setattr(complete, "FEATURES", tmp_path)
    monkeypatch.setattr(complete, "_scenarios", complete._scenarios.__wrapped__)
    assert lacks(Rule("update.foo", "S", "F", "new.feature", frozenset()))[0] == (
        "update.foo: the sentence 'it is fooed' has no step: add one to steps/"
    )


def test_every_gate_is_known():
    """A tag with a slip in it would gate nothing, unseen."""
    known = {"@if-promised"} | {f"@needs:{n}" for n in (
        "read", "vread", "create", "update", "delete", "patch", "search-type", "conditional-update", "update-create",
        "history-instance", "conditional-create", "conditional-patch", "conditional-delete", "transaction", "batch",
        "json-patch", "xml-patch", "fhirpath-patch", "credentials", "second-identity", "statement", "versions",
        "audit-event", "provenance",
    )} | {f"@unless:{n}" for n in ("patch", "transaction", "conditional-create", "conditional-update")}  # fmt: skip
    for rule in rules():
        gates = {tag for tag in rule.tags if not tag.startswith(("@rule:", "@spec:"))}
        assert gates <= known, rule.id


def test_what_only_a_target_can_show_is_known_to_whoever_tells_of_promises():
    """No profile is said to lack what depends on the target."""
    assert CONDITIONS.keys() == OF_THE_TARGET


def test_no_feature_and_no_step_names_a_number():
    """What a sentence means in codes is data of the profiles."""
    import re

    from ifmatch import HOME
    from ifmatch.rules.catalogue import FEATURES

    for path in [*FEATURES.rglob("*.feature"), *(HOME / "steps").glob("*.py")]:
        assert not re.search(r"\b[1-5]\d\d\b", path.read_text(encoding="utf-8")), path.name


@pytest.mark.parametrize(
    ("slip", "meant"),
    [("update.if-match.stal", "update.if-match.stale"), ("update.if-mach.*", "update.if-match.*")],
)
def test_a_slip_is_told_what_was_meant(slip, meant):
    """Of ids an id, of patterns a pattern."""
    assert hint(slip) == f' Did you mean "{meant}"? `ifmatch rules` lists all.'


def test_a_pattern_where_one_rule_is_named_is_called_one():
    """What was typed is never what was meant."""
    assert hint("update.if-match.*").startswith(" Here one rule is named, and no pattern, such as ")


def test_a_scenario_without_an_id_is_named(tmp_path):
    """It could not be spoken of."""
    path = tmp_path / "new.feature"
    path.write_text("Feature: F\n  Scenario: S\n    Given a resource on the server\n")
    with pytest.raises(
        ValueError, match=r"^new.feature: the scenario 'S' needs one @rule: tag, not 0$"
    ):
        list(rules_in(path))


def test_globs_choose_rules():
    """Several patterns, separated by commas."""
    assert matches("update.if-match.stale", "read.*, update.if-match.*")
    assert not matches("update.if-match.stale", "update.if-match")


def test_what_is_watched_needs_something_to_watch():
    """Rules without exchanges of their own are no run."""
    with pytest.raises(NothingSelected, match="watched in the exchanges of other rules"):
        demand_carried_out("always.*")
    demand_carried_out("always.*,update.if-match.stale")
