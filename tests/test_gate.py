"""A run as the gate of a pipeline: it fails for what is new, keeps to its time, and leaves other runs alone."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from math import ceil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from report_log import failure, footer, header, not_begun, target, verdict, whole
from running import forked, ifmatch, typed

from ifmatch.errors import ConfigurationError, ExitCode
from ifmatch.report.annotations import annotations
from ifmatch.report.badge import endpoint, svg
from ifmatch.report.console import conclusion
from ifmatch.report.document import as_json, flaw, load
from ifmatch.report.junit import junit
from ifmatch.report.run import Run
from ifmatch.report.sarif import sarif
from ifmatch.rules.baseline import is_excused
from ifmatch.rules.verdict import Verdict
from ifmatch.suite.baseline import known
from ifmatch.suite.folder import claimed, released
from ifmatch.suite.forecast import out_of_time
from ifmatch.suite.race_settings import race_settings, seconds_in

STALE = "update.if-match.stale"


def judged(*verdicts, **baseline):
    """A run with a baseline."""
    return Run.of([header(baseline=baseline.get("baseline", {})), target(), *verdicts, footer(0)])


# ---------------------------------------------------------------- only what is new


@pytest.mark.parametrize(
    ("now", "before", "excused"),
    [
        ("fail", "fail", True),
        ("fail", "warn", False),
        ("fail", "inconclusive", False),
        ("inconclusive", "fail", True),
        ("warn", "warn", True),
        ("fail", None, False),
        ("error", "fail", False),
        ("pass", "fail", False),
    ],
)
def test_what_is_not_worse_than_before_is_excused(now, before, excused):
    """An error never is."""
    assert is_excused(Verdict(now), before) is excused


def test_what_is_known_does_not_fail_a_run_and_does_not_conform():
    """The exit code is for the pipeline; the report calls nothing conformant that is broken."""
    run = judged(failure(STALE), verdict("b"), baseline={STALE: "fail"})
    assert run.exit_code is ExitCode.CONFORMANT
    assert run.conformant is False
    assert conclusion(run.exit_code, run.counts, run.left_out)[0] == "NOTHING NEW FAILS"
    assert json.loads(endpoint(run))["color"] == "yellow"
    assert b'failures="0"' in junit(run)
    assert b"known by the baseline" in junit(run)
    (result,) = json.loads(sarif(run))["runs"][0]["results"]
    assert result["baselineState"] == "unchanged"
    assert list(annotations(run)) == []


def test_what_is_new_fails_a_run():
    """Beside what is known."""
    run = judged(failure(STALE), failure("b"), baseline={STALE: "fail"})
    assert run.exit_code is ExitCode.NOT_CONFORMANT
    (line,) = annotations(run)
    assert line.startswith("::error title=b%3A An update based on a superseded version")


def test_what_is_fixed_is_told():
    """So that the baseline can be renewed."""
    run = judged(verdict(STALE), baseline={STALE: "fail"})
    assert run.warnings == [f"{STALE} does not fail any more: the baseline can be renewed"]


def test_a_baseline_must_fit(tmp_path):
    """A report by another profile says nothing of what is new; nor does one half of the two options."""
    file = tmp_path / "report.json"
    file.write_bytes(as_json(whole(failure(STALE), verdict("b"), exit_code=1)))
    assert known("new", str(file), "spine") == {STALE: "fail"}
    assert known("any", "", "spine") == {}
    with pytest.raises(ConfigurationError, match="by the profile spine"):
        known("new", str(file), "koppeltaal")
    for fail_on, baseline in (("new", ""), ("any", str(file))):
        with pytest.raises(ConfigurationError, match="belong together"):
            known(fail_on, baseline, "spine")


# ---------------------------------------------------------------- time


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("1h", 3600), ("0.5m", 30)]
)
def test_a_budget_is_a_time(text, seconds):
    assert seconds_in(text) == seconds


def test_a_number_is_no_time():
    """Three seconds or three minutes: one of them is a green build in which nothing was judged."""
    with pytest.raises(
        ConfigurationError, match=r"3 what[?] Write the budget with its unit: 3s, 3m"
    ):
        seconds_in("3")


@pytest.mark.parametrize("text", ["", "5x", "m", "-5m", "0s", "5 m m"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ConfigurationError, match="is no time"):
        seconds_in(text)


def test_a_race_takes_no_longer_than_the_run_has():
    """And a run without a budget has as long as it needs."""
    assert race_settings("quick", 4, 1, "10s").budget.seconds < 10
    assert race_settings("quick", 4, 1).budget.seconds == 60
    assert not race_settings("quick", 4, 1).is_spent


@pytest.mark.parametrize(
    ("judged", "code", "conformant"),
    [(verdict(), 7, None), (failure(), 1, False), (verdict("update.content", "error"), 3, None)],
)
def test_what_there_was_no_time_for_is_undecided(judged, code, conformant):
    """A slow server makes no green build. What is broken stays broken."""
    run = _out_of_time(judged)
    report = json.loads(as_json(run))
    assert (run.exit_code, report["exit_code"], report["conformant"]) == (code, code, conformant)
    assert report["out_of_time"] == report["left_out"] == ["race.update.same-version"]
    assert not flaw(report)


def _out_of_time(judged):
    left = footer(7, left_out=["race.update.same-version"])
    return Run.of([header(), target(), judged, not_begun(), not_begun(resource_type="Flag"), left])


def test_junit_keeps_what_there_was_no_time_for():
    """A trend would see hundreds of tests vanish. Each is found again by its name, in the suite of its feature."""
    root = ElementTree.fromstring(junit(_out_of_time(verdict(feature="Races"))))
    (suite,) = root
    names = [case.get("name") for case in suite if case.find("skipped") is not None]
    assert names == [
        f"race.update.same-version: Exactly one is accepted [{type}]"
        for type in ("Patient", "Flag")
    ]
    assert root.get("skipped") == "2"
    assert {each.get("message") for each in root.iter("skipped")} == {
        "not begun: the time of the run was spent"
    }


def test_the_budget_that_would_do_is_told():
    """By what the rules that were begun took."""
    races = replace(race_settings("quick", 4, 1), seconds=10, ends=0.0)
    said = out_of_time(_out_of_time(verdict("read.existing")), races, 0.05)
    assert re.search(
        "^1 rule had no time, for the budget of 10 s was spent.* --budget [0-9]+[sm]", said
    )
    assert "give it more" in out_of_time(_out_of_time(not_begun()), races, 0.05)


@pytest.mark.slow
def test_a_spent_budget_ends_in_tidying_up(tmp_path):
    """What has not begun is undecided, whatever the rest came to; nothing stays on the target."""
    code, printed = ifmatch("run", "-p", "spine", "--budget", "1s", "-o", "run", folder=tmp_path)
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert "the budget of 1 s is spent" in printed
    assert (code, report["exit_code"]) == (7, 7)
    assert (report["complete"], report["conformant"], report["left"]) == (True, None, [])
    assert any(rule.startswith("race.") for rule in report["out_of_time"])
    assert set(report["out_of_time"]) <= set(report["left_out"])
    assert "INCONCLUSIVE" in printed and "PARTIAL" not in printed
    assert re.search(r"no time.* --budget \d+[sm]|give it more", " ".join(printed.split()))
    assert "not begun" in (tmp_path / "run" / "junit.xml").read_text()


# ---------------------------------------------------------------- folders


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["-m", "a b("], 4),
        (["-m", "nomatch"], 4),
        (["-k", "a b("], 4),
        (["--rules", "nothing.like.it"], 5),
        (["-k", "nothingfits"], 5),
        (["-m", "gate and not gate"], 5),
        (["--rules", "read.*", "-k", "race"], 5),
        (["--budget", "5x"], 4),
        (["--budget", "3"], 4),
        (["--fail-on", "new"], 4),
        (["--fail-on", "new", "--baseline", "none.json"], 4),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_a_slip_leaves_no_folder(tmp_path, words, code):
    """Nothing was run, so there is nothing to be looked at."""
    line = ["run", "-p", "spine", "-o", "run", *words]
    ((found, printed),) = forked(typed, [(line, tmp_path)])
    assert found == code, printed
    left = [path.name for path in (*tmp_path.glob("*"), *tmp_path.glob("reports/*"))]
    assert set(left) <= {"reports", ".cache"}  # pytest's own


def test_a_slip_leaves_what_lay_in_the_folder(tmp_path):
    """The earlier run, its reports included, is as it was."""
    run = ["run", "-p", "spine", "-o", "run", "--rules", "read.*"]
    ((code, _),) = forked(typed, [(run, tmp_path)])
    before = (tmp_path / "run" / "report.json").read_bytes()
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    ((found, printed),) = forked(typed, [([*run, "-k", "nothingfits"], tmp_path)])
    assert (code, found) == (0, 5), printed
    assert (tmp_path / "run" / "report.json").read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == names


@pytest.mark.slow
def test_a_slip_with_five_systems_leaves_no_folder(tmp_path):
    """What was not understood is said once; there is no matrix of nothing, and no complaint about a page."""
    code, printed = ifmatch("--rules", "nothing.like.it", folder=tmp_path)
    assert code == 5, printed
    assert printed.count('No rule matches "nothing.like.it"') == 1
    assert "cannot be written" not in printed
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_five_systems_say_how_long_they_take_and_share_a_budget(tmp_path):
    """On the first line; and none of them has more than its turn may take."""
    words = ["--budget", "1m", "--rules", "read.existing", "-o", "five"]
    code, printed = ifmatch("run", *words, folder=tmp_path)
    assert code == 0, printed
    assert "at once: about 10 seconds, and 1m at most" in " ".join(printed.split())
    turns = ceil(5 / min(os.cpu_count(), 5))
    budgets = {_budget_of(path) for path in (tmp_path / "five").glob("*/")}
    assert budgets == {60 / turns}


def _budget_of(folder):
    """How many seconds the run of one system was given."""
    words = load(folder)["run"]["command"]
    (given,) = (word.partition("=")[2] for word in words if word.startswith("--budget="))
    return seconds_in(given)


def test_a_folder_is_for_one_run_at_a_time(tmp_path):
    """The second is refused while the first is there."""
    claim = claimed(tmp_path / "run")
    with pytest.raises(ConfigurationError, match="Another run is writing"):
        claimed(tmp_path / "run")
    released(claim)
    released(claimed(tmp_path / "run"))


@pytest.mark.slow
def test_two_runs_at_the_same_moment(tmp_path):
    """One is run, the other is told, and the evidence is that of one."""
    words = [
        sys.executable,
        "-m",
        "ifmatch",
        "run",
        "-p",
        "spine",
        "--rules",
        "update.*",
        "-o",
        "run",
    ]
    both = [
        subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]  # fmt: skip
    printed = [process.communicate()[0] for process in both]
    assert sorted(process.returncode for process in both) == [0, 4], printed
    assert any("Another run is writing to run" in text for text in printed)
    assert json.loads((tmp_path / "run" / "report.json").read_text())["complete"]
    assert len(list((tmp_path / "run").glob("events*.jsonl"))) == 1


def test_a_package_is_not_run_over(tmp_path):
    """What was certified stays as it is."""
    (tmp_path / "SHA256SUMS").write_text("")
    with pytest.raises(ConfigurationError, match="is a package"):
        claimed(tmp_path)


# ---------------------------------------------------------------- what platforms read


def test_findings_for_platforms():
    """A broken SHALL is an error, a broken SHOULD a warning; what passes is none."""
    run = whole(failure(STALE), verdict("b", "warn"), verdict("c"), exit_code=1)
    (one,) = json.loads(sarif(run))["runs"]
    assert {result["ruleId"]: result["level"] for result in one["results"]} == {
        STALE: "error",
        "b": "warning",
    }
    assert all(result["message"]["text"] for result in one["results"])
    assert [rule["id"] for rule in one["tool"]["driver"]["rules"]] == [STALE, "b"]


def test_an_annotation_ends_no_command():
    """What a server said is no command to the platform."""
    run = whole(failure(STALE, message="one\n::error::two 100%"), exit_code=1)
    (line,) = annotations(run)
    assert "\n" not in line
    assert line.endswith("::one ::error::two 100%25")


@pytest.mark.slow
def test_annotations_are_for_their_platform_alone(tmp_path):
    """Elsewhere nobody wants to read them."""
    words = ["run", "-p", "spine", "--fault", "conflict-answered-412", "--rules", STALE]
    assert "::error title=" in ifmatch(*words, folder=tmp_path, GITHUB_ACTIONS="true")[1]
    assert "::error" not in ifmatch(*words, folder=tmp_path, GITHUB_ACTIONS="")[1]


def test_a_badge_says_what_the_run_came_to():
    """As shields reads it, and as a picture that needs nobody."""
    run = whole(verdict())
    badge = json.loads(endpoint(run))
    assert (badge["schemaVersion"], badge["message"], badge["color"]) == (
        1,
        "conformant",
        "brightgreen",
    )
    assert b"FHIR writes (Spine)" in svg(run)
    assert svg(run).startswith(b"<svg")
    assert json.loads(endpoint(whole(failure(), exit_code=1)))["message"] == "not conformant"


def test_allure_is_told_what_runs_it(tmp_path):
    """The job of a pipeline, if the run was part of one."""
    from ifmatch.report.allure import write_results

    job = {"name": "GitHub Actions", "type": "github", "buildUrl": "https://ci.example/1"}
    run = Run.of([header(executor=job), target(), verdict("a", "observed", level=None), footer(0)])
    place = tmp_path / "allure-results"
    place.mkdir()
    write_results(run, tmp_path, place)
    assert json.loads((place / "executor.json").read_text()) == job
    (path,) = Path(place).glob("*-result.json")
    result = json.loads(path.read_text())
    assert result["status"] == "skipped"
    assert {"name": "severity", "value": "trivial"} in result["labels"]
    names = [category["name"] for category in json.loads((place / "categories.json").read_text())]
    assert "Nothing is promised" in names
