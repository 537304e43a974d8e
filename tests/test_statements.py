"""What a capability statement says decides which rules can be run; what it does not say decides nothing."""

import json
from functools import cache
from types import SimpleNamespace

import pytest

from ifmatch.client.matching import demand_searchable
from ifmatch.client.recorder import Recorder
from ifmatch.client.redaction import Redactor
from ifmatch.client.settings import Settings
from ifmatch.client.statement import Statement
from ifmatch.client.target import Target
from ifmatch.errors import RuleNotApplicable
from ifmatch.rules.answer import Answer, Effect
from ifmatch.rules.case import Case
from ifmatch.rules.catalogue import rules
from ifmatch.rules.profile import load
from ifmatch.suite.gates import unclaimed, why_not

RULES = {rule.id: rule for rule in rules()}


def said(version="4.0.1", of_the_system=(), codes=("read", "create", "update"), **of_the_type):
    """A statement of a server that has patients."""
    entry = {"type": "Patient", "interaction": [{"code": code} for code in codes], **of_the_type}
    rest = {"mode": "server", "resource": [entry]}
    if of_the_system:
        rest["interaction"] = [{"code": code} for code in of_the_system]
    return {"resourceType": "CapabilityStatement", "fhirVersion": version, "rest": [rest]}


def with_client_first(statement):
    """The same, which first tells how the server behaves as a client of others."""
    reads = {"type": "Patient", "interaction": [{"code": "read"}]}
    return {**statement, "rest": [{"mode": "client", "resource": [reads]}, *statement["rest"]]}


def with_mode(mode):
    """A statement of DSTU2, which tells of bundles in a code of their own."""
    statement = said(version="1.0.2")
    [rest] = statement["rest"]
    rests = [{**rest, "transactionMode": mode}]
    return {**statement, "resourceType": "Conformance", "rest": rests}


def with_formats(statement, *formats):
    """The same, with the patch formats that it takes."""
    return {**statement, "patchFormat": list(formats)}


PATCHES = said(codes=("read", "create", "update", "patch"))
ALL = said(
    codes=(
        "read",
        "create",
        "update",
        "delete",
        "search-type",
        "vread",
        "history-instance",
        "patch",
    ),
    of_the_system=("transaction", "batch"),
    conditionalUpdate=True,
    updateCreate=True,
)
NO_VERSIONS = said(versioning="no-version", updateCreate=False, conditionalUpdate=False)


@cache
def target_that_says(text, profile="fhir-r4"):
    """A target with this statement, as JSON; empty for one without a statement."""
    target = Target(
        Settings("http://127.0.0.1:1"), load(profile), "run", Recorder(lambda _: None, Redactor())
    )
    answer = Answer(200, content=text.encode()) if text else Answer(404)
    target.statement = Statement.read_from(answer)
    return target


def runs(statement, rule):
    """Whether a rule is run on a target that says this of itself."""
    text = json.dumps(statement) if statement else ""
    return why_not(target_that_says(text), RULES[rule]) == ""


