"""Transactions and batches: a Bundle of interactions at the base address (FHIR R4 http.html#transaction)."""

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qsl

from ifmatch.reference.exchange import Decision, Exchange
from ifmatch.reference.message import (
    Json,
    Refusal,
    Reply,
    Request,
    Resource,
    bundle,
    parts_of,
)
from ifmatch.reference.search import find

_TRANSACTION = "transaction"

#: The types of Bundle that are carried out.
_BUNDLES = (("Bundle", _TRANSACTION), ("Bundle", "batch"))

#: The order in which a transaction's entries are processed, whatever their order in the Bundle.
_ORDER = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")

#: The request elements of an entry that stand for headers.
_HEADERS = {
    "ifMatch": "if-match",
    "ifNoneMatch": "if-none-match",
    "ifNoneExist": "if-none-exist",
    "ifModifiedSince": "if-modified-since",
}

#: The headers of the Bundle's own request that hold for its entries too.
_SHARED = ("authorization", "prefer")


def transaction(exchange: Exchange) -> Decision:
    """Carry out a Bundle: a transaction as a whole or not at all, a batch entry by entry."""
    kind, entries = _bundle_in(exchange.request.body)
    if exchange.world.profile.offers(kind) is False:
        raise Refusal(f"{kind}.unsupported", f"this server does not take a {kind}")
    exchange.interaction = kind
    entries = _understood(exchange, entries)
    names = _as_a_whole(exchange, entries) if kind == _TRANSACTION else {}
    carry_out = _doer(exchange, entries, names)
    return lambda: _run(exchange, kind, entries, carry_out)


def _understood(exchange: Exchange, entries: list[Resource]) -> list[Resource]:
    """The entries that are looked at: all of them, unless a fault passes over what is incomplete."""
    if exchange.world.faults.on("incomplete-entries-passed-over"):
        return [entry for entry in entries if _is_complete(entry)]
    return entries


def _as_a_whole(exchange: Exchange, entries: list[Resource]) -> dict[str, str]:
    """What each reference in a transaction comes to, once it can be carried out as one."""
    if not entries and exchange.world.faults.refuse("transaction.empty"):
        raise Refusal("transaction.empty", "there is nothing to do")
    _check_overlap(exchange, entries)
    return _names(exchange, entries)


def _check_overlap(exchange: Exchange, entries: list[Resource]) -> None:
    """Refuse a transaction that writes to one resource twice (R4 http.html#trules)."""
    written = [_asked(entry).get("url") for entry in entries if _writes_to_one(entry)]
    if len(set(written)) < len(written):
        exchange.refuse(
            "transaction.one-resource-twice", "an entry writes to what another writes to"
        )


def _is_complete(entry: Resource) -> bool:
    """Whether an entry says what is to be done, and has what is to be written."""
    method = _asked(entry).get("method")
    return method is not None and (method != "PUT" or "resource" in entry)


def _writes_to_one(entry: Resource) -> bool:
    """Whether an entry writes to a resource that its address names."""
    asked = _asked(entry)
    return asked.get("method") in ("PUT", "PATCH", "DELETE") and "?" not in str(asked.get("url"))


def steps_of(request: Request) -> list[Request]:
    """Each entry of a Bundle as a Bundle of its own."""
    sent = _object_in(request.body)
    entries = sent.get("entry", [])
    return [
        replace(request, body=json.dumps({**sent, "entry": [entry]}).encode()) for entry in entries
    ]


def joined(replies: Sequence[Reply]) -> Reply:
    """The answers to such Bundles as one."""
    bodies = [reply.body for reply in replies if isinstance(reply.body, dict)]
    entries = [entry for body in bodies for entry in body.get("entry", [])]
    return replace(replies[0], body={**bodies[0], "entry": entries})


def _doer(
    exchange: Exchange, entries: list[Resource], names: dict[str, str]
) -> Callable[[int], Reply]:
    """What checks and carries out the entry at a place. Where a fault opens a gap, all are checked beforehand."""
    if not exchange.world.faults.gap(exchange.interaction):
        return lambda place: _checked(exchange, entries[place], names)()
    checked = [_checked(exchange, entry, names) for entry in entries]
    return lambda place: checked[place]()


