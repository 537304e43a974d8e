"""Reports compared: what changed from one run of a target to the next; the table in a terminal, a sheet, a page."""

import csv as csv_module
import io
from html.parser import HTMLParser

import pytest

from ifmatch.report.compare import Kind, changes, comparable, csv, html, print_compare
from ifmatch.report.console import console_for
from ifmatch.report.document import flaw
from ifmatch.rules.verdict import Verdict

HOSTILE = '=cmd()\x1b[31m</td><script>alert(1)</script>"&\u202e'
STALE = "update.if-match.stale"


def rule(name=STALE, verdict="pass", status=412, **fields):
    return {
        "rule": name, "title": f"About {name}", "feature": "A feature", "level": "SHALL", "verdict": verdict,
        "message": f"message of {name}", "expected": {}, "observed": {"status": status} if status else {}, "source": {},
        "exchanges": [], **fields,
    }  # fmt: skip


def case(form, verdict="fail", status=500):
    return {"row": {"form": form}, "verdict": verdict, "observed": {"status": status}}


def race(*anomalies, rounds=24):
    return {
        "rounds": rounds,
        "exposure_below": 0.4377,
        "anomalies": [{"name": name} for name in anomalies],
    }


def report(
    *rules,
    software="HAPI FHIR Server 8.8.0",
    base_url="https://old.example/fhir",
    profile="fhir-r4",
    sha="1",
):
    counts = {verdict.value: sum(r["verdict"] == verdict for r in rules) for verdict in Verdict}
    failed = counts["fail"] > 0
    return {
        "schema": 1, "suite": {"name": "ifmatch", "version": "0.1"}, "complete": True, "conformant": not failed,
        "exit_code": 1 if failed else 0, "message": "",
        "run": {"id": f"run-{software}", "started": "", "finished": "", "seed": None, "command": None},
        "target": {"base_url": base_url, "software": software, "fhir_version": "4.0.1"},
        "profile": {"id": profile, "title": "FHIR R4", "label": "R4", "sha256": sha},
        "counts": counts, "rules": list(rules), "warnings": [], "left": [],
    }  # fmt: skip


def shown(*reports):
    out = io.StringIO()
    print_compare(console_for(out), reports)
    return out.getvalue()


class Page(HTMLParser):
    """A page as a browser sees it: its tags with their attributes, and the text outside of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self._in = [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._in.append(tag)

    def handle_endtag(self, tag):
        while self._in and self._in.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"script", "style"} & set(self._in):
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


# ---------------------------------------------------------------- what changed


def test_the_made_up_reports_are_valid():
    """What is tested here is what a run writes."""
    assert flaw(report(rule(), rule("b", "warn"))) == ""


@pytest.mark.parametrize(
    ("was", "now", "kind"),
    [
        ("pass", "fail", Kind.FAILS),
        ("observed", "fail", Kind.FAILS),
        ("not-applicable", "fail", Kind.FAILS),
        ("inconclusive", "fail", Kind.FAILS),
        (None, "fail", Kind.FAILS),
        ("pass", "error", Kind.ERRORS),
        ("pass", "inconclusive", Kind.INCONCLUSIVE),
        ("fail", "inconclusive", Kind.INCONCLUSIVE),
        ("pass", "warn", Kind.WARNS),
        ("fail", "pass", Kind.FIXED),
        ("warn", "pass", Kind.FIXED),
        ("fail", "observed", Kind.FIXED),
        ("waived", "pass", Kind.FIXED),
        ("inconclusive", "pass", Kind.JUDGED),
        ("error", "pass", Kind.JUDGED),
        ("not-applicable", "pass", Kind.JUDGED),
        (None, "pass", Kind.JUDGED),
        ("fail", "not-applicable", Kind.UNJUDGED),
        ("fail", "waived", Kind.WAIVED),
        ("pass", "waived", Kind.WAIVED),
        ("pass", None, Kind.UNJUDGED),
    ],
)
def test_each_change_of_a_verdict_has_its_kind(was, now, kind):
    """A failure is new whatever the rule was before; only a fault can be fixed; what is no longer judged is told."""
    old, new = ([rule(verdict=verdict)] if verdict else [] for verdict in (was, now))
    (change,) = changes(report(*old), report(*new))
    assert (change.kind, change.was, change.now) == (kind, was, now)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_what_is_the_same_is_no_change(verdict):
    """Reports that agree have no changes."""
    assert changes(report(rule(verdict=verdict)), report(rule(verdict=verdict))) == []


def test_another_answer_to_the_same_verdict_is_told():
    """A server that still fails, but no longer with a server error, has changed."""
    (change,) = changes(
        report(rule(verdict="fail", status=500)), report(rule(verdict="fail", status=409))
    )
    assert (change.kind, change.was_answered, change.now_answers) == (Kind.ANSWERS, "500", "409")


def test_of_several_cases_only_those_that_changed_are_told():
    """One of a rule's cases is fixed, another is not: the rule fails still, and the first is named."""
    old = rule(verdict="fail", cases=[case("bare"), case("empty", status=200)])
    new = rule(verdict="fail", cases=[case("bare", "pass", 409), case("empty", status=200)])
    (change,) = changes(report(old), report(new))
    assert (change.was_answered, change.now_answers) == ("bare fail 500", "bare pass 409")


