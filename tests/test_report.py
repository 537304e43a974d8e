"""What a log comes to: verdicts folded into a run, its exit code, report.json and junit.xml."""

import json
from xml.etree import ElementTree

import pytest
from report_log import at, exchange, failure, footer, header, journal, target, verdict, whole

from ifmatch.errors import ConfigurationError, ExitCode
from ifmatch.log.reader import event_of, read
from ifmatch.log.writer import line_of
from ifmatch.report.console import conclusion
from ifmatch.report.document import document, flaw, load
from ifmatch.report.junit import junit
from ifmatch.report.run import Run, group_of
from ifmatch.report.write import DERIVED, write_all, write_reports
from ifmatch.rules.verdict import Verdict


def _write(folder, *log):
    lines = "".join(json.dumps(line_of(event)) + "\n" for event in log)
    (folder / "events.jsonl").write_text(lines, encoding="utf-8")


def _error(culprit):
    return verdict(
        "update.x", "error", culprit=culprit, message="the resource could not be created"
    )


@pytest.mark.parametrize(
    ("cases", "code"),
    [
        ([verdict()], ExitCode.CONFORMANT),
        (
            [verdict(verdict="warn"), verdict(verdict="waived"), verdict(verdict="observed")],
            ExitCode.CONFORMANT,
        ),
        ([failure(), _error("suite"), verdict(verdict="inconclusive")], ExitCode.NOT_CONFORMANT),
        ([_error("target"), verdict(verdict="inconclusive")], ExitCode.TARGET_UNUSABLE),
        ([_error("target"), _error("suite")], ExitCode.INTERNAL_ERROR),
        ([verdict("update.x", "error")], ExitCode.INTERNAL_ERROR),
        ([verdict(), verdict(verdict="inconclusive")], ExitCode.INCONCLUSIVE),
        ([verdict(verdict="not-applicable")], ExitCode.NOTHING_RAN),
        ([], ExitCode.NOTHING_RAN),
    ],
)
def test_the_exit_code_follows_from_the_verdicts(cases, code):
    """The gravest kind decides; nothing judged is not green."""
    assert whole(*cases).judged is code
    assert whole(*cases, exit_code=int(code)).exit_code is code


@pytest.mark.parametrize(
    ("log", "code"),
    [
        ([verdict()], ExitCode.INTERRUPTED),
        ([verdict(), footer(2, complete=False)], ExitCode.INTERRUPTED),
        ([verdict(), footer(0, complete=False)], ExitCode.INTERRUPTED),
        ([footer(6, complete=False)], ExitCode.TARGET_UNUSABLE),
        ([failure(), footer(2, complete=False)], ExitCode.INTERRUPTED),
        ([failure(), footer(6, complete=False)], ExitCode.NOT_CONFORMANT),
        ([verdict(), footer(3)], ExitCode.INTERNAL_ERROR),
        ([verdict(verdict="inconclusive"), footer(3)], ExitCode.INTERNAL_ERROR),
        ([verdict(), footer(99)], ExitCode.CONFORMANT),
        ([], ExitCode.INTERRUPTED),
    ],
)
def test_a_run_is_never_greener_than_its_last_word(log, code):
    """A log without a good last line is not conformant, and a rule seen broken stays broken."""
    run = Run.of([header(), target(), *log])
    assert run.exit_code is code
    assert run.conformant is (code is ExitCode.CONFORMANT)


@pytest.mark.parametrize("line", [verdict(verdict="splendid"), verdict(findings=7)])
def test_a_verdict_that_cannot_be_read_is_an_error_of_ours(line):
    """Nothing that was judged passes unseen, neither among the rules nor in the exit code."""
    run = whole(verdict("a.b"), line)
    assert run.exit_code is ExitCode.INTERNAL_ERROR
    (judged,) = (judged for judged in run.rules if judged.verdict is Verdict.ERROR)
    assert judged.rule == "update.if-match.current"
    assert judged.spokesman.culprit == "suite"
    assert "cannot be read" in judged.spokesman.message


