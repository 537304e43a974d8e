"""The rules for people: `ifmatch explain`, and the catalogue under `docs/rules`, which is made from what is run."""

from pathlib import Path

import pytest

from ifmatch.cli.main import main
from ifmatch.errors import ExitCode
from ifmatch.report.promises import in_words, lines_of, promised_by
from ifmatch.report.rule_pages import rule_pages
from ifmatch.report.story import story_of
from ifmatch.rules.catalogue import rules
from ifmatch.rules.expectation import NotApplicable, Surveyed
from ifmatch.rules.profile import load, shipped

DOCS = Path(__file__).parent.parent / "docs" / "rules"


def rule(id):
    return next(one for one in rules() if one.id == id)


def explained(capsys, *words):
    """What `ifmatch explain` prints."""
    assert main(["explain", *words]) == ExitCode.CONFORMANT
    return capsys.readouterr().out


def test_the_catalogue_is_current():
    """Whoever changes a rule or a promise makes the pages anew."""
    made = rule_pages(rules(), [load(name) for name in shipped()])
    written = {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")}
    assert written == made, "ifmatch rules --markdown docs/rules"


def test_pages_of_one_profile_are_written(tmp_path, capsys):
    """For whoever has a profile of their own."""
    words = ["rules", "-p", "spine", "--rules", "read.*", "--markdown", str(tmp_path / "out")]
    assert main(words) == ExitCode.CONFORMANT
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"README.md", "read.md"}
    assert "`aidbox`" not in (tmp_path / "out" / "read.md").read_text()


def test_pages_that_cannot_be_written(tmp_path, capsys):
    """Are a sentence, not a traceback."""
    (tmp_path / "file").write_text("")
    assert main(["rules", "--markdown", str(tmp_path / "file")]) == ExitCode.USAGE
    assert "cannot be written" in capsys.readouterr().err


def test_a_text_is_not_taken_for_markup():
    """A row of an outline has quotes and brackets in it."""
    page = rule_pages([rule("update.if-match.malformed")], [load("fhir-r4")])["update.md"]
    assert "the If-Match \\<header\\>" in page


def test_every_rule_has_a_story():
    """Its sentences; what is watched in every exchange has none."""
    for one in rules():
        assert bool(story_of(one).sentences) is not one.id.startswith("always.")


def test_a_story_has_its_background_and_its_rows():
    """As it is carried out."""
    story = story_of(rule("update.if-match.malformed"))
    assert story.sentences[0] == "Given a resource on the server"
    assert story.rows[0] == ("form", "header")


def test_a_row_that_is_a_rule_has_a_story_of_its_own():
    """With its values in the sentences, and no table."""
    story = story_of(rule("door.delete.stale.exists"))
    assert "When it is written by delete, naming stale" in story.sentences
    assert story.rows == ()


def test_profiles_that_promise_the_same_stand_together():
    """Each profile once."""
    profiles = [load(name) for name in shipped()]
    groups = list(promised_by(profiles, rule("update.body-id.mismatched")))
    assert sorted(one.id for alike, _ in groups for one in alike) == sorted(shipped())
    assert len(groups) < len(profiles)


@pytest.mark.parametrize(
    ("promise", "lines"),
    [
        (NotApplicable("no patch"), ["does not apply: no patch"]),
        (Surveyed(), ["surveyed"]),
        (Surveyed("no text speaks of it"), ["surveyed: no text speaks of it"]),
    ],
)
def test_where_nothing_is_promised(promise, lines):
    """There is no level and no source."""
    assert list(lines_of(in_words(promise))) == lines


def test_a_rule_is_explained(capsys):
    """Its story, the promise with its source, what breaks it, and what a failure means."""
    out = explained(capsys, "update.if-match.stale", "-p", "spine")
    for part in (
        "An update based on a superseded version is refused",
        "When it is updated from the version that was read",
        "    SHALL 409 with an OperationOutcome",
        "Updating Resources, Managing Conflicting Updates ·\n",
        "    https://github.com/nhsconnect/FHIR-SpineCore/blob/gh-pages/pages/interactions/update.md\n",
        "If-Match is not looked at: the last writer wins.",
        "--fault if-match-ignored --rules update.if-match.stale",
        "usually  The server does not compare the version in If-Match",
    ):
        assert part in out
    assert "koppeltaal\n" not in out


@pytest.mark.parametrize(
    ("id", "means"),
    [
        ("create.headers.etag", "lacks something"),
        ("create.valid", "refuses a lawful request"),
        ("create.unparsable", "stores what it must refuse"),
        ("race.update.same-version", "both find their version current"),
        ("race.create.conditional", "in two steps"),
        ("conditional-update.many", "without counting"),
    ],
)
def test_what_a_failure_usually_means(capsys, id, means):
    """It goes by what is promised."""
    assert means in " ".join(explained(capsys, id, "-p", "aidbox").split())


def test_a_misspelt_rule(capsys):
    """Is told what may have been meant."""
    assert main(["explain", "update.if-match.stael"]) == ExitCode.USAGE
    assert 'Did you mean "update.if-match.stale"?' in capsys.readouterr().err
