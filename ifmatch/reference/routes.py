"""Which request asks for which interaction (FHIR R4 http.html): a table of methods and addresses."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from http import HTTPStatus
from urllib.parse import parse_qsl

from ifmatch.reference import reading, writing
from ifmatch.reference.capability import offers, statement
from ifmatch.reference.exchange import Decision, Exchange
from ifmatch.reference.message import Refusal, Reply
from ifmatch.reference.resource_types import RESOURCE_TYPES
from ifmatch.reference.transaction import transaction

JSON_TYPES = frozenset(
    {"application/fhir+json", "application/json+fhir", "application/json", "text/json"}
)


@dataclass(frozen=True)
class Route:
    """One interaction: its method, the shape of its address below the base, and who carries it out."""

    method: str
    shape: str
    interaction: str
    handle: Callable[[Exchange], Decision]

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The parts of its shape; none of the base itself."""
        return tuple(filter(None, self.shape.split("/")))


def _metadata(exchange: Exchange) -> Decision:
    return Reply("metadata", HTTPStatus.OK, statement(exchange.world, exchange.request.base))


def _search_by_post(exchange: Exchange) -> Decision:
    """The same as a search by GET, which is how its further pages are asked for."""
    form = tuple(
        parse_qsl(exchange.request.body.decode("utf-8", "replace"), keep_blank_values=True)
    )
    exchange.request = replace(
        exchange.request, path=(exchange.type,), query=(*exchange.request.query, *form)
    )
    return reading.search(exchange)


#: In a shape T stands for a type, I for an id, V for a version; the rest is literal.
ROUTES = (
    Route("GET", "metadata", "metadata", _metadata),
    Route("GET", "T/I", "read", reading.read),
    Route("GET", "T/I/_history/V", "vread", reading.vread),
    Route("GET", "T/I/_history", "history-instance", reading.history),
    Route("GET", "T/_history", "history-type", reading.history),
    Route("GET", "T", "search-type", reading.search),
    Route("POST", "T/_search", "search-type", _search_by_post),
    Route("POST", "T", "create", writing.create),
    Route("PUT", "T/I", "update", writing.update),
    Route("PUT", "T", "conditional-update", writing.conditional_update),
    Route("PATCH", "T/I", "patch", writing.patch_resource),
    Route("PATCH", "T", "conditional-patch", writing.conditional_patch),
    Route("DELETE", "T/I", "delete", writing.delete),
    Route("DELETE", "T", "conditional-delete", writing.conditional_delete),
    Route("POST", "", "transaction", transaction),
)

#: What a method asks for when the rest of the request is not looked at.
BY_METHOD = {
    "GET": "read",
    "HEAD": "read",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}

_LITERALS = frozenset({"metadata", "_history", "_search"})


def decide(exchange: Exchange) -> Decision:
    """Understand a request and check it. Raises Refusal; what is left to do is in the decision."""
    path = _address(exchange)
    exchange.interaction = BY_METHOD.get(exchange.request.method, "read")
    exchange.type, exchange.id, exchange.version = _named(path)
    routes = [route for route in ROUTES if _fits(route.segments, path)]
    if not routes:
        raise Refusal("read.not-an-end-point", f"there is nothing at {'/'.join(path)}")
    _check_type(exchange)
    route = _chosen(exchange, routes)
    _check_content_type(exchange, route)
    return route.handle(exchange)


def _address(exchange: Exchange) -> tuple[str, ...]:
    """The address of a request, below the base; that of a version is the resource's where a fault takes it so."""
    path, writes = exchange.request.path, exchange.request.method not in ("GET", "HEAD")
    is_lax = writes and exchange.world.faults.on("versions-can-be-written-to")
    return path[:2] if is_lax and path[2:3] == ("_history",) else path


def _check_type(exchange: Exchange) -> None:
    if exchange.type and exchange.type not in RESOURCE_TYPES[exchange.world.profile.fhir]:
        raise Refusal(
            f"{exchange.interaction}.unknown-type", f"there is no resource type {exchange.type}"
        )


def _chosen(exchange: Exchange, routes: list[Route]) -> Route:
    """The route of a request among those that its address has. Raises Refusal when the server does not offer it."""
    method = "GET" if exchange.request.method == "HEAD" else exchange.request.method
    for route in routes:
        if route.method == method:
            exchange.interaction = route.interaction
            if _offered(exchange, route.interaction):
                return route
    name = exchange.interaction
    raise Refusal(f"{name}.unsupported", f"this server does not support {name} here")


def _offered(exchange: Exchange, interaction: str) -> bool:
    profile = exchange.world.profile
    if interaction == "metadata":
        return True
    if interaction == "transaction":
        return offers(profile, "transaction") or offers(profile, "batch")
    return offers(profile, interaction)


def _check_content_type(exchange: Exchange, route: Route) -> None:
    if route.method not in ("POST", "PUT") or route.shape.endswith("_search"):
        return
    given = exchange.request.media_type
    interaction = BY_METHOD[route.method]
    if given and given not in JSON_TYPES:
        exchange.refuse(f"{interaction}.unsupported-format", f"this server takes JSON, not {given}")


def _fits(segments: tuple[str, ...], path: tuple[str, ...]) -> bool:
    return len(segments) == len(path) and all(map(_is_segment, segments, path))


def _is_segment(segment: str, given: str) -> bool:
    """Whether a part of an address is the word that a shape has there, or else a name of its own."""
    if segment in _LITERALS:
        return given == segment
    return given not in _LITERALS and not given.startswith("$")


def _named(path: tuple[str, ...]) -> tuple[str, str, str]:
    """The type, id and version that an address names, empty where it names none."""
    named = [segment for segment in path if segment not in _LITERALS]
    return (*named, "", "", "")[:3]  # type: ignore[return-value]
