"""What Allure is given: each case a test, its sentences steps, its exchanges attached."""

import json

import pytest
from report_log import BASE, at, exchange, failure, footer, header, target, verdict, whole

from ifmatch.report.allure import environment, write_results
from ifmatch.report.allure_http import http_exchange
from ifmatch.report.run import Run

STALE = "An update based on a superseded version is refused"
SOURCE = {
    "title": "FHIR R4",
    "url": "https://hl7.org/fhir/R4/http.html#concurrency",
    "document": "",
}
FOUND = {"expected": "409", "got": "412", "level": "SHALL"}


def step(keyword, text, status="passed", **fields):
    """A sentence that was carried out."""
    return {"keyword": keyword, "text": text, "status": status, **fields}


STEPS = [
    step("Given", "a resource on the server", exchanges=["1"], started=at(8), duration_ms=20),
    step("When", "it is updated", exchanges=["2"]),
    step("Then", "the update is refused", "failed", findings=[FOUND]),
    step("And", "the story goes on"),
]


def stale(form, header):
    """A row of an outline that fails."""
    return failure(
        row={"form": form, "header": header},
        source=SOURCE,
        steps=STEPS,
        started=at(8),
        duration_ms=40,
    )


RUN = whole(
    exchange("1", "POST", 201), exchange("2"), exchange("3", "GET", 200),
    stale("weak", 'W/"1"'),
    stale("quoted", '"1"'),
    verdict("update.warned", "warn", title="A warning", message="a weak tag is better"),
    verdict("update.broken", "error", title="Broken", message="no set-up", culprit="target",
            steps=[step("Given", "a server that breaks", "broken")]),
    verdict("update.not", "not-applicable", title="Not for everyone", message="no patch here",
            steps=[step("Given", "a rule that does not apply", "broken"), step("Then", "nothing", "skipped")]),
    exit_code=1,
)  # fmt: skip


@pytest.fixture
def write(tmp_path):
    """Writes the results of a run, and returns those by title, each once."""

    def write_and_read(run):
        write_results(run, tmp_path, tmp_path / "allure-results")
        paths = (tmp_path / "allure-results").glob("*-result.json")
        results = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
        return sorted(results, key=lambda result: result["name"])

    return write_and_read


@pytest.fixture
def results(write):
    """The results of the run above."""
    return write(RUN)


def titled(results, title):
    return [result for result in results if result["name"] == title]


def labels(result, name):
    return [label["value"] for label in result["labels"] if label["name"] == name]


def names(attachments):
    return [attachment["name"] for attachment in attachments]


def test_sentences_are_steps(results):
    """A scenario's sentences appear in their order; the one that found something is failed, the others are not."""
    case = titled(results, STALE)[0]
    assert [(step["name"], step["status"]) for step in case["steps"]] == [
        ("Given a resource on the server", "passed"), ("When it is updated", "passed"),
        ("Then the update is refused", "failed"), ("And the story goes on", "passed"),
    ]  # fmt: skip
    assert case["steps"][2]["statusDetails"] == {"message": "expected 409, got 412"}
    assert case["status"] == "failed"


def test_exchanges_hang_on_the_step_in_which_they_happened(results, tmp_path):
    """In the form that Allure shows as a request with its response; those of no step hang on the case."""
    case = titled(results, STALE)[0]
    first, second, *others = case["steps"]
    assert names(first["attachments"]) == ["POST /fhir/Patient/57 → 201"]
    assert names(second["attachments"]) == ["PUT /fhir/Patient/57 → 412"]
    assert names(case["attachments"]) == ["GET /fhir/Patient/57 → 200"]
    assert not any("attachments" in step for step in others)
    attachment = second["attachments"][0]
    assert attachment["type"] == "application/vnd.allure.http+json"
    assert attachment["source"].endswith(".httpexchange")
    content = json.loads(
        (tmp_path / "allure-results" / attachment["source"]).read_text(encoding="utf-8")
    )
    assert (content["request"]["method"], content["response"]["status"]) == ("PUT", 412)


