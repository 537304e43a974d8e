"""From request to reply: who may ask, what is asked, whether it may be done, and then the doing."""

from ifmatch.reference.exchange import Decision, Exchange, World
from ifmatch.reference.message import Refusal, Reply, Request
from ifmatch.reference.routes import BY_METHOD, decide

#: The kind of token that lets its bearer read only; the other is "write".
_MAY_READ = "read"


def begin(world: World, request: Request) -> Exchange:
    """A request at the beginning of its way."""
    return Exchange(world, request, nested=respond)


def check(exchange: Exchange) -> Decision:
    """Everything before the write. What comes back is a refusal, an answer, or the write that may be carried out."""
    try:
        _authorize(exchange)
        return decide(exchange)
    except Refusal as refusal:
        return exchange.world.dialect.refuse(refusal, exchange.type)


def carry_out(exchange: Exchange, decision: Decision) -> Reply:
    """The write, if there is one, and its answer as the faults leave it."""
    reply = decision if isinstance(decision, Reply) else decision()
    if exchange.late is not None:
        reply = exchange.world.dialect.refuse(exchange.late, exchange.type)
    return exchange.world.faults.tamper(reply)


def refused(world: World, refusal: Refusal) -> Reply:
    """The answer to a request that was never looked into."""
    return world.faults.tamper(world.dialect.refuse(refusal))


def respond(world: World, request: Request) -> Reply:
    """A request answered without a pause between check and write."""
    exchange = begin(world, request)
    return carry_out(exchange, check(exchange))


def _authorize(exchange: Exchange) -> None:
    """Hold a request to its bearer token (RFC 6750); the capability statement is for everyone."""
    tokens, request = exchange.world.tokens, exchange.request
    if tokens is None or request.path == ("metadata",):
        return
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    scope = tokens.get(token.strip()) if scheme.lower() == "bearer" else None
    interaction = "read" if request.path[-1:] == ("_search",) else BY_METHOD.get(request.method, "read")
    if scope is None:
        exchange.refuse(f"{interaction}.unauthenticated", "a bearer token that this server knows is needed")
    elif scope == _MAY_READ and interaction != "read":
        exchange.refuse(f"{interaction}.forbidden", "this token may read, but not write")
