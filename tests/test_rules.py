"""The pure part: what an answer says, how it is compared with a promise, and what verdict follows."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifmatch.errors import (
    ExitCode,
    OutcomeUnknown,
    RuleBroken,
    RuleNotApplicable,
    SetupFailed,
    TargetUnusable,
)
from ifmatch.rules.answer import Answer, Body, Effect, http_date, instant, is_same_instant
from ifmatch.rules.case import Case, RaceReport
from ifmatch.rules.content import (
    differences,
    essence,
    fill,
    has_addition,
    losses,
    merge,
    place,
    placeholders_in,
    put,
    without_added,
    without_extensions,
)
from ifmatch.rules.expectation import (
    HEADER_FORMS,
    Expectation,
    Finding,
    Level,
    Source,
    Surveyed,
    compare,
    describe,
    promised_status,
)
from ifmatch.rules.patches import FORMATS, patch_document
from ifmatch.rules.verdict import (
    WAIVABLE,
    Conclusion,
    Culprit,
    Verdict,
    conclusion_named,
    conclusion_of,
    exit_code_for,
    gravest,
    with_waiver,
)
from ifmatch.rules.version import is_weak, version_in, weak

SOURCE = Source("A text", "https://example.org/text")
PATIENT = {
    "resourceType": "Patient",
    "id": "1",
    "meta": {"versionId": "3"},
    "active": True,
    "name": [{"family": "A"}],
}
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "conflict"}]}

XML_OUTCOME = b"""<OperationOutcome xmlns="http://hl7.org/fhir"><issue><severity value="error"/><code value="invalid"/>
<details><coding><system value="urn:x"/><code value="BAD_REQUEST"/></coding></details></issue></OperationOutcome>"""


def answer(status=200, body=None, **headers):
    content = (
        body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    )
    return Answer(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, content
    )


def expecting(level=Level.SHALL, **parts):
    return Expectation(level, SOURCE, **parts)


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize(
    ("status", "effect"),
    [
        (200, Effect.ACCEPTED), (201, Effect.ACCEPTED), (304, Effect.UNMODIFIED), (301, Effect.UNKNOWN),
        (409, Effect.REFUSED), (412, Effect.REFUSED), (500, Effect.UNKNOWN), (501, Effect.REFUSED), (0, Effect.UNKNOWN),
    ],
)  # fmt: skip
def test_a_status_tells_what_became_of_the_request(status, effect):
    """A 5xx may have written; 501 never began; a redirect tells nothing."""
    assert answer(status).effect is effect


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", Body.EMPTY), (b" \n", Body.EMPTY), (json.dumps(PATIENT).encode(), Body.RESOURCE),
        (json.dumps(OUTCOME).encode(), Body.OPERATION_OUTCOME), (b"<OperationOutcome/>", Body.OPERATION_OUTCOME),
        (b"no If-Match", Body.TEXT), (b"[1]", Body.TEXT), (b'{"resourceType": 7}', Body.TEXT), (b"\xff", Body.TEXT),
    ],
)  # fmt: skip
def test_a_body_is_told_by_its_content(content, kind):
    """Whatever its Content-Type says; some gateways answer in XML to a JSON client."""
    assert Answer(200, content=content).body is kind


@pytest.mark.parametrize("meta", [None, [], "x", {"versionId": 3}, {"versionId": None}])
def test_broken_metadata_is_no_version(meta):
    """A resource with meta of a wrong shape reveals no version and breaks nothing."""
    assert answer(body={"resourceType": "Patient", "meta": meta}).version is None


def test_the_version_comes_from_the_etag_first():
    """The ETag is what an If-Match is checked against; the body is the second best source."""
    assert answer(body=PATIENT, etag='W/"7"').version == "7"
    assert answer(body=PATIENT, etag="garbage").version == "3"
    assert answer(body=PATIENT).version == "3"


@pytest.mark.parametrize(
    ("location", "resource_id"),
    [
        ("http://x/fhir/Patient/5", "5"), ("http://x/fhir/Patient/5/_history/2", "5"), ("Patient/5/", "5"), ("", None),
        ("http://x/fhir/Patient/5?x=1", "5"),
    ],
)  # fmt: skip
def test_a_location_names_an_id(location, resource_id):
    """With or without a version, absolute or relative."""
    assert answer(201, location=location).location_id == resource_id


@pytest.mark.parametrize("issue", [None, {}, "x", [1, None]])
def test_a_broken_operation_outcome_has_no_issues(issue):
    """Garbage in an error body is garbage, not a crash."""
    assert answer(400, {"resourceType": "OperationOutcome", "issue": issue}).issues == []


def test_times_must_be_what_they_claim():
    """An ISO time is no HTTP date, a time without a zone no instant."""
    assert http_date("Fri, 25 May 2018 16:09:50 GMT").isoformat() == "2018-05-25T16:09:50+00:00"
    assert http_date("2018-07-25T11:00:00+00:00") is None
    assert http_date(None) is None
    assert (
        instant("2018-05-25T18:09:50.123+02:00").isoformat() == "2018-05-25T16:09:50.123000+00:00"
    )
    assert instant("2018-05-25T18:09:50") is None
    assert instant(None) is None


@given(st.from_regex(r"[A-Za-z0-9.-]{1,64}", fullmatch=True))
def test_a_tag_made_from_a_version_names_that_version(version):
    """weak() and version_in() undo each other for every FHIR id."""
    assert is_weak(weak(version))
    assert version_in(weak(version)) == version == version_in(f'"{version}"')


@pytest.mark.parametrize("etag", ["7", 'W/"7', 'w/"7"', 'W/"7", W/"8"', "", "*", 'W/"7"x'])
def test_what_is_not_one_entity_tag_is_none(etag):
    """Only the grammar of RFC 9110 section 8.8.3 counts."""
    assert version_in(etag) is None
    assert not is_weak(etag)


@pytest.mark.parametrize(
    ("content", "is_held"),
    [
        (XML_OUTCOME, True),
        (XML_OUTCOME.replace(b"details", b"extra"), False),
        (json.dumps(OUTCOME).encode(), False),
        (json.dumps({**OUTCOME, "issue": [{"details": {"text": "no"}}]}).encode(), True),
    ],
)
def test_details_may_say_what_they_like_but_must_be_there(content, is_held):
    """In JSON and in XML alike."""
    promise = Expectation(Level.SHALL, SOURCE, issue={"details": ("*",)})
    assert (list(compare(promise, Answer(400, content=content))) == []) is is_held


def test_an_issue_in_xml_is_read_as_one_in_json():
    """Some gateways answer so to JSON clients."""
    (issue,) = Answer(400, content=XML_OUTCOME).issues
    assert (issue["severity"], issue["code"]) == ("error", "invalid")
    assert issue["details"] == {"coding": [{"code": "BAD_REQUEST"}], "text": ""}
    worded = XML_OUTCOME.replace(b"</details>", b"<text value='no such thing'/></details>")
    (issue,) = Answer(400, content=worded).issues
    assert issue["details"]["text"] == "no such thing"


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        ("2026-01-01T10:00:00.123456Z", "2026-01-01T10:00:00.123Z", True),
        ("2026-01-01T10:00:00Z", "2026-01-01T11:00:00+01:00", True),
        ("2026-01-01T10:00:00.9Z", "2026-01-01T10:00:00Z", True),
        ("2026-01-01T10:00:00.124Z", "2026-01-01T10:00:00.123Z", False),
        ("2026-01-01T10:00:01Z", "2026-01-01T10:00:00Z", False),
        ("yesterday", "yesterday", False),
    ],
)
def test_instants_are_the_same_as_far_as_the_coarser_one_goes(one, other, are_same):
    """A server may keep fewer digits of a second than it has at hand when it answers."""
    assert is_same_instant(one, other) is are_same


# ---------------------------------------------------------------- promises


def test_an_answer_as_promised_has_no_findings():
    """Status, body, headers, issue and text, all at once."""
    promise = expecting(
        outcome=Effect.REFUSED, status=(409,), body=(Body.OPERATION_OUTCOME,), headers={"ETag": ("absent",)},
        issue={"code": ("conflict", "forbidden"), "severity": ("error",)}, text="conflict",
    )  # fmt: skip
    assert list(compare(promise, answer(409, OUTCOME))) == []


@pytest.mark.parametrize(
    ("promise", "got", "told"),
    [
        (expecting(status=(409,)), answer(412), ["409 -> 412 with an empty body"]),
        (expecting(outcome=Effect.REFUSED), answer(200, PATIENT), ["4xx -> 200 with a resource"]),
        (
            expecting(status=(409, 412), body=(Body.OPERATION_OUTCOME,)),
            answer(409, b"no"),
            ["a body that is an OperationOutcome -> text"],
        ),
        (expecting(headers={"ETag": ("weak",)}), answer(), ["a ETag header -> no ETag header"]),
        (expecting(headers={"ETag": ("weak",)}), answer(etag='"1"'), ['a ETag header that is weak -> ETag: "1"']),
        (expecting(headers={"Location": ("absent",)}), answer(location="x"), ["no Location header -> Location: x"]),
        (expecting(issue={"code": ("conflict",)}), answer(409), ["an issue with code conflict -> none"]),
        (expecting(text="no If-Match"), answer(412, b"nope"), ['the text "no If-Match" -> "nope"']),
        (expecting(issue={"code": ("invalid", "required")}), answer(409, OUTCOME),
         ["an issue with code invalid or required -> conflict"]),
        (expecting(issue={"details": ("X",)}), Answer(400, content=XML_OUTCOME),
         ["an issue with details X -> BAD_REQUEST"]),
    ],
)  # fmt: skip
def test_each_broken_part_is_told(promise, got, told):
    """What was expected and what came, in words a person can act on."""
    assert [f"{f.expected} -> {f.got}" for f in compare(promise, got)] == told


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("present", "x", ""), ("weak", 'W/"1"', '"1"'), ("http-date", "Fri, 25 May 2018 16:09:50 GMT", "2018-05-25"),
        ("absolute", "http://x/y", "/y"), ("versioned", "x/_history/1", "x"), ("versionless", "x", "x/_history/1"),
        ("text/plain", "text/plain; charset=utf-8", "text/html"),
    ],
)  # fmt: skip
def test_every_header_form_can_fail(form, good, bad):
    """A form that accepts everything would be no check."""
    assert HEADER_FORMS[form](good, answer())
    assert not HEADER_FORMS[form](bad, answer())


def test_the_table_above_knows_every_form():
    """A new form comes with its proof."""
    assert set(HEADER_FORMS) == {
        "present",
        "weak",
        "http-date",
        "absolute",
        "versioned",
        "versionless",
        "text/plain",
    }


def test_promises_and_answers_in_words():
    """The words of the report."""
    assert (
        promised_status(expecting(status=(409, 412), body=(Body.OPERATION_OUTCOME,)))
        == "409 or 412 with an OperationOutcome"
    )
    assert promised_status(expecting(outcome=Effect.ACCEPTED)) == "2xx"
    assert promised_status(expecting()) == "any answer"
    assert describe(Answer(0, failure="timed out: 3 s")) == "timed out: 3 s"


# ---------------------------------------------------------------- cases


def case(promise):
    return Case("a.rule", promise, "Patient")


def test_a_promise_kept_is_a_pass_and_a_survey_is_observed():
    """Without a promise there is nothing to pass."""
    kept, surveyed = case(expecting(status=(200,))), case(Surveyed())
    for one in (kept, surveyed):
        one.answered(answer(200, PATIENT))
    assert (kept.verdict(), surveyed.verdict()) == (Verdict.PASS, Verdict.OBSERVED)


@pytest.mark.parametrize(
    ("level", "verdict"),
    [(Level.SHALL, Verdict.FAIL), (Level.SHOULD, Verdict.WARN), (Level.MAY, Verdict.OBSERVED)],
)
def test_the_level_of_a_promise_decides_what_breaking_it_means(level, verdict):
    """SHALL fails, SHOULD warns, MAY is noted."""
    one = case(expecting(level, status=(409,)))
    one.answered(answer(412))
    assert one.verdict() is verdict


@pytest.mark.parametrize("promise", [Surveyed(), expecting(Level.MAY), expecting(Level.SHOULD)])
def test_a_broken_invariant_fails_under_any_promise(promise):
    """A refused write that was applied is wrong on every server."""
    one = case(promise)
    one.state(False, "resource unchanged", "resource changed")
    assert one.verdict() is Verdict.FAIL
    assert one.observed["state"] == "resource changed"


def test_a_server_error_fails_even_a_survey_unless_it_is_promised():
    """A client's mistake is no reason for a 5xx; 501 can be promised."""
    surveyed, promised = case(Surveyed()), case(expecting(status=(503,)))
    for one, status in ((surveyed, 500), (promised, 503)):
        one.answered(answer(status))
    assert (surveyed.verdict(), promised.verdict()) == (Verdict.FAIL, Verdict.PASS)


