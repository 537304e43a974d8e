"""Transactions and batches: a Bundle of interactions at the base address (FHIR R4 http.html#transaction)."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qsl

from ifmatch.reference.exchange import Decision, Exchange
from ifmatch.reference.message import Json, Refusal, Reply, Request, Resource, bundle

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
    try:
        sent = json.loads(exchange.request.body)
    except ValueError:
        sent = None
    if (
        not isinstance(sent, dict)
        or sent.get("resourceType") != "Bundle"
        or sent.get("type") not in ("transaction", "batch")
    ):
        raise Refusal("update.unparsable", "the base address takes a Bundle of type transaction or batch")
    kind, entries = sent["type"], sent.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Refusal("update.unparsable", "the entries of a Bundle are a list of objects")
    if exchange.world.profile.offers(kind) is False:
        raise Refusal(f"{kind}.unsupported", f"this server does not take a {kind}")
    exchange.interaction = kind
    names = _references(exchange, entries) if kind == "transaction" else {}
    if exchange.world.faults.gap(kind):
        checked = [_checked(exchange, entry, names) for entry in entries]
        return lambda: _run(exchange, kind, entries, lambda index: checked[index]())
    return lambda: _run(exchange, kind, entries, lambda index: _checked(exchange, entries[index], names)())


def _run(exchange: Exchange, kind: str, entries: list[Resource], carry_out: Callable[[int], Reply]) -> Reply:
    whole, store = kind == "transaction", exchange.world.store
    before = store.snapshot()
    replies: dict[int, Reply] = {}
    for index in sorted(range(len(entries)), key=lambda i: _rank(entries[i])) if whole else range(len(entries)):
        replies[index] = carry_out(index)
        if whole and replies[index].status >= HTTPStatus.BAD_REQUEST:
            store.restore(before)
            return replies[index]
    answers = [_entry(replies[index]) for index in range(len(entries))]
    return Reply(kind, HTTPStatus.OK, bundle(f"{kind}-response", answers, {"self": exchange.request.base}))


def _rank(entry: Resource) -> int:
    method = _asked(entry).get("method")
    return _ORDER.index(method) if method in _ORDER else len(_ORDER)


def _asked(entry: Resource) -> Resource:
    request = entry.get("request")
    return request if isinstance(request, dict) else {}


def _references(exchange: Exchange, entries: list[Resource]) -> dict[str, str]:
    """For each fullUrl of an entry that creates, the address under which its resource will be: the id is drawn now."""
    return {
        entry["fullUrl"]: f"{_asked(entry).get('url', '')}/{exchange.world.new_id()}"
        for entry in entries
        if _asked(entry).get("method") == "POST" and isinstance(entry.get("fullUrl"), str)
    }


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
    headers: dict[str, tuple[str, ...]] = {
        header: (str(asked[element]),) for element, header in _HEADERS.items() if element in asked
    }
    if exchange.world.faults.on("if-match-in-bundles-ignored"):
        headers.pop("if-match", None)
    headers |= {name: exchange.request.headers[name] for name in _SHARED if name in exchange.request.headers}
    content_type, body = _body(entry.get("resource"), names)
    return Request(
        method=str(asked.get("method", "")),
        path=tuple(address.strip("/").split("/")) if address.strip("/") else (),
        base=exchange.request.base,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers={**headers, "content-type": (content_type,)},
        body=body,
    )


def _body(content: Json, names: dict[str, str]) -> tuple[str, bytes]:
    """The body that an entry stands for: its resource, or the patch that a Binary carries (R4 http.html#patch)."""
    if (
        isinstance(content, dict)
        and content.get("resourceType") == "Binary"
        and "patch" in str(content.get("contentType"))
    ):
        return str(content["contentType"]), _decoded(str(content.get("data")))
    return "application/fhir+json", b"" if content is None else json.dumps(_rewritten(content, names)).encode()


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
    if isinstance(node, dict):
        return {
            key: names.get(value, value) if key == "reference" and isinstance(value, str) else _rewritten(value, names)
            for key, value in node.items()
        }
    return node


def _entry(reply: Reply) -> Resource:
    response: Resource = {"status": f"{reply.status} {HTTPStatus(reply.status).phrase}"}
    for header, element in (("Location", "location"), ("ETag", "etag")):
        if header in reply.headers:
            response[element] = reply.headers[header]
    if isinstance(reply.body, dict) and reply.body["resourceType"] == "OperationOutcome":
        return {"response": {**response, "outcome": reply.body}}
    return {"resource": reply.body, "response": response} if reply.body is not None else {"response": response}
