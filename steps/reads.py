"""When and Then of reads."""

from pytest_bdd import then, when

from ifmatch.client.demands import demand_created
from ifmatch.client.settings import Identity
from ifmatch.client.workbench import Attempt, new_unique
from ifmatch.rules.answer import Effect, http_date, instant
from ifmatch.rules.content import at
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


@when("an id that was never given out is read", target_fixture="attempt")
def read_unknown_id(target, bench):
    return Attempt(target.read(bench.kind.type, new_unique()), {})


@when("a resource type that does not exist is read", target_fixture="attempt")
def read_unknown_type(target):
    return Attempt(target.read("Unicorn", new_unique()), {})


@when("it is read without credentials", target_fixture="attempt")
def read_without_credentials(target, resource):
    return Attempt(target.read(resource.type, resource.id, identity=Identity.NOBODY), resource.sent)


@then("the answer holds what was created")
def answer_holds_created(case, bench, resource, attempt):
    shown = attempt.answer.resource or {}
    named = f"{shown.get('resourceType')}/{shown.get('id')}"
    asked = f"{resource.type}/{resource.id}"
    case.fact(named == asked, asked, named)
    demand_created(bench, case, resource.sent, shown)


@then("the answer holds what the other writer wrote")
def answer_holds_other(case, resource, attempt):
    got = at(attempt.answer.resource, resource.kind.marker)
    wanted = at(resource.now.resource, resource.kind.marker)
    case.fact(
        got == wanted,
        "the other writer's content",
        f"{resource.kind.marker} is {got!r}, not {wanted!r}",
    )


@then("a refusal gives nothing of the resource away")
def gives_nothing_away(case, resource, attempt):
    was_given = (
        attempt.answer.effect is Effect.ACCEPTED
    )  # which is the answer's fault, judged already
    case.invariant(
        was_given or resource.unique not in attempt.answer.text,
        "nothing of the resource",
        "content of the resource, to a reader without credentials",
    )


@then("the answer's ETag names the version in its body")
def etag_names_version(case, attempt):
    etag, version = attempt.answer.etag, attempt.answer.version_id
    named = version_in(etag) if etag else version
    case.fact(
        named == version,
        f"an ETag that names {version}",
        f"ETag: {etag}, meta.versionId: {version}",
    )


@then("the answer's Last-Modified is the lastUpdated in its body")
def last_modified_is_last_updated(case, attempt):
    header, element = attempt.answer.header("last-modified"), attempt.answer.meta.get("lastUpdated")
    sent, meant = http_date(header), instant(element)
    same = header is None or (
        sent is not None and meant is not None and sent == meant.replace(microsecond=0)
    )
    case.fact(same, f"a Last-Modified that is {element} to the second", f"Last-Modified: {header}")