@pytest.mark.parametrize("level", [Level.SHALL, Level.SHOULD])
def test_a_server_error_that_the_text_tolerates_warns(level):
    """However strongly the code itself is promised; what became of the resource is judged as ever."""
    tolerant = replace(expecting(level, status=(400,)), server_error=Level.SHOULD)
    refused, lost = case(tolerant), case(tolerant)
    for one in (refused, lost):
        one.answered(answer(500))
    lost.state(False, "resource unchanged", "resource changed")
    assert (refused.verdict(), lost.verdict()) == (Verdict.WARN, Verdict.FAIL)


def test_state_is_told_before_code():
    """412 and 409 swap meanings between systems; whether a refused write was applied does not."""
    one = case(expecting(status=(409,)))
    one.answered(answer(200, PATIENT))
    one.state(False, "resource unchanged", "resource changed")
    assert one.gravest_finding.got == "resource changed"


def test_a_write_that_the_rule_is_about_must_be_accepted():
    """Otherwise nothing more can be told, and the rule is broken at its own level."""
    one = case(expecting(Level.SHOULD))
    with pytest.raises(RuleBroken):
        one.accepted(answer(412))
    assert one.verdict() is Verdict.WARN


def test_where_nothing_is_refused_no_refusal_is_judged():
    """How a refusal is explained has no meaning on a server that does not refuse."""
    with pytest.raises(
        RuleNotApplicable, match=r"^the server does not refuse this: 200 with a resource$"
    ):
        case(expecting(body=(Body.OPERATION_OUTCOME,))).refusal_explained(answer(200, PATIENT))


