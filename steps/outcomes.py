"""Then: what must be so afterwards, first of the resource, then of the answer."""

from pytest_bdd import then

from ifmatch.client.demands import (
    demand_consistent,
    demand_created,
    demand_mark,
    demand_unchanged,
    lost,
    unlike,
)
from ifmatch.rules.answer import Effect, instant, objects_in
from ifmatch.rules.content import differences, has_addition
from ifmatch.rules.expectation import describe

from .updates import CLIENT_LAST_UPDATED, CLIENT_TAG, CLIENT_VERSION

# ---------------------------------------------------------------- the answer


@then("the server answers as promised")
@then("the answer's headers are as promised")
@then("the update is refused as a version conflict")
@then("the patch is refused as a version conflict")
def as_promised(case, attempt):
    case.answered(attempt.answer)


@then("each update is refused as a version conflict")
def all_refused(case, attempts):
    case.refused_alike(attempt.answer for attempt in attempts)


@then("the update is accepted")
@then("the create is accepted")
@then("the patch is accepted")
@then("the delete is accepted")
@then("the save of clinician A is accepted")
@then("the save of clinician B is accepted")
def accepted(case, attempt):
    case.accepted(attempt.answer)


@then("a refusal is explained as promised")
def refusal_explained(case, attempt):
    case.refusal_explained(attempt.answer)


@then("a resource in the answer is the one that was stored")
def answer_is_stored(case, glancing, resource, attempt):
    answered = case.shown(attempt.answer.resource, "a resource in the answer")
    found = differences(answered, glancing.look(resource).resource)
    case.fact(not found, "the stored resource in the answer", "; ".join(found))


@then("a Location, if there is one, names the resource")
def location_names(case, resource, attempt):
    location, named = attempt.answer.header("location"), attempt.answer.location_id
    case.invariant(
        named in (None, resource.id),
        f"a Location of {resource.type}/{resource.id}",
        f"Location: {location}",
    )


@then("the answer mirrors what was sent")
def answer_mirrors(case, glancing, resource, attempt):
    found = unlike(resource, attempt.sent, attempt.answer.resource or {})
    case.fact(not found, "an answer that mirrors what was sent", "; ".join(found))


@then("the answer carries what the server adds")
def answer_carries_additions(case, glancing, attempt):
    for addition in glancing.kind.server_adds:
        case.fact(
            has_addition(attempt.answer.resource, addition),
            f"an answer with {addition}",
            f"an answer without {addition}",
        )


@then("the answer carries the id of the resource")
def answer_carries_id(case, resource, attempt):
    got = (attempt.answer.resource or {}).get("id")
    case.fact(got == resource.id, f"the id {resource.id} in the answer", f"the id {got}")


@then("an accepted update is one that the capability statement claims")
def claimed(case, target, resource, attempt):
    claims = target.statement.claims("update", resource.type)
    was_accepted = attempt.answer.effect is Effect.ACCEPTED
    case.observed.update(status=attempt.answer.status, answer=describe(attempt.answer))
    case.fact(
        claims is True or not was_accepted,
        "an interaction update in the capability statement",
        f"an update of {resource.type} is accepted but not claimed",
    )


@then("a refused update is one that it does not claim")
def not_claimed(case, target, resource, attempt):
    claims = target.statement.claims("update", resource.type)
    was_refused = attempt.answer.effect is Effect.REFUSED
    case.fact(
        not (claims and was_refused),
        f"an update of {resource.type}, which the capability statement claims",
        describe(attempt.answer),
    )


# ---------------------------------------------------------------- the resource


@then("the resource is as it was")
@then("the resource is as the other writer left it")
def unchanged(case, bench, resource):
    demand_unchanged(bench, case, resource)


@then("the other resource is as it was")
def other_unchanged(case, bench, other):
    demand_unchanged(bench, case, other)


@then("the resource is as the answer says")
def as_the_answer_says(case, bench, resource, attempt):
    demand_consistent(bench, case, resource, attempt)


@then("the resource holds what was sent")
def holds_mark(case, glancing, resource, attempt):
    demand_mark(glancing, case, resource, attempt)


@then("the resource holds all that was sent")
def holds_all(case, glancing, resource, attempt):
    found = lost(resource, attempt.sent, glancing.look(resource).resource)
    case.fact(not found, "all that was sent", "; ".join(found))


@then("the element that was left out is gone")
def left_out_is_gone(case, glancing, resource):
    kept = resource.kind.optional in glancing.look(resource).resource
    case.fact(not kept, f"no {resource.kind.optional}", f"{resource.kind.optional} is still there")


