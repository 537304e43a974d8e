"""The profiles: the shipped ones are sound and say what their systems promise; a faulty one is explained."""

import copy
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from ifmatch import HOME
from ifmatch.errors import ConfigurationError
from ifmatch.rules import catalogue
from ifmatch.rules.answer import Effect
from ifmatch.rules.content import at, fill, merge, placeholders_in, put
from ifmatch.rules.expectation import Expectation, Level, NotApplicable, Surveyed
from ifmatch.rules.profile import FHIR_VERSIONS, base_for, for_proof, load, shipped
from ifmatch.rules.profile_file import read as load_layer

#: The profiles that the project ships.
SHIPPED = tuple(shipped())

#: The placeholders that every run fills by itself.
GIVEN = {"unique": "0123456789abcdef", "run": "a-run"}

RULES = {rule.id: rule for rule in catalogue.rules()}
DOCUMENTS = {"000", "001", "002", "003", "004"}

#: A shipped profile, read once: profiles do not change.
known = cache(load)

#: The beginning of a profile that builds on another.
CHILD = 'id = "mine"\ntitle = "T"\nextends = "spine"\n'

#: A profile that is complete by itself.
MINIMAL = """
id = "mine"
title = "My server"
fhir = "R4"
subject = "Basic"

[sources.page]
title = "My page"
url = "https://server.example/page"

[resources.Basic]
body = '{"resourceType": "Basic", "code": {"text": "{unique}"}}'

[rules."read.existing"]
status = [200]
level = "SHALL"
source = "page"
says = "It is there."
"""


def _promises(profile):
    """Every promise of a profile: rule, type (or nothing), promise."""
    for rule, entry in profile._rules.items():
        yield rule, "", profile.promise(rule)
        yield from ((rule, name, profile.promise(rule, name)) for name in entry.get("types", {}))


def _expectations(name):
    """Every expectation of a shipped profile, under the name by which a failure speaks of it."""
    promises = {f"{rule} {kind}".strip(): promise for rule, kind, promise in _promises(known(name))}
    return {rule: promise for rule, promise in promises.items() if isinstance(promise, Expectation)}


KINDS = [
    pytest.param(profile, kind, id=f"{profile.id}-{kind.type}")
    for profile in map(known, SHIPPED)
    for kind in profile.resources.values()
]