def test_what_was_seen_is_kept_for_the_report():
    """The answer, and each fact as it is: what was expected where it holds, else what came."""
    one = case(Surveyed())
    one.answered(answer(412, OUTCOME))
    one.fact(True, "as it should be", "never said")
    one.invariant(True, "so it is", "never said")
    one.invariant(False, "never said", "otherwise")
    assert one.observed == {
        "status": 412,
        "body": "OperationOutcome",
        "answer": "412 with an OperationOutcome",
        "facts": ["as it should be", "so it is", "otherwise"],
    }
    assert one.findings == [Finding("never said", "otherwise", Level.SHALL, invariant=True)]


@pytest.mark.parametrize(
    ("unclaimed", "status", "is_offered"),
    [
        ("", 404, True),
        ("vread", 404, False),
        ("vread", 415, True),
        ("vread", 200, True),
        ("patch", 415, False),
        ("xml-patch", 422, False),
        ("conditional-create", 201, False),
        ("conditional-create", 400, False),
        ("conditional-create", 412, True),
        ("conditional-update", 400, False),
        ("conditional-update", 412, True),
    ],
)
def test_what_nobody_claims_may_be_missing(unclaimed, status, is_offered):
    """A server that says that it has no such interaction breaks nothing, unless somebody says that it has."""
    one = case(Surveyed())
    one.unclaimed = (unclaimed,) if unclaimed else ()
    if is_offered:
        one.demand_offered([answer(status)])
        return
    with pytest.raises(
        RuleNotApplicable,
        match=rf"^not offered, and not claimed: {unclaimed}: {status} with an empty",
    ):
        one.demand_offered([answer(status)])


