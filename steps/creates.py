"""When and Then of creates."""

from pytest_bdd import parsers, then, when

from ifmatch.client.demands import demand_created
from ifmatch.client.identity import Identity
from ifmatch.client.subject import identifiers
from ifmatch.client.workbench import Attempt, new_unique
from ifmatch.errors import RuleNotApplicable
from ifmatch.rules.answer import Effect, instant
from ifmatch.rules.content import losses, merge
from ifmatch.rules.expectation import describe
from ifmatch.rules.version import version_in

from .outcomes import demand_meta
from .updates import (
    CLIENT_LAST_UPDATED,
    CLIENT_VERSION,
    cut_short,
    unicorn,
    with_tag_and_profile,
)


def _create(target, bench, body=None, unique="", **options):
    made, made_unique = (body, unique) if body is not None else bench.body()
    return Attempt(target.create(made, unique=made_unique, **options), made)


@when("a valid resource is created", target_fixture="attempt")
def create(target, bench):
    return _create(target, bench)


@when(parsers.re(r"a valid (?P<resource_type>[A-Z]\w+) is created"), target_fixture="attempt")
def create_of_type(target, bench, resource_type):
    body, unique = bench.body(bench.kind_of(resource_type))
    return _create(target, bench, body, unique)


@when(
    parsers.parse('a valid resource is created, preferring "{preference}"'),
    target_fixture="attempt",
)
def create_preferring(target, bench, preference):
    return _create(target, bench, prefer=preference)


@when("a resource is created with an id in its body", target_fixture="attempt")
def create_with_id(target, bench):
    body, unique = bench.body()
    return _create(target, bench, {**body, "id": new_unique()}, unique)


@when("a resource is created with a versionId of the client's", target_fixture="attempt")
def create_with_version(target, bench):
    body, unique = bench.body()
    return _create(target, bench, merge(body, {"meta": {"versionId": CLIENT_VERSION}}), unique)


@when("a resource is created with a lastUpdated of the client's", target_fixture="attempt")
def create_with_time(target, bench):
    body, unique = bench.body()
    return _create(
        target, bench, merge(body, {"meta": {"lastUpdated": CLIENT_LAST_UPDATED}}), unique
    )


@when("a resource is created with a tag and a profile", target_fixture="attempt")
def create_with_meta(target, bench):
    body, unique = bench.body()
    return _create(target, bench, with_tag_and_profile(body), unique)


@when("a create is sent that cannot be parsed", target_fixture="attempt")
def create_unparsable(target, bench):
    body, unique = bench.body()
    return Attempt(
        target.create(cut_short(body), resource_type=bench.kind.type, unique=unique), body
    )


@when("a resource is created that breaks the rules of its type", target_fixture="attempt")
def create_invalid(target, bench):
    if not bench.kind.invalid:
        raise RuleNotApplicable(f"the profile says of no {bench.kind.type} that it is invalid")
    body, unique = bench.body()
    invalid = merge(body, bench.filled(bench.kind.invalid, unique))
    return _create(target, bench, invalid, unique, as_it_is=True)


@when("a resource of a type that does not exist is created", target_fixture="attempt")
def create_unknown_type(target):
    body = unicorn()
    return Attempt(target.create(body), body)


@when("a resource is created at the address of another type", target_fixture="attempt")
def create_of_other_type(target, bench):
    body, unique = bench.body()
    other = "Basic" if bench.kind.type != "Basic" else "Patient"
    sent = {**body, "resourceType": other}
    answer = target.create(sent, resource_type=bench.kind.type, unique=unique)
    return Attempt(answer, body)


@when("a valid resource is created without credentials", target_fixture="attempt")
def create_without_credentials(target, bench):
    return _create(target, bench, identity=Identity.NOBODY)


def _written(target, bench, attempt):
    # A server that does not say where it put it may let it be found.
    resource_id = attempt.id or next(iter(bench.made_of(attempt)), "none")
    return target.read(attempt.sent["resourceType"], resource_id)


@then("the new resource holds what was sent")
def new_resource_holds(case, target, glancing, attempt):
    case.accepted(attempt.answer)
    demand_created(glancing, case, attempt.sent, _written(target, glancing, attempt).resource)


@then("the new resource has an id of its own and holds what was sent")
def another_resource_holds(case, target, glancing, resource, attempt):
    case.accepted(attempt.answer)
    stored = _written(target, glancing, attempt)
    case.fact(
        (stored.resource or {}).get("id") != resource.id,
        "an id of its own",
        f"the id {resource.id} of the other",
    )
    found = losses(attempt.sent, stored.resource or {})
    case.fact(not found, "the content that was sent", "; ".join(found))


@then("the id in the body was not taken")
def id_not_taken(case, target, attempt):
    answer = target.read(attempt.sent["resourceType"], attempt.sent["id"])
    case.fact(
        answer.effect is Effect.REFUSED,
        "an id of the server's",
        "a resource under the id that the client chose",
    )


@then("the new resource has a versionId of the server's")
def created_version(case, target, glancing, attempt):
    case.accepted(attempt.answer)
    version = case.shown(_written(target, glancing, attempt).version_id, "meta.versionId")
    case.fact(
        version != CLIENT_VERSION,
        "a versionId of the server's",
        f"meta.versionId is {version}, as the client sent it",
    )


@then("the new resource has a lastUpdated of the server's")
def created_time(case, target, glancing, attempt):
    case.accepted(attempt.answer)
    time = _written(target, glancing, attempt).meta.get("lastUpdated")
    case.fact(
        instant(time) not in (None, instant(CLIENT_LAST_UPDATED)),
        "a lastUpdated of the server's",
        f"meta.lastUpdated is {time}",
    )


@then("the new resource has that tag and that profile")
def created_meta_kept(case, target, glancing, attempt):
    case.accepted(attempt.answer)
    demand_meta(case, _written(target, glancing, attempt).meta, attempt.sent["meta"])


@then("the answer's ETag is the version that a read shows")
def etag_is_read_version(case, target, glancing, attempt):
    case.accepted(attempt.answer)
    etag = case.shown(attempt.answer.etag, "an ETag of the answer")
    version = case.shown(
        _written(target, glancing, attempt).version, "the version of what was written"
    )
    case.fact(version_in(etag) == version, f"an ETag that names {version}", f"ETag: {etag}")


@then("the new resource is found under the id in the answer's Location")
def found_under_location(case, target, attempt):
    case.accepted(attempt.answer)
    location = case.shown(attempt.answer.header("location"), "a Location of the answer")
    answer = target.read(attempt.sent["resourceType"], attempt.answer.location_id or "none")
    ours, there = identifiers(attempt.sent), identifiers(answer.resource or {})
    case.fact(
        answer.resource is not None and set(ours) <= set(there),
        "a Location under which the new resource can be read",
        f"Location: {location}, a read there: {describe(answer)}, identified by {there}",
    )


@then("a refusal has created nothing")
def refusal_created_nothing(case, glancing, attempt):
    if attempt.answer.effect is not Effect.ACCEPTED:
        nothing_created(case, glancing, attempt)


@then("nothing was created")
def nothing_created(case, glancing, attempt):
    made = glancing.made_of(attempt)
    case.invariant(not made, "nothing created", f"a resource was created: {', '.join(made)}")