def _bundle_in(body: bytes) -> tuple[str, list[Resource]]:
    """The kind and the entries of a Bundle. Raises Refusal when the body is none that can be carried out."""
    sent = _object_in(body)
    if (sent.get("resourceType"), sent.get("type")) not in _BUNDLES:
        raise Refusal(
            "update.unparsable", "the base address takes a Bundle of type transaction or batch"
        )
    entries = sent.get("entry", [])
    if not _are_objects(entries):
        raise Refusal("update.unparsable", "the entries of a Bundle are a list of objects")
    return sent["type"], entries


def _object_in(body: bytes) -> Resource:
    """The JSON object in a body, an empty one when there is none."""
    try:
        sent = json.loads(body)
    except ValueError:
        return {}
    return sent if isinstance(sent, dict) else {}


def _are_objects(entries: Json) -> bool:
    return isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)


def _run(
    exchange: Exchange, kind: str, entries: list[Resource], carry_out: Callable[[int], Reply]
) -> Reply:
    store, replies = exchange.world.store, dict[int, Reply]()
    before = store.snapshot()
    for index in _sequence(exchange, kind, entries):
        replies[index] = reply = carry_out(index)
        if kind == _TRANSACTION and reply.status >= HTTPStatus.BAD_REQUEST:
            if not exchange.world.faults.on("transaction-keeps-what-went-before"):
                store.restore(before)
            return _failed(exchange, reply, len(entries))
    if exchange.world.faults.on("transaction-answered-as-it-is-carried-out"):
        return _response_bundle(exchange, kind, list(replies.values()))
    return _response_bundle(exchange, kind, [replies[index] for index in range(len(entries))])


def _failed(exchange: Exchange, reply: Reply, count: int) -> Reply:
    """The answer to a transaction of so many entries that fails: the one to the entry that it fails for."""
    if exchange.world.faults.on("failed-transaction-answered-200"):
        return _response_bundle(exchange, _TRANSACTION, [reply] * count)
    return reply


def _response_bundle(exchange: Exchange, kind: str, replies: Sequence[Reply]) -> Reply:
    """What became of each entry, in their order."""
    answers = [_entry(reply) for reply in replies]
    links = {"self": exchange.request.base}
    return Reply(kind, HTTPStatus.OK, bundle(f"{kind}-response", answers, links))


def _sequence(exchange: Exchange, kind: str, entries: list[Resource]) -> list[int]:
    """The places of the entries in the order in which they are carried out: a batch is taken as it comes."""
    places = list(range(len(entries)))
    if exchange.world.faults.on("transaction-in-the-order-of-its-entries"):
        return places
    return (
        sorted(places, key=lambda place: _rank(entries[place])) if kind == _TRANSACTION else places
    )


def _rank(entry: Resource) -> int:
    method = _asked(entry).get("method")
    return _ORDER.index(method) if method in _ORDER else len(_ORDER)


def _asked(entry: Resource) -> Resource:
    request = entry.get("request")
    return request if isinstance(request, dict) else {}


def _names(exchange: Exchange, entries: list[Resource]) -> dict[str, str]:
    """What each reference of an entry to another one, or by criteria, comes to."""
    return {**_references(exchange, entries), **_found_by_criteria(exchange, entries)}


def _found_by_criteria(exchange: Exchange, entries: list[Resource]) -> dict[str, str]:
    """The address of what each conditional reference finds (R4 http.html#trules). Raises Refusal unless it is one."""
    found = {}
    for reference in _texts_of(entries, "reference"):
        resource_type, is_conditional, criteria = reference.partition("?")
        if is_conditional:
            matches = find(exchange.world.store, resource_type, parse_qsl(criteria))
            if len(matches) != 1:
                exchange.refuse("transaction.reference", f"{reference} finds {len(matches)}")
            found[reference] = f"{resource_type}/{matches[0].id}" if matches else reference
    return found


def _texts_of(node: Json, name: str) -> Iterator[str]:
    """Every text of an element with this name, at any depth."""
    if isinstance(node, dict) and isinstance(node.get(name), str):
        yield node[name]
    for part in parts_of(node):
        yield from _texts_of(part, name)


def _references(exchange: Exchange, entries: list[Resource]) -> dict[str, str]:
    """For each fullUrl of an entry that creates, the address under which its resource will be: the id is drawn now."""
    if exchange.world.faults.on("references-left-as-they-are"):
        return {}
    return {
        entry["fullUrl"]: f"{_asked(entry).get('url', '')}/{exchange.world.new_id()}"
        for entry in entries
        if _can_be_referred_to(entry)
    }


