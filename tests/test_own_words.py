"""What a person reads who has not read the code: whose words they are, and that what is advised can be typed."""

import dataclasses
import re

from report_log import exchange, failure, footer, header, verdict, whole

from ifmatch import HOME
from ifmatch.cli.sweep import _sum
from ifmatch.client.subject import Snapshot
from ifmatch.report.annotations import annotations
from ifmatch.report.console import Progress, console_for, print_rule, print_summary
from ifmatch.report.explain import print_explanation
from ifmatch.report.junit import junit
from ifmatch.report.markdown import summary
from ifmatch.report.package.certificate import how_to_reproduce
from ifmatch.report.promises import lines_of, promises_of
from ifmatch.report.rule_pages import rule_pages
from ifmatch.report.run import Run, judge_cases
from ifmatch.report.text import listed, shortened
from ifmatch.rules.answer import Answer
from ifmatch.rules.case import Case
from ifmatch.rules.catalogue import rules
from ifmatch.rules.expectation import Expectation, Level, Source
from ifmatch.rules.profile import load
from ifmatch.suite.verdicts import message_of


def test_nothing_is_installed_by_a_name_that_an_index_gives_to_anybody():
    """What is advised works from the clone; the suite is on no index, so its name there is a stranger's."""
    by_name = re.compile(r"pip install (?:-\S+ )*['\"]?ifmatch\b(?!/)")
    places = ("*.md", "docs/**/*.*", "ifmatch/**/*.py", "ifmatch/**/*.html")
    files = [path for place in places for path in HOME.glob(place)]
    assert [path for path in files if by_name.search(path.read_text())] == []


def test_page_one_says_how_the_same_suite_is_installed():
    """With the version, and from its repository."""
    how = dict(how_to_reproduce(whole(header(), failure())))
    assert how["the same suite, in a clone of ifmatch 0.1.0"] == 'pip install ".[certify]"'


def test_what_a_source_says_is_in_our_words_and_so_without_quotation_marks(capsys):
    """Who sees them would look for the sentence in the source."""
    profile = load("fhir-stu3")
    lines = [
        line
        for rule in rules()
        for promise in promises_of(profile, rule)
        for line in lines_of(promise)
    ]
    print_explanation(rules()[0], [profile], [])
    pages = rule_pages(rules(), [profile]).values()
    for text in (*lines, capsys.readouterr().out, *pages):
        assert "“" not in text


# ---------------------------------------------------------------- what is said first, and what is left to the report

_LONG = "'ifmatch 97fea8e5fcf2781edd7cdc526fe05326 é水', not 'ifmatch 3fc643bb1ab882a46e7d9b107f10aab8 é水'"

_CHANGED = (
    f"resource changed (the version is 3, not 2; name[0].given[0] is {_LONG}; address[0].city is {_LONG}; "
    "lastUpdated is 2026-11-29T10:00:00Z, not 2026-11-29T09:00:00Z)"
)

_BRIEF = (
    "resource changed (the version is 3, not 2; name[0].given[0] is 'ifmatch 97fea8e5fcf2781e…', "
    "not 'ifmatch 3fc643bb1ab882a4…'; and 2 more)"
)


def _ignored(resource_type="Patient"):
    """A case of a rule of a server that ignores If-Match, as the suite judges it."""
    case = Case("update.if-match.stale", Expectation(status=(412,), level=Level.SHALL, source=Source("R4")),
                resource_type)  # fmt: skip
    case.fact(False, "412", "200 with a resource")
    case.state(False, "resource unchanged", _CHANGED)
    return case


def test_a_message_leads_with_the_answer_and_is_brief_on_the_rest():
    """A line of a job page is read from its beginning."""
    said = "expected 412, got 200 with a resource; expected resource unchanged, got " + _BRIEF
    assert message_of(_ignored()) == said


def test_every_line_for_another_tool_leads_with_the_answer():
    """GitHub's annotation, JUnit's message, and what two reports differ in."""
    message = message_of(_ignored())
    run = whole(failure(message=message), exit_code=1)
    annotation = next(annotations(run))
    assert annotation.partition("::expected 412, got 200")[1]
    assert b'<failure message="expected 412, got 200' in junit(run)