def test_the_answers_of_a_race_are_chance():
    """Who wins differs from run to run, so it is not a change."""
    old, new = (rule(status=status, race=race()) for status in (200, 412))
    assert changes(report(old), report(new)) == []


def test_a_race_that_shows_a_fault_no_more_is_not_fixed():
    """It may have been luck, so what the pass is worth is told beside it; a window that needs no luck is proof."""
    lost, nothing = rule(verdict="fail", race=race("lost update")), rule(race=race())
    (change,) = changes(report(lost), report(nothing))
    assert (change.kind, change.was_answered) == (Kind.UNSEEN, "lost update")
    assert (
        change.now_answers == "nothing seen in 24 rounds, which leaves an exposure of up to 43.8%"
    )
    (change,) = changes(report(nothing), report(lost))
    assert (change.kind, change.now_answers) == (Kind.FAILS, "lost update")
    (change,) = changes(
        report(rule(verdict="fail", race=race(rounds=0))), report(rule(race=race(rounds=0)))
    )
    assert change.kind is Kind.FIXED


def test_the_gravest_changes_come_first():
    """New failures before all else, then in the order of the report."""
    old = report(rule("a", "fail"), rule("b"), rule("c"), rule("d"))
    new = report(rule("a"), rule("b", "warn"), rule("c", "fail"), rule("d", "fail"))
    assert [change.rule for change in changes(old, new)] == ["c", "d", "b", "a"]


def test_changes_are_told_of_one_target_under_one_profile():
    """The same address, or the same software in any version at another one; never across profiles, never of three."""
    old, upgraded = (
        report(),
        report(software="HAPI FHIR Server 8.10.0", base_url="https://new.example/fhir"),
    )
    assert comparable([old, upgraded])
    assert comparable([report(software=""), report(software="")])
    assert not comparable([old, report(software="Other 1", base_url="https://new.example/fhir")])
    assert not comparable(
        [report(software=""), report(software="", base_url="https://new.example/fhir")]
    )
    assert not comparable([old, report(profile="hapi")])
    assert not comparable([old, old, old])


# ---------------------------------------------------------------- on a terminal


def test_the_table_has_a_legend_and_the_changes_follow():
    """Short names for columns, what they stand for, a row a rule, and what the upgrade came to."""
    old = report(rule(verdict="fail", status=409), rule("read.existing", status=200))
    new = report(
        rule(status=412), rule("read.existing", "fail", 500), software="HAPI FHIR Server 8.10.0"
    )
    lines = shown(old, new).splitlines()
    assert lines[0] == (
        "A  fhir-r4 · HAPI FHIR Server 8.8.0 · https://old.example/fhir · run run-HAPI FHIR Server 8.8.0"
    )
    assert "update.if-match.stale   409 ✗       412 ✓" in lines
    assert "From A to B: 1 new failure · 1 fixed" in lines
    assert lines[lines.index("New failures") + 1 :][:4] == [
        "  ✗ read.existing   About read.existing",
        "      was   pass, 200",
        "      now   fail, 500",
        "            message of read.existing",
    ]


