"""What a person sees who types something that cannot be, or types it the way other tools want it."""

import pytest
from running import ifmatch, typed

from ifmatch import __version__
from ifmatch.slips import in_our_words


@pytest.mark.parametrize("word", ["--version", "-V", "version"])
def test_the_version_is_told_however_it_is_asked_for(tmp_path, word):
    """The three that other tools have."""
    assert typed([word], tmp_path) == (0, f"ifmatch {__version__}\n")


def test_a_bare_v_judges_nobody(tmp_path):
    """It is pytest's, and means more words; who types it alone wants the version."""
    code, printed = typed(["-v"], tmp_path)
    assert code == 4
    assert "`ifmatch --version` tells the version" in printed


@pytest.mark.parametrize(
    "words",
    [["fhir-r4"], ["http://127.0.0.1:9/fhir", "fhir-r4"], ["-x", "fhir-r4"], ["-p", "spine", "-x", "fhir-r4"]],
)  # fmt: skip
def test_a_profile_without_its_option_leaves_no_folder(tmp_path, words):
    """Wherever it stands, and whether a server is named or the five are meant."""
    code, printed = ifmatch("run", *words, folder=tmp_path)
    assert code == 4
    assert 'fhir-r4" is no' in printed.replace("is not a base URL", "is no base URL")
    assert "Did you mean `-p fhir-r4`?" in printed
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("complaint", "due"),
    [
        ("argument --wait: invalid float value: 'abc'",
         '--wait takes a number, such as 2.5, which "abc" is not.'),
        ("argument --writers: invalid int value: 'x'",
         '--writers takes a whole number, such as 4, which "x" is not.'),
        ("argument --effort: invalid choice: 'quik' (choose from 'quick', 'standard')",
         '--effort takes quick or standard, and "quik" is none of them. Did you mean "quick"?'),
        ("argument -o/--report-dir: expected one argument", "--report-dir needs a value behind it."),
        ("the following arguments are required: RULE", "RULE is missing."),
        ("unrecognized arguments: --faul=x y", 'There is no option "--faul". Did you mean "--fault"?'),
        ("unrecognized arguments: y", 'There is no use for the word "y" here.'),
        ("something else", "Something else."),
        ("Is it so?", "Is it so?"),
    ],
)  # fmt: skip
def test_a_slip_is_told_in_our_words(complaint, due):
    """What argparse says is for programmers."""
    assert in_our_words(complaint, ["--fault"]) == due


@pytest.mark.parametrize(
    "words",
    [["run", "--wait", "abc"], ["certify", "--writers", "x"], ["serve", "--faul"], ["serve", "--port", "99999"]],
)  # fmt: skip
def test_a_slip_is_one_line_with_its_exit_code(tmp_path, words):
    """Without the two lines of usage that nobody asked for, and with one full stop."""
    code, printed = typed(words, tmp_path)
    assert code == 4
    assert len(printed.splitlines()) == 1
    assert printed.endswith("    (exit 4)\n")
    assert ".." not in printed
    assert "invalid" not in printed


@pytest.mark.parametrize("name", ["update.if-match", "update.if-match.*"])
def test_the_beginning_of_several_ids_lists_those(tmp_path, name):
    """A rule that is one is explained, and what is none says which may have been meant."""
    code, printed = typed(["explain", name], tmp_path)
    assert code == 0
    assert "  update.if-match.stale " in printed
    assert "  update.meta" not in printed
    assert typed(["explain", "update.if-match.stal"], tmp_path)[0] == 4


def test_one_rule_is_one_rule_and_an_id_keeps_clear_of_its_title(tmp_path):
    """However long the id is."""
    _, printed = typed(["rules", "-p", "spine", "--rules", "update.if-match.stale"], tmp_path)
    assert "\n1 rule for spine: 1 expected" in printed
    _, printed = typed(["rules"], tmp_path)
    for line in printed.splitlines():
        if line.startswith("  ") and "." in line.split()[0]:
            assert line.strip().split("  ", 1)[0] == line.split()[0]
