"""What a person reads who has not read the code: whose words they are, and that what is advised can be typed."""

import re

from report_log import failure, header, whole

from ifmatch import HOME
from ifmatch.report.explain import print_explanation
from ifmatch.report.package.certificate import how_to_reproduce
from ifmatch.report.promises import lines_of, promises_of
from ifmatch.report.rule_pages import rule_pages
from ifmatch.rules.catalogue import rules
from ifmatch.rules.profile import load


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
