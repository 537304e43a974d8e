"""A gateway before a real server: whoever shows no token that it believes comes no further."""

import socket
import threading
from contextlib import contextmanager

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

#: What a gateway keeps to itself, both ways.
_OWN = frozenset(
    {b"connection", b"authorization", b"content-length", b"transfer-encoding", b"keep-alive"}
)

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


@contextmanager
def gateway(base_url, believed, token_url):
    """The base URL of the server as seen from outside; its smart-configuration says where tokens are issued."""
    client = httpx.AsyncClient(timeout=60)

    async def configuration(_):
        return JSONResponse({"token_endpoint": token_url})

    async def forward(request: Request):
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        path = request.path_params.get("path", "")
        if believed.get(token) is None and path != "metadata":
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        answer = await client.request(
            request.method,
            f"{base_url}/{path}" if path else base_url,
            params=request.url.query.encode(),
            content=await request.body(),
            headers=_passed_on(request.headers.raw),
        )
        told = Response(answer.content, answer.status_code)
        told.raw_headers = [*_passed_on(answer.headers.raw), *told.raw_headers]
        return told

    routes = [
        Route("/fhir/.well-known/smart-configuration", configuration),
        Route("/fhir/{path:path}", forward, methods=_METHODS),
        Route("/fhir", forward, methods=_METHODS),
    ]
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        Starlette(routes=routes), log_config=None, access_log=False, date_header=False, server_header=False
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/fhir"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def _passed_on(headers):
    """The headers, byte by byte, without those that are between two neighbours; a body is decoded on its way."""
    left_out = {*_OWN, b"content-encoding", b"accept-encoding"}
    return [(name, value) for name, value in headers if name.lower() not in left_out]
