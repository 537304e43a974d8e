"""From request to reply: who may ask, what is asked, whether it may be done, and then the doing."""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from ifmatch.reference import trail
from ifmatch.reference.exchange import Decision, Exchange, World
from ifmatch.reference.message import Refusal, Reply, Request
from ifmatch.reference.routes import BY_METHOD, decide

#: The kind of token that lets its bearer read only; the other is "write".
_MAY_READ = "read"

#: The status by which a fault has a write answered, whatever became of it.
_STATUS_BY_EFFECT = {"failing": 500, "miscoded": 422}

#: The interactions whose If-Match names the version that they replace.
_NAMING = frozenset({"update", "patch", "delete"})


def begin(world: World, request: Request) -> Exchange:
    """A request at the beginning of its way."""
    effect = world.faults.effect(world.store, request)
    return Exchange(world, request, nested=prepare, effect=effect)


def check(exchange: Exchange) -> Decision:
    """Everything before the write. What comes back is a refusal, an answer, or the write that may be carried out."""
    try:
        is_update = exchange.request.method == "PUT"
        if is_update and exchange.world.faults.on("conflict-shown-without-credentials"):
            decide(exchange)  # which refuses a conflict before anybody asks who this is
        _authorize(exchange)
        decision = decide(exchange)
        if exchange.effect == "refused":
            raise Refusal("update.if-match.stale", "a fault has the server refuse this")
        return decision
    except Refusal as refusal:
        return exchange.world.dialect.refuse(refusal, exchange.type)


def carry_out(exchange: Exchange, decision: Decision) -> Reply:
    """The write, if there is one, and its answer as the faults leave it."""
    reply = decision if isinstance(decision, Reply) else decision()
    if exchange.late is not None:
        reply = exchange.world.dialect.refuse(exchange.late, exchange.type)
    trail.keep(exchange, done=reply.status < HTTPStatus.BAD_REQUEST)
    status = _STATUS_BY_EFFECT.get(exchange.effect, reply.status)
    return exchange.world.faults.tamper(replace(reply, status=status))


def refused(world: World, refusal: Refusal) -> Reply:
    """The answer to a request that was never looked into."""
    return world.faults.tamper(world.dialect.refuse(refusal))


def respond(world: World, request: Request) -> Reply:
    """A request answered without a pause between check and write."""
    return prepare(world, request)()


def prepare(world: World, request: Request) -> Callable[[], Reply]:
    """A request checked now, and carried out when it is called."""
    exchange = begin(world, request)
    decision = check(exchange)
    return lambda: carry_out(exchange, decision)


def door(exchange: Exchange) -> str:
    """Which way a checked write comes in.

    The name of its interaction, followed by `.unnamed` when it names no version, `.conditional` when it is a create
    with a condition, `.new` when it updates what never was, or `.revival` when it updates what was deleted.
    """
    manner = next((manner for manner, applies in _MANNERS if applies(exchange)), "")
    return f"{exchange.interaction}.{manner}" if manner else exchange.interaction


def _is_conditional(exchange: Exchange) -> bool:
    return exchange.interaction == "create" and "if-none-exist" in exchange.request.headers


def _is_new(exchange: Exchange) -> bool:
    return exchange.interaction == "update" and not exchange.world.store.history(
        exchange.type, exchange.id
    )


def _is_revival(exchange: Exchange) -> bool:
    return (
        exchange.interaction == "update"
        and exchange.world.store.current(exchange.type, exchange.id) is None
    )


def _names_no_version(exchange: Exchange) -> bool:
    return exchange.interaction in _NAMING and "if-match" not in exchange.request.headers


#: The manners in which a write may come, the first that applies.
_MANNERS: tuple[tuple[str, Callable[[Exchange], bool]], ...] = (
    ("conditional", _is_conditional),
    ("new", _is_new),
    ("revival", _is_revival),
    ("unnamed", _names_no_version),
)


def _authorize(exchange: Exchange) -> None:
    """Hold a request to its bearer token (RFC 6750); the capability statement is for everyone."""
    tokens, request = exchange.world.tokens, exchange.request
    if tokens is not None and request.path != ("metadata",):
        _check_scope(exchange, tokens.get(_bearer_token(request)), _wanted(request))


def _check_scope(exchange: Exchange, scope: str | None, interaction: str) -> None:
    if scope is None:
        exchange.refuse(
            f"{interaction}.unauthenticated", "a bearer token that this server knows is needed"
        )
    elif exchange.world.faults.on("conflict-shown-to-who-may-not-read"):
        _check_write_only(exchange, scope, interaction)
    elif scope == _MAY_READ and interaction != "read":
        exchange.refuse(f"{interaction}.forbidden", "this token may read, but not write")


def _check_write_only(exchange: Exchange, scope: str, interaction: str) -> None:
    """Rights for the fault that is about someone who may write but not read."""
    if scope == _MAY_READ and interaction == "read":
        exchange.refuse("read.forbidden", "this token may write, but not read")


def _bearer_token(request: Request) -> str:
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _wanted(request: Request) -> str:
    """What a request asks for, by its method alone but for a search by POST."""
    is_search = request.path[-1:] == ("_search",)
    return "read" if is_search else BY_METHOD.get(request.method, "read")
