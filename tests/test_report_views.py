"""What a person sees: the console's view, the curl commands, the matrix of several systems."""

import io
import json
import shlex
import subprocess
from functools import partial

import pytest
from report_log import BASE, exchange, failure, footer, header, journal, target, verdict, whole
from rich.cells import cell_len

from ifmatch.cli.recheck import _lines as recheck_lines
from ifmatch.log.events import TargetDescribed
from ifmatch.log.writer import line_of
from ifmatch.report import curl
from ifmatch.report.console import (
    Progress,
    console_for,
    print_header,
    print_rule,
    print_summary,
)
from ifmatch.report.document import document
from ifmatch.report.judged_anew import judged_anew
from ifmatch.report.matrix import matrix_lines, print_matrix
from ifmatch.report.run import Run, judge_cases
from ifmatch.report.text import one_line, with_label
from ifmatch.report.verify.evidence import case_called

HOSTILE = "\x1b[31mred\x1b]8;;http://x\x07 [bold red]markup[/] \x08\x00\u202e :smile: a\nb"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def plain(print_something, *arguments, **options):
    """What is printed where there is no terminal."""
    out = io.StringIO()
    print_something(console_for(out), *arguments, **options)
    return out.getvalue()


def live(cases, *events, out=None):
    """What the progress prints for these verdicts."""
    out = out or io.StringIO()
    progress = Progress(console_for(out), cases)
    for event in events:
        progress.verdict(event)
    progress.finish()
    return out.getvalue()


# ---------------------------------------------------------------- the run


def test_the_header_says_what_is_judged_against_what():
    """Suite, profile, target, run, how many rules."""
    run = Run.of([header(), target(warnings=["it claims no versioning"])])
    assert plain(print_header, run, {"expected": 74, "surveyed": 13, "do not apply": 9}) == (
        "ifmatch 0.1 · spine: NHS Spine core FHIR API (STU3) · https://staging.example/fhir (HAPI FHIR 8.8.0,\n"
        "FHIR 3.0.2)\n"
        "run 2026-11-21T10-12-07 · seed 4711 · 96 rules: 74 expected, 13 surveyed, 9 do not apply\n"
        "! it claims no versioning\n"
        "\n"
    )


def test_without_a_terminal_each_group_has_one_line():
    """A group is told when its last case is in, whatever the order; why a rule fails is told once, at the end."""
    cases = [
        "create.valid",
        "update.if-match.stale",
        "create.id",
        "update.if-match.current",
        "create.id",
    ]
    assert live(
        cases,
        verdict("create.id"), failure(), verdict("create.valid"), verdict("create.id", "warn"),
        verdict("update.if-match.current"),
    ) == (
        "  create                              ✓ 1   ! 1\n"
        "  update.if-match                     ✓ 1   ✗ 1\n"
    )  # fmt: skip


def test_without_a_plan_a_group_ends_when_the_next_begins():
    """Nothing is lost when nobody said how many cases come, nor when the run is interrupted."""
    assert live([], verdict("a.x"), verdict("a.y"), verdict("b.x")).split() == [
        "a",
        "✓",
        "2",
        "b",
        "✓",
        "1",
    ]
    assert live(["a.x", "a.y"], verdict("a.x")).split() == ["a", "✓", "1"]