@pytest.fixture
def write(tmp_path):
    """Writes a profile file and gives its path."""

    def write(text, name="mine.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


@pytest.fixture
def complaint(write):
    """What is said of a profile that does not load."""

    def complaint(text):
        with pytest.raises(ConfigurationError) as caught:
            load(write(text))
        return str(caught.value)

    return complaint


# ---------------------------------------------------------------- the shipped profiles


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_profile_loads_under_its_own_name(name):
    """Each profile is valid with all its bases, and its id is the name of its file."""
    profile = known(name)
    assert profile.id == name
    assert profile.subject in profile.resources
    assert len(profile.label) <= 12


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_profile_has_the_shape_of_the_schema(name, tmp_path):
    """Where it lies it is not asked, for a run has no time for what cannot be wrong: anywhere else it is."""
    copied = tmp_path / f"{name}.toml"
    copied.write_bytes((HOME / "profiles" / copied.name).read_bytes())
    assert load(str(copied)).id == name


@pytest.mark.parametrize("name", for_proof())
def test_a_profile_for_proof_promises_what_no_system_does(name):
    """It is found by its name, is none of those that are shipped, and what it promises is surveyed everywhere else."""
    profile = known(name)
    assert name == f"proof/{profile.id}" and profile.id not in SHIPPED
    own = load_layer(name)["rules"]
    assert own
    for rule in own:
        assert isinstance(profile.promise(rule), Expectation)
        # A system that has no such interaction promises nothing of it either.
        elsewhere = [known(other).promise(rule) for other in SHIPPED]
        assert all(isinstance(promise, (Surveyed, NotApplicable)) for promise in elsewhere)


def test_the_labels_tell_the_profiles_apart():
    """A matrix with any of the profiles has no two columns of one name."""
    labels = [known(name).label for name in SHIPPED]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("name", SHIPPED)
def test_an_expectation_can_be_defended(name):
    """Each expectation names a text that a reader can find: a title, and an address or one of the five documents."""
    sources = {rule: promise.source for rule, promise in _expectations(name).items()}
    assert not [rule for rule, source in sources.items() if not source.title]
    assert not [
        r
        for r, s in sources.items()
        if not s.url.startswith("https://") and s.document not in DOCUMENTS
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_an_expectation_says_what_its_source_says(name):
    """Each expectation tells in a short sentence what stands in its source, for the report prints it."""
    says = {rule: promise.says for rule, promise in _expectations(name).items()}
    assert not {
        rule: said
        for rule, said in says.items()
        if not said.endswith(".") or len(said.split()) > 30
    }


@pytest.mark.parametrize("name", SHIPPED)
def test_an_expectation_does_not_contradict_itself(name):
    """The promised statuses are of the class that the promised outcome names."""
    classes = {
        Effect.ACCEPTED: {2},
        Effect.UNMODIFIED: {3},
        Effect.REFUSED: {4, 5},
        None: {2, 3, 4, 5},
    }
    promised = {
        r: ({status // 100 for status in p.status}, p.outcome)
        for r, p in _expectations(name).items()
    }
    assert not {
        rule: seen for rule, (seen, outcome) in promised.items() if not seen <= classes[outcome]
    }


@pytest.mark.parametrize("name", SHIPPED)
def test_where_nothing_is_expected_the_reason_is_given(name):
    """A surveyed rule carries a note, and one that does not apply a reason: the report shows them."""
    promises = {rule: promise for rule, _, promise in _promises(known(name))}
    assert not [
        rule
        for rule, promise in promises.items()
        if isinstance(promise, Surveyed) and not promise.note
    ]
    assert not [
        rule
        for rule, promise in promises.items()
        if isinstance(promise, NotApplicable) and not promise.reason
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_version_conflict_is_promised_as_a_refusal(name):
    """Where the scenario says "is refused as a version conflict", a refusal is promised, by 409 or 412 if any."""
    conflicts = {
        r: p
        for r, p in _expectations(name).items()
        if "as a version conflict" in _sentences(r.split()[0])
    }
    assert not {
        rule: promise.status
        for rule, promise in conflicts.items()
        if promise.outcome is not Effect.REFUSED or not set(promise.status) <= {409, 412}
    }


def _sentences(rule):
    """What the scenario of a rule says."""
    text = (HOME / "features" / RULES[rule].path).read_text(encoding="utf-8")
    return text.partition(f"@rule:{rule}\n")[2].partition("@rule:")[0]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_documents_that_a_profile_names_are_listed(name):
    """Every document and every page of a profile stands in docs/sources.md."""
    listed = (Path(__file__).parents[1] / "docs" / "sources.md").read_text(encoding="utf-8")
    for source in known(name)._sources.values():
        page = source.url.partition("#")[0]
        assert f"| {source.document} |" in listed if source.document else page in listed


# ---------------------------------------------------------------- the templates


def _filled(profile, template):
    return fill(template, {**profile.embedded.placeholders, **GIVEN})


@pytest.mark.parametrize(("profile", "kind"), KINDS)
def test_a_template_can_be_filled(profile, kind):
    """The embedded server has a value for each placeholder of a template, and each instance is unique."""
    for part in (kind.body, kind.change, kind.other, kind.invalid):
        assert placeholders_in(part) <= profile.embedded.placeholders.keys() | GIVEN.keys()
    assert kind.body["resourceType"] == kind.type
    assert "id" not in kind.body
    assert "unique" in placeholders_in(kind.body)


@pytest.mark.parametrize(("profile", "kind"), KINDS)
def test_the_marker_leads_to_a_text(profile, kind):
    """After the ordinary change is applied the marker is a text, so every write can be told from every other."""
    changed = merge(_filled(profile, kind.body), _filled(profile, kind.change))
    assert isinstance(at(changed, kind.marker), str)
    assert at(put(changed, kind.marker, "ifmatch mark"), kind.marker) == "ifmatch mark"


@pytest.mark.parametrize(("profile", "kind"), KINDS)
def test_the_marker_does_not_break_what_finds_the_resource(profile, kind):
    """Neither marker nor change touches a text that is unique to the instance: searches still find it."""
    body = _filled(profile, kind.body)
    changed = put(merge(body, _filled(profile, kind.change)), kind.marker, "ifmatch mark")
    assert json.dumps(changed).count(GIVEN["unique"]) == json.dumps(body).count(GIVEN["unique"])


@pytest.mark.parametrize(("profile", "kind"), KINDS)
def test_the_parts_of_a_template_really_change_it(profile, kind):
    """`change`, `other` and `invalid` are not without effect, and `other` leaves the marker alone."""
    body = _filled(profile, kind.body)
    changed = merge(body, _filled(profile, kind.change))
    assert not kind.change or changed != body
    assert kind.other and merge(changed, _filled(profile, kind.other)) != changed
    assert at(merge(changed, _filled(profile, kind.other)), kind.marker) == at(changed, kind.marker)
    assert (
        kind.invalid
        and merge(body, kind.invalid) != body
        and merge(changed, kind.invalid) != changed
    )


@pytest.mark.parametrize(("profile", "kind"), KINDS)
def test_what_may_be_left_out_is_there(profile, kind):
    """The optional element stands in the body and holds neither the marker nor what identifies the instance."""
    if kind.optional:
        assert kind.optional in kind.body
        assert kind.marker.split("/")[1] != kind.optional
        assert "unique" not in placeholders_in(kind.body[kind.optional])


@pytest.mark.parametrize(("profile", "kind"), KINDS)
def test_an_instance_can_be_recognised(profile, kind):
    """Each template carries the suite's own identifier, so that what is left behind can be found."""
    identifiers = kind.body["identifier"]
    identifiers = identifiers if isinstance(identifiers, list) else [identifiers]
    assert {"system": "urn:ifmatch:identifier", "value": "{unique}"}.items() <= identifiers[
        0
    ].items()
    assert kind.label == "tag" or isinstance(kind.body["identifier"], list)


@pytest.mark.parametrize(("profile", "kind"), KINDS)
def test_criteria_name_one_instance(profile, kind):
    """Each search criterion contains the text that is unique to the instance."""
    assert all("{unique}" in criterion for criterion in kind.criteria.values())


@pytest.mark.parametrize(
    "name", [name for name in SHIPPED if known(name).offers("patch") is not False]
)
def test_what_is_patched_can_be_patched(name):
    """A type that a patch rule runs on has its marker in the body as created: a JSON Patch can replace it."""
    profile = known(name)
    for rule in (rule for rule in RULES if rule.startswith("patch.")):
        for kind in profile.types_of(rule):
            if isinstance(profile.promise(rule, kind), Expectation):
                assert isinstance(
                    at(profile.resources[kind].body, profile.resources[kind].marker), str
                )


def test_a_withdrawal_gives_its_reason():
    """Each change of a Reasonable Adjustments record sets a status to inactive and records reason and comment."""
    for kind in ("Flag", "Consent", "List"):
        change = json.dumps(known("reasonable-adjustments").resources[kind].change)
        assert "Extension-RARecord-RemovalReason-1" in change
        assert '"removalReason"' in change and '"supportingComment"' in change
        assert '"inactive"' in change


# ---------------------------------------------------------------- what the systems promise

#: The numbers that tell the systems apart: (profile, rule) and the statuses promised; nothing where no code is given.
KEY_NUMBERS = {
    ("spine", "update.if-match.missing"): (412,),
    ("spine", "update.if-match.stale"): (409,),
    ("spine", "update.if-match.stale-by-two"): (409,),
    ("spine", "update.if-match.current"): (200,),
    ("spine", "update.lost-update.detected"): (409,),
    ("spine", "update.unknown-type"): (501,),
    ("reasonable-adjustments", "update.if-match.missing"): (412,),
    ("reasonable-adjustments", "update.if-match.stale"): (409,),
    ("reasonable-adjustments", "update.if-match.stale-equal-content"): (409,),
    ("reasonable-adjustments", "update.if-match.from-search"): (200,),
    ("reasonable-adjustments", "update.lost-update.detected"): (409,),
    ("reasonable-adjustments", "update.status-only"): (),
    ("reasonable-adjustments", "update.removal-reason"): (),
    ("reasonable-adjustments", "update.mirror"): (200,),
    ("koppeltaal", "update.if-match.missing"): (),
    ("koppeltaal", "update.if-match.stale"): (409, 412),
    ("koppeltaal", "update.if-match.other-resource"): (409, 412),
    ("koppeltaal", "update.lost-update.detected"): (409, 412),
    ("koppeltaal", "update.unknown-id"): (405, 404),
    ("koppeltaal", "update.invalid-content"): (422, 400),
    ("koppeltaal", "update.unparsable"): (400,),
    ("koppeltaal", "update.unauthenticated"): (401,),
    ("koppeltaal", "update.forbidden"): (403,),
    ("koppeltaal", "update.not-an-end-point"): (404,),
    ("koppeltaal", "patch.if-match.missing"): (),
    ("koppeltaal", "patch.if-match.stale"): (412, 409),
    ("koppeltaal", "patch.unsupported"): (405,),
    ("aidbox", "update.if-match.missing"): (200,),
    ("aidbox", "update.without-if-match"): (200,),
    ("aidbox", "update.if-match.stale"): (412, 409),
    ("aidbox", "update.if-match.star"): (200,),
    ("aidbox", "update.if-match.bare"): (200,),
    ("aidbox", "update.lost-update.detected"): (412, 409),
    ("aidbox", "update.body-id.absent"): (200,),
    ("aidbox", "update.body-id.mismatched"): (200,),
    ("aidbox", "update.body-id.ignored"): (200,),
    ("aidbox", "update.unknown-id"): (201,),
    ("aidbox", "update.as-create"): (201,),
    ("aidbox", "update.invalid-content"): (422, 400),
    ("aidbox", "conditional-update.none"): (201,),
    ("aidbox", "conditional-update.none-with-id"): (201,),
    ("aidbox", "conditional-update.one"): (200,),
    ("aidbox", "conditional-update.one-with-other-id"): (200,),
    ("aidbox", "conditional-update.many"): (412,),
    ("cerner-dstu2", "update.if-match.missing"): (412,),
    ("cerner-dstu2", "update.if-match.malformed"): (412,),
    ("cerner-dstu2", "update.if-match.stale"): (409,),
    ("cerner-dstu2", "update.if-match.id-as-version"): (),
    ("cerner-dstu2", "update.if-match.from-meta"): (200,),
    ("cerner-dstu2", "update.error.text-plain"): (412,),
    ("cerner-r4", "update.if-match.missing"): (412,),
    ("cerner-r4", "update.if-match.stale"): (409,),
    ("fhir-dstu2", "update.if-match.missing"): (200, 412),
    ("fhir-dstu2", "update.if-match.stale"): (409,),
    ("fhir-dstu2", "create.id.server-assigned"): (400,),
    ("fhir-stu3", "update.if-match.missing"): (200, 412),
    ("fhir-stu3", "update.if-match.stale"): (409,),
    ("fhir-r4", "update.if-match.stale"): (412,),
    ("fhir-r4", "conditional-update.one-with-other-id"): (400,),
    ("fhir-r5", "update.if-match.missing"): (200, 400),
    ("fhir-r5", "update.if-match.stale"): (412,),
}  # fmt: skip


@pytest.mark.parametrize(("name", "rule"), KEY_NUMBERS)
def test_a_system_promises_the_status_that_its_texts_give(name, rule):
    """The profile holds the very numbers of the source, in the order in which the source prefers them."""
    promise = known(name).promise(rule)
    assert isinstance(promise, Expectation)
    assert promise.status == KEY_NUMBERS[name, rule]


@pytest.mark.parametrize(
    "name", [name for name in SHIPPED if not name.startswith(("fhir-", "hapi"))]
)
@pytest.mark.parametrize("rule", ["update.if-match.missing", "update.if-match.stale"])
def test_the_two_questions_that_all_systems_answer_bind_them(name, rule):
    """What becomes of an update without a version, or with an old one, is a SHALL; HAPI leaves the first to FHIR."""
    assert known(name).promise(rule).level is Level.SHALL


@pytest.mark.parametrize(
    "rule", ["update.if-match.missing", "patch.if-match.missing", "update.body-id.absent"]
)
def test_koppeltaal_refuses_without_giving_a_code(rule):
    """Where Koppeltaal's texts refuse but name no code, any 4xx will do, and nothing else."""
    promise = known("koppeltaal").promise(rule)
    assert (promise.outcome, promise.status) == (Effect.REFUSED, ())


def test_koppeltaal_fixes_no_codes_but_those_of_authorization():
    """TOP-KT-012a: tests depend on no exact code but 401 and 403; other refusals of the guide's tables are a SHOULD."""
    koppeltaal = known("koppeltaal")
    for rule in ("unknown-id", "unknown-type", "unparsable", "invalid-content", "not-an-end-point"):
        assert koppeltaal.promise(f"update.{rule}").level is Level.SHOULD
    for rule in (
        "update.unauthenticated",
        "update.forbidden",
        "read.unauthenticated",
        "patch.unauthenticated",
    ):
        assert koppeltaal.promise(rule).level is Level.SHALL
    assert koppeltaal.promise("update.error.operation-outcome.stale").level is Level.SHOULD


def test_koppeltaal_leaves_conditional_update_out():
    """It is marked for trial use without answers, and every update needs an If-Match: the rules do not run."""
    assert known("koppeltaal").offers("conditional-update") is False


def test_aidbox_explains_a_conflict_with_the_code_conflict():
    """The Update page gives the OperationOutcome of a version conflict, the ETag page its status."""
    promise = known("aidbox").promise("update.if-match.stale")
    assert promise.issue == {"code": ("conflict",)}
    assert [body.value for body in promise.body] == ["OperationOutcome"]


def test_aidbox_gives_no_version_in_search_results():
    """versionId is 0 there, so the rule that takes it from a search has no meaning."""
    assert isinstance(known("aidbox").promise("update.if-match.from-search"), NotApplicable)


def test_cerner_refuses_in_plain_text():
    """The 412 for a missing If-Match is text/plain with the line of the trace, and that is how it is explained."""
    cerner = known("cerner-dstu2")
    promise = cerner.promise("update.error.text-plain")
    assert [body.value for body in promise.body] == ["text"]
    assert promise.headers == {"Content-Type": ("text/plain",)}
    assert re.search(promise.text, "no If-Match or invalid If-Match header provided")
    assert cerner.promise("update.error.operation-outcome.missing") == promise


@pytest.mark.parametrize("kind", ["FamilyMemberHistory", "QuestionnaireResponse"])
def test_cerner_asks_no_version_of_two_types(kind):
    """Their updates have neither If-Match nor ETag: accepted without a version, and the rules on ETags do not apply."""
    cerner = known("cerner-r4")
    assert cerner.promise("update.if-match.missing", kind).status == (200,)
    assert isinstance(cerner.promise("update.headers.etag", kind), NotApplicable)
    assert isinstance(cerner.promise("update.if-match.own-etag", kind), NotApplicable)


def test_cerner_patches_appointments_only():
    """A type is changed by PUT or by PATCH, never by both: patch rules hold for Appointment, not for the subject."""
    cerner = known("cerner-r4")
    assert cerner.types_of("patch.if-match.stale") == ("Observation", "Appointment")
    assert isinstance(cerner.promise("patch.if-match.stale"), NotApplicable)
    assert cerner.promise("patch.if-match.missing", "Appointment").status == (412,)
    assert cerner.promise("patch.if-match.stale", "Appointment").status == (409,)


def test_reasonable_adjustments_sends_what_its_headers_page_asks():
    """Each request has the Spine headers and a TraceID of its own, each write asks for the representation."""
    profile = known("reasonable-adjustments")
    assert profile.headers.keys() == {"FromASID", "ToASID", "TraceID", "InteractionID"}
    assert placeholders_in(profile.headers["TraceID"]) == {"unique"}
    assert profile.prefer == "return=representation"
    assert profile.offers("delete") is False


# ---------------------------------------------------------------- inheritance


def test_the_entry_of_a_child_replaces_the_base_s(write):
    """A child's promise stands alone: nothing of the base's entry shines through."""
    child = load(write(f'{CHILD}[rules."update.if-match.missing"]\nsilent = "not said"\n'))
    assert child.promise("update.if-match.missing") == Surveyed("not said")


def test_what_a_child_does_not_say_its_base_says(write):
    """Without a word of its own a child promises what its base does, with the base's subject, templates and version."""
    child, spine = load(write(CHILD)), known("spine")
    assert dict(_by_rule(child)) == dict(_by_rule(spine))
    assert replace(child, id="", title="", label="", bases=(), sha256="") == replace(
        spine, id="", title="", label="", bases=(), sha256=""
    )
    assert child.bases == ("spine", "fhir-stu3", "fhir-r4")


def _by_rule(profile):
    return (((rule, kind), promise) for rule, kind, promise in _promises(profile))


def test_a_label_is_not_inherited(write):
    """Beside its base in a matrix a profile has a column under a name of its own."""
    assert load(write(CHILD)).label == "mine"
    assert load(write(CHILD.replace("mine", "a-rather-long-name"))).label == "a-rather-lon"
    assert load(write(f'label = "Mine"\n{CHILD}')).label == "Mine"


def test_same_as_follows_the_child(write):
    """A base's rule that is the same as another is the same as what the child makes of that other."""
    child = load(
        write(
            f'{CHILD}[rules."update.if-match.stale"]\nstatus = [418]\n'
            'outcome = "refused"\nlevel = "SHALL"\nsource = "http"\nsays = "S."\n'
        )
    )
    assert child.promise("update.if-match.stale-by-two").status == (418,)
    assert known("spine").promise("update.if-match.stale-by-two").status == (409,)


def test_a_promise_for_a_type_holds_for_that_type_only(write):
    """A rule runs on the subject and on each type with a promise of its own."""
    profile = load(
        write(f'{MINIMAL}\n[rules."read.existing".types.Basic]\nsilent = "not said of it"\n')
    )
    assert profile.promise("read.existing", "Basic") == Surveyed("not said of it")
    assert profile.promise("read.existing", "Patient") == profile.promise("read.existing")
    assert profile.types_of("read.existing") == ("Basic",)


def test_the_digest_changes_with_the_profile_and_with_its_base(write):
    """Two runs with one digest were held to the same promises."""
    base, child = MINIMAL, 'id = "child"\ntitle = "T"\nextends = "{path}"\n'
    digests = set()
    for text in (base, base.replace("It is there", "It can be read")):
        digests.add(load(write(child.format(path=write(text, "base.toml")), "child.toml")).sha256)
    assert len(digests) == 2
    assert load("spine").sha256 == known("spine").sha256


def test_a_profile_by_itself_is_enough(write):
    """A profile needs no base; what it does not speak of is surveyed, and what it offers the server says."""
    profile = load(write(MINIMAL))
    assert profile.promise("update.if-match.stale") == Surveyed("")
    assert not profile.speaks_of("update.if-match.stale")
    assert profile.offers("update") is None


def test_a_place_in_a_source_is_part_of_its_address(write):
    """`source = "page#place"` leads to the place on the page."""
    profile = load(write(MINIMAL.replace('source = "page"', 'source = "page#top"')))
    assert profile.promise("read.existing").source.url == "https://server.example/page#top"


@pytest.mark.parametrize(
    ("version", "base"),
    [
        ("1.0.2", "fhir-dstu2"), ("3.0.2", "fhir-stu3"), ("4.0.1", "fhir-r4"), ("4.3.0", "fhir-r4b"),
        ("5.0.0", "fhir-r5"), ("6.0.0-ballot4", "fhir-r6"), ("9.0", None),
    ],
)  # fmt: skip
def test_every_fhir_version_has_its_base(version, base):
    """What a capability statement says of its FHIR version leads to a profile that is shipped."""
    assert base_for(version) == base
    assert base is None or base in SHIPPED
    assert set(FHIR_VERSIONS) >= {known(name).fhir for name in SHIPPED}


# ---------------------------------------------------------------- a faulty profile is explained


def test_a_name_that_is_nearly_right_brings_a_suggestion():
    """Whoever mistypes a profile is told the one that was meant."""
    with pytest.raises(ConfigurationError, match=r'no profile "spyne"\. Did you mean "spine"\?'):
        load("spyne")


def test_a_name_that_is_like_none_brings_no_suggestion():
    """A suggestion is only made when there is something like it; the list is always pointed to."""
    with pytest.raises(ConfigurationError) as caught:
        load("zzzzzz")
    assert "Did you mean" not in str(caught.value)
    assert "`ifmatch profiles` lists all" in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    """A path that leads nowhere is not mistaken for the name of a profile."""
    with pytest.raises(ConfigurationError, match=r"no profile file .*gone\.toml"):
        load(str(tmp_path / "gone.toml"))


def test_bytes_that_are_no_text_are_said_to_be_so(complaint):
    """A file in another encoding is named as such, not as wrong TOML."""
    assert "not UTF-8" in complaint('id = "mine"\ntitle = "Café"'.encode("latin-1"))


def test_wrong_toml_is_shown_by_line(complaint):
    """A slip in the syntax is found by its line."""
    assert re.search(
        r"mine\.toml is not valid TOML: .*line 3", complaint(CHILD.replace('"spine"', "spine"))
    )


def test_wrong_json_in_a_template_is_shown_by_place(complaint):
    """A slip in a resource is found by the part of the profile and the place within it."""
    said = complaint(MINIMAL.replace('"{unique}"}}', '"{unique}"}'))
    assert "resources.Basic.body is not valid JSON" in said
    assert re.search(r"line \d+ column \d+", said)


@pytest.mark.parametrize("part", ["change", "other", "invalid"])
def test_every_json_part_is_read(complaint, part):
    """Each part of a template that holds JSON is read, and complained of by its name."""
    said = complaint(MINIMAL.replace("[resources.Basic]", f"[resources.Basic]\n{part} = '{{'"))
    assert f"resources.Basic.{part} is not valid JSON" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('level = "SHALL"', 'level = "SHAL"', ["read.existing", 'Did you mean "SHALL"', "Allowed: SHALL, SHOULD, MAY"]),
        ('level = "SHALL"', 'level = "SHALL"\nsilent = "x"', ["rules.read.existing", "exactly one of"]),
        ('level = "SHALL"\n', "", ["rules.read.existing", "exactly one of: level with source, silent, not_applic"]),
        ('level = "SHALL"', 'level = "SHALL"\nstatsu = [200]', ["rules.read.existing", "statsu"]),
        ("status = [200]", "status = [999]", ["rules.read.existing.status.0", "999"]),
        ("status = [200]", "status = []", ["rules.read.existing.status"]),
        ("status = [200]", 'outcome = "fine"', ["rules.read.existing.outcome", "accepted, unmodified, refused"]),
        ("status = [200]", 'headers = {ETag = ["week"]}', ["headers.ETag.0", 'Did you mean "weak"']),
        ('fhir = "R4"', 'fhir = "R3"', ["fhir", "DSTU2, STU3, R4, R4B, R5, R6"]),
        ('subject = "Basic"', 'subject = "Basic"\nlabel = "much too long"', ["label", "much too long"]),
        ('subject = "Basic"', 'interactions = ["updates"]', ["interactions.0", 'Did you mean "update"']),
        ('title = "My server"\n', "", ["top level", "title"]),
        ('id = "mine"', 'id = "Mine!"', ["id", "Mine!"]),
        ("[resources.Basic]", '[resources.Basic]\nmarker = "code/text"', ["resources.Basic.marker", "code/text"]),
    ],
)  # fmt: skip
def test_what_the_schema_forbids_is_shown_with_place_and_choice(complaint, old, new, said):
    """A value out of place is named with where it stands and, where there is a choice, what would be right."""
    assert MINIMAL.count(old) == 1
    message = complaint(MINIMAL.replace(old, new))
    assert "is not a valid profile" in message
    for part in said:
        assert part in message


def test_a_source_that_is_not_there_is_named_with_those_that_are(complaint):
    """A misspelt source is found, and the ones to choose from are told."""
    said = complaint(MINIMAL.replace('source = "page"', 'source = "pgae"'))
    assert 'rules.read.existing names the source "pgae"' in said
    assert "Known sources: page" in said


def test_sameness_with_nothing_is_named(complaint):
    """A rule that is the same as one the profile does not have is found."""
    said = complaint(f'{MINIMAL}\n[rules."read.deleted"]\nsame_as = "read.unknown-id"\n')
    assert 'rules.read.deleted is the same as "read.unknown-id", of which nothing is said' in said


@pytest.mark.parametrize(
    ("addition", "place"),
    [
        ('[rules."update.if-match.stal"]\nsilent = "not said"', "rules"),
        (
            '[rules."update.if-match.missing"]\nsame_as = "update.if-match.stal"',
            "rules.update.if-match.missing.same_as",
        ),
        (
            '[rules."read.existing".types.Basic]\nsame_as = "update.if-match.stal"',
            "rules.read.existing.types.Basic.same_as",
        ),
        ('[embedded.answers]\n"update.if-match.stal" = 418', "embedded.answers"),
    ],
)
def test_a_misspelt_rule_is_named_with_the_one_that_was_meant(complaint, addition, place):
    """Wherever a profile names a rule: a promise for a rule that never runs would go unseen."""
    said = complaint(f"{MINIMAL}\n{addition}\n")
    assert f'mine.toml: {place} names the rule "update.if-match.stal", which is none.' in said
    assert 'Did you mean "update.if-match.stale"?' in said


def test_a_type_without_a_template_is_named(complaint):
    """A promise for a type that the profile cannot make an instance of is found."""
    said = complaint(f'{MINIMAL}\n[rules."read.existing".types.Task]\nsilent = "x"\n')
    assert "rules.read.existing speaks of Task" in said


def test_a_subject_without_a_template_is_named(complaint):
    """The subject must be among the templates."""
    assert "subject Task" in complaint(MINIMAL.replace('subject = "Basic"', 'subject = "Task"'))


def test_a_profile_without_a_base_must_be_whole(complaint):
    """Without a base nothing else can give version, subject and templates."""
    assert "fhir, subject and resources" in complaint('id = "mine"\ntitle = "T"\n')


def test_a_profile_without_rules_and_sources_is_one(write):
    """A profile that promises nothing yet is a valid beginning: all is surveyed."""
    head, _, rest = MINIMAL.partition("[sources.page]")
    template = rest[rest.index("[resources.Basic]") : rest.index("[rules.")]
    profile = load(write(head + template))
    assert profile.promise("read.existing") == Surveyed("")


def test_a_profile_cannot_extend_itself(complaint):
    """The shortest circle is found."""
    assert "extends itself" in complaint(CHILD.replace("spine", "mine"))


def test_a_circle_of_profiles_is_found(write, tmp_path):
    """A longer circle is found too, before it is walked forever."""
    first = write(f'id = "one"\ntitle = "T"\nextends = "{tmp_path}/two.toml"\n', "one.toml")
    write(f'id = "two"\ntitle = "T"\nextends = "{first}"\n', "two.toml")
    with pytest.raises(ConfigurationError, match="one extends itself by way of two"):
        load(first)


def test_a_base_that_is_not_there_is_named(complaint):
    """The name of a base is held to the same as that of a profile."""
    assert 'no profile "fhir-r44". Did you mean "fhir-r4"?' in complaint(
        CHILD.replace("spine", "fhir-r44")
    )


def test_loading_leaves_the_templates_alone():
    """Filling and changing a template gives copies: the next instance starts from the same text."""
    profile = load("reasonable-adjustments")
    kind = profile.resources["Flag"]
    before = copy.deepcopy(kind.body)
    put(merge(_filled(profile, kind.body), kind.change), kind.marker, "mark")
    assert kind.body == before