def test_what_passes_has_its_exchanges_in_one_file(write, tmp_path):
    """A file for each of thousands that nobody looks for would be most of the evidence. None of them is lost."""
    steps = [
        step("Given", "a resource", exchanges=["1"]),
        step("When", "it is read", exchanges=["3"]),
    ]
    exchanges = [
        exchange("1", "POST", 201),
        exchange("3", "GET", failure="timed out"),
        exchange("2", raced=True),
    ]
    (case,) = write(whole(*exchanges, verdict(steps=steps, exchanges=["1", "2", "3"])))
    assert not any("attachments" in each for each in case["steps"])
    (attachment,) = case["attachments"]
    assert (attachment["name"], attachment["type"]) == ("2 exchanges", "text/plain")
    lines = (tmp_path / "allure-results" / attachment["source"]).read_text().splitlines()
    assert f"POST {BASE}/Patient/57" in lines and "HTTP/1.1 201" in lines
    assert f"GET {BASE}/Patient/57" in lines and "no answer: timed out" in lines
    assert "Authorization: [redacted]" in lines
    assert '{"resourceType": "OperationOutcome"}' in lines


def test_a_scenario_is_described_in_its_own_words(results):
    """Title, stable name, labels, the source's link and sentence; a parameter for each column."""
    rows = titled(results, STALE)
    weak = next(row for row in rows if row["parameters"][0]["value"] == "weak")
    assert {row["fullName"] for row in rows} == {"update.if-match.stale"}
    assert len({row["historyId"] for row in rows}) == 2
    assert len({row["testCaseId"] for row in rows}) == 1
    assert [(p["name"], p["value"]) for p in weak["parameters"]] == [
        ("form", "weak"), ("header", 'W/"1"'), ("resource type", "Patient")
    ]  # fmt: skip
    assert weak["description"] == "A conflict is answered with 409."
    assert weak["links"] == [{"type": "link", "url": SOURCE["url"], "name": "FHIR R4"}]
    assert {name: labels(weak, name) for name in ("epic", "feature", "story", "rule", "level", "tag")} == {
        "epic": ["NHS Spine core FHIR API (STU3)"], "feature": ["An update names the version it replaces"],
        "story": ["update.if-match"], "rule": ["update.if-match.stale"], "level": ["SHALL"], "tag": [],
    }  # fmt: skip


def test_the_history_of_a_case_goes_on_from_run_to_run(results):
    """Its id depends on the rule and on the parameters alone."""
    weak = next(row for row in titled(results, STALE) if row["parameters"][0]["value"] == "weak")
    assert weak["historyId"] == "b9a9627fdb37dcdf67431432a251fe93"
    assert weak["testCaseId"] == "4397dd5b85b4f37bce5755d8dbfe26c4"


def test_each_verdict_has_its_status(results):
    """Warn passes with a tag, an error is broken, what does not apply is skipped with its reason."""
    kinds = ("A warning", "Broken", "Not for everyone")
    (warned,), (broken,), (skipped,) = (titled(results, title) for title in kinds)
    assert (warned["status"], labels(warned, "tag")) == ("passed", ["warn"])
    assert (broken["status"], broken["statusDetails"]["message"]) == ("broken", "no set-up")
    assert (broken["steps"][0]["status"], broken["steps"][0]["statusDetails"]["message"]) == (
        "broken",
        "no set-up",
    )
    assert (skipped["status"], skipped["statusDetails"]["message"]) == ("skipped", "no patch here")
    assert [step["status"] for step in skipped["steps"]] == ["skipped", "skipped"]


def test_what_is_only_noted_is_no_failed_step(write):
    """A finding at the level of a MAY does not count against the target."""
    noted = step("Then", "it has a Location", "failed", findings=[FOUND | {"level": "MAY"}])
    (result,) = write(whole(verdict(verdict="observed", steps=[noted])))
    assert [step["status"] for step in result["steps"]] == ["passed"]


def test_a_waived_failure_says_that_it_is_known(write):
    """It is skipped, with the waiver before what was found."""
    given = {"reason": "409 for now", "owner": "ada", "until": "2026-12-31"}
    (result,) = write(
        whole(verdict("a.b", "waived", waiver=given, message="expected 412; got 409"))
    )
    assert (result["status"], result["statusDetails"]["known"]) == ("skipped", True)
    assert result["statusDetails"]["message"].startswith(
        "waived until 2026-12-31 by ada: 409 for now; expected 412"
    )


