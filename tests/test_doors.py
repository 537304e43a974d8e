"""Writes by every door: the answers in a Bundle, which cell a write is in, and what patterns in profiles mean."""

import base64
import json
from dataclasses import replace

import pytest

from ifmatch.client.bundle import Entry, answer_to_entry
from ifmatch.client.doors import Content, in_entry
from ifmatch.client.statement import Statement
from ifmatch.errors import ConfigurationError
from ifmatch.reference.cell import Cell, cell_of
from ifmatch.reference.message import Request
from ifmatch.reference.store import Store
from ifmatch.rules.answer import Answer, Body, Effect
from ifmatch.rules.catalogue import for_row, rules
from ifmatch.rules.door_table import forms, table
from ifmatch.rules.doors import DOORS
from ifmatch.rules.profile import load

BASE = "http://reference.test/fhir"


def bundle(*responses):
    body = {
        "resourceType": "Bundle",
        "type": "batch-response",
        "entry": [{"response": response} for response in responses],
    }
    return Answer(200, content=json.dumps(body).encode())


# ---------------------------------------------------------------- Bundles


def test_each_entry_of_a_bundle_has_an_answer_of_its_own():
    whole = bundle({"status": "200 OK", "etag": 'W/"2"'}, {"status": "412 Precondition Failed"})
    first, second = answer_to_entry(whole, 0), answer_to_entry(whole, 1)
    assert (first.effect, first.version) == (Effect.ACCEPTED, "2")
    assert second.effect is Effect.REFUSED


def test_an_entry_that_was_created_says_where_it_is_and_one_without_a_version_has_none():
    answer = answer_to_entry(bundle({"status": "201", "location": "Patient/7"}), 0)
    assert (answer.named_id, answer.etag or None) == ("7", None)


def test_each_door_that_a_rule_names_is_one():
    """A slip would make a rule that nobody can carry out."""
    named = {rule.id.split(".")[1] for rule in rules() if rule.id.startswith("door.")}
    assert named <= set(DOORS)
    assert {f"{kind}-json-patch" for kind in ("batch", "transaction")} <= set(DOORS)


def test_an_outcome_within_a_response_is_the_body_of_the_answer():
    outcome = {"resourceType": "OperationOutcome", "issue": []}
    whole = bundle({"status": "412", "outcome": outcome})
    assert answer_to_entry(whole, 0).body is Body.OPERATION_OUTCOME


def test_a_refused_bundle_is_the_answer_to_each_entry():
    whole = Answer(412)
    assert answer_to_entry(whole, 1) is whole


@pytest.mark.parametrize("responses", [(), ({},), ({"status": "fine"},)])
def test_what_is_not_answered_is_unknown(responses):
    """A server that accepts a Bundle and says nothing of an entry has not accepted that."""
    answer = answer_to_entry(replace(bundle(*responses), exchange="7"), 0)
    assert (answer.effect, answer.status, answer.exchange) == (Effect.UNKNOWN, 0, "7")


def test_an_entry_has_its_condition_beside_its_method():
    entry = Entry("DELETE", "Patient/1", conditions={"ifMatch": 'W/"1"'})
    assert entry.as_json == {
        "request": {"method": "DELETE", "url": "Patient/1", "ifMatch": 'W/"1"'}
    }


# ---------------------------------------------------------------- cells


@pytest.fixture
def store():
    """A resource with two versions, one that is deleted, and one that was brought back."""
    store = Store()
    for id_, versions in {"there": "12", "gone": "1-", "back": "1-3"}.items():
        for version in versions:
            content = None if version == "-" else {"resourceType": "Patient", "id": id_}
            method = "DELETE" if version == "-" else "PUT"
            store.add("Patient", id_, version, store.time_after(None), method, content)
    return store


@pytest.mark.parametrize(
    ("lines", "case"),
    [
        (None, "missing"),
        (('W/"2"',), "current"),
        (('W/"1"',), "stale"),
        (('W/"7"',), "never-existed"),
        (('W/"1',), "malformed"),
        (("*",), "star"),
        (('"2"',), "strong"),
        (('"1"',), "strong-stale"),
        (("2",), "bare"),
        (("1",), "bare-stale"),
        (('W/"1", W/"2"',), "list"),
        (('W/"1", W/"x"',), "list-stale"),
        (('W/"1"', 'W/"2"'), "two-lines"),
        (('W/"1"', 'W/"x"'), "two-lines-stale"),
    ],
)
def test_a_case_is_what_an_if_match_names(store, lines, case):
    headers = {} if lines is None else {"if-match": lines}
    asked = Request("DELETE", ("Patient", "there"), BASE, headers=headers)
    assert cell_of(store, asked) == Cell("delete", case, "exists")


@pytest.mark.parametrize(
    ("id_", "case", "state"),
    [
        ("there", "stale", "exists"),
        ("gone", "current", "deleted"),
        ("back", "stale", "revived"),
        ("other", "current", "never"),
    ],
)
def test_a_state_is_what_became_of_the_resource(store, id_, case, state):
    asked = Request("PUT", ("Patient", id_), BASE, headers={"if-match": ('W/"1"',)})
    assert cell_of(store, asked) == Cell("update", case, state)