def test_a_status_that_is_promised_is_an_answer_of_its_own():
    """Where the texts name 404, it does not say that there is no such interaction."""
    one = case(expecting(status=(404,)))
    one.unclaimed = ("vread",)
    one.demand_offered([answer(404)])
    with pytest.raises(RuleNotApplicable):
        one.demand_offered([answer(404), answer(405)])


def test_a_wrong_kind_of_refusal_counts_once():
    """However many writers were refused so."""
    one = case(expecting(status=(409,)))
    one.refused_alike([answer(412), answer(412), answer(409), answer(422)])
    assert [finding.got for finding in one.findings] == [
        "412 with an empty body",
        "422 with an empty body",
    ]
    assert one.observed["status"] == 412


def report(*findings, doubt="", story="", counted=True):
    return RaceReport(findings, doubt, {}, story, counted=counted)


def test_a_race_in_doubt_is_no_pass():
    """And one with an anomaly fails, whatever there is to doubt."""
    lost = Finding("no update lost", "one is", Level.SHALL, invariant=True, state=True)
    doubtful, wrong = case(expecting()), case(expecting())
    doubtful.raced(report(doubt="they never met"))
    wrong.raced(report(lost, doubt="they never met"))
    wrong.raced(report(lost))
    assert (doubtful.verdict(), wrong.verdict()) == (Verdict.INCONCLUSIVE, Verdict.FAIL)
    assert wrong.findings == [lost]


