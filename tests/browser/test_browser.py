"""The page of a run, that of a comparison, and page one of a certification, in a real browser.

At three widths, light and dark, by keyboard, on paper, and with hostile texts. What makes a page hard to see or to hear
is found by axe; contrast is among it. The browser is that of IFMATCH_BROWSER, or one from the npm registry.
"""

import functools
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from built import Recipe, Tool, or_skip, tail
from page_run import certified, everything, hostile, large
from running import forked, run

from ifmatch.report.compare import html
from ifmatch.report.document import document
from ifmatch.report.package.certificate import certificate
from ifmatch.report.page import FILE_NAME, write_page

pytestmark = pytest.mark.browser

PROGRAM = Recipe(
    title="the browser",
    source=Path(__file__).parent / "program",
    tools=(Tool("node", 20), Tool("npm")),
    build=(("npm", "install", "--no-audit", "--no-fund", "--loglevel=error"),),
)

#: How long a browser may take for one page, in seconds: many times what it takes on two idle cores.
PATIENCE = 300


def page_of(run, path):
    """Write the page of a run."""
    write_page(run, path.parent, path)


def page_one_of(run, path):
    """Write page one of its certification."""
    path.write_bytes(certificate(run))


def page_of_both(runs, path):
    """Write the page of a comparison."""
    path.write_text(html([document(run) for run in runs]), encoding="utf-8")


#: A server with three faults that have nothing to do with each other, and rules of which a dozen fail for them.
THREE_FAULTS = [
    "-p", "fhir-r4",
    "--fault", "if-match-ignored", "--fault", "unmodified-answered-412", "--fault", "since-ignored",
    "--rules", "update.if-match.stale,update.if-match.stale-by-*,update.if-match.stale-equal-content,"
               "update.if-match.content-returned,race.update.same-version,read.*,history.*,always.*",
]  # fmt: skip


def three_faults():
    """The page that a run of the command line has written about it."""
    folder = Path(tempfile.mkdtemp())
    forked(run, [(THREE_FAULTS, folder)])
    return folder / "run" / FILE_NAME


#: What is looked at on which page of which run.
PAGES = {
    "three faults": (
        lambda made, path: shutil.copy(made, path),
        three_faults,
        ["fold", "views", "paper"],
    ),
    "everything": (page_of, everything, ["views", "use", "paper"]),
    "hostile": (page_of, hostile, ["views", "undrawn"]),
    "compared": (page_of_both, lambda: [everything(), hostile()], ["views"]),
    "large": (page_of, lambda: large(60, 20), ["all"]),
    "certified": (page_one_of, certified, ["views", "paper"]),
    "not certified": (page_one_of, hostile, ["views", "paper"]),
}

#: Those that are looked at in every view.
VIEWED = [name for name, (_, _, parts) in PAGES.items() if "views" in parts]

VIEWS = [f"{width} {scheme}" for width in ("phone", "tablet", "desktop") for scheme in ("light", "dark")]  # fmt: skip


def seen(name):
    """What a browser tells of one of the pages, by what was looked at."""
    done = _looked_at(name)
    # A browser needs libraries of the system, which a test may not install: without them nothing was looked at. Any
    # other way in which it does not start fails.
    if "error while loading shared libraries" in done.stderr:
        pytest.skip(f"the browser cannot be started here: {tail(done.stderr, 3)}")
    assert done.returncode == 0, f"{done.stdout}\n{tail(done.stderr)}"
    return {line["seen"]: line for line in map(json.loads, done.stdout.splitlines())}


@functools.cache
def _looked_at(name):
    with or_skip(), tempfile.TemporaryDirectory() as folder:
        home = PROGRAM.built()
        path = Path(folder) / "report.html"
        write, make, parts = PAGES[name]
        write(make(), path)
        return subprocess.run(
            ["node", str(home / "program.mjs"), str(path), *parts],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )


@pytest.mark.parametrize("name", VIEWED)
@pytest.mark.parametrize("view", VIEWS)
def test_everybody_can_read_it(name, view):
    """Nothing is cut off at the side, nothing is too faint, everything has a name that can be read aloud."""
    told = seen(name)[view]
    assert told["widest"] <= told["width"]
    assert told["violations"] == []


