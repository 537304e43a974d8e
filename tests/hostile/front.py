"""The front: a server on loopback that passes requests on to one that keeps every promise, until it misbehaves."""

import http.client
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import load

from .message import Asked, Reply


@dataclass
class Turn:
    """One request that a misbehaviour may deal with; what it returns says whether the connection is kept."""

    front: "Hostile"
    wire: socket.socket
    asked: Asked
    number: int

    def reply(self, asked: Asked | None = None) -> Reply:
        """What the well-behaved server answers."""
        return self.front.answer(asked or self.asked)

    def send(self, reply: Reply) -> bool:
        """Answer, and keep the connection."""
        self.wire.sendall(reply.encoded())
        return True


Misbehaviour = Callable[[Turn], bool]
MISBEHAVIOURS: dict[str, Misbehaviour] = {}


def misbehaviour(function: Misbehaviour) -> Misbehaviour:
    """Enter a misbehaviour under its name."""
    MISBEHAVIOURS[function.__name__.replace("_", "-")] = function
    return function


def altered(change: Callable[[Asked, Reply], Reply]) -> Misbehaviour:
    """A misbehaviour that only alters answers."""

    def turn(self: Turn) -> bool:
        return self.send(change(self.asked, self.reply()))

    turn.__name__, turn.__doc__ = change.__name__, change.__doc__
    return misbehaviour(turn)


@misbehaviour
def none(turn: Turn) -> bool:
    """Does nothing wrong."""
    return turn.send(turn.reply())


#: Headers that are not passed on to the server behind: what it compressed nobody could change.
_OF_THE_CONNECTION = (
    "host", "connection", "transfer-encoding", "content-length", "authorization", "accept-encoding",
)  # fmt: skip


#: Seconds: a connection to the server behind that was idle for longer is not used again (it closes them after five).
_IDLE = 3.0


class Hostile:
    """A server on loopback that behaves until `after` requests are answered. Speaks TLS when given a context.

    `faults` are those of the server behind. `seen` are the requests so far; `slow` is how many seconds each one takes.
    `memory` is for what a misbehaviour keeps in mind.
    """

    def __init__(
        self, name: str, after: int = 0, profile: str = "fhir-r4", port: int = 0, tls: ssl.SSLContext | None = None,
        faults: Iterable[str] = (),
    ) -> None:  # fmt: skip
        self.after, self._misbehave, self._tls = after, MISBEHAVIOURS[name], tls
        self._good = EmbeddedServer(load(profile), faults=faults)
        self._numbers = itertools.count(1)
        self.slow = 0.0
        self.seen: list[Asked] = []
        self.stopped = threading.Event()
        self.spoilt: set[socket.socket] = set()
        self.memory: dict = {}
        self.lock = threading.Lock()
        self._kept = threading.local()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=128)

    @property
    def base_url(self) -> str:
        """The address to test."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}/fhir"

    @property
    def left(self) -> list[str]:
        """The resources that are there now."""
        kinds = ("Patient", "Flag", "Task")
        bundles = (
            self.answer(Asked("GET", f"/fhir/{kind}?_count=1000", [], b"")).json for kind in kinds
        )
        return [
            f"{e['resource']['resourceType']}/{e['resource']['id']}"
            for b in bundles
            for e in b.get("entry", [])
        ]

    def start(self) -> "Hostile":
        """Begin to answer."""
        self._good.start()
        self._port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def stop(self) -> None:
        """Answer nobody any more."""
        self.stopped.set()
        self.listener.close()
        self._good.stop()

    def answer(self, asked: Asked) -> Reply:
        """What the well-behaved server says to a request, with this address in place of its own."""
        connection = self._connection()
        connection.putrequest(asked.method, asked.path, skip_accept_encoding=True)
        for name, value in asked.headers:
            if name.lower() not in _OF_THE_CONNECTION:
                connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(asked.body)))
        connection.endheaders(asked.body)
        answer = connection.getresponse()
        theirs, ours = self._good.base_url, self.base_url
        body = answer.read().replace(theirs.encode(), ours.encode())
        headers = [(name, value.replace(theirs, ours)) for name, value in answer.getheaders()]
        self._kept.used = time.monotonic()
        return Reply(answer.status, body, headers)

    def _connection(self) -> http.client.HTTPConnection:
        """This thread's connection to the server behind: a new one before that server gives an idle one up."""
        kept = self._kept
        if time.monotonic() - getattr(kept, "used", 0.0) > _IDLE:
            url = urlsplit(self._good.base_url)
            kept.connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
        kept.used = 0.0  # until there is an answer: one that broke off is not used again
        return kept.connection

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                wire, _ = self.listener.accept()
                wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(wire,), daemon=True).start()

    def _serve(self, wire: socket.socket) -> None:
        with suppress(OSError):
            wire = self._tls.wrap_socket(wire, server_side=True) if self._tls else wire
            with wire, wire.makefile("rb") as stream:
                while (asked := _read(stream)) and self._turn(wire, asked):
                    pass

    def _turn(self, wire: socket.socket, asked: Asked) -> bool:
        number = next(self._numbers)
        time.sleep(self.slow)
        self.seen.append(asked)
        return (self._misbehave if number > self.after else none)(Turn(self, wire, asked, number))


def _read(stream) -> Asked | None:
    head = stream.readline().decode("latin-1").split()
    if len(head) != 3 or not head[2].startswith(
        "HTTP/"
    ):  # such as the first words of TLS, which are random
        return None
    lines = iter(lambda: stream.readline().decode("latin-1").rstrip("\r\n"), "")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    length = next((int(v) for n, v in headers if n.lower() == "content-length"), 0)
    return Asked(head[0], head[1], headers, stream.read(length))


@contextmanager
def hostile(name: str, after: int = 0, **options) -> Iterator[Hostile]:
    """A misbehaving server for the length of a `with`."""
    server = Hostile(name, after, **options).start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def silent() -> Iterator[str]:
    """The address of a port that accepts connections and never says a word, not even TLS's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