def test_what_changed_begins_with_the_version():
    """It says in three words what the elements say in thirty."""
    before, after = (
        Snapshot(Answer(200, {"etag": f'W/"{version}"'}), {"id": "1", "status": status}, None)
        for status, version in (("a", "1"), ("b", "2"))
    )
    assert before.changes_to(after)[0] == "the version is 2, not 1"


def test_a_long_difference_is_told_once_and_briefly(capsys):
    """The values stand in report.json; on the terminal the version and the first element do."""
    cases = [
        failure(
            message=message_of(_ignored()), row={"as": name},
            findings=[dataclasses.asdict(one) for one in _ignored().findings],
        )
        for name in ("json", "xml", "put")
    ]  # fmt: skip
    print_rule(console_for(), judge_cases("update.if-match.stale", cases))
    printed = capsys.readouterr().out
    assert " ".join(printed.split()).count(_BRIEF) == 1
    assert "also" not in printed
    assert len(printed.splitlines()) <= 12


def test_a_text_is_not_cut_for_a_note_that_is_longer_than_what_it_replaces():
    """And where it is cut, a word ends there."""
    assert shortened("one two three", 10) == "one two three"
    assert shortened("word " * 30, 52).startswith("word word")
    assert "word… (150 characters)" in shortened("word " * 30, 52)


def test_a_list_is_cut_between_names_and_says_how_many_more():
    """The rules that a partial run left out, by their interactions."""
    names = [f"interaction-{number}" for number in range(12)]
    assert listed(names, 45) == "interaction-0, interaction-1, interaction-2 and 9 more"
    assert listed(names[:4], 45) == ", ".join(names[:4])


# ---------------------------------------------------------------- a job page


def test_a_job_page_says_first_which_updates_were_lost():
    """It is what the tool is there to find, even where a plainer rule shows the same cause."""
    race = {
        "rounds": 24, "reproduced": [5, 5],
        "anomalies": [{"name": "lost update", "rule": "", "sentence": "B and C both replaced version 1.",
                       "operations": []}],
    }  # fmt: skip
    raced = failure(
        "race.update.same-version", race=race, message="LOST UPDATE: B and C\n\n▶ B ┣━┫"
    )
    text = summary(whole(failure(), raced, exit_code=1)).decode()
    told = text.index("### Lost updates, found by 1 rule\n")
    line = (
        "- `race.update.same-version`: B and C both replaced version 1. Reproduced 5 of 5 times.\n"
    )
    assert told < text.index(line) < text.index("### ✗")


def test_what_the_baseline_knows_is_told_in_a_line_each(capsys):
    """On the terminal and on the job's page; only what is new is told in full."""
    baseline = {"update.if-match.stale": "fail", "update.if-match.star": "fail"}
    events = [header(baseline=baseline), failure(), failure("update.if-match.star"), footer(0)]
    for new, due in ([], "2 known, 0 new"), ([failure("update.if-match.new")], "2 known, 1 new"):
        run = Run.of([*events[:-1], *new, events[-1]])
        page = summary(run).decode()
        print_summary(console_for(), run, "out")
        printed = capsys.readouterr().out
        assert page.index(f"### {due}\n") < page.index("- `update.if-match.stale` is known: fail\n")
        assert printed.strip().startswith(due)
        assert printed.count("got       412") == len(new)
        assert page.count("got **412") == len(new)
        assert printed.count("   known\n") == 2


# ---------------------------------------------------------------- what can be copied and counted


def test_a_group_keeps_clear_of_its_marks(capsys):
    """The longest id of the catalogue, too."""
    group = "transaction.one-resource-twice"
    progress = Progress(console_for(), [f"{group}.x"])
    progress.verdict(verdict(f"{group}.x"))
    progress.finish()
    assert f"{group}  ✓ 1" in capsys.readouterr().out


def test_a_curl_command_reads_no_file_that_nobody_has(capsys):
    """A body of a usual length stands in it, and of a longer one the script is named."""
    for length in (900, 5000):
        run = whole(exchange("2", body="x" * length), failure(), exit_code=1)
        print_summary(console_for(), run, "out")
        printed = capsys.readouterr().out
        assert "@body" not in printed
        assert ("x" * length in printed) is (length == 900)


def test_what_is_left_adds_up():
    """The number that the ledger tells is the one that a sweep tells, before and after."""
    dry = {"to be removed": 180, "not there any more": 3}
    assert _sum(dry) == "183 left: 180 to be removed, 3 not there any more"
    assert _sum({}) == "nothing left"
