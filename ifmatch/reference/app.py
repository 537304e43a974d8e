"""The reference server's HTTP side: an ASGI application that turns requests and replies into each other's terms."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ifmatch.reference import tampers
from ifmatch.reference.cut_short import mended
from ifmatch.reference.exchange import Exchange, World
from ifmatch.reference.gap import Gap, Meanwhile
from ifmatch.reference.handling import begin, carry_out, check, door, prepare, refused, respond
from ifmatch.reference.message import Refusal, Reply, Request, http_date
from ifmatch.reference.preconditions import names_current
from ifmatch.reference.store import Key, Version
from ifmatch.reference.transaction import joined, steps_of

#: Where the FHIR end-point lies.
BASE_PATH = "/fhir"

#: Seconds between two entries then.
_BETWEEN_STEPS = 0.003

#: Seconds after a refusal at which a fault carries out what was refused.
_LATE = 0.3

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

#: What a client may accept, in the Accept header or in `_format`, to be given JSON.
_JSON = ("json", "*/*", "application/*")


def application(world: World) -> ASGIApp:
    """The application that serves one world under `/fhir`."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        response = await _response(world, HttpRequest(scope, receive, send))
        await response(scope, receive, send)

    return GZipMiddleware(serve, minimum_size=1)


async def _response(world: World, request: HttpRequest) -> Response:
    if request.method not in METHODS:
        allowed = {"Allow": ", ".join(METHODS)}
        return Response("Method Not Allowed", HTTPStatus.METHOD_NOT_ALLOWED, allowed, "text/plain")
    try:
        asked = await _understood(world, request)
    except ClientDisconnect:
        return Response()
    except Refusal as refusal:
        return _encoded(world, refused(world, refusal))
    reply = await _answered(world, asked, request.is_disconnected)
    return _encoded(world, _as_transferred(world, asked, reply))


#: What is said to a client that takes no JSON.
_NOT_ACCEPTABLE = Refusal("read.not-acceptable", "this server answers in JSON")


def _as_transferred(world: World, asked: Request, reply: Reply) -> Reply:
    """The reply as it is before it is compressed, where the client asks for that."""
    if not _takes_json(asked):
        return refused(world, _NOT_ACCEPTABLE)
    if asked.method == "HEAD" and world.faults.on("head-not-found"):
        return tampers.status(404)(reply)
    tamper = _of_transfer(world, asked)
    return tampers.rewritten("ETag", tamper)(reply) if tamper else reply


def _of_transfer(world: World, asked: Request) -> Callable[[str], str] | None:
    """What a fault makes of an ETag by how a body is asked for: its head alone, or compressed."""
    if asked.method == "HEAD" and world.faults.on("head-is-another-etag"):
        return tampers.hashed
    if world.faults.on("gzip-in-the-etag") and "gzip" in (asked.header("accept-encoding") or ""):
        return lambda etag: f'{etag[:-1]}-gzip"'
    return None


async def _answered(world: World, asked: Request, gone: Callable[[], Awaitable[bool]]) -> Reply:
    """The answer to a request. Check and write happen in one go: nothing runs between them, for nothing is awaited.

    That is the server's whole guard against lost updates, so it is also the one place where a fault can open the gap.
    """
    exchange = begin(world, asked)
    decision = check(exchange)
    if exchange.interaction == "transaction" and _is_done_in_steps(world):
        return await _answered_in_steps(world, asked)
    if exchange.late is not None and world.faults.on("refused-update-applied-late"):
        if not isinstance(decision, Reply):
            asyncio.get_running_loop().call_later(_LATE, decision)
        return refused(world, exchange.late)
    gap = None if isinstance(decision, Reply) else world.faults.gap(door(exchange))
    if gap is None:
        return carry_out(exchange, decision)
    async with _queued(world, gap, exchange.interaction):
        return await _answered_late(exchange, gap, gone)


def _is_done_in_steps(world: World) -> bool:
    """Whether a fault has transactions carried out entry by entry."""
    faults = world.faults
    return (
        faults.on("transactions-carried-out-entry-by-entry")
        or faults.on("transactions-undone-entry-by-entry")
        or faults.on("transactions-broken-off-with-500")
    )