@then("what is beside the status is as it was")
def beside_the_status_unchanged(case, glancing, resource):
    stored = glancing.look(resource).resource
    changed = [
        name for name in resource.kind.other if stored.get(name) != resource.now.resource.get(name)
    ]
    case.fact(not changed, "no change beside the status", f"a change of {', '.join(changed)}")


@then("the resource has a new version")
def new_version(case, glancing, resource, attempt):
    was_named = resource.now.versioned and resource.now.version
    if attempt.answer.effect is Effect.ACCEPTED and was_named:
        version = glancing.look(resource).version
        case.fact(
            version not in ("", resource.now.version),
            f"a version other than {resource.now.version}",
            f"the version {version or 'is not told'}",
        )


@then("answer, read and history agree whether there is a new version")
def all_agree_on_version(case, bench, resource, attempt):
    if attempt.answer.effect is not Effect.ACCEPTED:
        return
    before, after = resource.now, bench.look(resource)
    named = attempt.answer.version or after.version
    case.fact(named == after.version, f"the version {after.version}", f"the version {named}")
    known = {*(before.history or ()), before.version}
    added = {*(after.history or (after.version,))} - known
    expected = {after.version} - {before.version}
    case.fact(added == expected, f"{len(expected)} new in the history", f"{len(added)} new there")


@then("all its versions are different")
def versions_differ(case, versions):
    case.fact(len(set(versions)) == len(versions), "six different versions", ", ".join(versions))


@then("the resource has a versionId of the server's")
def server_version(case, glancing, resource):
    version = case.shown(glancing.look(resource).answer.version_id, "meta.versionId")
    case.fact(
        version != CLIENT_VERSION,
        "a versionId of the server's",
        f"meta.versionId is {version}, as the client sent it",
    )


@then("the resource has a lastUpdated of the server's")
def server_time(case, glancing, resource):
    time = glancing.look(resource).last_updated
    case.fact(
        instant(time) not in (None, instant(CLIENT_LAST_UPDATED)),
        "a lastUpdated of the server's",
        f"meta.lastUpdated is {time}",
    )


@then("its lastUpdated is later than before")
def time_advances(case, glancing, resource):
    before, after = resource.now.last_updated, glancing.look(resource).last_updated
    later = (
        instant(before) is not None
        and instant(after) is not None
        and instant(after) > instant(before)
    )
    case.fact(later, f"a lastUpdated later than {before}", f"meta.lastUpdated is {after}")


@then("the resource has that tag and that profile")
def meta_kept(case, glancing, resource, attempt):
    demand_meta(case, glancing.look(resource).answer.meta, attempt.sent["meta"])


def demand_meta(case, meta, sent):
    """The tag of ours and the profiles that were sent must be among the metadata."""
    tags = [(tag.get("system"), tag.get("code")) for tag in objects_in(meta.get("tag"))]
    case.fact(
        (CLIENT_TAG["system"], CLIENT_TAG["code"]) in tags,
        "the tag that was sent",
        f"the tags {tags}",
    )
    profiles = meta.get("profile")
    kept = profiles if isinstance(profiles, list) else []
    case.fact(
        all(profile in kept for profile in sent["profile"]),
        f"the profile {sent['profile']}",
        f"the profiles {profiles}",
    )


# ---------------------------------------------------------------- other ids


@then("no resource has the id from the body")
@then("the id is still unused")
def body_id_unused(case, target, attempt):
    answer = target.read(attempt.sent["resourceType"], attempt.sent["id"])
    case.invariant(
        answer.effect is Effect.REFUSED,
        "no resource under the id from the body",
        "a resource under the id from the body",
    )


@then("a refused update created nothing")
def refused_created_nothing(case, target, attempt):
    answer = target.read(attempt.sent["resourceType"], attempt.sent["id"])
    refused = attempt.answer.effect is Effect.REFUSED
    case.invariant(
        not refused or answer.effect is Effect.REFUSED,
        "nothing created",
        "the update was refused, yet the resource exists",
    )


@then("the new resource has that id and holds what was sent")
def created_with_id(case, target, glancing, attempt):
    stored = target.read(attempt.sent["resourceType"], attempt.sent["id"])
    found = describe(stored)
    case.fact(stored.effect is Effect.ACCEPTED, "the resource under that id", f"a read: {found}")
    demand_created(glancing, case, attempt.sent, stored.resource)
