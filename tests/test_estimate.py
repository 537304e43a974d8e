"""How long a run will take is told by what the target takes for an answer, not by the worst that could be."""

import io
from dataclasses import replace

import pytest
from report_log import exchange
from running import forked, ifmatch, typed

from ifmatch.reference.server import EmbeddedServer
from ifmatch.report.console import console_for, print_estimate
from ifmatch.rules import catalogue
from ifmatch.rules.catalogue import is_watched
from ifmatch.rules.profile import load
from ifmatch.suite.collected import rules_of
from ifmatch.suite.forecast import latency_in, seconds_of, table
from ifmatch.suite.race_settings import race_settings

QUICK, STANDARD = race_settings("quick", 4, 1), race_settings("standard", 4, 1)
ALL = list(table())
RACES = [rule for rule in ALL if rule.startswith("race.")]


def told(seconds, latency=0.002, most=0):
    stream = io.StringIO()
    races = ", 37 races (quick) among them"
    print_estimate(console_for(stream), 447, races, seconds, latency, most)
    return " ".join(stream.getvalue().split())


def test_a_quick_target_is_no_matter_of_minutes():
    """Every rule, races included, takes some tens of seconds on a server of our own, and is said to."""
    assert 5 < seconds_of(ALL, QUICK, 0.0015) < 60


def test_it_grows_with_what_the_target_takes_and_with_the_effort():
    """And without a rule it is nothing."""
    assert seconds_of([], QUICK, 1) == 0
    assert seconds_of(ALL, QUICK, 0.2) > 20 * seconds_of(ALL, QUICK, 0.002)
    assert seconds_of(RACES, STANDARD, 0.01) > seconds_of(RACES, QUICK, 0.01)


def test_what_a_race_and_a_second_may_have_bounds_it():
    """No race begins another block when its time is over; a limit on writes makes everything wait."""
    assert seconds_of(RACES, QUICK, 3600) == len(RACES) * QUICK.budget.seconds
    one = "update.if-match.stale"
    assert seconds_of([one], QUICK, 0.001, most=0.5) == table()[one].writes / 0.5


def test_several_processes_share_the_time():
    """But for what the target's owner allows, which they share, too."""
    assert seconds_of(ALL, QUICK, 0.1, shares=2) == pytest.approx(
        seconds_of(ALL, QUICK, 0.1) / 2, rel=0.01
    )
    one = ["update.if-match.stale"]
    assert seconds_of(one, QUICK, 0.001, 0.5, 4) == seconds_of(one, QUICK, 0.001, 0.5)


def test_the_quickest_answer_counts():
    """The first one has made a connection, too; what was never answered says nothing."""
    events = [replace(exchange(str(n)), duration_ms=ms) for n, ms in enumerate((20.0, 1.5, 7.0))]
    assert latency_in(events) == 0.0015
    assert latency_in([]) == 0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (12, "about 10 seconds"),
        (38, "about 40 seconds"),
        (58, "about 1 minute"),
        (200, "about 3 minutes"),
        (9000, "about 2 hours"),
    ],
)
def test_it_is_told_roughly(seconds, said):
    assert told(seconds) == (
        f"447 cases, 37 races (quick) among them: {said}, if every answer takes as long as the first (2 ms)"
    )


def test_a_budget_that_is_too_small_is_told_beforehand():
    """And one that is not is not spoken of."""
    assert "the budget ends it after 5 minutes" in told(700, most=300)
    assert told(200, most=300) == told(200)


def test_no_time_is_not_told():
    assert told(3) == ""


def test_a_run_tells_it_before_it_begins(tmp_path):
    """By what the server has answered until then: no minutes for some races on a server of our own."""
    words = [
        "run",
        "-p",
        "fhir-r4",
        "--effort",
        "standard",
        "--rules",
        "race.update.*",
        "-o",
        "run",
        "--budget",
        "1s",
    ]
    ((_, printed),) = forked(typed, [(words, tmp_path)])
    assert "minute" not in printed


@pytest.mark.parametrize("profile", ["fhir-r4", "spine"])
def test_what_another_process_has_collected_is_known_by_its_name(profile, tmp_path):
    """Every case of every rule, whether it has a row, a resource type, both or neither."""
    words = ["run", "-p", profile, "--collect-only", "-q"]
    ((code, printed),) = forked(typed, [(words, tmp_path)])
    names = [line for line in printed.splitlines() if "::" in line]
    assert code == 0, printed
    known = rules_of(names)
    assert len(known) == len(names) > 400
    carried_out = {rule.id for rule in catalogue.rules() if not is_watched(rule.id)}
    assert set(known) == carried_out


@pytest.mark.slow
def test_a_run_of_several_processes_says_the_same_as_one(tmp_path):
    """What is judged, how long that takes, and each group of rules once, when its last case is in."""
    with EmbeddedServer(load("fhir-r4")) as server:
        words = [
            "run",
            server.base_url,
            "-p",
            "fhir-r4",
            "--rules",
            "update.*,read.*,door.delete.*",
        ]
        one, several = (
            typed_alone([*words, *more, "-o", name], tmp_path)
            for name, more in (("one", []), ("several", ["-n", "2"]))
        )
    assert several[0].startswith("ifmatch 0.1 · fhir-r4")
    assert groups_in(several) == groups_in(one) != []


def typed_alone(words, folder):
    """The lines that a command prints in a process of its own."""
    code, printed = ifmatch(*words, folder=folder)
    assert code == 0, printed
    return [line for line in printed.splitlines() if not line.startswith("will write")]


def groups_in(lines):
    return sorted(line.strip() for line in lines if line.startswith("  ") and "✓" in line)
