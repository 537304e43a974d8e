"""The interactions that write: create, update, patch, delete, and their conditional forms (FHIR R4 http.html).

Each one first checks and then returns the write, still to be carried out. The server does both without a pause between.
"""

import json
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qsl

from ifmatch.reference import business, patch
from ifmatch.reference.capability import offers
from ifmatch.reference.exchange import Decision, Exchange
from ifmatch.reference.message import Json, Refusal, Reply, Resource, instant
from ifmatch.reference.preconditions import (
    check_if_match,
    check_preference,
    check_repetition,
    names_any,
    passes_by_another_condition,
)
from ifmatch.reference.reading import existing
from ifmatch.reference.search import conditions, find
from ifmatch.reference.store import Draft, Version
from ifmatch.reference.validation import is_id, problems


def create(exchange: Exchange) -> Decision:
    """A new resource under an id of the server's, unless If-None-Exist finds that it is there already."""
    body = _resource_in(exchange)
    found = _meeting_the_condition(exchange)
    if len(found) > 1:
        exchange.refuse("conditional-create.many", "several resources meet If-None-Exist")
    if found:
        return _already_there(exchange, found[0])
    if "id" in body:
        exchange.object(
            "create.id.server-assigned", "ids are given by the server: leave the id out"
        )
    return lambda: _create(exchange, body, exchange.world.new_id())


def _meeting_the_condition(exchange: Exchange) -> list[Version]:
    """The resources that meet the If-None-Exist of a create, none where it has no such header."""
    condition = exchange.request.header("if-none-exist")
    if condition is None or exchange.world.faults.on("if-none-exist-ignored"):
        return []
    if not offers(exchange.world.profile, "conditional-create"):
        exchange.refuse(
            "conditional-create.unsupported", "this server knows no conditional creates"
        )
        return []
    if "?" in condition and exchange.world.faults.on("condition-with-a-type-finds-nothing"):
        return []
    return _matches(exchange, _criteria_in(condition))


def update(exchange: Exchange) -> Decision:
    """The whole resource replaced, or created where the client may choose the id."""
    body = _resource_in(exchange)
    _check_body_id(exchange, body)
    check_preference(exchange)
    current = exchange.world.store.current(exchange.type, exchange.id)
    if current is None:
        return _update_as_create(exchange, body)
    if names_any(exchange.request.headers.get("if-none-match", ()), current):
        exchange.refuse(
            "update.if-none-match", "the resource is there, with a version that If-None-Match names"
        )
    check_repetition(exchange, current, body)
    if not passes_by_another_condition(exchange):
        check_if_match(exchange, current)
    business.check_update(exchange, current.resource or {}, body)
    return lambda: _replace(exchange, exchange.id, body, "update")


def conditional_update(exchange: Exchange) -> Decision:
    """An update of the one resource that meets the criteria; a create if none does (R4 http.html#cond-update)."""
    body = _resource_in(exchange)
    found = _matches(exchange, exchange.request.criteria)
    _refuse_many(exchange, found)
    if not found or exchange.world.faults.on("conditional-update-always-creates"):
        return _conditional_create(exchange, body)
    return _update_found(exchange, found[0], body)


def _refuse_many(exchange: Exchange, found: list[Version]) -> None:
    if len(found) > 1:
        exchange.refuse(f"{exchange.interaction}.many", f"{len(found)} resources meet the criteria")


def _update_found(exchange: Exchange, current: Version, body: Resource) -> Decision:
    if body.get("id") not in (None, current.id):
        exchange.object(
            "conditional-update.one-with-other-id",
            "the id in the body is not that of the resource found",
        )
    found = _checked(exchange, "update", current)
    return lambda: _replace(found, current.id, body, "conditional-update.one")


def _checked(exchange: Exchange, interaction: str, current: Version) -> Exchange:
    """The request as one on the resource that was found, after its If-Match: by criteria none is demanded."""
    found = exchange.as_interaction(interaction, current.id)
    if "if-match" in exchange.request.headers:
        check_if_match(found, current)
    exchange.late = found.late
    return found


def patch_resource(exchange: Exchange) -> Decision:
    """A resource changed as a patch document says, all of it or nothing (RFC 5789 section 2)."""
    current = existing(exchange)
    check_if_match(exchange, current)
    patched = patch.apply(exchange, current.resource or {})
    if not _is_resource(patched):
        raise Refusal("patch.impossible-change", "what the patch makes is no resource")
    if patched["resourceType"] != exchange.type:
        exchange.refuse("patch.resource-type", "a patch does not change the type of a resource")
    if patched.get("id") != exchange.id:
        exchange.refuse("patch.id", "a patch does not change the id of a resource")
    _check_content(
        exchange, patched, "patch.invalid-content", "the patched resource is not valid: "
    )
    return lambda: _replace(exchange, exchange.id, patched, "patch")


