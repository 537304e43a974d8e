"""What a server was asked and what it answered, in brief, for a person who explores it."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True)
class Access:
    """One request and its answer. Neither Authorization nor the query is in it, for both may hold a secret.

    `version` is the ETag of the answer; what is not there is empty.
    """

    method: str
    path: str
    if_match: str
    status: int
    version: str


def telling(app: ASGIApp, tell: Callable[[Access], None]) -> ASGIApp:
    """The same application, which tells of each request as its answer begins."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                tell(_access(scope, message))
            await send(message)

        await app(scope, receive, told)

    return serve


def _access(scope: Scope, answer: Message) -> Access:
    query = "?…" if scope.get("query_string") else ""
    return Access(
        method=scope["method"],
        path=scope["path"] + query,
        if_match=Headers(scope=scope).get("if-match", ""),
        status=answer["status"],
        version=Headers(raw=answer.get("headers", [])).get("etag", ""),
    )
