"""The page of a run: what it says first, that it needs nothing else, and that nothing a server said is obeyed."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from page_run import HOSTILE, everything, hostile, large, step
from report_log import BASE, at, exchange, failure, footer, header, journal, verdict, whole
from running import forked, run

from ifmatch.cli.main import main
from ifmatch.errors import ExitCode
from ifmatch.log.writer import line_of
from ifmatch.report.page import FILE_NAME
from ifmatch.report.page.exchanges import Texts, embedded
from ifmatch.report.page.run_page import page
from ifmatch.report.page.templates import in_script
from ifmatch.report.run import Run

#: Elements without an end.
_VOID = {"meta", "img", "input", "br", "link", "base"}


class Page(HTMLParser):
    """A page as a browser takes it apart: its elements with their attributes, and what each of them holds."""

    def __init__(self, text):
        super().__init__()
        self.elements, self._open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "text": "", **dict(attrs)}
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag):
        assert self._open.pop()["tag"] == tag, f"an end of {tag} that began nowhere"

    def handle_data(self, data):
        for element in self._open:
            element["text"] += data

    def all(self, tag, **having):
        """The elements of this name with these attributes."""
        return [
            element
            for element in self.elements
            if element["tag"] == tag and having.items() <= element.items()
        ]

    def holding(self, part):
        """The elements with this class."""
        return [one for one in self.elements if part in (one.get("class") or "").split()]

    @property
    def exchanges(self):
        """The exchanges that are embedded."""
        return json.loads(self.all("script", id="exchanges")[0]["text"])


def words(text):
    """A text without its line breaks."""
    return " ".join(text.split())


def shown(run, folder=Path("nowhere")):
    return Page(page(run, folder))


@pytest.fixture(scope="module")
def whole_page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "pictures").mkdir()
    (folder / "pictures" / "race.update.same-version.svg").write_text("<svg xmlns='…'/>")
    return shown(everything(), folder)


# ---------------------------------------------------------------- what it says


def test_the_conclusion_comes_first(whole_page):
    """Whether it conforms, how much is wrong, whose server it is, and what that rests on."""
    (banner,) = whole_page.holding("banner")
    assert "bad" in banner["class"]
    assert "NOT CONFORMANT" in banner["text"]
    assert "4 rules fail, from 2 causes" in words(banner["text"])
    assert "HAPI FHIR 8.8.0" in banner["text"]
    facts = words("".join(one["text"] for one in whole_page.holding("facts")))
    for fact in (
        BASE,
        "3.0.2",
        "NHS Spine core FHIR API (STU3)",
        "ab" * 8,
        "ifmatch 0.1.0",
        "4711",
        "1 with a fault",
    ):
        assert fact in facts  # fmt: skip


def test_failures_are_grouped_by_cause(whole_page):
    """The simplest rule in full, the others beneath it; each rule of the run is in the table, too."""
    first, second, *_ = whole_page.holding("cause")
    assert "What is wrong" in words(whole_page.all("h2")[0]["text"])
    assert "Update with If-Match: accepted" in first["text"]
    assert first["text"].index("update.if-match.stale") < first["text"].index("stale-by-two")
    assert "2 more rules show the same" in words(first["text"])
    assert "Broken promise: A read has an ETag" in second["text"]
    assert len([one for one in whole_page.all("li") if "data-verdict" in one]) == 12


def test_a_difference_is_short(whole_page):
    """What changed stands in a word; in what, folded beneath it."""
    cells = [words(cell["text"]) for cell in whole_page.all("td")]
    assert "409 or 412" in cells
    assert "resource changed in 2 respects title is 'a', not 'b'the version is 3, not 2" in cells


def test_a_race_shows_who_collided(whole_page):
    """The requests side by side, the picture, and how often it was seen."""
    writers = [words(one["text"]) for one in whole_page.holding("writer")]
    assert [text.partition(" ")[0] for text in writers] == ["A", "B"]
    assert "update with If-Match from version 1 → 200, version 2" in writers[0]
    assert "sent 0.00 ms, answered 8.00 ms" in writers[0]
    (picture,) = whole_page.all("img")
    assert base64.b64decode(picture["src"].partition(",")[2]).startswith(b"<svg")
    (anomaly,) = whole_page.holding("anomaly")
    assert "seen 3 times in 40 rounds, reproduced 5 of 5" in words(anomaly["text"])


def test_each_sentence_leads_to_its_exchanges(whole_page):
    """By their ids, which are embedded once."""
    named = {id for one in whole_page.holding("exchanges") for id in one["data-ids"].split()}
    assert named == {"w1", "w1.0", "w2", "w2.0", "w2.1", "r1", "r2", "p1"}
    assert named <= whole_page.exchanges["exchanges"].keys()


def test_the_requests_of_a_race_stand_with_its_sentence():
    """Whoever released them, they are of its step; in the order of time."""
    race = {"rounds": 3, "confidence": "little"}
    run = whole(
        exchange("make", "POST", 201), exchange("other", raced=True, step=4),
        *(exchange(f"r{number}", raced=True, step=0, started=at(number)) for number in (3, 2, 1)),
        verdict("update.if-match.stale", race=race, exchanges=["make"],
                steps=[step("When", "writers race", exchanges=["make"]), step("Then", "all is well")]),
    )  # fmt: skip
    assert [one["data-ids"] for one in shown(run).holding("exchanges")] == ["r1 r2 r3 make"]


def test_what_decided_is_named_by_its_path():
    """A Bundle is sent to the address of the server itself."""
    run = whole(exchange("1", "POST", 200, url=BASE), failure(exchanges=["1"]))
    assert words(shown(run).holding("decided")[0]["text"]).startswith("Decided by POST / → 200")


def test_a_source_is_a_link_only_when_it_has_an_address(whole_page):
    """Of the documents only the number can be given."""
    links = {one["href"] for one in whole_page.all("a") if not one["href"].startswith("#")}
    assert links == {"https://hl7.org/fhir/R4/http.html#concurrency"}


def test_a_repair_is_checked_by_a_command():
    """That names the rules while they are few, and else their groups, each once."""
    few = shown(whole(failure("a.x"), failure("b.c.y"), exit_code=1))
    many = shown(
        whole(*(failure(id) for id in ("a.b.x", "a.x", "a.c.x", "b.c.x", "b.c.y")), exit_code=1)
    )
    assert few.holding("command")[-1]["text"].split()[-2] == "a.x,b.c.y"
    assert "--rules 'a.*,b.c.*'" in many.holding("command")[-1]["text"]


def test_a_repair_of_an_embedded_server_is_checked_on_a_new_one():
    """Its address does not last; its faults are switched on again."""
    events = [header(embedded=True, faults=["if-match-ignored"]), failure("a.x"), footer(1)]
    (replay, check) = shown(Run.of(events)).holding("command")
    assert "bash replay/a.x.sh" in replay["text"]
    assert "ifmatch run -p spine --fault if-match-ignored --rules a.x" in check["text"]


#: Rules of which these faults break twelve, for three causes.
TWELVE = ",".join((
    "update.if-match.stale", "update.if-match.stale-by-two", "update.if-match.stale-by-many",
    "update.if-match.stale-equal-content", "update.if-match.never-existed", "update.if-match.other-resource",
    "update.if-match.id-as-version", "update.lost-update.detected", "race.update.same-version", "vread.at-once",
    "vread.later", "create.headers.location", "read.existing",
))  # fmt: skip
FAULTS = ("if-match-ignored", "vread-hides-an-element", "create-without-location")


@pytest.fixture(scope="module")
def twelve():
    """The page of a real run with twelve failures."""
    words = ["-p", "fhir-r4", *(f"--fault={one}" for one in FAULTS), "--seed=1", "--rules", TWELVE]
    ((_, _, printed),) = forked(run, [(words,)])
    folder = next(line.split()[1] for line in printed.splitlines() if line.startswith("report "))
    return Page((Path(folder) / FILE_NAME).read_text(encoding="utf-8"))


def test_twelve_failures_of_three_causes_are_three_things_to_read(twelve):
    """What a vendor wants to know in ten seconds: how many causes, which rule, where it is written, what to type."""
    (banner,) = twelve.holding("banner")
    assert "12 rules fail, from 3 causes" in words(banner["text"])
    (listed,) = twelve.holding("causes")
    assert words(listed["text"]) == (
        "Update with If-Match: accepted, though it must be refused 9 rules "
        "Broken promise: Each version stays as it was, whatever was written since 2 rules "
        "Broken promise: The Location of a create names the new resource 1 rule"
    )
    causes = [words(one["text"]) for one in twelve.holding("cause")]
    assert len(causes) == 3
    simplest = ("update.if-match.stale", "vread.later", "create.headers.location")
    for cause, rule in zip(causes, simplest, strict=True):
        assert rule in cause.partition("expected")[0]
        assert f"See it happen bash replay/{rule}.sh" in cause
        assert "Check a repair ifmatch run -p fhir-r4 --fault if-match-ignored" in cause
    links = [one["href"] for one in twelve.all("a", rel="noreferrer noopener")]
    assert links[0] == "https://hl7.org/fhir/R4/http.html#concurrency"


@pytest.mark.parametrize(
    ("run", "tone", "text"),
    [
        (whole(verdict()), "good", "1 pass"),
        (whole(failure(), failure("a.b"), exit_code=1), "bad", "2 rules fail, from 1 cause."),
        (whole(verdict("a.b", "inconclusive"), exit_code=7), "open", "1 inconclusive"),
        (Run.of([header(), verdict()]), "open", "did not come to its end"),
        (whole(), "open", "no rule was judged"),
        (
            Run.of([header(), verdict(), footer(left_out=["a.b"])]),
            "open",
            "1 of 2 rules were left out",
        ),
    ],
)
def test_every_ending_has_its_banner(run, tone, text):
    """What is neither good nor bad looks like neither."""
    (banner,) = shown(run).holding("banner")
    assert tone in banner["class"]
    assert text in words(banner["text"])


def test_what_was_left_on_the_target_is_listed():
    """Whoever owns it wants to know."""
    text = words(shown(whole(verdict(), journal("created", "9"))).all("main")[0]["text"])
    assert "Left on the target: 1 Patient/9 not deleted" in text


# ---------------------------------------------------------------- nothing else is needed, nothing is obeyed


@pytest.mark.parametrize("run", [everything(), hostile()], ids=["everything", "hostile"])
def test_nothing_is_fetched_and_one_script_is_run(run):
    """The policy of the page allows our script by its digest, and images that the page holds."""
    made = shown(run)
    data, script = made.all("script")
    (policy,) = [one["content"] for one in made.all("meta") if "http-equiv" in one]
    digest = base64.b64encode(hashlib.sha256(script["text"].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert data["type"] == "application/json"
    assert all(one.get("src", "data:").startswith("data:") for one in made.elements)
    assert made.all("link") == made.all("iframe") == made.all("object") == []
    assert [name for one in made.elements for name in one if name.startswith("on")] == []


def test_nothing_a_server_said_is_markup():
    """In every place where it may stand it is text, and what would hide the text around it is spelled out."""
    text = page(hostile(), Path("nowhere"))
    made = Page(text)
    assert [one["src"] for one in made.all("img") if one["src"] == "x"] == []
    assert [one for one in made.all("b") if one["text"] == "bold"] == []
    assert "javascript:" not in text
    assert "49" not in made.holding("cause")[0]["text"]
    visible = "".join(one["text"] for one in made.holding("wide"))
    assert "<b>bold</b>" in visible
    assert "\u202e" not in visible
    assert "\0" not in text


def text_of(held, number):
    """A text that a page holds in pieces, by its number."""
    return "".join(held["pieces"][piece] for piece in held["texts"][number])


def test_an_embedded_body_is_what_the_server_said():
    """Neither the page nor its reader changes a character of it, and it cannot end the script that holds it."""
    bodies = [HOSTILE, "\u2028\ud800 ]]>", "<!-- <script>", '{"valuable": 1.10}']
    run = whole(*(exchange(str(n), body=text) for n, text in enumerate(bodies)))
    held = shown(run).exchanges
    found = [text_of(held, held["exchanges"][str(n)][3]) for n in range(len(bodies))]
    assert found == bodies
    assert re.findall("<[!/s]", json.dumps(held)) != []
    block = page(run, Path("nowhere")).partition('id="exchanges"')[2].partition(">")[2]
    assert "<" not in block.partition("</script>")[0]


# ---------------------------------------------------------------- size


def test_of_too_many_exchanges_the_failing_rules_keep_theirs():
    """First others lose their bodies, then they are left out; the page says where they are."""
    run = large(rules=41, exchanges_each=5, every=20)
    loud = [id for judged in run.rules if judged.verdict == "fail" for id in judged.exchanges]
    held = embedded(run, room=20_000)["exchanges"]
    assert set(loud) <= {id for id, row in held.items() if row[3] >= 0}
    assert any(row[3] == -1 for row in held.values())
    assert embedded(run, room=-(10**7))["exchanges"] == {}


@pytest.mark.parametrize("text", ["x", "<", "水"])
def test_the_room_is_counted_as_it_is_taken(text):
    """A narrative is full of marks that are escapes in a page, and other scripts take more than a byte a letter."""
    texts = Texts()
    for number in range(100):
        texts.number(f"{number},{text * number}")
    taken = len(in_script([list(texts.pieces), texts.made_of]).encode())
    assert 0.9 < texts.size / taken < 1.3


def test_a_text_is_embedded_once():
    """Headers and bodies come again and again."""
    held = embedded(whole(exchange("1"), exchange("2")))
    assert held["exchanges"]["1"] == held["exchanges"]["2"]
    assert len(held["pieces"]) == len(set(held["pieces"]))
    assert len(held["texts"]) == len(set(map(tuple, held["texts"])))


def test_what_bodies_have_in_common_is_embedded_once():
    """Resources of one run differ in an id, a version and a text; the page of a long run is to be sent by mail."""
    bodies = [
        json.dumps(
            {"id": f"57-{n}", "meta": {"versionId": str(n)}, "text": "x" * 500, "active": True}
        )
        for n in range(100)
    ]
    held = embedded(whole(*(exchange(str(n), body=body) for n, body in enumerate(bodies))))
    assert [text_of(held, held["exchanges"][str(n)][3]) for n in range(100)] == bodies
    assert len(json.dumps(held)) < 0.5 * sum(map(len, bodies))


# ---------------------------------------------------------------- ifmatch open


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A folder of two runs, of which the newer one has no page yet; without a display."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("older", "newer"):
        (tmp_path / name).mkdir()
    (tmp_path / "older" / FILE_NAME).write_text("older")
    (tmp_path / "newer" / "events.jsonl").write_text(
        f"{json.dumps(line_of(header()))}\n{json.dumps(line_of(verdict()))}\n"
    )
    return tmp_path


def test_open_finds_the_newest_run(runs, capsys):
    """Its page is made when there is none, and its path printed."""
    assert main(["open", str(runs)]) == ExitCode.CONFORMANT
    assert capsys.readouterr().out == f"{runs / 'newer' / FILE_NAME}\n"
    assert "An update is answered" in (runs / "newer" / FILE_NAME).read_text()


def test_open_takes_a_run_by_name(runs, capsys):
    """And leaves its page as it is."""
    assert main(["open", str(runs / "older")]) == ExitCode.CONFORMANT
    assert (runs / "older" / FILE_NAME).read_text() == "older"


def test_open_uses_a_browser_where_there_is_a_display(runs, monkeypatch):
    """With an address that a browser understands."""
    opened = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("webbrowser.open", opened.append)
    main(["open", str(runs / "older")])
    assert opened == [(runs / "older" / FILE_NAME).as_uri()]


def test_open_says_where_there_is_no_run(tmp_path, capsys):
    """And what makes one."""
    assert main(["open", str(tmp_path)]) == ExitCode.USAGE
    assert "There is no run" in capsys.readouterr().err