def test_on_a_terminal_each_rule_has_one_line(monkeypatch):
    """Mark, id, sentence; what is short of a pass says why, what was only observed says what came."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    told = live(
        ["a.x", "a.x", "a.y", "a.z", "a.w", "a.v"],
        verdict("a.x"), verdict("a.y", "observed"), verdict("a.x"), failure("a.z"),
        verdict("a.w", "not-applicable", message="no patch here"), verdict("a.v", "inconclusive", message="no overlap"),
        out=Terminal(),
    )  # fmt: skip
    told = "".join(part.partition("m")[2] for part in ("m" + told).split("\x1b["))
    assert [line.strip() for line in told.splitlines()] == [
        "· a.y   An update is answered   200 with a resource",
        "✓ a.x   An update is answered",
        "✗ a.z   An update based on a superseded version is refused",
        "– a.w   An update is answered   no patch here",
        "? a.v   An update is answered",
        "why       no overlap",
    ]


def test_the_summary_tells_why_and_the_conclusion_last():
    """The whole of it, as a CI log shows it."""
    run = whole(
        verdict(), exchange("1", "GET", 200), exchange("2"), exchange("3", "GET", 200),
        failure(observed={"status": 412, "answer": "412 with an OperationOutcome", "state": "resource unchanged"}),
        verdict("race.update.lost", "inconclusive", title="None is lost", message="nothing overlapped in 40 rounds"),
        verdict("update.meta.later", "warn", title="lastUpdated moves",
                findings=[{"expected": "a later lastUpdated", "got": "the same", "level": "SHOULD"}]),
        journal("created", "9"),
        exit_code=1,
    )  # fmt: skip
    assert plain(print_summary, run, "reports/2026-11-21T10-12-07") == (
        "\n"
        "  ✗ update.if-match.stale   An update based on a superseded version is refused\n"
        "      expected  409 with an OperationOutcome\n"
        "      got       412 with an OperationOutcome, resource unchanged\n"
        "      source    SHALL · Spine Update · document 001\n"
        "      says      A conflict is answered with 409.\n"
        '      request   curl -X PUT "$BASE/Patient/57" -H "Authorization: Bearer $IFMATCH_TOKEN" \\\n'
        "                  -H 'If-Match: W/\"1\"' -H 'Content-Type: application/fhir+json' \\\n"
        '                  --data-raw \'{"resourceType": "Patient", "id": "57"}\'\n'
        "      replay    bash reports/2026-11-21T10-12-07/replay/update.if-match.stale.sh\n"
        "\n"
        "  ? race.update.lost   None is lost\n"
        "    nothing overlapped in 40 rounds\n"
        "\n"
        "  ! update.meta.later   lastUpdated moves\n"
        "    expected a later lastUpdated, got the same\n"
        "\n"
        "report  reports/2026-11-21T10-12-07/\n"
        "left on the target: 1\n"
        "  Patient/9   not deleted\n"
        "\n"
        "NOT CONFORMANT   1 rule fails from 1 cause · 1 warning · 1 inconclusive · 1 pass · 14.2s\n"
    )


def test_a_clean_run_is_told_in_three_lines():
    """Good news is short."""
    assert plain(print_summary, whole(verdict()), "out").split("\n") == [
        "", "report  out/", "left on the target: nothing", "", "CONFORMANT   1 pass · 14.2s", ""
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("run", "word"),
    [
        (whole(verdict()), "CONFORMANT"),
        (whole(failure()), "NOT CONFORMANT"),
        (whole(verdict("a.b", "waived"), exit_code=0), "CONFORMANT BUT FOR WAIVERS"),
        (whole(failure(), verdict("a.b", "waived")), "NOT CONFORMANT"),
        (whole(verdict("a.b", "inconclusive")), "INCONCLUSIVE"),
        (whole(), "NOTHING JUDGED"),
        (Run.of([header(), verdict()]), "INCOMPLETE"),
        (Run.of([header(), footer(6, complete=False, message="nothing answers")]), "INCOMPLETE"),
    ],
)
def test_the_conclusion_is_one_word(run, word):
    """Every ending has its word, and only a conformant run has that one."""
    *_, last = plain(print_summary, run).strip().split("\n")
    assert last.split("   ")[0] == word
    assert (word == "CONFORMANT") is run.conformant


def test_a_run_cut_short_says_so():
    """With its reason, and that what follows is not all."""
    told = plain(
        print_summary,
        Run.of([header(), verdict(), footer(2, complete=False, message="interrupted by you")]),
    )
    assert "interrupted by you\nThe run did not come to its end" in told


def test_many_leftovers_are_listed_in_the_report_only():
    """Ten lines, then how many more."""
    told = plain(print_summary, whole(verdict(), *(journal("created", str(n)) for n in range(13))))
    assert "left on the target: 13" in told
    assert "Patient/9 " in told
    assert "Patient/10 " not in told
    assert "… and 3 more, listed in report.json\n" in told


@pytest.mark.parametrize(
    "number, named, more", [(3, 3, ""), (11, 11, ""), (14, 10, "… and 4 more (report.html)")]
)
@pytest.mark.parametrize("verdict_of", [failure, partial(verdict, verdict="inconclusive")])
def test_a_long_list_of_rules_is_cut(verdict_of, number, named, more):
    """Whoever reads a terminal wants to know what is wrong, not each place where it shows."""
    rules = [
        verdict_of(f"update.if-match.r{n:02}") for n in range(number + (verdict_of is failure))
    ]
    told = plain(print_summary, whole(*rules, exit_code=1))
    first = 1 if verdict_of is failure else 0
    assert told.count(" update.if-match.r") == named + first
    assert (more in told, "more (report.html)" in told) == (True, bool(more))


def test_of_many_cases_the_failing_ones_are_named():
    """A rule with rows says which of them it failed on."""
    rows = [{"form": f"form {n}"} for n in range(3)]
    judged = judge_cases("a.b", [failure(row=rows[0]), verdict(row=rows[1]), failure(row=rows[2])])
    assert "in        2 of 3 cases: form 0; form 2" in plain(print_rule, judged)


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_nothing_a_server_says_is_obeyed(stream, monkeypatch):
    """Escapes, control characters and markup are shown as text, on a terminal too; ten megabytes stay a few lines."""
    monkeypatch.setenv("TERM", "xterm")
    out = stream()
    console = console_for(out)
    big = HOSTILE + "x" * 10_000_000
    finding = {"expected": big, "got": big, "level": "SHALL"}
    bad = failure(
        message=big, title=big, findings=[finding], says=big, row={big: big}, source={"title": big}
    )
    sent = exchange("2", body=big, url=f"{BASE}/{HOSTILE}", headers=[["X", HOSTILE]])
    run = whole(
        target(software=big, warnings=[big]),
        bad,
        sent,
        journal("left", big, reason=big),
        exit_code=1,
    )
    print_header(console, run)
    Progress(console, ["x"]).verdict(bad)
    print_summary(console, run, "out")
    print_matrix(console, [document(run)])
    told = out.getvalue()
    assert "[bold red]markup[/]" in told
    assert "\\x1b[31mred" in told
    assert len(told) < 30_000
    assert "\x1b]8" not in told
    assert "\x1b[31mred" not in told
    assert not set(told) & set("\x00\x07\x08\u202e")
    if stream is io.StringIO:
        assert all(line.isprintable() for line in told.split("\n"))


def test_what_became_of_the_resource_is_told_once():
    """Beside the wrong answer, unless a finding of its own tells it."""
    observed = {
        "status": 412,
        "answer": "412 with an OperationOutcome",
        "state": "resource changed",
    }
    of_state = {"expected": "resource unchanged", "got": "resource changed"}
    findings = line_of(failure())["findings"]
    for told in (findings, [*findings, of_state]):
        judged = judge_cases("a.b", [failure(observed=observed, findings=told)])
        assert plain(print_rule, judged).count("resource changed") == 1


def test_a_long_sentence_goes_on_beside_its_rule():
    """Wrapped lines of a title keep clear of the marks, which the eye runs down."""
    told = plain(print_rule, judge_cases("a.b", [verdict("a.b", title="word " * 40)])).splitlines()
    assert len(told) > 1
    assert told[0].startswith("  ✓ a.b   word")
    assert told[1].startswith("    word")


def test_a_failure_names_the_script_that_repeats_it():
    """The request that tells is shown; with a body too long to show, the script is what can be run."""
    run = whole(exchange("2", body="x" * 5000), failure(), exit_code=1)
    told = plain(print_summary, run, "reports/one")
    assert (
        "--data-binary @body\n      replay    bash reports/one/replay/update.if-match.stale.sh\n"
        in told
    )


def test_what_is_waived_says_until_when_by_whom_and_why():
    """While the run goes on as in its summary."""
    given = {"reason": "409 until the next release", "owner": "ada", "until": "2026-12-31"}
    told = plain(print_rule, judge_cases("a.b", [verdict("a.b", "waived", waiver=given)]))
    assert "waived    until 2026-12-31 by ada: 409 until the next release\n" in told


def test_a_race_keeps_its_drawing():
    """A message of several lines keeps its lines and their indents."""
    drawing = (
        "LOST UPDATE: two updates were accepted.\n  writer 2  ├────┤ 200\n  writer 4    ├────┤ 200"
    )
    told = plain(print_rule, judge_cases("race.x", [verdict("race.x", "fail", message=drawing)]))
    assert "      LOST UPDATE: two updates were accepted.\n" in told
    assert "        writer 4    ├────┤ 200\n" in told


# ---------------------------------------------------------------- curl


def run_curl(command, **variables):
    """The arguments that curl gets when bash carries the command out."""
    script = "curl() { printf '%s\\0' \"$@\"; }\n" + command
    environment = {
        "BASE": BASE,
        "IFMATCH_TOKEN": "t0ken",
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        **variables,
    }
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, check=True, env=environment, timeout=10
    )
    assert done.stderr == b""
    return done.stdout.decode("utf-8").split("\0")[:-1]


def test_curl_sends_what_was_sent():
    """Method, URL, headers and body arrive as they were; what the client adds by itself is left out."""
    command = curl.command(exchange().request, BASE)
    assert command == (
        'curl -X PUT "$BASE/Patient/57" -H "Authorization: Bearer $IFMATCH_TOKEN" -H \'If-Match: W/"1"\' '
        '-H \'Content-Type: application/fhir+json\' --data-raw \'{"resourceType": "Patient", "id": "57"}\''
    )
    assert run_curl(command) == [
        "-X", "PUT", f"{BASE}/Patient/57", "-H", "Authorization: Bearer t0ken", "-H", 'If-Match: W/"1"',
        "-H", "Content-Type: application/fhir+json", "--data-raw", '{"resourceType": "Patient", "id": "57"}',
    ]  # fmt: skip


def test_curl_breaks_off_where_we_did():
    """A body that ends before its Content-Length does is sent so; curl, which would wait for ever, gives up."""
    headers = [["Content-Type", "application/fhir+json"], ["Content-Length", "100"]]
    told = run_curl(curl.command(exchange(body="{", headers=headers).request, BASE))
    assert told[-6:] == ["-H", "Content-Length: 100", "--max-time", "2", "--data-raw", "{"]
    assert "Content-Length: 1" not in told
    whole = run_curl(
        curl.command(exchange(body="{}", headers=[["Content-Length", "2"]]).request, BASE)
    )
    assert not any("Content-Length" in word for word in whole)


@pytest.mark.parametrize(
    "text",
    ["it's", '"$(touch x)" `id` $HOME \\', "@/etc/passwd", "a\nb\tc\r", "\x1b[31m\x00".replace("\x00", ""), "W/”1”",
     "é\u2028!!\u202e", "'\x07'\\", "{}[]*?~#;&|<>"],
)  # fmt: skip
def test_any_text_survives_the_shell(text):
    """Quotes, expansions, control characters: bash hands curl exactly what was sent, and the command is printable."""
    sent = exchange(body=text, headers=[["X-Test", f"v {text}"], ["Content-Type", "text/plain"]])
    for command in (
        curl.command(sent.request, BASE),
        "\n".join(curl.folded(sent.request, TargetDescribed(base_url=BASE), width=40)),
    ):
        assert command.replace("\n", "").isprintable()
        assert run_curl(command)[4::2] == [f"X-Test: v {text}", "Content-Type: text/plain", text]
    assert shlex.split(curl.quoted("it's $x")) == ["it's $x"]


@pytest.mark.parametrize(
    ("url", "reached"),
    [
        (f"{BASE}/Patient?name=a|b&_since=2026", f"{BASE}/Patient?name=a|b&_since=2026"),
        (f"{BASE}/Patient/1/$validate", f"{BASE}/Patient/1/$validate"),
        (f'{BASE}/a`id`"$(id)"!x{{1,2}}\n', f"{BASE}/a%60id%60%22$(id)%22%21x%7B1,2%7D%0A"),
        (f"{BASE}?_format=json", f"{BASE}?_format=json"),
        ("https://staging.example/fhir2/x", "https://staging.example/fhir2/x"),
        (f"{BASE}/x?token=[redacted]&y", f"{BASE}/x?token=s3cret&y"),
    ],
)
def test_a_url_is_never_carried_out(url, reached):
    """What a shell or curl would expand is encoded; the base is a variable, and only the base."""
    assert (
        run_curl(
            curl.command(exchange(method="GET", url=url).request, BASE), IFMATCH_SECRET="s3cret"
        )[2]
        == reached
    )


def test_no_secret_and_no_stand_in_for_one_is_printed():
    """Whatever an Authorization held is the token's variable; other redacted headers have one of their own."""
    sent = exchange(
        headers=[
            ["authorization", "Basic abc"],
            ["Cookie", "[redacted]"],
            ["X-Key", "k [redacted]"],
        ]
    )
    command = curl.command(sent.request, BASE)
    assert "abc" not in command
    assert "[redacted]" not in command
    told = run_curl(command, IFMATCH_COOKIE="c", IFMATCH_X_KEY="k")
    assert told[4:9:2] == ["Authorization: Bearer t0ken", "Cookie: c", "X-Key: k"]