def conditional_patch(exchange: Exchange) -> Decision:
    """The one resource that meets the criteria patched; none or several are refused (R4 http.html#patch)."""
    found = _matches(exchange, exchange.request.criteria)
    _refuse_many(exchange, found)
    if not found:
        raise Refusal("conditional-patch.none", "no resource meets the criteria")
    one = exchange.as_interaction("patch", found[0].id)
    decision = patch_resource(one)
    exchange.late = one.late
    return decision


def _check_content(exchange: Exchange, body: Resource, rule: str, lead: str = "") -> None:
    found = problems(body, exchange.world.profile)
    if found:
        exchange.refuse(rule, lead + "; ".join(found))


def delete(exchange: Exchange) -> Decision:
    """A resource deleted; its versions stay in its history. Deleting twice is as good as once."""
    if not exchange.world.store.history(exchange.type, exchange.id):
        return Reply("delete", HTTPStatus.NO_CONTENT)
    current = exchange.world.store.current(exchange.type, exchange.id)
    if current is None:
        again = exchange.world.faults.on("every-delete-makes-a-version")
        return (
            (lambda: _delete(exchange, exchange.id))
            if again
            else Reply("delete", HTTPStatus.NO_CONTENT)
        )
    check_if_match(exchange, current)
    if exchange.world.faults.on("what-was-brought-back-stays") and _was_deleted(exchange):
        return Reply("delete", HTTPStatus.NO_CONTENT)
    return lambda: _delete(exchange, exchange.id)


def _was_deleted(exchange: Exchange) -> bool:
    past = exchange.world.store.history(exchange.type, exchange.id)
    return any(version.resource is None for version in past)


def conditional_delete(exchange: Exchange) -> Decision:
    """The one resource that meets the criteria deleted; none is fine, several are refused (R4 http.html#3.1.0.7.1)."""
    faults, store = exchange.world.faults, exchange.world.store
    if faults.on("conditional-delete-takes-all-of-the-type"):
        return lambda: _delete_all(exchange, store.all_current(exchange.type))
    found = _matches(exchange, exchange.request.criteria)
    _refuse_many(exchange, found)
    if faults.on("conditional-delete-does-nothing"):
        return Reply("delete", HTTPStatus.NO_CONTENT)
    if not found:
        exchange.object("conditional-delete.none", "no resource meets the criteria")
        return Reply("conditional-delete.none", HTTPStatus.NO_CONTENT)
    _checked(exchange, "delete", found[0])
    exchange.id = found[0].id
    return lambda: _delete(exchange, exchange.id)


def _delete_all(exchange: Exchange, versions: list[Version]) -> Reply:
    for version in versions:
        _delete(exchange, version.id)
    return Reply("delete", HTTPStatus.NO_CONTENT)


def _update_as_create(exchange: Exchange, body: Resource) -> Decision:
    _check_new_id(exchange)
    faults = exchange.world.faults
    if "if-match" in exchange.request.headers and not faults.on("version-of-nothing-accepted"):
        check_if_match(exchange, None)
    return lambda: _create(exchange, body, exchange.id, "update.as-create")


def _check_new_id(exchange: Exchange) -> None:
    """Whether a client may choose an id, and whether this one can be one."""
    if not is_id(exchange.id):
        raise Refusal(
            "update.body-id.mismatched",
            f"{exchange.id} is not an id: letters, digits, - and ., at most 64",
        )
    never = exchange.world.profile.offers("update-create") is False
    say_no = exchange.refuse if never else exchange.object
    say_no(
        "update.unknown-id",
        f"there is no {exchange.type}/{exchange.id}, and ids are given by the server",
    )


def _conditional_create(exchange: Exchange, body: Resource) -> Decision:
    if "id" not in body:
        return lambda: _create(exchange, body, exchange.world.new_id(), "conditional-update.none")
    if exchange.world.store.latest(exchange.type, body["id"]):
        exchange.refuse(
            "conditional-update.conflict",
            f"{exchange.type}/{body['id']} is there, but meets no criteria",
        )
    exchange.object(
        "conditional-update.none-with-id",
        "nothing meets the criteria, and ids are given by the server",
    )
    return lambda: _create(exchange, body, body["id"], "conditional-update.none-with-id")


def _already_there(exchange: Exchange, found: Version) -> Reply:
    dialect, base = exchange.world.dialect, exchange.request.base
    return dialect.success("create", HTTPStatus.OK, found, base, exchange.preference)


def _create(exchange: Exchange, body: Resource, id_: str, rule: str = "create") -> Reply:
    stored = _store(exchange.as_interaction("create"), id_, body)
    exchange.id = id_
    base, wish = exchange.request.base, exchange.preference
    return replace(
        exchange.world.dialect.success("create", HTTPStatus.CREATED, stored, base, wish),
        situation=rule,
    )


