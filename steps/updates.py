"""When: an update, in every way that a client may send it."""

import json

import pytest
from pytest_bdd import given, parsers, then, when

from ifmatch.client.demands import demand_mark
from ifmatch.client.workbench import Attempt, new_unique
from ifmatch.errors import RuleNotApplicable
from ifmatch.rules.answer import objects_in
from ifmatch.rules.content import extension_named, merge, without_extensions
from ifmatch.rules.version import weak

#: Metadata that no server of today would give: seen again, it was taken from the client.
CLIENT_VERSION, CLIENT_LAST_UPDATED = "ifmatch-client-version", "1999-12-31T23:59:59.000Z"
CLIENT_TAG = {"system": "urn:ifmatch:tag", "code": "kept"}


def unicorn():
    """A resource of a type that FHIR does not have."""
    return {"resourceType": "Unicorn", "id": new_unique()}


def cut_short(body):
    """The body as JSON that breaks off in the middle."""
    text = json.dumps(body)
    return text[: len(text) * 2 // 3].encode()


def with_tag_and_profile(body):
    """The body with a tag of ours besides those it has, and with a profile."""
    meta = body.get("meta", {})
    given = meta.get("profile")
    ours = [f"http://hl7.org/fhir/StructureDefinition/{body['resourceType']}"]
    profile = given if given and isinstance(given, list) else ours
    tags = [*objects_in(meta.get("tag")), CLIENT_TAG]
    return {**body, "meta": {**meta, "tag": tags, "profile": profile}}


def send_update(target, bench, resource, body=None, **options):
    sent = bench.changed(resource) if body is None else body
    options.setdefault("if_match", resource.now.base)
    return Attempt(target.update(resource.type, resource.id, sent, **options), sent)


def _part(bench, resource, name):
    """A part of the template of a resource, with its placeholders filled."""
    return bench.filled(getattr(resource.kind, name), resource.unique, resource.kind)


# ---------------------------------------------------------------- the version it names


@when("it is updated from its current version", target_fixture="attempt")
def update_current(target, bench, resource):
    return send_update(target, bench, resource)


@when("it is updated from the version that was read", target_fixture="attempt")
def update_from_read(target, bench, resource):
    return send_update(
        target,
        bench,
        resource,
        bench.changed(resource, resource.read.resource),
        if_match=resource.read.tag,
    )


@when(
    "what the other writer wrote is sent again from the version that was read",
    target_fixture="attempt",
)
def update_equal_content(target, bench, resource):
    return send_update(target, bench, resource, resource.now.resource, if_match=resource.read.tag)


@when("what it holds is sent again from its current version", target_fixture="attempt")
def update_with_what_it_holds(target, bench, resource):
    return send_update(target, bench, resource, resource.now.resource)


@when("it is updated from the ETag that the last update gave", target_fixture="attempt")
def update_from_own_etag(target, bench, resource, last_update):
    etag = last_update.answer.etag
    if etag is None:
        raise RuleNotApplicable("the answer to an update carries no ETag")
    return send_update(target, bench, resource, if_match=etag)


@when("it is updated from the meta.versionId that a read shows", target_fixture="attempt")
def update_from_meta(target, bench, resource):
    version = resource.now.answer.version_id
    if version is None:
        raise RuleNotApplicable("a read shows no meta.versionId")
    return send_update(target, bench, resource, if_match=weak(version))


@when("it is updated from the meta.versionId that a search shows", target_fixture="attempt")
def update_from_search(target, bench, resource):
    return send_update(target, bench, resource, if_match=weak(bench.version_by_search(resource)))


@when("it is updated from the ETag that a compressed read gives", target_fixture="attempt")
def update_from_compressed(case, target, bench, resource):
    answer = target.read(resource.type, resource.id, compressed=True)
    case.shown(answer.header("content-encoding"), "a Content-Encoding of a read that asks for one")
    etag = case.shown(answer.etag, "an ETag of a compressed read")
    return send_update(target, bench, resource, if_match=etag)


@when("it is updated from each version that it had before", target_fixture="attempts")
def update_from_each(target, bench, resource, past):
    return [send_update(target, bench, resource, if_match=seen.tag) for seen in past]


@when("it is updated without naming a version", target_fixture="attempt")
def update_unnamed(target, bench, resource):
    return send_update(target, bench, resource, if_match=())


@when("it is updated from the version of the other resource", target_fixture="attempt")
def update_from_other(target, bench, resource, other):
    return send_update(target, bench, resource, if_match=other.now.tag)


@when("it is updated from a version that never existed", target_fixture="attempt")
def update_from_never(target, bench, resource):
    never = "987654321" if resource.now.version.isdigit() else new_unique()
    return send_update(target, bench, resource, if_match=weak(never))


@when("it is updated from its id in place of its version", target_fixture="attempt")
def update_from_id(target, bench, resource):
    if resource.id == resource.now.version:
        raise RuleNotApplicable(f"the id of the resource is its version, {resource.id}")
    return send_update(target, bench, resource, if_match=weak(resource.id))


@when(parsers.re(r"it is updated with the If-Match (?P<header>.+)"), target_fixture="attempt")
def update_with_header(target, bench, resource, header):
    return send_update(
        target, bench, resource, if_match=header.replace("<version>", resource.read.version)
    )


@when(
    "it is updated with two If-Match lines, neither naming the current version",
    target_fixture="attempt",
)
def update_with_two_lines(target, bench, resource):
    return send_update(target, bench, resource, if_match=[resource.read.tag, weak("ifmatch-other")])


@when("it is updated with a blank If-Match", target_fixture="attempt")
def update_with_blank(target, bench, resource):
    return send_update(target, bench, resource, if_match=[""])


@when("it is updated with an If-Match of *", target_fixture="attempt")
def update_with_star(target, bench, resource):
    return send_update(target, bench, resource, if_match="*")


@when("it is updated with the current version as a strong tag", target_fixture="attempt")
def update_with_strong(target, bench, resource):
    return send_update(target, bench, resource, if_match=f'"{resource.now.known_version}"')


@when("it is updated with the current version bare", target_fixture="attempt")
def update_with_bare(target, bench, resource):
    return send_update(target, bench, resource, if_match=resource.now.known_version)


#: What asks that nothing be there yet (RFC 9110 section 13.1.2).
_NOTHING_THERE = [("If-None-Match", "*")]


@when("it is updated, asking that nothing be there", target_fixture="attempt")
def update_unless_there(target, bench, resource):
    return send_update(target, bench, resource, if_match=(), conditions=_NOTHING_THERE)


@when(
    "an id that was never given out is updated, asking that nothing be there",
    target_fixture="attempt",
)
def update_unknown_id_unless_there(target, bench):
    body, _ = bench.body()
    body["id"] = new_unique()
    return Attempt(
        target.update(bench.kind.type, body["id"], body, conditions=_NOTHING_THERE), body
    )


# ---------------------------------------------------------------- what it sends


@when(
    "it is updated from its current version without one of its elements", target_fixture="attempt"
)
def update_leaving_out(target, bench, resource):
    if not resource.kind.optional:
        raise RuleNotApplicable(
            f"the profile knows no element of a {resource.type} that may be left out"
        )
    body = {k: v for k, v in bench.changed(resource).items() if k != resource.kind.optional}
    return send_update(target, bench, resource, body)


@when("it is updated with a versionId of the client's", target_fixture="attempt")
def update_with_version(target, bench, resource):
    return send_update(
        target,
        bench,
        resource,
        merge(bench.changed(resource), {"meta": {"versionId": CLIENT_VERSION}}),
    )


@when("it is updated with a lastUpdated of the client's", target_fixture="attempt")
def update_with_time(target, bench, resource):
    return send_update(
        target,
        bench,
        resource,
        merge(bench.changed(resource), {"meta": {"lastUpdated": CLIENT_LAST_UPDATED}}),
    )


@when("it is updated a moment after it was created", target_fixture="attempt")
def update_later(target, bench, resource):
    bench.let_the_clock_move(resource)
    return send_update(target, bench, resource)


@when("it is updated with a tag and a profile", target_fixture="attempt")
def update_with_meta(target, bench, resource):
    return send_update(target, bench, resource, with_tag_and_profile(bench.changed(resource)))


@when("it is updated five times", target_fixture="versions")
def update_five_times(bench, resource):
    seen = [resource.now.version]
    for _ in range(5):
        bench.update(resource)
        seen.append(resource.now.version)
    return seen


@when("it is updated from its current version, preferring nothing", target_fixture="attempt")
def update_preferring_nothing(target, bench, resource):
    return send_update(target, bench, resource, prefer="")


@when(
    parsers.parse('it is updated from its current version, preferring "{preference}"'),
    target_fixture="attempt",
)
def update_preferring(target, bench, resource, preference):
    return send_update(target, bench, resource, prefer=preference)


@when("it is updated with a body that cannot be parsed", target_fixture="attempt")
def update_unparsable(target, bench, resource):
    sent = bench.changed(resource)
    return Attempt(
        target.update(resource.type, resource.id, cut_short(sent), if_match=resource.now.base), sent
    )


@when("it is updated with a body that breaks the rules of its type", target_fixture="attempt")
def update_invalid(target, bench, resource):
    if not resource.kind.invalid:
        raise RuleNotApplicable(f"the profile says of no {resource.type} that it is invalid")
    body = merge(bench.changed(resource), _part(bench, resource, "invalid"))
    return send_update(target, bench, resource, body, as_it_is=True)


@when("it is withdrawn with another change beside the status", target_fixture="attempt")
def withdraw_with_other(target, bench, resource):
    return send_update(
        target, bench, resource, merge(bench.changed(resource), _part(bench, resource, "other"))
    )


@when(parsers.parse("it is withdrawn without its {parts}"), target_fixture="attempt")
def withdraw_without(target, bench, resource, parts):
    names = [extension_named(words) for words in parts.split(" and ")]
    return send_update(target, bench, resource, without_extensions(bench.changed(resource), names))


# ---------------------------------------------------------------- two clinicians


@pytest.fixture
def clinicians():
    """What each clinician last saw, or last saved."""
    return {}


@given(parsers.parse("clinician {who} reads it"))
def clinician_reads(bench, resource, clinicians, who):
    clinicians[who] = bench.look(resource)


@when("clinician A saves", target_fixture="attempt")
def clinician_a_saves(target, bench, resource, clinicians):
    clinicians["A"] = saved = _update_seen(target, bench, resource, clinicians["A"])
    return saved


@when("clinician B saves from the version that clinician B read", target_fixture="attempt")
def clinician_b_saves(target, bench, resource, clinicians):
    return _update_seen(target, bench, resource, clinicians["B"])


@when("clinician B reads it again, merges and saves", target_fixture="attempt")
def clinician_b_merges(target, bench, resource, clinicians):
    clinicians["B"] = saved = _update_seen(target, bench, resource, bench.look(resource))
    return saved


@then(parsers.parse("the resource is as clinician {who} left it"))
def as_clinician_left_it(case, glancing, resource, clinicians, who):
    demand_mark(glancing, case, resource, clinicians[who])


def _update_seen(target, bench, resource, seen):
    return send_update(
        target, bench, resource, bench.changed(resource, seen.resource), if_match=seen.tag
    )
