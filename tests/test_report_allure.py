"""The bridge to Allure, proven on the results that a small project of its own writes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_report_log import BASE, exchange, header, target, verdict, whole

from ifmatch.report.allure import AllureBridge, http_exchange, write_environment
from ifmatch.report.run import Run
from ifmatch.rules.expectation import Finding

FEATURE = """
Feature: Updates
  Scenario Outline: An update based on a superseded version is refused
    Given a resource on the server
    When it is updated from <header>
    Then the update is refused
    And the story goes on

    Examples:
      | form   | header |
      | weak   | W/"1"  |
      | quoted | "1"    |

  Scenario: A warning
    Given a resource on the server

  Scenario: A broken set-up
    Given a server that breaks
    Then the update is refused

  Scenario: Not for everyone
    Given a rule that does not apply
"""

CONFTEST = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import pytest
from pytest_bdd import given, when, then, parsers
from test_report_log import exchange, failure, verdict
from ifmatch.report.allure import AllureBridge
from ifmatch.rules.expectation import Finding

BRIDGE = AllureBridge("NHS Spine")
FOUND = []

def pytest_configure(config):
    config.pluginmanager.register(BRIDGE, "ifmatch-allure")

@given("a resource on the server")
def _(): BRIDGE.exchange(exchange("1", "POST", 201))

@given("a server that breaks")
def _(): raise RuntimeError("not created: token s3cret")

@given("a rule that does not apply")
def _(): pytest.skip("no patch here")

@when(parsers.parse("it is updated from {{header}}"))
def _(header): BRIDGE.exchange(exchange("2"))

@then("the update is refused")
def _():
    FOUND.append(Finding("409", "412"))

@then("the story goes on")
def _(): pass

def pytest_bdd_before_step(step):
    BRIDGE.start_step(step.keyword, step.name)

def pytest_bdd_after_step():
    BRIDGE.end_step(FOUND)
    FOUND.clear()

def pytest_bdd_step_error(exception):
    BRIDGE.end_step(error=exception)

SOURCE = {{"title": "FHIR R4", "url": "https://hl7.org/fhir/R4/http.html#concurrency", "document": ""}}
VERDICTS = {{
    "outline": lambda row: failure(row=row, source=SOURCE),
    "warning": lambda row: verdict("update.warned", "warn", title="A warning", message="a weak tag is better"),
    "broken": lambda row: verdict("update.broken", "error", title="Broken", message="no set-up", culprit="target"),
    "not_for": lambda row: verdict("update.not", "not-applicable", title="Not for everyone", message="no patch here"),
}}

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call":
        row = item.callspec.params["_pytest_bdd_example"] if hasattr(item, "callspec") else {{}}
        kind = next((kind for kind in VERDICTS if kind in item.name), "outline")
        BRIDGE.end_case(VERDICTS[kind](row), tags=["rule:x", "needs:update"])
    return report
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The results of the small project by title; `folder` is where they lie."""
    folder = tmp_path_factory.mktemp("allure")
    (folder / "updates.feature").write_text(FEATURE, encoding="utf-8")
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "test_updates.py").write_text("from pytest_bdd import scenarios\nscenarios('updates.feature')\n")
    command = [sys.executable, "-m", "pytest", "-q", "--alluredir", "out", "-p", "no:allure_pytest_bdd",
               "-p", "no:ifmatch", "-p", "no:cacheprovider", "-p", "no:base_url"]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    written = [json.loads(path.read_text(encoding="utf-8")) for path in (folder / "out").glob("*-result.json")]
    assert len(written) == 5, done.stdout + done.stderr
    return folder / "out", written


def _titled(results, title):
    return [result for result in results[1] if result["name"] == title]


def _labels(result, name):
    return [label["value"] for label in result["labels"] if label["name"] == name]


def test_sentences_are_steps(results):
    """A scenario's sentences appear in their order; the one that found something is failed, the others are not."""
    stale = _titled(results, "An update based on a superseded version is refused")[0]
    steps = [(step["name"].split(" from")[0], step["status"]) for step in stale["steps"]]
    assert steps == [
        ("Given a resource on the server", "passed"), ("When it is updated", "passed"),
        ("Then the update is refused", "failed"), ("And the story goes on", "passed"),
    ]  # fmt: skip
    assert stale["steps"][2]["statusDetails"]["message"].strip() == "expected 409, got 412"
    assert stale["status"] == "failed"