def test_of_several_races_the_first_with_a_story_is_shown():
    """Its anomalies are for the rule where those of any were."""
    one = case(expecting())
    for story, counted in (("", True), ("first", False), ("second", True)):
        one.raced(report(story=story, counted=counted))
    assert (one.race.story, one.race.counted) == ("first", True)
    other = case(expecting())
    other.raced(report(counted=False))
    assert not other.race.counted


def test_the_gravest_of_several_verdicts_stands_for_all():
    """One failing row of an outline fails the rule."""
    assert gravest([Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.WARN]) is Verdict.WARN
    assert gravest([Verdict.NOT_APPLICABLE, Verdict.PASS]) is Verdict.PASS
    assert gravest([Verdict.INCONCLUSIVE, Verdict.FAIL]) is Verdict.FAIL


# ---------------------------------------------------------------- contents

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)
resources = st.dictionaries(st.sampled_from("abcde"), json_values, max_size=4)


@given(resources, resources)
def test_differences_are_found_exactly_when_there_are_any(one, other):
    """No difference is missed and none is invented, not even between 1 and true."""
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (differences(one, other) == []) == same


def test_a_difference_names_its_place():
    """A person finds the element without a diff tool."""
    stored = {**PATIENT, "active": False, "name": [{"family": "B"}], "gender": "male"}
    del stored["active"]
    assert differences(PATIENT, stored) == [
        "active is missing",
        "name[0].family is 'B', not 'A'",
        "gender was not sent",
    ]


def test_lists_of_two_lengths_and_long_texts_are_shown_as_they_are():
    """Up to what fits a line."""
    assert differences({"a": [1]}, {"a": [1, 2]}) == ["a is [1, 2], not [1]"]
    fits, too_long = "x" * 58, "y" * 59
    assert differences({"a": fits}, {"a": too_long}) == [
        f"a is {repr(too_long)[:57]}..., not '{fits}'"
    ]


@pytest.mark.parametrize(
    ("stored", "lost"),
    [
        ({"name": [{"given": ["A", "B"], "family": "F"}], "active": True}, []),
        ({"name": [{"given": ["x", "A", "y", "B"], "use": "usual", "family": "F"}]}, []),
        ({"name": [{"use": "old"}, {"given": ["A", "B"], "family": "F"}]}, []),
        ({"name": [{"given": ["B", "A"], "family": "F"}]}, ["name[0].given[0] is 'B', not 'A'"]),
        ({"name": [{"given": ["A"], "family": "F"}]}, ["name[0].given[1] is missing"]),
        ({"name": [{"given": ["A", "B"]}]}, ["name[0].family is missing"]),
        ({}, ["name is missing"]),
    ],
)
def test_what_a_server_adds_is_no_loss(stored, lost):
    """Elements and items may be added anywhere; none that was sent may be missing, moved or changed."""
    sent = {"name": [{"given": ["A", "B"], "family": "F"}]}
    found = losses(sent, stored)
    assert [line for line in found if "given[1] is 'A'" not in line] == lost


@pytest.mark.parametrize(
    ("urls", "pointer", "found"),
    [
        (["a", "b"], "/extension/1/valueString", "/extension/1/valueString"),
        (["added", "a", "b"], "/extension/1/valueString", "/extension/2/valueString"),
        (["a", "added", "b"], "/extension/0", "/extension/0"),
        (["a", "added", "b"], "/extension/1", "/extension/2"),
        (["a"], "/extension/1", "/extension/1"),
        (["added", "a"], "/name/0/family", "/name/0/family"),
        (["added", "a"], "/extension/url", "/extension/url"),
        (["added", "a"], "/extension", "/extension"),
    ],
)
def test_what_a_server_adds_moves_the_place_of_what_was_sent(urls, pointer, found):
    """Items that are the server's do not count, wherever it puts them."""
    resource = {"extension": [{"url": url} for url in urls], "name": [{"family": "F"}]}
    assert place(resource, pointer, ["extension[url=added]"]) == found
    assert place(None, pointer, ["extension[url=added]"]) == pointer


