"""The reference server's HTTP side: a Starlette application that turns requests and replies into each other's terms."""

import asyncio
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from ifmatch.reference.exchange import World
from ifmatch.reference.handling import begin, carry_out, check, refused
from ifmatch.reference.message import Refusal, Reply, Request, http_date

#: Where the FHIR end-point lies.
BASE_PATH = "/fhir"

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

#: What a client may accept, in the Accept header or in `_format`, to be given JSON.
_JSON = ("json", "*/*", "application/*")


def application(world: World) -> Starlette:
    """The application that serves one world under `/fhir`."""

    async def serve(request: HttpRequest) -> Response:
        asked = await _understood(request)
        if asked is None:
            reply = refused(world, Refusal("update.not-an-end-point", f"the FHIR end-point is {BASE_PATH}"))
        elif not _takes_json(asked):
            reply = refused(world, Refusal("read.not-acceptable", "this server answers in JSON"))
        else:
            reply = await _answered(world, asked)
        return _encoded(world, reply)

    return Starlette(routes=[Route("/{path:path}", serve, methods=METHODS)])


async def _answered(world: World, asked: Request) -> Reply:
    """The answer to a request. Check and write happen in one go: nothing runs between them, for nothing is awaited.

    That is the server's whole guard against lost updates, so it is also the one place where a fault can open the gap.
    """
    exchange = begin(world, asked)
    decision = check(exchange)
    if world.faults.gap and not isinstance(decision, Reply):
        await asyncio.sleep(world.faults.gap)
    return carry_out(exchange, decision)


async def _understood(request: HttpRequest) -> Request | None:
    """A request in the server's own terms, None when it goes to an address outside the FHIR end-point."""
    path = request.url.path
    if path != BASE_PATH and not path.startswith(f"{BASE_PATH}/"):
        return None
    names = dict.fromkeys(request.headers.keys())
    return Request(
        method=request.method,
        path=tuple(segment for segment in path.removeprefix(BASE_PATH).split("/") if segment),
        base=f"{request.url.scheme}://{request.url.netloc}{BASE_PATH}",
        query=tuple(parse_qsl(request.url.query, keep_blank_values=True)),
        headers={name: tuple(request.headers.getlist(name)) for name in names},
        body=await request.body(),
    )


def _takes_json(asked: Request) -> bool:
    """Whether the client can be answered in JSON; `_format` goes before Accept (FHIR R4 http.html#parameters)."""
    wanted = dict(asked.query).get("_format") or asked.header("accept") or "*/*"
    return any(form in wanted.lower() for form in _JSON)


def _encoded(world: World, reply: Reply) -> Response:
    content, media_type = reply.encoded(world.profile.media_type)
    headers = {"Date": http_date(datetime.now(UTC)), **reply.headers}
    if media_type:
        headers.setdefault("Content-Type", media_type)
    return Response(content, reply.status, {name: value for name, value in headers.items() if value})
