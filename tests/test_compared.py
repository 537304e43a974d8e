"""The table of what other tools have names commands, rules and files that there are, and each command works."""

import re
import shlex
from pathlib import Path

import pytest
from running import typed

from ifmatch.cli.main import COMMANDS
from ifmatch.reference.server import EmbeddedServer
from ifmatch.report.write import DERIVED
from ifmatch.rules import catalogue
from ifmatch.rules.profile import load

PAGE = Path(__file__).parents[1] / "docs" / "compared.md"

#: What stands in the tables, word by word: a row has a wish, what there is, and what came of it.
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| wish")
]
SPANS = [span for row in ROWS for cell in row for span in re.findall(r"`([^`]+)`", cell)]
TYPED = list(dict.fromkeys(span for span in SPANS if span.startswith("ifmatch ")))

#: What serves until it is ended, opens a browser, or takes as long as a whole suite: other tests carry these out.
NOT_HERE = ("ifmatch serve -p", "ifmatch open", "ifmatch certify", "ifmatch fleet")

#: Rules that take no time, for lines that choose none.
FEW = "update.if-match.stale,read.existing"

#: How each line ends; most runs meet the fault.
ENDS = {
    "ifmatch run URL --dry-run": 0,
    "ifmatch run URL --fail-on new --baseline one/report.json": 0,
    "ifmatch run URL --budget 1m": 1,
    "ifmatch run URL --rules 'update.equal-content'": 0,
    "ifmatch verify DIR": 0,
    "ifmatch verify DIR -p fhir-r4": 0,
    "ifmatch recheck DIR": 0,
    "ifmatch replay DIR --against URL": 1,
    "ifmatch compare one two": 0,
}


def test_each_row_says_what_came_of_it():
    """Also where there is nothing to be typed."""
    assert len(ROWS) > 60
    assert [row for row in ROWS if len(row) != 3 or not all(row)] == []


@pytest.mark.parametrize("line", TYPED)
def test_a_command_is_one(line):
    """With options that it has."""
    _, name, *words = shlex.split(line)
    COMMANDS[name].parse(words)


def test_each_rule_that_is_named_is_one():
    """As a pattern or by its id."""
    groups = {rule.id.partition(".")[0] for rule in catalogue.rules()}
    named = [
        s for s in SPANS if re.fullmatch(r"[a-z-]+\.[a-z.*-]+", s) and s.partition(".")[0] in groups
    ]
    chosen = [
        words[words.index("--rules") + 1] for words in map(shlex.split, TYPED) if "--rules" in words
    ]
    assert named
    assert chosen
    for pattern in [*named, *(one for globs in chosen for one in globs.split(","))]:
        assert any(catalogue.matches(rule.id, pattern) for rule in catalogue.rules()), pattern


def test_each_file_that_is_named_is_written():
    """Or lies in the repository."""
    written = {*DERIVED, "events.jsonl", "fleet.csv"}
    names = [
        s
        for s in SPANS
        if re.fullmatch(r"[\w/-]+\.(json|jsonl|jsonld|html|xml|sarif|md|svg|har|csv|py)", s)
    ]
    assert names
    assert [n for n in names if n not in written and not (PAGE.parents[1] / n).exists()] == []


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with two runs of a server that ignores If-Match, and what else a line may name."""
    folder = tmp_path_factory.mktemp("compared")
    (folder / "mine.toml").write_text(
        'id = "mine"\ntitle = "Mine"\nlabel = "Mine"\nextends = "fhir-r4"\n'
    )
    with EmbeddedServer(load("fhir-r4"), faults=["if-match-ignored"]) as server:
        for name in ("one", "two"):
            words = ["run", server.base_url, "-p", "fhir-r4", "--rules", FEW, "-o", name]
            code, printed = typed(words, folder)
            assert code == 1, printed
        yield folder, server.base_url


@pytest.mark.slow
@pytest.mark.parametrize("line", [line for line in TYPED if not line.startswith(NOT_HERE)])
def test_a_line_does_what_it_says(line, place, tmp_path):
    """It ends as it should: with what was found, and not with a slip."""
    folder, url = place
    _, name, *words = shlex.split(line)
    out = str(tmp_path / "out")
    values = {
        "URL": url,
        "DIR": out if name == "survey" else "one",
        "RULE": "update.if-match.stale",
    }
    words = [values.get(word, word) for word in words]
    if name == "run" and not {"--rules", "-k"} & {*words}:
        words += ["--rules", FEW]
    words += ["-o", out] if name in ("run", "replay") and "--dry-run" not in words else []
    code, printed = typed([name, *words], folder)
    expected = {ENDS[line]} if line in ENDS else {0, 1, 7} if name in ("run", "survey") else {0}
    assert code in expected, printed