def test_what_is_not_drawn_yet_keeps_its_room():
    """No button of an exchange that has just been opened lies upon the button beneath, however slow the machine."""
    assert seen("hostile")["undrawn"]["violations"] == []


@pytest.mark.parametrize("name", VIEWED)
@pytest.mark.parametrize("view", VIEWS)
def test_it_fetches_nothing_and_obeys_nobody(name, view):
    """No request, no complaint of the browser's, and what a server wrote is not run."""
    told = seen(name)[view]
    assert told["fetched"] == told["complaints"] == []
    assert told["obeyed"] is None


@pytest.mark.parametrize("view", VIEWS)
def test_the_first_screen_says_what_is_wrong(view):
    """Every cause by its name, before anybody scrolls."""
    assert seen("everything")[view]["causes"] == 2


@pytest.mark.parametrize("screen", ["phone", "desktop"])
def test_ten_seconds_are_enough(screen):
    """Three faults are three causes, and what the first one is about stands on the first screen: whether the server
    conforms, how many causes there are, the rule, what came, where it is written, and the command that shows it."""
    told = seen("three faults")[f"fold {screen}"]
    assert told["causes"] == 3
    below = {what: one for what, one in told["found"].items() if one["bottom"] > told["height"]}
    assert not below
    texts = {what: one["text"] for what, one in told["found"].items()}
    assert texts["conclusion"] == "NOT CONFORMANT"
    assert re.match(r"1\d rules fail, from 3 causes\.", texts["count"])
    assert texts["cause"] == "Update with If-Match: accepted, though it must be refused"
    assert texts["rule"] == "update.if-match.stale"
    assert texts["command"] == "bash replay/update.if-match.stale.sh"


def test_it_is_dark_where_that_is_preferred():
    """And light elsewhere."""
    grounds = {view: seen("everything")[view]["background"] for view in VIEWS}
    assert grounds["desktop light"] == "rgb(255, 255, 255)"
    assert grounds["desktop dark"] == grounds["phone dark"] != grounds["desktop light"]


def test_a_keyboard_is_enough():
    """The first stop leads past the head; exchanges are opened by Enter and show what was sent."""
    told = seen("everything")["keyboard"]
    assert told["first"] == "Skip to the findings"
    assert told["listed"] >= 1
    assert told["unseen"] == []
    assert told["shown"].startswith(("GET https://staging.example", "PUT https://staging.example"))


def test_the_table_is_filtered():
    """By verdict, interaction, level and text; the counts in the banner are filters, too."""
    told = seen("everything")["filters"]
    assert (told["all"], told["failing"], told["reads"], told["warnings"], told["passing"]) == (
        12, 4, 1, 1, 2
    )  # fmt: skip
    assert told["obligatory"] == 11
    assert told["counted"] == "2 of 12 rules"


def test_a_curl_is_copied_with_its_body():
    """Ready to be pasted, without a secret."""
    assert seen("everything")["copy"]["copied"] == (
        'curl -X PUT "$BASE/Patient/57" -H "Authorization: Bearer $IFMATCH_TOKEN" -H \'If-Match: W/"1"\' '
        '-H \'Content-Type: application/fhir+json\' --data-raw \'{"resourceType": "Patient", "id": "57"}\''
    )


def test_a_link_opens_what_is_folded():
    """A rule that shows a cause again can be linked to; and so can what a filter has left out."""
    assert seen("everything")["link"]["open"] is True
    assert seen("everything")["link"]["visible"] is True


def test_a_thousand_exchanges_are_opened_at_once():
    """All rules with all exchanges; how long that takes is for `benchmarks/page.py` to judge."""
    assert seen("large")["all at once"]["exchanges"] >= 1000


def test_it_can_be_printed():
    """On a few sheets of paper, whatever the scheme of the screen."""
    assert 1 <= seen("everything")["paper"]["pages"] <= 8
    assert 1 <= seen("certified")["paper"]["pages"] <= 2


@pytest.mark.parametrize("name", ["everything", "certified", "not certified"])
def test_paper_cuts_nothing_off(name):
    """What can be scrolled on a screen cannot be on an A4."""
    assert seen(name)["paper"]["cut"] == []
