"""A rule that was renamed is still understood under its old id, and the new one is told."""

from datetime import date

import pytest

from ifmatch.cli.main import main
from ifmatch.report.compare import changes
from ifmatch.rules import catalogue, renamed
from ifmatch.rules.profile import load
from ifmatch.rules.renamed import RENAMED
from ifmatch.rules.waiver import demand_known, in_force

OLD, NEW = "update.wrong-type", "update.body-type.mismatched"
WAIVER = {"reason": "until the next release", "owner": "ada@example.org", "until": "2026-11-21"}


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_the_new_id_is_that_of_a_rule_and_the_old_one_of_none(old, new):
    assert new in catalogue.ids()
    assert old not in catalogue.ids()


def entry(rule, verdict):
    return {
        "rule": rule, "title": "A title", "verdict": verdict, "message": "", "observed": {"status": 400},
        "expected": {}, "exchanges": [],
    }  # fmt: skip


def test_reports_are_compared_across_a_renaming():
    """The rule is the same one: it is neither gone nor new."""
    before, after = ({"rules": [entry(OLD, "pass")]}, {"rules": [entry(NEW, "fail")]})
    (change,) = changes(before, after)
    assert (change.rule, change.was, change.now) == (NEW, "pass", "fail")


def test_a_waiver_under_the_old_id_counts():
    demand_known({OLD: WAIVER})
    assert in_force({OLD: WAIVER}, date(2026, 11, 20)) == {NEW: WAIVER}


def test_a_profile_may_promise_under_the_old_id(tmp_path):
    """Under `rules`, in `same_as`, and in what the embedded server answers."""
    file = tmp_path / "mine.toml"
    file.write_text(
        f"""
        id = "mine"
        title = "Mine"
        extends = "fhir-r4"
        [rules."{OLD}"]
        outcome = "refused"
        status = [422]
        level = "SHALL"
        source = "http#update"
        [rules."update.unparsable"]
        same_as = "{OLD}"
        [embedded.answers]
        "{OLD}" = 422
        """
    )
    profile = load(str(file))
    assert profile.promise(NEW) == profile.promise("update.unparsable")
    assert profile.promise(NEW).status == (422,)
    assert profile.embedded.answers[NEW] == 422
    assert set(profile.renamed) == {OLD}


def test_what_is_selected_by_the_old_id_is_run_and_the_new_one_is_told(tmp_path, capsys):
    code = main(["run", "-p", "fhir-r4", "--rules", OLD, "-o", str(tmp_path)])
    assert code == 0
    assert f"the rule {OLD} is called {NEW} now" in " ".join(capsys.readouterr().out.split())


def test_an_old_id_is_explained_as_the_rule_that_it_names(capsys):
    assert main(["explain", OLD, "-p", "fhir-r4"]) == 0
    assert NEW in capsys.readouterr().out


def test_a_pattern_is_no_old_name():
    assert list(renamed.notes(["update.*", NEW])) == []