async def _answered_in_steps(world: World, asked: Request) -> Reply:
    """A transaction carried out entry by entry, with other requests served in between: what is done stays done.

    Unless a fault has it undone afterwards, when others have seen it.
    """
    replies, store, written = list[Reply](), world.store, dict[Key, list[Version]]()
    for step in steps_of(asked):
        before = store.snapshot()
        reply = respond(world, step)
        if reply.status >= HTTPStatus.BAD_REQUEST:
            if world.faults.on("transactions-undone-entry-by-entry"):
                store.restore({**before, **written})
            breaks_off = world.faults.on("transactions-broken-off-with-500")
            return replace(reply, status=500) if breaks_off else reply
        changed = [key for key, now in store.snapshot().items() if now != before.get(key)]
        written = {key: before.get(key, []) for key in changed} | written
        replies.append(reply)
        await asyncio.sleep(_BETWEEN_STEPS)
    return joined(replies)


@asynccontextmanager
async def _queued(world: World, gap: Gap, kind: str) -> AsyncIterator[None]:
    """One's turn, where writes of one kind wait for each other."""
    if not gap.queue:
        yield
        return
    async with world.faults.traces.queues[kind]:
        yield


async def _answered_late(
    exchange: Exchange, gap: Gap, gone: Callable[[], Awaitable[bool]]
) -> Reply:
    """The answer to a write that pauses between its check and itself, as a fault has it."""
    world, key = exchange.world, (exchange.type, exchange.id)
    write, past = prepare(world, exchange.request), world.store.history(*key)
    with world.faults.traces.wait(key) as wait:
        await asyncio.sleep(gap.seconds)
        left = gap.lingers > 0 and await gone()
        await asyncio.sleep(gap.lingers if left else 0)

    def again() -> Reply:
        return prepare(world, exchange.request)()

    return gap.then(
        Meanwhile(world.store, key, past, write, again, world.faults.traces, wait.crowded, left)
    )


async def _understood(world: World, request: HttpRequest) -> Request:
    """A request in the server's own terms, with its body.

    Raises ClientDisconnect when the client goes away before all of the body is there, and Refusal when the request
    cannot be answered, whatever it asks for.
    """
    path = request.url.path
    if path != BASE_PATH and not path.startswith(f"{BASE_PATH}/"):
        raise Refusal("update.not-an-end-point", f"the FHIR end-point is {BASE_PATH}")
    asked = _head(request)
    if world.faults.on("if-match-checked-before-the-body") and names_current(world, asked):
        asked = asked.without("if-match")
    asked = replace(asked, body=await _body(world, request))
    if not _takes_json(asked) and not world.faults.on("written-before-it-is-not-acceptable"):
        raise _NOT_ACCEPTABLE
    return asked


def _head(request: HttpRequest) -> Request:
    """A request without its body."""
    url, lines = request.url, defaultdict[str, list[str]](list)
    for name, value in request.headers.items():
        lines[name].append(value)
    return Request(
        method=request.method,
        path=tuple(filter(None, url.path.removeprefix(BASE_PATH).split("/"))),
        base=f"{url.scheme}://{url.netloc}{BASE_PATH}",
        query=tuple(parse_qsl(url.query, keep_blank_values=True)),
        headers={name: tuple(several) for name, several in lines.items()},
    )


async def _body(world: World, request: HttpRequest) -> bytes:
    received = b""
    try:
        async for chunk in request.stream():
            received += chunk
        return received
    except ClientDisconnect:
        if world.faults.on("half-an-update-stored"):
            return mended(received)
        raise


def _takes_json(asked: Request) -> bool:
    """Whether the client can be answered in JSON; `_format` goes before Accept (FHIR R4 http.html#parameters)."""
    wanted = dict(asked.query).get("_format") or asked.header("accept") or "*/*"
    return any(form in wanted.lower() for form in _JSON)


def _encoded(world: World, reply: Reply) -> Response:
    content, media_type = reply.encoded(world.profile.media_type)
    headers = {"Date": http_date(datetime.now(UTC)), **reply.headers}
    if media_type:
        headers.setdefault("Content-Type", media_type)
    sent = {name: value for name, value in headers.items() if value}
    return Response(content, reply.status, sent)
