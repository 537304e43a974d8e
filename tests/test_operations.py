"""docs/operations.md, followed word by word: its files are read, its commands typed, what it shows is printed."""

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from running import typed

from ifmatch.cli.main import COMMANDS
from ifmatch.client import target_file
from ifmatch.client.fleet_file import FleetFile
from ifmatch.fleet.jobs import Fleet
from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import load

#: In the checkout: what is installed has no docs.
PAGE = (Path(__file__).parents[1] / "docs" / "operations.md").read_text(encoding="utf-8")

_FILES = re.findall(r"^```toml\n(.*?)^```", PAGE, re.M | re.S)
TARGETS = [text for text in _FILES if "[targets." not in text]
(FLEET,) = (text for text in _FILES if "[targets." in text)

#: What stands in a block or between backquotes and begins with our name; behind two blanks comes what it does.
_IN_BLOCKS = re.findall(r"^ {0,4}(ifmatch .*?)(?: {2,}.*)?$", PAGE, re.M)
_IN_LINES = re.findall(r"`(ifmatch [^`]+)`", PAGE)
COMMAND_LINES = sorted({*_IN_BLOCKS, *(" ".join(line.split()) for line in _IN_LINES)})


def test_there_is_something_to_follow():
    assert len(TARGETS) >= 3
    assert len(COMMAND_LINES) >= 10


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_every_command_is_understood(line):
    """With every option that it names; no name of a command alone is typed."""
    name, *words = shlex.split(line)[1:]
    read = COMMANDS[name].parse(words or ["x"])
    assert not [word for word in getattr(read, "words", []) if word.startswith("--")]


@pytest.mark.parametrize("text", TARGETS, ids=lambda text: text.split("\n", 1)[0])
def test_every_target_file_is_read(text, tmp_path):
    """Checked as one of a user's is."""
    (tmp_path / "target.toml").write_text(text)
    assert target_file.read(tmp_path / "target.toml").keys() >= tomllib.loads(text).keys()


def test_the_fleet_file_is_read_and_means_what_the_page_says(tmp_path):
    """Its runs by name, and what holds for each."""
    (tmp_path / "fleet.toml").write_text(FLEET)
    (tmp_path / "koppeltaal.toml").write_text('base_url = "https://koppeltaal.example/fhir"\n')
    fleet = FleetFile.read(tmp_path / "fleet.toml")
    assert [*fleet.runs] == ["koppeltaal", "hapi-fhir-r4", "hapi-hapi", "open"]
    hapi, at_large = fleet.entry("hapi-hapi"), fleet.entry("open")
    assert hapi["auth"]["oauth"] == {
        "token_url": "https://auth.example/token",
        "key_file": "fleet.jwk",
        "scopes": ["system/*.cruds"],
        "client_id": "ifmatch-hapi",
    }
    assert hapi["limits"] == {"writes_per_second": 20, "writes": 9000}
    assert at_large["auth"] == {}


def test_every_key_of_an_identity_is_told(tmp_path):
    """A key that the page names is one that the schema has."""
    told = re.findall(r"`(\w+_(?:env|file))`", PAGE)
    schema = json.dumps(json.loads(target_file_schema()))
    assert told
    assert [name for name in told if f'"{name}"' not in schema] == []


def target_file_schema():
    from ifmatch.client.target_content import SCHEMA

    return SCHEMA.read_text()


@pytest.mark.slow
def test_from_the_dry_run_to_the_sweep(tmp_path):
    """The commands of the page one after the other, on a server here."""
    with EmbeddedServer(load("fhir-r4")) as server:
        host = server.base_url.split("/")[2]
        (tmp_path / "target.toml").write_text(
            f'base_url = "{server.base_url}"\nprofile = "fhir-r4"\nrules = "update.if-match.*"\n'
            f'[limits]\nhosts = ["{host}"]\nwrites = 5000\nwrites_per_second = 200\n'
        )
        code, printed = typed(["run", "-t", "target.toml", "--dry-run"], tmp_path)
        assert code == 0
        assert re.fullmatch(
            r"will write about \d+ times and make about this: \d+ Patient, removed at the end\n",
            printed,
        ), printed
        assert not server.world.store.snapshot()
        code, printed = typed(["run", "-t", "target.toml"], tmp_path)
        assert code == 0, printed
        folder = (tmp_path / "reports" / "latest").resolve()
        assert typed(["ledger", str(folder)], tmp_path) == (0, "nothing left\n")
        assert typed(["sweep", str(folder)], tmp_path) == (0, "nothing left\n")
        code, printed = typed(["sweep", "-t", "target.toml", "--yes"], tmp_path)
        assert (code, printed.strip()) == (0, "nothing left")


@pytest.mark.slow
def test_a_fleet_and_one_run_of_it(tmp_path):
    """A night, and `fleet.toml#NAME` wherever a target file is named."""
    with EmbeddedServer(load("fhir-r4"), tokens={"a-token": "write"}) as server:
        (tmp_path / "secret").write_text("a-token\n")
        (tmp_path / "fleet.toml").write_text(
            f"""
            bound = 300
            [defaults]
            rules = "update.if-match.stale"
            auth.token_file = "secret"
            [targets.one]
            base_url = "{server.base_url}"
            profile = ["fhir-r4"]
            """
        )
        code, printed = typed(["fleet", "fleet.toml", "-n", "4"], tmp_path)
        assert code == 0, printed
        (night,) = (tmp_path / "reports" / "fleet").iterdir()
        assert {"report.html", "fleet.csv", "fleet.json", "one-fhir-r4"} <= {
            path.name for path in night.iterdir()
        }
        code, printed = typed(["run", "-t", "fleet.toml#one-fhir-r4", "-o", "alone"], tmp_path)
        assert code == 0, printed
        for words in (["sweep", "--yes"], ["ledger"]):
            code, printed = typed([words[0], "-t", "fleet.toml#one-fhir-r4", *words[1:]], tmp_path)
            assert (code, "nothing left" in printed) == (0, True), printed
        code, printed = typed(["run", "-t", "fleet.toml#two"], tmp_path)
        assert code == 4
        assert 'has no run "two"' in printed
    assert Fleet.read(tmp_path / "fleet.toml").jobs(tmp_path)[0].name == "one-fhir-r4"