def test_a_header_that_cannot_be_read_begins_a_run_all_the_same():
    """The verdicts of the run before it are not taken for those of this one."""
    run = Run.of([header(), failure(), footer(1), header(seed="x"), target(), verdict(), footer()])
    assert [judged.rule for judged in run.rules] == ["update.if-match.current"]


def test_the_gravest_case_speaks_for_its_rule():
    """One rule, several rows: one entry, with the message of the worst case and all cases kept beneath."""
    rows = [{"form": form} for form in ("bare text", "empty tag", "a list")]
    run = whole(
        verdict("update.if-match.malformed", row=rows[0], exchanges=["1"]),
        failure("update.if-match.malformed", row=rows[1], exchanges=["2", "3"]),
        verdict("update.if-match.malformed", "warn", row=rows[2], exchanges=["3", "4"]),
    )
    (entry,) = document(run)["rules"]
    assert entry["verdict"] == "fail"
    assert entry["message"].startswith("expected 409")
    assert entry["exchanges"] == ["1", "2", "3", "4"]
    assert [(case["row"], case["verdict"]) for case in entry["cases"]] == [
        (rows[0], "pass"), (rows[1], "fail"), (rows[2], "warn")
    ]  # fmt: skip
    assert run.counts[Verdict.FAIL] == 1
    assert sum(run.counts.values()) == 1


def test_a_log_with_two_runs_tells_the_last_one():
    """A folder used again does not mix two runs."""
    run = Run.of(
        [header(), failure(), footer(1), header(run="second"), target(), verdict(), footer()]
    )
    assert (run.id, run.conformant, len(run.rules)) == ("second", True, 1)


def test_what_was_made_and_not_taken_away_is_left():
    """Deleted and restored things are gone; what is left keeps its reason."""
    run = whole(
        journal("intended", "1"), journal("created", "1"), journal("deleted", "1"),
        journal("created", "2"), journal("left", "2", reason="the target answers DELETE with 405"),
        journal("created", "3"), journal("restored", "4"), journal("intended", "5"),
    )  # fmt: skip
    assert [(left.id, left.reason) for left in run.left] == [
        ("2", "the target answers DELETE with 405"), ("3", "not deleted")
    ]  # fmt: skip


def test_in_a_run_cut_short_what_was_intended_may_exist():
    """Nothing that we may have made is kept from the user."""
    run = Run.of([header(), journal("intended", "5")])
    assert [(left.id, "may exist" in left.reason) for left in run.left] == [("5", True)]


def test_groups_are_ids_without_their_last_part():
    """Two parts at most."""
    groups = {
        "create.valid": "create",
        "update.if-match.stale": "update.if-match",
        "a.b.c.d": "a.b",
        "x": "x",
    }
    assert {rule: group_of(rule) for rule in groups} == groups


@pytest.mark.parametrize(
    "log",
    [
        [header(), target(), failure(), verdict(), exchange(), journal("created"), footer(1)],
        [
            header(),
            target(software=None, fhir_version=None),
            verdict(level=None, source=None, expected={}, observed={}),
        ],
        [
            header(command=["ifmatch", "run"], seed=None),
            _error("target"),
            footer(6, message="unreachable"),
        ],
        [header(), verdict("race.update.same-version", race={"rounds": 40}), footer()],
        [header(), event_of({"event": "verdict", "rule": "a.b"})],
        [header(), verdict(verdict="splendid"), event_of({"event": "verdict", "row": 1}), footer()],
        [],
    ],
)
def test_every_log_gives_a_valid_report(log):
    """Whole, incomplete, sparse and empty logs: report.json keeps to its schema."""
    assert flaw(json.loads(json.dumps(document(Run.of(log))))) == ""