@given(resources, resources)
def test_a_loss_is_a_difference_and_an_addition_is_none(one, other):
    """Whatever is stored beside what was sent, nothing is lost; and who loses something differs."""
    beside = {f"{key}{key}": value for key, value in other.items()}
    assert losses(one, {**one, **beside}) == []
    assert not losses(one, other) or differences(one, other)


def test_what_a_server_had_added_is_not_held_against_it_when_it_changes():
    """Who writes back what was read sends the server's additions, too: only what is the client's own must stay."""
    sent = {"name": [{"family": "F"}], "extension": [{"url": "mine"}]}
    shown = {
        "name": [{"family": "F", "text": "by 1"}],
        "extension": [{"url": "by 1"}, {"url": "mine"}],
        "active": True,
    }
    later = {
        "name": [{"family": "G", "text": "by 1"}],
        "extension": [{"url": "by 1"}, {"url": "mine"}],
        "active": True,
        "gender": "other",
    }
    assert without_added(later, sent, shown) == {
        "name": [{"family": "G"}],
        "extension": [{"url": "mine"}],
        "gender": "other",
    }


def test_what_the_server_owns_or_adds_is_no_difference():
    """id, meta, narrative, and the additions that a profile names."""
    stored = {
        **PATIENT,
        "id": "2",
        "meta": {},
        "text": {"div": "x"},
        "extension": [{"url": "o", "valueString": "y"}, {"url": "mine"}],
    }
    sent = {**PATIENT, "extension": [{"url": "mine"}]}
    assert differences(sent, stored, ["extension[url=o]"]) == []
    assert differences(stored, sent, ["extension[url=o]"]) == []
    assert "extension" not in essence({"extension": [{"url": "o"}]}, ["extension[url=o]"])
    assert has_addition(stored, "extension[url=o]")
    assert not has_addition(sent, "extension[url=o]")
    assert not has_addition(None, "extension[url=o]")


def test_a_template_is_filled_and_says_what_it_lacks():
    """A placeholder without a value stays, so that it can be named."""
    template = {"a": "{unique}-{patient}", "b": [{"c": "{unique}"}], "d": 1}
    assert placeholders_in(template) == {"unique", "patient"}
    assert fill(template, {"unique": "u"}) == {"a": "u-{patient}", "b": [{"c": "u"}], "d": 1}


@given(resources, resources)
def test_merging_leaves_the_original_alone(resource, patch):
    """Bodies are built from bodies; a shared list changed in place would spoil a later scenario."""
    before = json.dumps(resource)
    merge(resource, patch)
    assert json.dumps(resource) == before