def test_curl_has_habits_of_its_own_that_are_held_back():
    """HEAD does not hang, a blank header is sent, a body without a type does not become a form."""
    assert curl.command(exchange(method="HEAD").request, BASE).startswith("curl --head ")
    assert "-H 'If-Match;'" in curl.command(exchange(headers=[["If-Match", " "]]).request, BASE)
    assert run_curl(curl.command(exchange(headers=[]).request, BASE))[3:5] == [
        "-H",
        "Content-Type:",
    ]


def test_a_long_body_is_not_printed():
    """The command stays readable and says where a body belongs."""
    command = curl.command(exchange(body="x" * 10_000).request, BASE, body_most=400)
    assert command.endswith("--data-binary @body")
    assert len(command) < 200


# ---------------------------------------------------------------- the matrix


def _system(label, *cases):
    return document(
        Run.of([header(profile={"id": label, "title": label, "label": label}), *cases, footer()])
    )


def test_the_matrix_shows_each_system_beside_the_others():
    """A cell is the status and how it is judged; rules of one interaction stand together; totals below."""
    reports = [
        _system(
            "Spine", failure("update.a"), verdict("create.x"), verdict("update.b", "not-applicable")
        ),
        _system(
            "Aidbox",
            verdict("update.a"),
            verdict("create.y", "observed"),
            verdict("race.z", observed={}),
        ),
    ]
    assert plain(print_matrix, reports).splitlines() == [
        "           Spine   Aidbox",
        "update.a   412 ✗   200 ✓",
        "update.b   ·",
        "",
        "create.x   200 ✓",
        "create.y           200 ·",
        "",
        "race.z             ✓",
        "",
        "        pass  fail  warn  observed  n.a.",
        "Spine      1     1     0         0     1  NOT CONFORMANT",
        "Aidbox     2     0     0         1     0  CONFORMANT",
    ]


