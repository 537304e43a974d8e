"""When and Then of reads."""

from pytest_bdd import then, when

from ifmatch.client.demands import demand_created
from ifmatch.client.identity import Identity
from ifmatch.client.workbench import Attempt, new_unique
from ifmatch.errors import RuleNotApplicable
from ifmatch.rules.answer import Effect, is_same_second
from ifmatch.rules.content import at, differences
from ifmatch.rules.version import version_in


@when("it is read", target_fixture="attempt")
def read(target, resource):
    return Attempt(target.read(resource.type, resource.id), resource.sent)


@when("it is read by someone who has the current version", target_fixture="attempt")
def read_with_current(target, resource):
    return Attempt(target.read(resource.type, resource.id, seen=resource.now.tag), resource.sent)


@when("it is read by someone who has the version that was read", target_fixture="attempt")
def read_with_superseded(target, resource):
    return Attempt(target.read(resource.type, resource.id, seen=resource.read.tag), resource.sent)


@when("each version that it had before is read", target_fixture="versions")
def read_each_version(target, resource, past):
    return [target.vread(resource.type, resource.id, seen.version) for seen in past]


@when("an id that was never given out is read", target_fixture="attempt")
def read_unknown_id(target, bench):
    return Attempt(target.read(bench.kind.type, new_unique()), {})


@when("its id is read with large letters for small ones", target_fixture="attempt")
def read_in_other_case(target, resource):
    other = resource.id.upper() if resource.id.upper() != resource.id else resource.id.lower()
    if other == resource.id:
        raise RuleNotApplicable(f"the id {resource.id} has no letters")
    return Attempt(target.read(resource.type, other), {})


@when("a resource type that does not exist is read", target_fixture="attempt")
def read_unknown_type(target):
    return Attempt(target.read("Unicorn", new_unique()), {})


@when("it is read without credentials", target_fixture="attempt")
def read_without_credentials(target, resource):
    return Attempt(target.read(resource.type, resource.id, identity=Identity.NOBODY), resource.sent)


@then("each version shows what was written then")
def versions_as_written(case, past, versions):
    shown = [(seen, answer) for seen, answer in zip(past, versions, strict=True) if answer.resource]
    case.shown(shown or None, "any earlier version")
    for seen, answer in shown:
        found = differences(seen.resource, answer.resource)
        what = f"version {seen.version} as it was written"
        case.fact(not found, what, f"version {seen.version} differs: {'; '.join(found)}")


@then("the answer holds what was created")
def answer_holds_created(case, glancing, resource, attempt):
    shown = attempt.answer.resource or {}
    named = f"{shown.get('resourceType')}/{shown.get('id')}"
    asked = f"{resource.type}/{resource.id}"
    case.fact(named == asked, asked, named)
    demand_created(glancing, case, resource.sent, shown)


@then("the answer holds what the other writer wrote")
def answer_holds_other(case, resource, attempt):
    got = at(attempt.answer.resource, resource.marker)
    wanted = at(resource.now.resource, resource.marker)
    case.fact(
        got == wanted,
        "the other writer's content",
        f"{resource.marker} is {got!r}, not {wanted!r}",
    )


@then("a refusal gives nothing of the resource away")
def gives_nothing_away(case, resource, attempt):
    # Whoever is given the resource was not refused, which is judged already.
    was_given = attempt.answer.effect is Effect.ACCEPTED
    case.invariant(
        was_given or resource.unique not in attempt.answer.text,
        "nothing of the resource",
        "content of the resource, to a reader without credentials",
    )


@then("the answer's ETag names the version in its body")
def etag_names_version(case, attempt):
    etag = case.shown(attempt.answer.etag, "an ETag of the read")
    version = case.shown(attempt.answer.version_id, "meta.versionId")
    case.fact(
        version_in(etag) == version,
        f"an ETag that names {version}",
        f"ETag: {etag}, meta.versionId: {version}",
    )


@then("the answer's Last-Modified is the lastUpdated in its body")
def last_modified_is_last_updated(case, attempt):
    header = case.shown(attempt.answer.header("last-modified"), "a Last-Modified of the read")
    element = case.shown(attempt.answer.meta.get("lastUpdated"), "meta.lastUpdated")
    same = is_same_second(header, element)
    case.fact(same, f"a Last-Modified that is {element} to the second", f"Last-Modified: {header}")