def test_times_are_those_of_the_log(write):
    """Of a log that does not say when a case or step began, they are counted back from the verdict."""
    case, older = write(
        whole(
            stale("weak", ""),
            verdict("z.old", title="Z", duration_ms=1500, steps=[step("Given", "x")]),
        )
    )
    moment = 1_795_255_920_000 + 8_000
    assert (case["start"], case["stop"]) == (moment, moment + 40)
    assert (case["steps"][0]["start"], case["steps"][0]["stop"]) == (moment, moment + 20)
    assert (older["start"], older["stop"]) == (moment - 500, moment + 1000)
    assert older["steps"][0]["start"] == older["start"]


def test_of_a_race_only_its_witnesses_are_attached(write, tmp_path):
    """There are thousands of exchanges in a race; beside the witnesses there is its picture."""
    operations = [{"exchange": "r1", "kind": "update"}, {"exchange": "r2", "kind": "update"}]
    race = {
        "rounds": 3,
        "anomalies": [{"name": "lost update", "operations": operations}],
        "picture": "pictures/a.svg",
    }
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.svg").write_text("<svg/>")
    raced = [exchange(f"r{number}", status=200 + number, raced=True) for number in range(4)]
    steps = [step("When", "writers race", exchanges=["0", "r0", "r1"])]
    case = verdict(
        "race.x", "fail", race=race, steps=steps, exchanges=["0", "r0", "r1", "r2", "r3"]
    )
    (result,) = write(whole(exchange("0", "POST", 201), *raced, case))
    assert names(result["steps"][0]["attachments"]) == [
        "POST /fhir/Patient/57 → 201",
        "PUT /fhir/Patient/57 → 201",
    ]
    assert names(result["attachments"]) == ["PUT /fhir/Patient/57 → 202", "who collided"]
    picture = result["attachments"][-1]
    assert (picture["type"], picture["source"][-4:]) == ("image/svg+xml", ".svg")
    assert (tmp_path / "allure-results" / picture["source"]).read_text() == "<svg/>"


def test_a_picture_that_is_gone_is_left_out(write):
    """A log may be read where the rest of its folder is not."""
    (result,) = write(whole(verdict("race.x", race={"rounds": 3, "picture": "pictures/gone.svg"})))
    assert "attachments" not in result


def test_results_say_nothing_of_this_machine(results, tmp_path):
    """No path, no host, no thread, no module."""
    everything = "".join(
        path.read_text(encoding="utf-8") for path in (tmp_path / "allure-results").glob("*.json")
    )
    assert str(tmp_path) not in everything
    assert not any(
        labels(result, name) for result in results for name in ("host", "thread", "package")
    )


def test_writing_again_gives_the_same_files(write, tmp_path):
    """Each result and each attachment has a name of its own that does not depend on chance."""
    write(RUN)
    folder = tmp_path / "allure-results"
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "left-by-another-version-result.json").touch()
    write(RUN)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_an_exchange_without_an_answer_has_its_reason():
    """And what was redacted is shown by Allure as redacted; a huge body is cut."""
    content = http_exchange(exchange(body="x" * 10_000_000, failure="timed out: 30 s"))
    assert content["error"] == {"name": "no response", "message": "timed out: 30 s"}
    assert "response" not in content
    assert content["request"]["headers"][0] == {
        "name": "Authorization",
        "value": "__ALLURE_REDACTED__",
    }
    assert content["request"]["body"]["contentType"] == "application/fhir+json"
    assert len(json.dumps(content)) < 200_000
    assert content["stop"] - content["start"] == 4


def test_the_environment_names_target_and_profile():
    """What Allure shows first; one line a fact, whatever the facts hold."""
    assert environment(whole(target(software="a\nb=c\\d"), verdict())).splitlines() == [
        f"target={BASE}", "software=a b=c\\\\d", "fhir_version=3.0.2",
        "profile=spine NHS Spine core FHIR API (STU3)", "run=2026-11-21T10-12-07", "seed=4711", "ifmatch=0.1.0",
    ]  # fmt: skip


@pytest.mark.parametrize("log", [[], [header()], [header(), verdict(), footer()]])
def test_every_log_has_results(write, log):
    """An empty or incomplete log has few, and does not fail."""
    assert len(write(Run.of(log))) == max(0, len(log) - 2)