def test_a_merge_patch_removes_what_is_null():
    """RFC 7396."""
    assert merge({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": None}, "d": [4]}) == {
        "a": {"c": 2},
        "d": [4],
    }


def test_an_element_is_put_where_its_pointer_leads():
    """And nowhere else; a pointer into nothing is an error of the profile."""
    assert put(PATIENT, "/name/0/family", "B")["name"] == [{"family": "B"}]
    assert PATIENT["name"] == [{"family": "A"}]
    with pytest.raises(KeyError, match="leads nowhere"):
        put(PATIENT, "/address/0/city", "B")


def test_extensions_are_left_out_at_every_depth():
    """A withdrawal without its reason carries none, not even inside a contained resource."""
    given = {
        "a": 1,
        "extension": [{"url": "u"}],
        "c": [{"extension": [{"url": "u"}, {"url": "v"}], "b": 3}],
    }
    assert without_extensions(given, {"u"}) == {
        "a": 1,
        "extension": [],
        "c": [{"extension": [{"url": "v"}], "b": 3}],
    }
    within = {"extension": [{"url": "v", "extension": [{"url": "u"}]}]}
    assert without_extensions(within, {"u"}) == {"extension": []}


@pytest.mark.parametrize("patch_format", FORMATS)
def test_every_patch_format_says_the_same(patch_format):
    """The place, the text, and on demand a second change that no resource can take."""
    changes = {"/name/0/family": 'B & "C"'}
    good = patch_document(patch_format, "Patient", changes, "application/fhir+json")
    bad = patch_document(patch_format, "Patient", changes, "application/fhir+json", possible=False)
    assert b"family" in good.content
    assert b"NoSuchElement" in bad.content
    assert b"NoSuchElement" not in good.content


# ---------------------------------------------------------------- the verdict policy


@pytest.mark.parametrize(
    ("error", "conclusion"),
    [
        (RuleNotApplicable("no patch"), Conclusion(Verdict.NOT_APPLICABLE)),
        (OutcomeUnknown("timed out"), Conclusion(Verdict.INCONCLUSIVE)),
        (SetupFailed("no id"), Conclusion(Verdict.ERROR, Culprit.TARGET)),
        (TargetUnusable("gone"), Conclusion(Verdict.ERROR, Culprit.TARGET)),
        (KeyError("a slip of ours"), Conclusion(Verdict.ERROR, Culprit.SUITE)),
    ],
)
def test_an_exception_leads_to_a_verdict(error, conclusion):
    """Whoever is not named as the culprit is us."""
    assert conclusion_of(error) == conclusion


@pytest.mark.parametrize(
    ("verdict", "culprit", "conclusion"),
    [
        ("pass", "", Conclusion(Verdict.PASS)),
        ("fail", "target", Conclusion(Verdict.FAIL)),
        ("error", "target", Conclusion(Verdict.ERROR, Culprit.TARGET)),
        ("error", "nobody we know", Conclusion(Verdict.ERROR, Culprit.SUITE)),
        ("of a later version", "", Conclusion(Verdict.ERROR, Culprit.SUITE)),
        (None, None, Conclusion(Verdict.ERROR, Culprit.SUITE)),
    ],
)
def test_a_log_is_read_with_care(verdict, culprit, conclusion):
    """A verdict that this version does not know must not pass unseen."""
    assert conclusion_named(verdict, culprit) == conclusion


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.PASS, Verdict.WARN, Verdict.OBSERVED, Verdict.WAIVED], ExitCode.CONFORMANT),
        ([Verdict.PASS, Verdict.INCONCLUSIVE], ExitCode.INCONCLUSIVE),
        ([Verdict.INCONCLUSIVE, Verdict.FAIL], ExitCode.NOT_CONFORMANT),
        ([Verdict.NOT_APPLICABLE], ExitCode.NOTHING_RAN),
        ([], ExitCode.NOTHING_RAN),
    ],
)
def test_verdicts_amount_to_an_exit_code(verdicts, code):
    """A broken rule decides; where nothing was judged the run is not green."""
    assert exit_code_for(map(Conclusion, verdicts)) is code


def test_a_strict_run_fails_on_a_warning():
    """What is only a warning otherwise is a broken promise then."""
    seen = [Conclusion(Verdict.PASS), Conclusion(Verdict.WARN)]
    assert exit_code_for(seen) is ExitCode.CONFORMANT
    assert exit_code_for(seen, strict=True) is ExitCode.NOT_CONFORMANT


@pytest.mark.parametrize(
    ("culprit", "code"),
    [(Culprit.SUITE, ExitCode.INTERNAL_ERROR), (Culprit.TARGET, ExitCode.TARGET_UNUSABLE)],
)
def test_an_error_is_told_apart_by_whose_fault_it_is(culprit, code):
    """And either outweighs what is only inconclusive."""
    error = Conclusion(Verdict.ERROR, culprit)
    assert (
        exit_code_for([Conclusion(Verdict.INCONCLUSIVE), error, Conclusion(Verdict.PASS)]) is code
    )


def test_a_waiver_lets_pass_what_fails_or_cannot_be_judged():
    """Never an error, and nothing that passes anyway."""
    waived = {verdict for verdict in Verdict if with_waiver(verdict) is not verdict}
    assert waived == WAIVABLE == {Verdict.FAIL, Verdict.INCONCLUSIVE}
    assert {with_waiver(verdict) for verdict in waived} == {Verdict.WAIVED}