@pytest.mark.parametrize(
    ("method", "path", "within", "media_type", "door"),
    [
        ("PATCH", ("Patient", "there"), "", "application/json-patch+json", "json-patch"),
        ("PATCH", ("Patient", "there"), "", "application/xml-patch+xml", "xml-patch"),
        ("PATCH", ("Patient", "there"), "", "application/fhir+json", "fhirpath-patch"),
        ("PATCH", ("Patient", "there"), "batch", "application/fhir+json", "batch-patch"),
        ("PUT", ("Patient", "there"), "transaction", "", "transaction-put"),
    ],
)
def test_a_door_is_how_a_write_comes_in(store, method, path, within, media_type, door):
    headers = {"content-type": (media_type,)}
    asked = Request(method, path, BASE, headers=headers, within=within)
    assert cell_of(store, asked) == Cell(door, "missing", "exists")


def test_what_writes_to_no_single_resource_is_in_no_cell(store):
    assert cell_of(store, Request("POST", (), BASE)) is None
    assert cell_of(store, Request("GET", ("Patient", "there"), BASE)) is None
    assert cell_of(store, Request("PUT", ("Patient",), BASE)) is None


# ---------------------------------------------------------------- rows and patterns


def test_each_row_of_an_outline_is_a_rule_with_the_gates_of_its_door():
    (rule,) = (rule for rule in rules() if rule.id == "door.transaction-patch.stale.exists")
    assert "transaction-patch" in rule.title
    needs = {"@needs:transaction", "@needs:patch", "@needs:fhirpath-patch"}
    assert needs <= rule.tags


def test_a_column_that_a_row_does_not_have_stays_as_it_is():
    assert for_row("door.<door>.<case>", {"door": "delete"}) == "door.delete.<case>"


def _profile(tmp_path, rules_):
    path = tmp_path / "mine.toml"
    path.write_text(f'id = "mine"\ntitle = "T"\nextends = "fhir-r4"\n{rules_}')
    return load(str(path))


def test_of_patterns_the_one_that_says_more_holds_and_an_id_before_all(tmp_path):
    entry = '[rules."{}"]\nsilent = "{}"\n'.format
    profile = _profile(
        tmp_path,
        entry("door.delete.stale.exists", "the id")
        + entry("door.*", "least")
        + entry("door.delete.*", "more"),
    )
    notes = {
        name: profile.promise(f"door.{name}.exists").note
        for name in ("delete.stale", "delete.malformed", "json-patch.malformed")
    }
    assert notes == {
        "delete.stale": "the id",
        "delete.malformed": "more",
        "json-patch.malformed": "least",
    }


def test_a_pattern_that_no_rule_matches_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match=r'"door.delte.\*"'):
        _profile(tmp_path, '[rules."door.delte.*"]\nsilent = "no"\n')


# ---------------------------------------------------------------- what is claimed


@pytest.mark.parametrize(
    ("version", "flags", "claimed"),
    [
        ("4.0.1", {"conditionalUpdate": True}, True),
        ("4.0.1", {"conditionalUpdate": False}, False),
        ("5.0.0", {"conditionalUpdate": True}, False),
        ("5.0.0", {"conditionalPatch": True}, True),
    ],
)
def test_patches_by_criteria_are_claimed_in_words_of_their_own_from_r5_on(version, flags, claimed):
    entry = {"type": "Patient", "interaction": [{"code": "patch"}], **flags}
    document = {"fhirVersion": version, "rest": [{"mode": "server", "resource": [entry]}]}
    assert Statement(document).claims("conditional-patch", "Patient") is claimed


# ---------------------------------------------------------------- cells that are tried together


def test_a_group_tries_the_cases_that_have_no_rule_of_their_own():
    """What one rule tries alone, no other one tries again."""
    assert forms("delete", "other-forms", "exists") == ("other-resource",)
    assert set(forms("xml-patch", "open-forms", "exists")) == {"star", "strong", "bare", "list"}


def test_no_group_of_a_rule_is_empty():
    """A rule that tries nothing would pass on every server."""
    named = [
        rule.id.split(".")[1:]
        for rule in rules()
        if "-form" in rule.id and rule.id.startswith("door.")
    ]
    assert named
    assert not [parts for parts in named if not forms(parts[0], parts[1], parts[2])]


@pytest.mark.parametrize(
    ("door", "case", "state", "rule"),
    [
        ("update", "stale", "exists", "update.if-match.stale"),
        ("delete", "stale", "exists", "door.delete.stale.exists"),
        ("xml-patch", "malformed", "exists", "door.xml-patch.other-forms.exists"),
        ("xml-patch", "stale", "never", "door.xml-patch.any-form.never"),
        ("update", "stale", "never", "update.if-match.no-resource"),
        ("batch-delete", "star", "exists", ""),
    ],
)
def test_a_cell_is_tried_by_a_rule_of_its_own_by_another_one_or_among_others(
    door, case, state, rule
):
    (cell,) = (c for c in table() if (c.door, c.case, c.state) == (door, case, state))
    assert cell.rule == rule
    assert bool(cell.left_out) is not bool(rule)


# ---------------------------------------------------------------- entries


def test_a_json_patch_stands_in_a_bundle_as_a_binary():
    """A patch that is no resource is carried by one (FHIR R5 http.html#patch)."""
    content = Content(b'[{"op": "test"}]', {}, "application/json-patch+json")
    resource = in_entry(content)
    assert resource["resourceType"] == "Binary"
    assert base64.b64decode(resource["data"]) == content.body


def test_an_entry_may_lack_what_it_needs():
    """So that a server can be seen to refuse it."""
    assert "request" not in Entry("", "", {"resourceType": "Patient"}).as_json
    assert Entry("POST", "Patient", {}, full_url="urn:uuid:1").as_json["fullUrl"] == "urn:uuid:1"
