"""The catalogue for a person: what a profile makes of the rules, counted in one way wherever it is shown."""

import pytest

from ifmatch.report.catalogue import planned, print_profile, print_rules
from ifmatch.report.promises import excluded_by, promises_of
from ifmatch.rules.catalogue import rules
from ifmatch.rules.profile import load, shipped


def nothing_against(rule):
    return ""


@pytest.mark.parametrize("name", shipped())
def test_every_rule_is_counted_once(name):
    """Under one of four kinds, in the order in which they are shown."""
    counts = planned(load(name), rules(), nothing_against)
    assert list(counts) == ["expected", "surveyed", "do not apply", "not to this target"]
    assert sum(counts.values()) == len(rules())


def test_what_cannot_be_run_does_not_apply():
    """Whatever the profile expects."""
    profile = load("fhir-r4")
    by_the_profile = planned(profile, rules(), nothing_against)
    counts = planned(profile, rules(), lambda rule: "not here")
    assert counts == by_the_profile | {
        "expected": 0,
        "surveyed": 0,
        "not to this target": len(rules()) - by_the_profile["do not apply"],
    }


def test_a_rule_that_one_resource_type_is_held_to_is_expected():
    """It is run on that type, though it has no meaning on the subject of the profile."""
    (rule,) = (rule for rule in rules() if rule.id == "patch.if-match.current")
    assert planned(load("cerner-r4"), [rule], nothing_against)["expected"] == 1


def test_a_rule_is_shown_with_what_is_expected_and_where_it_is_written(capsys):
    """Level and answer, then the source, then what it says."""
    print_rules(load("fhir-r4"), "update.if-match.stale")
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[2].startswith("update.if-match.stale")
    assert lines[3] == "SHALL 412"
    assert lines[4] == "FHIR R4 RESTful API · https://hl7.org/fhir/R4/http.html#concurrency"
    assert lines[5].startswith("If the version id given in If-Match does not match")
    assert lines[-1] == "1 rule for fhir-r4: 1 expected, 0 surveyed, 0 do not apply"


def test_a_profile_is_shown_whole(capsys):
    """Every rule is there, also where nothing is promised."""
    print_profile(load("spine"))
    out = capsys.readouterr().out
    assert all(f"\n{rule.id}\n" in out for rule in rules())


@pytest.mark.parametrize("name", shipped())
def test_no_promise_is_shown_of_a_door_that_a_system_does_not_have(name):
    """Though a base of its profile promises it."""
    profile = load(name)
    lacking = [rule for rule in rules() if excluded_by(profile, rule)]
    assert all(not promise.level for rule in lacking for promise in promises_of(profile, rule))
    assert profile.interactions is None or lacking