@pytest.mark.parametrize(
    ("statement", "rule", "is_run"),
    [
        (ALL, "patch.if-match.stale", True),
        (ALL, "update.as-create", True),
        (with_client_first(ALL), "update.if-match.stale", True),
        (with_client_first(ALL), "race.patch.same-version", True),
        (with_client_first(ALL), "race.batch.same-version", True),
        (said(), "patch.if-match.stale", False),
        (said(), "conditional-update.none", False),
        (said(), "update.as-create", False),
        (said(), "patch.unsupported", True),
        (said(codes=("read",)), "update.if-match.stale", False),
        (None, "patch.if-match.stale", True),
        (None, "capability.update", False),
        (with_formats(PATCHES, "application/json-patch+json"), "patch.json-patch", True),
        (with_formats(PATCHES, "application/json-patch+json"), "patch.xml-patch", False),
        (PATCHES, "patch.xml-patch", True),
        (NO_VERSIONS, "update.if-match.stale", False),
        (NO_VERSIONS, "update.version.changes", False),
        (NO_VERSIONS, "race.update.same-version", False),
        (NO_VERSIONS, "update.persisted", True),
        (NO_VERSIONS, "update.invalid-content", True),
        (NO_VERSIONS, "create.valid", True),
        (said(version="4.3.0"), "update.if-match.stale", True),
        (with_mode("both"), "transaction.empty", True),
        (with_mode("both"), "batch.answers", True),
        (with_mode("transaction"), "transaction.empty", True),
        (with_mode("transaction"), "batch.answers", False),
        (with_mode("batch"), "transaction.empty", False),
        (with_mode("batch"), "batch.answers", True),
        (with_mode("not-supported"), "transaction.empty", False),
        (said(version="1.0.2"), "batch.answers", False),
    ],
)
def test_a_rule_is_run_where_what_it_needs_is_not_ruled_out(statement, rule, is_run):
    """A statement rules out what it leaves out; none rules out nothing."""
    assert runs(statement, rule) is is_run


MISSHAPEN = {
    "rest is null": {**ALL, "rest": None},
    "rest is empty of objects": {**ALL, "rest": [None]},
    "resource is null": {**ALL, "rest": [{"mode": "server", "resource": None}]},
    "interaction is null": said(interaction=None),
    "an interaction is null": said(interaction=[None]),
    "a code is null": said(interaction=[{"code": None}]),
    "the type is null": said(type=None),
    "a flag is null": said(conditionalUpdate=None),
    "a flag is a text": said(updateCreate="false"),
    "conditionalDelete is true": said(conditionalDelete=True),
    "versioning is null": said(versioning=None),
    "patchFormat is null": {**PATCHES, "patchFormat": None},
    "a format is null": with_formats(PATCHES, None),
    "the version is null": said(version=None),
    "transactionMode is a list": with_mode(["both"]),
    "of the system": {**ALL, "rest": [{**ALL["rest"][0], "interaction": [{"code": 7}]}]},
}


@pytest.mark.parametrize("name", MISSHAPEN)
def test_what_is_misshapen_rules_nothing_out_and_is_reported(name):
    """A statement that cannot be trusted is no reason to leave a rule out, and its user learns of it."""
    statement = MISSHAPEN[name]
    assert target_that_says(json.dumps(statement)).statement.problem
    for rule in ("update.if-match.stale", "conditional-update.none", "patch.xml-patch"):
        assert runs(statement, rule)


@pytest.mark.parametrize(
    ("statement", "rule", "interactions"),
    [
        (None, "patch.if-match.stale", ("patch",)),
        (None, "patch.json-patch", ("json-patch", "patch")),
        (None, "patch.xml-patch", ("xml-patch", "patch")),
        (None, "update.as-create", ("update-create",)),
        (None, "race.create.conditional", ("conditional-create",)),
        (None, "vread.after-delete", ("delete", "vread")),
        (None, "update.if-match.stale", ()),
        (ALL, "patch.if-match.stale", ()),
        (PATCHES, "patch.json-patch", ("json-patch",)),
        (PATCHES, "patch.if-match.current", ()),
        (with_formats(PATCHES, "application/json-patch+json"), "patch.json-patch", ()),
    ],
)
def test_what_nobody_claims_is_known(statement, rule, interactions):
    """An interaction is unclaimed when it is optional, and neither the texts nor the statement speak of it."""
    target = target_that_says(json.dumps(statement) if statement else "")
    assert unclaimed(target, RULES[rule]) == interactions


def test_what_the_texts_promise_is_claimed():
    """Aidbox's own pages offer patches, so a server of its kind has them whatever its statement says."""
    target = target_that_says("", "aidbox")
    assert unclaimed(target, RULES["patch.json-patch"]) == ()


