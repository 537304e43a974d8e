"""The sources: what a profile cites leads to a place that is there, and no version borrows the anchors of another."""

import tomllib
from functools import cache
from pathlib import Path

import pytest

from ifmatch.rules.expectation import Expectation
from ifmatch.rules.profile import load, shipped

HERE = Path(__file__).parent
LISTED = tomllib.loads((HERE / "data" / "anchors.toml").read_text(encoding="utf-8"))
ANCHORS = {page["url"]: set(page["anchors"]) for page in LISTED["page"]}
SECTIONS = {entry["document"]: set(entry["sections"]) for entry in LISTED["document"]}

#: The FHIR version that stands in the addresses of a base profile.
BASES = {
    "fhir-dstu2": "DSTU2",
    "fhir-stu3": "STU3",
    "fhir-r4": "R4",
    "fhir-r4b": "R4B",
    "fhir-r5": "R5",
}

#: A shipped profile, read once: profiles do not change.
known = cache(load)


def _entries(profile):
    """Every entry of a profile: the rule, its type where it is of one, and what the file says."""
    for rule, entry in profile._rules.items():
        yield rule, entry
        yield from ((f"{rule} on {kind}", part) for kind, part in entry.get("types", {}).items())


def _cited(name):
    """What each promise of a profile cites: the rule, the source, and the place in it."""
    profile = known(name)
    for rule, entry in _entries(profile):
        if "source" in entry:
            key, _, place = entry["source"].partition("#")
            yield rule, profile._sources[key], place


@pytest.mark.parametrize("name", shipped())
def test_every_anchor_that_a_profile_cites_is_on_its_page(name):
    """An anchor of a cited address stands in the list of that page's anchors."""
    missing = {}
    for rule, source, place in _cited(name):
        page, _, anchor = source.at(place).url.partition("#")
        if anchor and anchor not in ANCHORS.get(page, set()):
            missing[rule] = f"{page}#{anchor}"
    assert not missing


@pytest.mark.parametrize("name", shipped())
def test_every_section_that_a_profile_cites_is_in_its_document(name):
    """A place in one of the five documents is a heading of that document."""
    missing = {}
    for rule, source, place in _cited(name):
        if source.document and place and place not in SECTIONS.get(source.document, set()):
            missing[rule] = f"{source.document}, {place}"
    assert not missing


@pytest.mark.parametrize("name", BASES)
def test_a_base_cites_the_specification_of_its_own_version(name):
    """No promise of a FHIR version leads to the pages of another version."""
    cited = {rule: source.url for rule, source, _ in _cited(name) if "hl7.org/fhir/" in source.url}
    assert cited
    assert not {
        rule: url for rule, url in cited.items() if f"hl7.org/fhir/{BASES[name]}/" not in url
    }


def test_the_draft_cites_the_build_and_no_published_version():
    """What is not published yet has no address of its own, and is marked as a draft."""
    cited = {source.url for _, source, _ in _cited("fhir-r6") if "fhir" in source.url}
    assert known("fhir-r6").draft
    assert cited
    assert not [url for url in cited if not url.startswith("https://build.fhir.org/")]


@pytest.mark.parametrize("page", LISTED["page"], ids=lambda page: page["url"])
def test_a_list_of_anchors_says_how_it_was_had(page):
    """Each list tells its origin and how far it can be trusted, and names no anchor twice."""
    assert page["had"]
    assert page["confidence"].startswith(("high", "medium"))
    assert len(set(page["anchors"])) == len(page["anchors"])


@pytest.mark.parametrize(
    "name", ["fhir-dstu2", "fhir-stu3", "fhir-r4", "fhir-r4b", "fhir-r5", "fhir-r6"]
)
@pytest.mark.parametrize("situation", ["unauthenticated", "forbidden", "invalid-content"])
def test_the_specification_obliges_no_server_to_ask_for_a_token_or_to_check_content(
    name, situation
):
    """FHIR names codes for a refusal, but demands none: an open server is warned of, not failed."""
    promise = known(name).promise(f"update.{situation}")
    assert isinstance(promise, Expectation)
    assert promise.level == "SHOULD"


@pytest.mark.parametrize(
    "name", ["spine", "reasonable-adjustments", "koppeltaal", "cerner-dstu2", "cerner-r4"]
)
def test_a_system_that_demands_a_token_is_held_to_it(name):
    """Where a system's own text demands credentials, a write without them is a broken SHALL."""
    assert known(name).promise("update.unauthenticated").level == "SHALL"


@pytest.mark.parametrize("kind", ["Flag", "Consent", "List"])
@pytest.mark.parametrize(
    "rule",
    [
        "update.if-match.missing",
        "update.if-match.stale",
        "update.lost-update.detected",
        "race.update.same-version",
    ],
)
def test_reasonable_adjustments_guards_all_its_types_alike(rule, kind):
    """Document 003 speaks of all resources of the API: its conflict rules run on each type, with one promise."""
    profile = known("reasonable-adjustments")
    assert kind in profile.types_of(rule)
    assert profile.promise(rule, kind) == profile.promise(rule)


@pytest.mark.parametrize("name", ["cerner-dstu2", "cerner-r4"])
@pytest.mark.parametrize("version", ["never-existed", "other-resource", "id-as-version"])
def test_cerner_names_a_code_for_superseded_versions_only(name, version):
    """Its texts give 409 to a version that someone else has superseded; what was never one is refused, by any code."""
    assert known(name).promise("update.if-match.stale").status == (409,)
    promise = known(name).promise(f"update.if-match.{version}")
    assert (promise.outcome, promise.status) == ("refused", ())
