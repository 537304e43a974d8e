"""The pages in docs/ that are made from the code speak of what is there today."""

import re
import shlex
from pathlib import Path

from ifmatch.cli.main import COMMANDS
from ifmatch.errors import ExitCode
from ifmatch.rules import catalogue

#: In the checkout: what is installed has no docs.
DOCS = Path(__file__).parents[1] / "docs"


def test_every_rule_stands_on_the_page_of_what_a_pass_rests_on():
    """A rule that was added or renamed has the page made anew: `python docs/what_a_pass_rests_on.py`."""
    page = (DOCS / "what-a-pass-rests-on.md").read_text(encoding="utf-8")
    missing = [rule.id for rule in catalogue.rules() if f"`{rule.id}`" not in page]
    assert not missing


def test_the_jobs_for_pipelines_type_what_there_is():
    """Each command of ours in docs/ci is one that the command line understands."""
    folder = DOCS / "ci"
    lines = [
        line
        for name in ("github.yml", "gitlab.yml")
        for line in (folder / name).read_text().splitlines()
    ]
    typed = [line.partition("ifmatch run")[2] for line in lines if "ifmatch run" in line]
    assert len(typed) == 2
    for words in typed:
        read = COMMANDS["run"].parse(shlex.split(words.replace("$FHIR_BASE", "http://a/fhir")))
        assert read.words == ["http://a/fhir"]
        assert read.wait == 120


def test_every_exit_code_is_explained_to_pipelines():
    """And none that there is not."""
    page = (DOCS / "ci" / "README.md").read_text(encoding="utf-8")
    assert [int(code) for code in re.findall(r"^\| (\d) \|", page, re.M)] == list(ExitCode)
