"""Known failures are told and do not fail the run, until their last day is over."""

import json
import subprocess
import sys
from datetime import date

import pytest
from hostile import hostile

from ifmatch.client.settings import settings_for
from ifmatch.errors import ConfigurationError
from ifmatch.log.events import RunFinished, RunStarted, TargetDescribed
from ifmatch.log.reader import event_of
from ifmatch.report.document import document, flaw
from ifmatch.report.run import Run
from ifmatch.rules.waiver import demand_known, describe, in_force

WAIVER = {"reason": "409 until the next release", "owner": "ada@example.org", "until": "2026-11-21"}
STALE = "update.if-match.stale"


def verdict(rule, verdict, **fields):
    return event_of(
        {
            "event": "verdict",
            "rule": rule,
            "title": rule,
            "feature": "f",
            "verdict": verdict,
            **fields,
        }
    )


def run_of(*verdicts, waivers):
    """The run that such verdicts make, under such waivers."""
    return Run.of([
        RunStarted(run="1", time="2026-11-21T10:00:00+00:00"),
        TargetDescribed(waivers=waivers),
        *verdicts,
        RunFinished(complete=True, exit_code=0, time="2026-11-21T10:00:01+00:00"),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("today", "counts"), [("2026-11-20", True), ("2026-11-21", True), ("2026-11-22", False)]
)
def test_a_waiver_counts_until_its_last_day_is_over(today, counts):
    assert (STALE in in_force({STALE: WAIVER}, date.fromisoformat(today))) is counts


def test_what_is_no_rule_cannot_be_waived():
    """A slip in a rule's id would never be missed."""
    with pytest.raises(
        ConfigurationError,
        match=r'no rule "update.if-match.stall".*Did you mean "update.if-match.st',
    ):
        demand_known({"update.if-match.stall": WAIVER})


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "until 2026-12-31 by ada: known"),
        ({"approver": "bob"}, "until 2026-12-31 by ada, approved by bob: known"),
        ({"issue": "X-1"}, "until 2026-12-31 by ada: known (X-1)"),
    ],
)
def test_a_waiver_is_told_with_who_answers_for_it(more, words):
    assert describe({"reason": "known", "owner": "ada", "until": "2026-12-31", **more}) == words


@pytest.mark.parametrize("left_out", ["reason", "owner", "until"])
def test_a_waiver_says_why_who_and_until_when(tmp_path, left_out):
    """All three, or it is none."""
    lines = [f'{name} = "{value}"' for name, value in WAIVER.items() if name != left_out]
    file = tmp_path / "target.toml"
    file.write_text("\n".join([f'[waivers."{STALE}"]', *lines]))
    with pytest.raises(ConfigurationError, match=left_out):
        settings_for("", str(file))


def test_a_date_may_be_written_as_one(tmp_path):
    """As TOML has it, or as a text."""
    file = tmp_path / "target.toml"
    file.write_text(f'[waivers."{STALE}"]\nreason = "r"\nowner = "o"\nuntil = 2026-11-21')
    assert settings_for("", str(file)).waivers[STALE]["until"] == "2026-11-21"


@pytest.mark.parametrize(
    "until",
    [
        '"2026-31-12"',
        '"2026-11-31"',
        '"2020-13-45"',
        '"2026-02-29"',
        '"soon"',
        "2026-11-21T10:00:00",
    ],
)
def test_what_is_no_day_ends_no_waiver(tmp_path, until):
    """A slip would let a failure pass for ever, or count one at once."""
    file = tmp_path / "target.toml"
    file.write_text(f'[waivers."{STALE}"]\nreason = "r"\nowner = "o"\nuntil = {until}')
    with pytest.raises(ConfigurationError, match=f"{STALE}.until: it is no day of the calendar"):
        settings_for("", str(file))


@pytest.mark.parametrize("name", ["owner", "approver", "issue", "reason"])
def test_blanks_answer_for_nothing(tmp_path, name):
    file = tmp_path / "target.toml"
    said = WAIVER | {"approver": "bob", "issue": "https://issues.example/7", name: " "}
    lines = [f'{name} = "{value}"' for name, value in said.items()]
    file.write_text("\n".join([f'[waivers."{STALE}"]', *lines]))
    with pytest.raises(ConfigurationError, match=f"{STALE}.{name}"):
        settings_for("", str(file))