def _replace(exchange: Exchange, id_: str, body: Resource, rule: str) -> Reply:
    world, base = exchange.world, exchange.request.base
    before = world.store.latest(exchange.type, id_)
    stored = _store(exchange, id_, body)
    reply = world.dialect.success(
        exchange.interaction, HTTPStatus.OK, stored, base, exchange.preference
    )
    if before and world.faults.on("etag-of-the-previous-version"):
        reply = reply.with_header("ETag", f'W/"{before.version}"')
    return replace(reply, situation=rule)


def _delete(exchange: Exchange, id_: str) -> Reply:
    store = exchange.world.store
    history = store.history(exchange.type, id_)
    version = exchange.world.new_version(len(history))
    store.add(exchange.type, id_, version, store.time_after(history[-1]), "DELETE", None)
    return Reply("delete", HTTPStatus.NO_CONTENT, None, {"ETag": f'W/"{version}"'})


def _store(exchange: Exchange, id_: str, body: Resource) -> Version:
    """Write a new version. The server owns id, versionId and lastUpdated, and adds what its profile says it adds."""
    world = exchange.world
    history = tuple(world.store.history(exchange.type, id_))
    version, time = (
        world.new_version(len(history)),
        world.store.time_after(history[-1] if history else None),
    )
    resource = business.with_additions(exchange, stamped(body, id_, version, instant(time)))
    late = exchange.late is not None
    draft = world.faults.write(
        Draft(
            exchange.type, id_, version, time, exchange.interaction, body, resource, history, late
        )
    )
    content = (
        draft.type,
        draft.id,
        draft.version,
        draft.time,
        exchange.request.method,
        draft.resource,
    )
    return world.store.add(*content) if draft.kept else Version(*content, order=-1)


def stamped(body: Resource, id_: str, version: str, time: str) -> Resource:
    """A resource with an id, a versionId and a lastUpdated of the server's; the rest of its meta is the client's."""
    meta: dict[str, Json] = {**body.get("meta", {}), "versionId": version, "lastUpdated": time}
    rest = {key: value for key, value in body.items() if key not in ("resourceType", "id", "meta")}
    return {"resourceType": body["resourceType"], "id": id_, "meta": meta, **rest}


def _resource_in(exchange: Exchange) -> Resource:
    """The resource in a body. Raises Refusal when it cannot be read, is of another type, or is not valid."""
    interaction = "create" if exchange.interaction == "create" else "update"
    body = parsed(exchange.request.body)
    if body is None:
        raise Refusal(
            f"{interaction}.unparsable", "the body is not a JSON object with a resourceType"
        )
    if body["resourceType"] != exchange.type:
        exchange.refuse(
            f"{interaction}.body-type.mismatched",
            f"the body is a {body['resourceType']}, the address names {exchange.type}",
        )
    _check_content(exchange, body, f"{interaction}.invalid-content")
    return body


def parsed(content: bytes) -> Resource | None:
    """A resource in JSON, None when it is not one."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return body if _is_resource(body) else None


def _is_resource(body: Json) -> bool:
    """Whether a JSON value has what the server relies on in every resource."""
    return (
        isinstance(body, dict)
        and isinstance(body.get("resourceType"), str)
        and isinstance(body.get("meta", {}), dict)
    )


def _check_body_id(exchange: Exchange, body: Resource) -> None:
    if "id" not in body:
        exchange.object(
            "update.body-id.absent", "the body has no id: it must repeat the id of the address"
        )
    elif body["id"] != exchange.id:
        exchange.object(
            "update.body-id.mismatched",
            f"the id in the body is {body['id']}, in the address {exchange.id}",
        )


def _criteria_in(condition: str) -> tuple[tuple[str, str], ...]:
    """The criteria of an If-None-Exist: a query, bare or at the end of a URL (R4 http.html#ccreate)."""
    return tuple(parse_qsl(condition.rpartition("?")[2], keep_blank_values=True))


def _matches(exchange: Exchange, query: tuple[tuple[str, str], ...]) -> list[Version]:
    rule = f"{exchange.interaction}.criteria"
    is_lenient = exchange.world.faults.ignore(rule)
    criteria = query if is_lenient else conditions(query)
    if not criteria:
        exchange.refuse(rule, "name the resource by its id or by search criteria")
    return _found(exchange, criteria)


def _found(exchange: Exchange, criteria: tuple[tuple[str, str], ...]) -> list[Version]:
    """What meets the criteria of a conditional write, or only resembles what does, where a fault has it so."""
    faults, store = exchange.world.faults, exchange.world.store
    if faults.on("criteria-met-in-any-system"):
        criteria = tuple((name, value.rpartition("|")[2]) for name, value in criteria)
    found = find(store, exchange.type, criteria)
    if faults.on("criteria-met-by-a-longer-value"):
        longer = tuple((name, f"{value}0") for name, value in criteria)
        found += find(store, exchange.type, longer)
    return found
