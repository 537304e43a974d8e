"""A FHIR server of two processes behind a balancer: each node checks and writes under a lock of its own.

What one client sends goes to one node, and is guarded; two clients may be sent to both nodes, and then nothing guards.
Behind the nodes lies one store: an embedded server that keeps every promise, asked by each node first for the current
version, and then to write whatever comes. `python -m tests.two_nodes` serves until it is ended.
"""

import asyncio
import http.client
import itertools
import multiprocessing
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import load

#: What belongs to a connection, and is not passed on.
_OF_THE_CONNECTION = ("connection", "transfer-encoding", "content-length", "keep-alive")

_PROCESSES = multiprocessing.get_context("forkserver")


class Node(BaseHTTPRequestHandler):
    """One request at a node. The class of a node knows its store, and the locks of its own process."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    store = ("127.0.0.1", 0)
    locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def _answer(self) -> None:
        headers, body = self._headers(), self._body()
        if self.command == "PUT" and "If-Match" in self.headers:
            with self.locks[self.path]:
                self._pass_on(self._checked(headers), body)
        else:
            self._pass_on(headers, body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def _headers(self):
        """What was sent, but for what belongs to the connection."""
        return {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in _OF_THE_CONNECTION
        }

    def _body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _checked(self, headers):
        """The headers without If-Match where that names the current version: the check has been made here."""
        read = {name: headers[name] for name in ("Authorization", "Accept") if name in headers}
        current = self._asked("GET", read, b"")[1].get("ETag")
        if current is None or current != headers["If-Match"]:
            return headers
        return {name: value for name, value in headers.items() if name != "If-Match"}

    def _asked(self, method, headers, body):
        connection = http.client.HTTPConnection(*self.store, timeout=20)
        connection.request(method, self.path, body, headers)
        response = connection.getresponse()
        answer = response.status, response.headers, response.read()
        connection.close()
        return answer

    def _pass_on(self, headers, body) -> None:
        status, answered, content = self._asked(self.command, headers, body)
        self.send_response_only(status)
        for name, value in answered.items():
            if name.lower() not in _OF_THE_CONNECTION:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else content)

    def log_message(self, format, *args) -> None:
        """Nothing is written down."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def serve_node(store: tuple[str, int], ports) -> None:
    """Be a node, in a process of its own."""
    handler = type("NodeOfStore", (Node,), {"store": store})
    server = _Server(("127.0.0.1", 0), handler)
    ports.put(server.server_port)
    server.serve_forever()


class Balancer:
    """Passes connections on to the nodes: all of one client address to one node, or, not `sticky`, by turns."""

    def __init__(self, nodes: list[int], sticky: bool) -> None:
        self._turns = itertools.cycle(nodes)
        self._of_client: dict[str, int] = {}
        self._sticky, self._loop = sticky, asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def _node_for(self, client: str) -> int:
        if not self._sticky:
            return next(self._turns)
        if client not in self._of_client:
            self._of_client[client] = next(self._turns)
        return self._of_client[client]

    async def _pass_on(self, reader, writer) -> None:
        node = self._node_for(writer.get_extra_info("peername")[0])
        with suppress(asyncio.CancelledError):
            there = await asyncio.open_connection("127.0.0.1", node)
            await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))

    def stop(self) -> None:
        """Pass nothing on any more."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


async def _pump(reader, writer) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.close()


@contextmanager
def two_nodes(sticky: bool = True) -> Iterator[str]:
    """The address of such a server, for the length of a `with`."""
    ports = _PROCESSES.Queue()
    with EmbeddedServer(load("fhir-r4")) as store:
        url = urlsplit(store.base_url)
        nodes = [
            _PROCESSES.Process(
                target=serve_node, args=((url.hostname, url.port), ports), daemon=True
            )
            for _ in range(2)
        ]
        for node in nodes:
            node.start()
        balancer = Balancer([ports.get(timeout=60) for _ in nodes], sticky)
        try:
            yield f"http://127.0.0.1:{balancer.port}/fhir"
        finally:
            balancer.stop()
            for node in nodes:
                node.terminate()
                node.join()