def test_exchanges_hang_on_the_step_in_which_they_happened(results):
    """In the form that Allure shows as a request with its response."""
    stale = _titled(results, "An update based on a superseded version is refused")[0]
    first, second, *others = stale["steps"]
    assert [step["attachments"][0]["name"] for step in (first, second)] == [
        "POST /fhir/Patient/57 → 201", "PUT /fhir/Patient/57 → 412"
    ]  # fmt: skip
    assert not any("attachments" in step for step in others)
    attachment = second["attachments"][0]
    assert attachment["type"] == "application/vnd.allure.http+json"
    assert attachment["source"].endswith(".httpexchange")
    told = json.loads((results[0] / attachment["source"]).read_text(encoding="utf-8"))
    assert (told["request"]["method"], told["response"]["status"]) == ("PUT", 412)


def test_a_scenario_is_told_in_its_own_words(results):
    """Title, stable name, labels, the source's link and sentence; a parameter for each column and no other."""
    rows = _titled(results, "An update based on a superseded version is refused")
    stale = next(row for row in rows if row["parameters"][0]["value"] == "weak")
    assert {row["fullName"] for row in rows} == {"update.if-match.stale"}
    assert len({row["historyId"] for row in rows}) == 2
    assert len({row["testCaseId"] for row in rows}) == 1
    assert [(p["name"], p["value"]) for p in stale["parameters"]] == [
        ("form", "weak"), ("header", 'W/"1"'), ("resource type", "Patient")
    ]  # fmt: skip
    assert stale["description"] == "A conflict is answered with 409."
    assert stale["links"] == [
        {"type": "link", "url": "https://hl7.org/fhir/R4/http.html#concurrency", "name": "FHIR R4"}
    ]  # fmt: skip
    told = {name: _labels(stale, name) for name in ("epic", "feature", "story", "rule", "level", "tag")}
    assert told == {
        "epic": ["NHS Spine"], "feature": ["An update names the version it replaces"], "story": ["update.if-match"],
        "rule": ["update.if-match.stale"], "level": ["SHALL"], "tag": ["needs:update"],
    }  # fmt: skip


def test_our_verdict_stands_in_the_place_of_pytests(results):
    """Warn passes with a tag, an error is broken, what does not apply is skipped with its reason."""
    titles = ("A warning", "Broken", "Not for everyone")
    (warned,), (broken,), (skipped,) = (_titled(results, title) for title in titles)
    assert (warned["status"], _labels(warned, "tag")) == ("passed", ["needs:update", "warn"])
    assert (broken["status"], broken["statusDetails"]["message"]) == ("broken", "no set-up")
    assert broken["steps"][0]["status"] == "broken"
    assert (skipped["status"], skipped["statusDetails"]["message"]) == ("skipped", "no patch here")
    assert skipped["steps"][0]["status"] == "skipped"


def test_results_tell_nothing_of_this_machine(results):
    """No path, no host, no thread, no fixtures of ours, nothing that an exception says unredacted."""
    folder, written = results
    everything = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.json"))
    assert str(folder.parent) not in everything
    assert sys.prefix not in everything
    assert not any(_labels(result, name) for result in written for name in ("host", "thread", "package"))
    assert "_pytest_bdd_example" not in everything
    assert "s3cret" not in everything


def test_an_exchange_without_an_answer_has_its_reason():
    """And what was redacted is shown by Allure as redacted; a huge body is cut."""
    event = exchange(body="x" * 10_000_000) | {"response": None, "failure": "timed out: 30 s"}
    told = http_exchange(event)
    assert told["error"] == {"name": "no response", "message": "timed out: 30 s"}
    assert "response" not in told
    assert told["request"]["headers"][0] == {"name": "Authorization", "value": "__ALLURE_REDACTED__"}
    assert told["request"]["body"]["contentType"] == "application/fhir+json"
    assert len(json.dumps(told)) < 200_000
    assert told["stop"] - told["start"] == 4


def test_the_environment_names_target_and_profile(tmp_path):
    """What Allure shows first; one line a fact, whatever the facts hold."""
    write_environment(tmp_path / "out", whole(target(software="a\nb=c\\d"), verdict()))
    lines = (tmp_path / "out" / "environment.properties").read_text(encoding="utf-8").splitlines()
    assert lines == [
        f"target={BASE}", "software=a b=c\\\\d", "fhir_version=3.0.2",
        "profile=spine NHS Spine core FHIR API (STU3)", "run=2026-11-21T10-12-07", "seed=4711", "ifmatch=0.1.0",
    ]  # fmt: skip
    write_environment(tmp_path, Run.of([header()]))


def test_the_bridge_without_allure_is_silent():
    """Its calls do nothing when nobody writes results."""
    bridge = AllureBridge("x")
    bridge.start_step("Given", "a step")
    bridge.exchange(exchange())
    bridge.end_step([Finding("a", "b")])
    bridge.skip_step("Then", "not reached")
    bridge.end_case(verdict())