@pytest.mark.parametrize(
    ("interaction", "status", "is_lacking"),
    [
        ("patch", 405, True), ("patch", 404, True), ("patch", 501, True), ("patch", 415, True),
        ("patch", 400, False), ("json-patch", 415, True), ("json-patch", 422, True),
        ("json-patch", 400, True), ("json-patch", 409, False), ("update-create", 405, True),
        ("update-create", 412, False), ("", 405, False),
    ],
)  # fmt: skip
def test_an_answer_says_that_an_interaction_is_not_there(interaction, status, is_lacking):
    """Only where nobody claims it, and only in the statuses that say so."""
    promise = load("fhir-r4").promise("update.as-create")
    case = Case("update.as-create", promise, "Patient", (interaction,) if interaction else ())
    if is_lacking:
        with pytest.raises(RuleNotApplicable, match=interaction):
            case.answered(Answer(status))
    else:
        case.answered(Answer(status))
        assert case.findings


def test_a_condition_that_is_passed_over_is_not_offered():
    """Who does not know If-None-Exist makes one resource for each request; who knows it sometimes has a hole."""
    promise = load("fhir-r4").promise("race.create.conditional")
    case = Case("race.create.conditional", promise, "Patient", ("conditional-create",))
    case.demand_offered([Answer(201), Answer(200)])
    with pytest.raises(RuleNotApplicable, match="conditional-create"):
        case.demand_offered([Answer(201), Answer(201)])


def test_one_answer_of_several_shows_that_an_interaction_is_there():
    """Who refuses some and carries out others has it, and what is carried out is judged."""
    promise = load("fhir-r4").promise("door.update.any-form.never")
    case = Case("door.update.any-form.never", promise, "Patient", ("update-create",))
    case.all_answered([Answer(404), Answer(200)])
    assert case.findings
    with pytest.raises(RuleNotApplicable, match="update-create"):
        case.all_answered([Answer(404), Answer(405)])


def test_what_was_carried_out_once_is_there():
    """A resource that was deleted is not found: that does not say that nothing can be deleted."""
    promise = load("fhir-r4").promise("door.update.any-form.deleted")
    case = Case("door.update.any-form.deleted", promise, "Patient", ("delete",))
    case.has_shown("delete")
    case.all_answered([Answer(404), Answer(404)])
    assert not case.findings


def test_an_entry_that_is_not_found_stands_in_a_bundle_that_was_taken():
    """Only a Bundle that is refused as a whole may say that there are no Bundles."""
    promise = load("fhir-r4").promise("door.transaction-put.any-form.never")
    case = Case("door.transaction-put.any-form.never", promise, "Patient", ("transaction",))
    case.answered(Answer(404, is_entry=True))
    with pytest.raises(RuleNotApplicable, match="transaction"):
        case.answered(Answer(404))


def test_a_status_that_is_promised_is_judged_as_ever():
    """404 is what a patch of an unknown type is to be answered: then it does not say that there are no patches."""
    promise = load("fhir-r4").promise("patch.unknown-type")
    case = Case("patch.unknown-type", promise, "Patient", ("patch",))
    case.answered(Answer(404))
    assert not case.findings
    assert promise.outcome is Effect.REFUSED


LISTING = said(searchParam=[{"name": "identifier", "type": "token"}])


@pytest.mark.parametrize(
    ("statement", "criteria", "searched", "is_known"),
    [
        (LISTING, "identifier=a|1", 400, True),
        (LISTING, "family=a", 200, False),
        (LISTING, "identifier=a|1&family=a", 200, False),
        (None, "family=a", 200, True),
        (None, "family=a", 400, False),
    ],
)
def test_by_what_a_server_does_not_search_it_need_not_update(
    statement, criteria, searched, is_known
):
    """Who refuses an update by criteria that its statement does not list, or that it does not search by, is right."""
    target = target_that_says(json.dumps(statement) if statement else "")
    target.search = lambda kind, criteria: Answer(searched)
    bench = SimpleNamespace(kind=SimpleNamespace(type="Patient"))
    if is_known:
        demand_searchable(target, bench, criteria)
    else:
        with pytest.raises(RuleNotApplicable, match="family"):
            demand_searchable(target, bench, criteria)