def _can_be_referred_to(entry: Resource) -> bool:
    """Whether an entry creates a resource and has a name by which others refer to it."""
    return _asked(entry).get("method") == "POST" and isinstance(entry.get("fullUrl"), str)


def _checked(exchange: Exchange, entry: Resource, names: dict[str, str]) -> Callable[[], Reply]:
    """An entry after its check, to be carried out when it is called."""
    world = exchange.world
    if _asked(entry).get("method") == "POST" and entry.get("fullUrl") in names:
        drawn = names[entry["fullUrl"]].rpartition("/")[2]
        world = replace(world, new_id=lambda: drawn)
    return exchange.nested(world, _request(exchange, entry, names))


def _request(exchange: Exchange, entry: Resource, names: dict[str, str]) -> Request:
    """An entry as the request that it stands for."""
    asked = _asked(entry)
    address, _, query = str(asked.get("url", "")).removeprefix(exchange.request.base).partition("?")
    path = address.strip("/")
    content_type, body = _body(entry.get("resource"), names)
    request = Request(
        method=str(asked.get("method", "")),
        path=tuple(path.split("/")) if path else (),
        base=exchange.request.base,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers={**_headers(exchange, asked), "content-type": (content_type,)},
        body=body,
        within=exchange.interaction,
    )
    return (
        request.without("if-match")
        if exchange.world.faults.on("if-match-in-bundles-ignored")
        else request
    )


def _headers(exchange: Exchange, asked: Resource) -> dict[str, tuple[str, ...]]:
    """The headers that an entry stands for, and those of the Bundle's own request that hold for it too."""
    own = {
        header: (str(asked[element]),) for element, header in _HEADERS.items() if element in asked
    }
    return own | _shared_headers(exchange)


def _shared_headers(exchange: Exchange) -> dict[str, tuple[str, ...]]:
    """The headers of the Bundle's own request that hold for each entry."""
    given = exchange.request.headers
    if exchange.world.faults.on("transaction-shows-everything"):
        given = {**given, "prefer": ("return=representation",)}
    return {name: given[name] for name in _SHARED if name in given}


def _body(content: Json, names: dict[str, str]) -> tuple[str, bytes]:
    """The body that an entry stands for: its resource, or the patch that a Binary carries (R4 http.html#patch)."""
    if _is_patch(content):
        return str(content["contentType"]), _decoded(str(content.get("data")))
    return "application/fhir+json", b"" if content is None else json.dumps(
        _rewritten(content, names)
    ).encode()


def _is_patch(content: Json) -> bool:
    is_binary = isinstance(content, dict) and content.get("resourceType") == "Binary"
    return is_binary and "patch" in str(content.get("contentType"))


def _decoded(data: str) -> bytes:
    """What base64 stands for; nothing when it is not base64, which is then refused as no patch."""
    try:
        return base64.b64decode(data, validate=True)
    except ValueError:
        return b""


def _rewritten(node: Json, names: dict[str, str]) -> Json:
    """A resource whose references to other entries name the addresses that those will have."""
    if isinstance(node, list):
        return [_rewritten(item, names) for item in node]
    return _rewritten_object(node, names) if isinstance(node, dict) else node


def _rewritten_object(node: Resource, names: dict[str, str]) -> Resource:
    rewritten = {key: _rewritten(value, names) for key, value in node.items()}
    reference = node.get("reference")
    if isinstance(reference, str):
        rewritten["reference"] = names.get(reference, reference)
    return rewritten


def _entry(reply: Reply) -> Resource:
    """What a Bundle says of one reply: an OperationOutcome stands within the response, a resource beside it."""
    if reply.body is None:
        return {"response": _response(reply)}
    if isinstance(reply.body, dict) and reply.body["resourceType"] == "OperationOutcome":
        return {"response": {**_response(reply), "outcome": reply.body}}
    return {"resource": reply.body, "response": _response(reply)}


def _response(reply: Reply) -> Resource:
    named = {
        header.lower(): reply.headers[header]
        for header in ("Location", "ETag")
        if reply.headers.get(header)
    }
    return {"status": f"{reply.status} {HTTPStatus(reply.status).phrase}", **named}