def test_five_systems_fit_on_one_screen():
    """100 columns, with long ids, long labels and every verdict there is."""
    rules = [
        "update.error.operation-outcome.invalid-content",
        "update.if-match.stale-equal-content-and-more-of-it",
    ]
    cases = [
        *(verdict(rule) for rule in rules),
        *(
            verdict(f"a.{v}", v)
            for v in ("fail", "error", "inconclusive", "warn", "waived", "observed", "pass")
        ),
    ]
    reports = [
        _system(label, *cases)
        for label in ("Spine", "Reasonable Adjustments", "Koppeltaal", "患者記録", "C")
    ]
    lines = list(matrix_lines(reports))
    assert max(cell_len(line.plain) for line in lines) <= 100
    assert any("invalid-content" in line.plain for line in lines)
    assert json.dumps([line.plain for line in lines]).count("\\u001b") == 0


def test_a_long_name_of_a_group_does_not_touch_its_counts():
    """Two blanks are between them, as in every line."""
    stream = io.StringIO()
    progress = Progress(console_for(stream))
    progress.verdict(verdict("transaction.one-resource-twice.update-and-update"))
    progress.finish()
    assert stream.getvalue() == "  transaction.one-resource-twice  ✓ 1\n"


def test_the_time_that_is_told_is_the_one_that_was_waited():
    """The reports are made after the last line of the log, so the log knows nothing of them."""
    assert plain(print_summary, whole(verdict())).rstrip().endswith(" · 14.2s")
    assert plain(print_summary, whole(verdict()), took=104.9).rstrip().endswith(" · 1m45s")
    assert plain(print_summary, whole(verdict()), took=119.7).rstrip().endswith(" · 2m0s")


def test_a_text_that_is_cut_leaves_no_quotation_mark_open():
    """Else what follows reads as if the server had said it."""
    long = " word" * 100
    assert one_line(f'got "it says{long}"', 40).partition("…")[2].startswith('"')
    assert one_line(f"“it says{long}”", 40).partition("…")[2].startswith("”")
    assert one_line(f'got "it" and then{long}', 40).partition("…")[2].startswith(" (")


def test_what_has_no_label_has_no_brackets():
    """As the rules that are watched throughout."""
    assert with_label("always.no-server-error", "") == "always.no-server-error"
    assert case_called("always.no-server-error", "", {}) == "always.no-server-error"
    assert case_called("a.b", "Patient", {"form": "weak"}) == "a.b [Patient, weak]"
    seen = Run.of([header(), verdict("always.x", resource_type=""), footer()])
    (case,) = judged_anew(seen, Run.of([header(), footer()]))
    assert next(
        line for line in recheck_lines(seen, seen, [case]) if "always.x" in line
    ).startswith("  always.x   ")
