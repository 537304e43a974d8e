"""The comparison of a run with the known answers, and the answers themselves. No server is needed for these."""

from pathlib import Path

import pytest
from known import KNOWN, PARTS, known, surprises

from ifmatch.rules.verdict import Verdict

PAGES = Path(__file__).parents[2] / "docs" / "servers"


def rule(name="update.if-match.stale", verdict="fail", status=409, **fields):
    return {
        "rule": name,
        "verdict": verdict,
        "observed": {"status": status},
        "message": "",
        **fields,
    }


def case(form, status):
    return {"row": {"form": form}, "observed": {"status": status}}


def new(judged, **answer):
    """What is new when one rule is judged so and known so."""
    return surprises({"rules": [judged]}, {judged["rule"]: answer} if answer else {})


def test_what_is_known_is_no_surprise():
    """The verdict, one of several verdicts, the status, the status of each case; and silence on what is quiet."""
    cases = [
        {"row": {"form": "bare"}, "observed": {"status": 500}},
        {"row": {"form": "empty"}, "observed": {"status": 200}},
    ]
    assert new(rule(), verdict="fail", status=409) == []
    assert new(rule(), verdict=["fail", "inconclusive"]) == []
    assert new(rule(cases=cases), verdict="fail", status={"bare": 500, "empty": 200}) == []
    assert new(rule(verdict="observed")) == []


@pytest.mark.parametrize(
    ("judged", "answer"),
    [
        (rule(), {}),
        (rule(verdict="warn"), {}),
        (rule(verdict="pass"), {"verdict": "fail"}),
        (rule(status=412), {"verdict": "fail", "status": 409}),
        (
            rule(cases=[{"row": {"form": "bare"}, "observed": {"status": 409}}]),
            {"verdict": "fail", "status": {"bare": 500}},
        ),
    ],
)
def test_what_is_otherwise_is_a_surprise(judged, answer):
    """A new fault, a fault that is gone, another answer to the same fault."""
    assert len(new(judged, **answer)) == 1


def test_a_known_rule_that_is_gone_is_a_surprise():
    """A rule that was renamed would take its fault out of sight."""
    assert len(surprises({"rules": []}, {"update.if-match.stale": {"verdict": "fail"}})) == 1


def test_a_race_shows_what_it_must_and_nothing_that_it_may_not():
    """What is certain to be seen, what may be seen, and all else."""
    seen = rule(
        "race.update", race={"anomalies": [{"name": "lost update"}, {"name": "stale read"}]}
    )
    assert new(seen, verdict="fail", must=["lost update"], may=["stale read", "ghost write"]) == []
    assert len(new(seen, verdict="fail", must=["lost update"])) == 1
    assert (
        len(new(seen, verdict="fail", must=["lost update", "ghost write"], may=["stale read"])) == 1
    )
    assert len(new(rule("race.update", "pass", race={"anomalies": ["stale read"]}))) == 1


def test_a_pattern_speaks_of_what_has_no_entry_of_its_own():
    """And a race that may fail must have shown why."""
    seen = rule("race.update", race={"anomalies": [{"name": "stale read"}]})
    answers = {"race.*": {"verdict": ["pass", "fail"], "may": ["stale read"]}}
    assert surprises({"rules": [seen]}, answers) == []
    assert len(surprises({"rules": [seen]}, {**answers, "race.update": {"verdict": "pass"}})) == 2
    assert len(surprises({"rules": [rule("race.update", race={"anomalies": []})]}, answers)) == 1
    assert len(surprises({"rules": [rule("other", "pass")]}, answers)) == 1


def test_luck_is_no_news():
    """Too few writers met, or nobody won; but nothing else hides behind it."""
    nobody = {"anomalies": [{"name": "no winner"}]}
    assert surprises({"rules": [rule("race.update", "warn", race=nobody)]}, {}) == []
    assert (
        surprises({"rules": [rule("race.update", "inconclusive", race={"anomalies": []})]}, {})
        == []
    )
    assert len(surprises({"rules": [rule("race.update", "fail", race=nobody)]}, {})) == 1
    assert len(surprises({"rules": [rule("race.update", "warn", race={"anomalies": []})]}, {})) == 1


@pytest.mark.parametrize("file", sorted(KNOWN.glob("*.json")), ids=lambda file: file.stem)
def test_known_answers_are_well_formed(file):
    """Each entry has known parts only, verdicts that exist, and a heading that the server's page has."""
    server, _, profile = file.stem.partition(".")
    page = (PAGES / f"{server}.md").read_text(encoding="utf-8")
    for name, answer in known(server, profile)["rules"].items():
        verdicts = answer["verdict"] if isinstance(answer["verdict"], list) else [answer["verdict"]]
        assert answer.keys() <= PARTS, name
        assert set(verdicts) <= set(Verdict), name
        assert f"## {answer['finding']}\n" in page, name