def test_the_schema_refuses_a_green_that_means_nothing():
    """Conformant and exit code 0 are the same thing, and go with a whole run without a failed rule."""
    good = document(whole(verdict()))
    assert flaw(good) == ""
    for lie in (
        {"exit_code": 1},
        {"complete": False},
        {"counts": {"fail": 1}},
        {"conformant": False},
    ):
        assert flaw(good | lie)


def test_the_report_has_the_fields_that_others_rely_on():
    """The shape that is promised to scripts."""
    report = document(
        whole(target(warnings=["it claims R4"]), failure(), journal("created"), exit_code=1)
    )
    assert (report["schema"], report["complete"], report["conformant"], report["exit_code"]) == (
        1,
        True,
        False,
        1,
    )
    assert report["run"]["started"] == at(7)
    assert report["run"]["duration_s"] == 14.2
    assert report["target"] == {
        "base_url": "https://staging.example/fhir", "software": "HAPI FHIR 8.8.0", "fhir_version": "3.0.2"
    }  # fmt: skip
    (entry,) = report["rules"]
    assert entry["expected"]["status"] == [409]
    assert entry["observed"]["status"] == 412
    assert entry["source"]["document"] == "001"
    assert "race" not in entry
    assert "cases" not in entry
    assert report["left"] == [{"type": "Patient", "id": "57", "reason": "not deleted"}]
    assert report["warnings"] == ["it claims R4"]


def test_a_report_is_loaded_only_when_it_is_one(tmp_path):
    """A run's folder or its file; anything else is named as what it is."""
    _write(tmp_path, header(), verdict(), footer())
    write_all(tmp_path)
    assert load(tmp_path) == load(tmp_path / "report.json")
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="not a report"):
        load(tmp_path / "other.json")
    (tmp_path / "other.json").write_text("{")
    with pytest.raises(ConfigurationError, match="not JSON"):
        load(tmp_path / "other.json")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(tmp_path / "none")


def test_writing_again_gives_the_same_files(tmp_path):
    """Reports are derived: the log alone decides, and nothing else is left in the folder."""
    _write(tmp_path, header(), failure(), footer(1))
    assert write_all(tmp_path).exit_code is ExitCode.NOT_CONFORMANT
    first = {path.name: path.read_bytes() for path in tmp_path.rglob("*.*")}
    write_all(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*.*")} == first
    names = {name for name in first if not name.endswith("-result.json")}
    assert names == {
        "events.jsonl", "report.json", "junit.xml", "report.html", "summary.md", "exchanges.har",
            "update.if-match.stale.sh", "environment.properties", "categories.json", "executor.json",
                "results.sarif", "badge.json", "badge.svg",
    }  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} - {"events.jsonl"} <= set(DERIVED)


def test_results_for_allure_go_where_they_are_asked_for(tmp_path):
    """And what lies there already stays."""
    folder, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (elsewhere / "other-result.json").touch()
    _write(folder, header(), verdict(), footer())
    write_reports(Run.of(read(folder)), folder, elsewhere)
    assert not (folder / "allure-results").exists()
    assert len(list(elsewhere.glob("*-result.json"))) == 2


def test_what_cannot_be_written_is_the_users_to_mend(tmp_path):
    """It says which file, whatever the format."""
    _write(tmp_path, header(), failure(), footer(1))
    for name in DERIVED[:4]:
        blocked = tmp_path / name
        blocked.mkdir() if "." in name else blocked.touch()
        with pytest.raises(ConfigurationError, match=f"{name} cannot be written"):
            write_all(tmp_path)
        blocked.rmdir() if "." in name else blocked.unlink()


