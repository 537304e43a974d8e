"""How long a run will take is told by what the target takes for an answer, not by the worst that could be."""

import io
from dataclasses import replace

import pytest
from report_log import exchange
from running import forked, typed

from ifmatch.report.console import console_for, print_estimate
from ifmatch.suite.forecast import latency_in, seconds_of, table
from ifmatch.suite.race_settings import race_settings

QUICK, STANDARD = race_settings("quick", 4, 1), race_settings("standard", 4, 1)
ALL = list(table())
RACES = [rule for rule in ALL if rule.startswith("race.")]


def told(seconds, latency=0.002):
    stream = io.StringIO()
    print_estimate(console_for(stream), 447, ", 37 races (quick) among them", seconds, latency)
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