def test_what_is_waived_is_not_conformant_and_not_red():
    """The exit code is that of a build that may go on; the report does not call the target conformant."""
    run = run_of(
        verdict(STALE, "waived", waiver=WAIVER), verdict("b", "pass"), waivers={STALE: WAIVER}
    )
    report = document(run)
    assert (report["exit_code"], report["conformant"], report["counts"]["waived"]) == (0, False, 1)
    assert report["rules"][0]["waiver"] == WAIVER
    assert flaw(report) == ""


def test_a_failure_that_nobody_waived_is_still_red():
    run = run_of(
        verdict(STALE, "waived", waiver=WAIVER), verdict("b", "fail"), waivers={STALE: WAIVER}
    )
    assert int(run.exit_code) == 1


@pytest.mark.parametrize(
    ("judged", "is_idle"),
    [
        (verdict(STALE, "pass"), True),
        (verdict(STALE, "waived", waiver=WAIVER), False),
        (verdict(STALE, "not-applicable"), False),
        (verdict(STALE, "inconclusive"), False),
        (verdict(STALE, "pass", race={"rounds": 24}), False),  # it may have been lucky
        (verdict(STALE, "pass", race={"rounds": 0}), True),
        (verdict("b", "pass"), False),
    ],
)
def test_a_waiver_that_is_not_needed_is_told(judged, is_idle):
    """But not when the rule was not judged."""
    assert [STALE in warning for warning in run_of(judged, waivers={STALE: WAIVER}).warnings] == [
        True
    ] * is_idle


# ---------------------------------------------------------------- from the target file to the report


def waiving(rule, folder):
    """A target file with a waiver that will not end soon."""
    lines = [f'{name} = "{value}"' for name, value in {**WAIVER, "until": "9999-12-31"}.items()]
    (folder / "target.toml").write_text("\n".join([f'[waivers."{rule}"]', *lines]))
    return ["-t", "target.toml"]


def ifmatch(*words, folder):
    """A run in a process of its own: its exit code, what it printed, and the verdicts of its report."""
    command = [sys.executable, "-m", "ifmatch", "run", "-p", "fhir-r4", "-o", "run", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    report = json.loads((folder / "run" / "report.json").read_text())
    return (
        done.returncode,
        done.stdout + done.stderr,
        {rule["rule"]: rule["verdict"] for rule in report["rules"]},
    )


@pytest.mark.parametrize(
    "more", [[], pytest.param(["-n", "2"], marks=pytest.mark.slow)], ids=["one process", "two"]
)
def test_a_run_with_a_waiver(tmp_path, more):
    """The rule is run, told, and does not fail the run."""
    words = [
        "--fault",
        "conflict-answered-409",
        "--rules",
        f"{STALE},update.if-match.current",
        *more,
    ]
    code, printed, verdicts = ifmatch(*waiving(STALE, tmp_path), *words, folder=tmp_path)
    assert (code, verdicts) == (0, {STALE: "waived", "update.if-match.current": "pass"}), printed
    assert "PARTIAL   1 waived · 1 pass" in printed
    assert (
        f"waived until 9999-12-31 by ada@example.org: {WAIVER['reason']} · expected 412, got 409"
        in printed
    )
    assert "<skipped" in (tmp_path / "run" / "junit.xml").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("waived", "code", "verdict"), [(True, 0, "waived"), (False, 7, "inconclusive")]
)
def test_what_can_never_be_told_may_be_waived(tmp_path, waived, code, verdict):
    """Such as where histories come from a cache: else no run against such a server is ever green."""
    rule = "race.history.during-update"
    given = waiving(rule, tmp_path) if waived else []
    with hostile("cached-history") as server:
        got, printed, verdicts = ifmatch(server.base_url, *given, "--rules", rule, folder=tmp_path)
    assert (got, verdicts) == (code, {rule: verdict}), printed


def test_a_waiver_of_what_is_only_observed_waives_nothing():
    """It never failed there, so it is not said to fail no more."""
    run = run_of(verdict(STALE, "observed", level=None), waivers={STALE: WAIVER})
    assert run.idle_waivers == [
        f"{STALE} is only observed by this profile, which demands nothing there: its waiver waives nothing and can go "
        "(owner: ada@example.org)"
    ]