def test_junit_tells_each_verdict_in_its_own_way():
    """A failure is a failure, an error an error, what was not judged is skipped with its reason."""
    root = ElementTree.fromstring(junit(whole(
        failure(), failure(row={"form": "bare text"}), _error("suite"), verdict(),
        verdict("a.x", "not-applicable", message="no patch here"), verdict("a.y", "inconclusive", message="no overlap"),
        verdict("a.z", "warn", message="a weak tag is better"), verdict("a.w", "observed"),
        exit_code=1,
    )))  # fmt: skip
    cases = {case.get("name").split(":")[0]: case for case in root.iter("testcase")}
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == (
        "8",
        "2",
        "1",
        "2",
    )
    assert cases["a.x"].find("skipped").get("message") == "no patch here"
    assert cases["a.y"].find("skipped").get("message") == "no overlap"
    assert "a weak tag" in cases["a.z"].findtext("system-out")
    assert cases["a.w"].find("failure") is None
    names = [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None]
    assert names == [
        "update.if-match.stale: An update based on a superseded version is refused [Patient]",
        "update.if-match.stale: An update based on a superseded version is refused [bare text, Patient]",
    ]
    stale = root.find(".//testcase[failure]")
    properties = {p.get("name"): p.get("value") for p in stale.iter("property")}
    assert properties["level"] == "SHALL"
    assert properties["source"] == "Spine Update 001"
    assert {p.get("name") for p in root.find("testsuite/properties")} == {
        "run",
        "suite",
        "profile",
        "profile_sha256",
        "target",
        "software",
        "fhir_version",
        "seed",
    }


def test_junit_says_in_one_line_what_failures_have_in_common():
    """CI systems show the message alone; how to repeat it, and the drawing of a race, stand beneath."""
    drawing = "LOST UPDATE: A and B\nboth replaced version 1\n\n▶ A ┣━┫\n"
    root = ElementTree.fromstring(
        junit(whole(exchange("3"), failure(), verdict("race.x", "fail", message=drawing)))
    )
    stale, race = root.iter("failure")
    assert stale.get("message") == (
        "expected 409 with an OperationOutcome, got 412 with an OperationOutcome; "
        "Update with If-Match: answered 412, not 409"
    )
    assert stale.text.endswith("replay: bash replay/update.if-match.stale.sh")
    assert "\n" not in race.get("message")
    assert "LOST UPDATE: A and B both replaced version 1" in race.get("message")
    assert "\n▶ A ┣━┫" in race.text


def test_junit_of_a_run_cut_short_is_not_green():
    """Even when all that was judged passed, a CI system sees an error."""
    root = ElementTree.fromstring(junit(Run.of([header(), target(), verdict()])))
    assert root.get("errors") == "1"
    assert "cut short" in root.find(".//error").get("message")


def test_junit_is_xml_whatever_the_server_said():
    """Control characters, escapes, markup and very long texts do not break the file."""
    hostile = "\x00\x1b[31m\ud800]]>&<b>\ufffe" + "x" * 1_000_000
    finding = {"expected": hostile, "got": hostile}
    xml = junit(
        whole(
            failure(message=hostile, title=hostile, row={"form": hostile}, findings=[finding]),
            exit_code=1,
        )
    )
    message = ElementTree.fromstring(xml).find(".//failure").get("message")
    assert r"\x00\x1b[31m\ud800]]>&<b>\ufffe" in message
    assert len(xml) < 100_000


@pytest.mark.parametrize("left_out", [(), ("a.b",)])
@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("before", [None, *Verdict])
@pytest.mark.parametrize("now", list(Verdict))
def test_each_report_that_is_written_can_be_read(now, before, strict, complete, left_out):
    """Whatever came, whatever the baseline had: it is valid, and called conformant only if it is."""
    known = {"update.x": before.value} if before else {}
    run = Run.of([
        header(baseline=known, strict=strict), verdict(), verdict("update.x", now.value),
        footer(None, complete=complete, left_out=list(left_out)),
    ])  # fmt: skip
    assert flaw(json.loads(json.dumps(document(run)))) == ""
    word, _ = conclusion(run.exit_code, run.counts, run.left_out)
    assert (word == "CONFORMANT") == (run.conformant is True)