def test_nothing_changed_is_said():
    """Two equal runs."""
    assert shown(report(rule()), report(rule())).endswith("From A to B: nothing changed\n")


def test_two_targets_are_only_set_side_by_side():
    """That one server passes where another fails is not a repair."""
    assert "From A to B" not in shown(
        report(rule()), report(rule(), software="Other 1", base_url="https://b.example")
    )


def test_another_text_of_the_profile_is_pointed_out():
    """Then a verdict may have changed without the target."""
    assert "The profile itself" in shown(report(rule()), report(rule(), sha="2"))
    assert "The profile itself" not in shown(report(rule()), report(rule()))


# ---------------------------------------------------------------- as a sheet


def test_the_sheet_has_a_row_a_rule_and_two_columns_a_report():
    """Rules that one report lacks have empty cells there."""
    old, new = (
        report(rule()),
        report(rule("read.existing", "fail", 500), rule(verdict="fail", status=409)),
    )
    head, *rows = csv_module.reader(io.StringIO(csv([old, new]), newline=""))
    assert [text.rpartition(", ")[2] for text in head[2:]] == ["verdict", "answer"] * 2
    assert rows == [
        [STALE, f"About {STALE}", "pass", "412", "fail", "409"],
        ["read.existing", "About read.existing", "", "", "fail", "500"],
    ]


def test_no_cell_is_a_formula():
    """What a server calls itself is a text, not a command for a spreadsheet."""
    text = csv([report(rule(HOSTILE, title=HOSTILE), software=HOSTILE, profile=HOSTILE)])
    cells = [cell for row in csv_module.reader(io.StringIO(text, newline="")) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@")) or "\x1b" in cell]


# ---------------------------------------------------------------- as a page


def test_the_page_needs_no_script_and_no_network():
    """Everything is in the text; the filters show only where scripts run; nothing is fetched."""
    page = Page(html([report(rule(verdict="fail", status=409)), report(rule())]))
    assert STALE in page.text
    assert "Fixed" in page.text
    assert "409" in page.text
    assert [form for form in page.all("form") if "hidden" not in form] == []
    fetching = {"src", "href", "action"}
    addresses = [value for _, has in page.tags for name, value in has.items() if name in fetching]
    assert [address for address in addresses if not address.startswith("#")] == []
    assert any(
        meta.get("content", "").startswith("default-src 'none'") for meta in page.all("meta")
    )


def test_the_page_can_be_filtered():
    """Each row says of itself what the filters ask for."""
    page = Page(
        html(
            [
                report(rule(), rule("read.existing")),
                report(rule(verdict="fail"), rule("read.existing")),
            ]
        )
    )
    rows = [row for row in page.all("tr") if "data-verdict" in row]
    assert [(row["data-group"], row["data-verdict"], row["data-differs"]) for row in rows] == [
        ("update", "fail pass", "yes"),
        ("read", "pass", "no"),
    ]
    assert {"group", "verdict"} == {select["name"] for select in page.all("select")}


def test_nothing_a_server_said_is_markup():
    """A hostile text is shown, not obeyed."""
    hostile = rule(
        HOSTILE,
        "fail",
        title=HOSTILE,
        message=HOSTILE,
        cases=[case(HOSTILE), case("b", status=409)],
    )
    old = report(
        rule(HOSTILE, "fail", cases=[case(HOSTILE), case("b")]), software=HOSTILE, base_url=HOSTILE
    )
    new = report(hostile, software=HOSTILE, base_url=HOSTILE)
    page = Page(html([old, new]))
    assert len(page.all("script")) == 1
    assert "<script>alert(1)" in page.text
    assert "\x1b" not in page.text
    assert "\u202e" not in page.text
