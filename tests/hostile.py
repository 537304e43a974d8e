"""Servers that misbehave, each in one way: a front on loopback before a server that keeps every promise.

    with hostile("hang", after=20) as server: ... server.base_url ...
    python tests/hostile.py hang --after 20          prints the address, for trying it by hand

The first `after` requests are answered as they should be; from then on the misbehaviour shows.
"""

import argparse
import base64
import gzip
import http.client
import itertools
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlsplit

from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import load

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    method: str
    path: str
    headers: Headers
    body: bytes

    @property
    def is_statement(self) -> bool:
        """Whether it asks for the capability statement."""
        return self.path.split("?")[0].endswith("/metadata")

    def header(self, name: str) -> str:
        """A header's value, empty when there is none."""
        return next((v for n, v in self.headers if n.lower() == name), "")


@dataclass(frozen=True)
class Reply:
    """An answer before it is put on the wire."""

    status: int = 200
    body: bytes = b""
    headers: Headers = field(default_factory=list)

    def but(self, **headers: str | None) -> "Reply":
        """The reply with headers replaced (`content_type="text/html"`), or left out when None."""
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        kept = [(n, v) for n, v in self.headers if n.title() not in named]
        return replace(self, headers=[*kept, *((n, v) for n, v in named.items() if v is not None)])

    def holding(self, content: object) -> "Reply":
        """The reply with another JSON body."""
        return replace(self, body=json.dumps(content).encode())

    @property
    def json(self) -> dict:
        """The body as JSON; empty when it is none."""
        with suppress(ValueError):
            return json.loads(self.body)
        return {}

    def encoded(self, version: str = "1.1", length: bool = True) -> bytes:
        """The reply as bytes, with a Content-Length unless told otherwise."""
        head = [f"HTTP/{version} {self.status} {http.client.responses.get(self.status, '')}"]
        head += [f"{n}: {v}" for n, v in self.headers if n.lower() not in ("content-length", "transfer-encoding")]
        head += [f"Content-Length: {len(self.body)}"] if length and self.status not in (204, 304) else []
        return "\r\n".join([*head, "", ""]).encode() + self.body


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


# ---------------------------------------------------------------- on the wire


@misbehaviour
def none(turn: Turn) -> bool:
    """Does nothing wrong."""
    return turn.send(turn.reply())


@misbehaviour
def hang(turn: Turn) -> bool:
    """Takes the request and never answers."""
    turn.front.stopped.wait()
    return False


@misbehaviour
def hang_once(turn: Turn) -> bool:
    """Never answers one single request."""
    return hang(turn) if turn.number == turn.front.after + 1 else none(turn)


@misbehaviour
def reset(turn: Turn) -> bool:
    """Resets the connection instead of answering."""
    turn.wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


@misbehaviour
def dies(turn: Turn) -> bool:
    """Is gone: the connection breaks, and nobody listens any more."""
    turn.front.listener.close()
    return reset(turn)


@misbehaviour
def half(turn: Turn) -> bool:
    """Breaks off in the middle of a body."""
    whole = turn.reply().encoded()
    turn.wire.sendall(whole[: whole.index(b"\r\n\r\n") + 4 + len(whole.partition(b"\r\n\r\n")[2]) // 2])
    return False


@misbehaviour
def half_once(turn: Turn) -> bool:
    """Breaks off in the middle of a body, once, after a write."""
    if turn.front.spoilt or turn.asked.method != "POST":
        return none(turn)
    turn.front.spoilt.add(turn.wire)
    return half(turn)


@misbehaviour
def drips(turn: Turn) -> bool:
    """Sends a byte every tenth of a second, the status line included."""
    for byte in turn.reply().encoded():
        turn.wire.sendall(bytes([byte]))
        if turn.front.stopped.wait(0.1):
            break
    return False


@misbehaviour
def drips_body(turn: Turn) -> bool:
    """Sends the head at once and the body a byte every tenth of a second."""
    head, _, body = turn.reply().encoded().partition(b"\r\n\r\n")
    turn.wire.sendall(head + b"\r\n\r\n")
    for byte in body:
        turn.wire.sendall(bytes([byte]))
        if turn.front.stopped.wait(0.1):
            break
    return False


@misbehaviour
def http10(turn: Turn) -> bool:
    """Speaks HTTP/1.0: no length, the end of the connection ends the body."""
    turn.wire.sendall(turn.reply().encoded(version="1.0", length=False))
    return False


@misbehaviour
def chunked(turn: Turn) -> bool:
    """Sends bodies in chunks of seven bytes."""
    reply = turn.reply()
    if not reply.body:
        return turn.send(reply)
    head = replace(reply.but(transfer_encoding="chunked"), body=b"").encoded(length=False)
    head = head.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    parts = [reply.body[i : i + 7] for i in range(0, len(reply.body), 7)]
    turn.wire.sendall(head + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in [*parts, b""]))
    return True


@misbehaviour
def closes(turn: Turn) -> bool:
    """Ends the connection after each answer, and says so."""
    turn.send(turn.reply().but(connection="close"))
    return False


@misbehaviour
def drops(turn: Turn) -> bool:
    """Ends the connection after each answer without saying so."""
    turn.send(turn.reply())
    return False


@misbehaviour
def drops_after_refusal(turn: Turn) -> bool:
    """Breaks a connection on which it has refused something, when the next request comes."""
    if turn.wire in turn.front.spoilt:
        return reset(turn)
    reply = turn.reply()
    if reply.status >= 400:
        turn.front.spoilt.add(turn.wire)
    return turn.send(reply)


@misbehaviour
def garbage(turn: Turn) -> bool:
    """Answers with something that is not HTTP."""
    turn.wire.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")
    return False


@misbehaviour
def huge(turn: Turn) -> bool:
    """Answers ten megabytes."""
    return turn.send(Reply(200, b'{"resourceType":"Bundle","x":"' + b"x" * 10_000_000 + b'"}'))


# ---------------------------------------------------------------- in what is said


@altered
def html(asked: Asked, reply: Reply) -> Reply:
    """Answers 200 with a web page to everything."""
    return Reply(200, b"<!DOCTYPE html><html><body>Welcome</body></html>", [("Content-Type", "text/html")])


@altered
def yes(asked: Asked, reply: Reply) -> Reply:
    """Answers 200 with an empty object to everything."""
    return Reply(200, b"{}", [("Content-Type", "application/json")])


@altered
def redirects(asked: Asked, reply: Reply) -> Reply:
    """Sends everybody elsewhere, secrets included."""
    return Reply(302, headers=[("Location", f"https://elsewhere.example{asked.path}?token={secret_of(asked)}")])


@altered
def unauthorized(asked: Asked, reply: Reply) -> Reply:
    """Asks for a token and accepts none."""
    return Reply(401, headers=[("WWW-Authenticate", 'Bearer realm="fhir"')])


@altered
def unavailable(asked: Asked, reply: Reply) -> Reply:
    """Answers 503 to everything, without saying how long."""
    return Reply(503, b"Service Unavailable", [("Content-Type", "text/plain")])


@altered
def always_busy(asked: Asked, reply: Reply) -> Reply:
    """Answers 429 for ever."""
    return Reply(429, headers=[("Retry-After", "1")])


@misbehaviour
def busy(turn: Turn) -> bool:
    """Puts off one request by three seconds."""
    due = turn.number == turn.front.after + 1
    return turn.send(Reply(429, headers=[("Retry-After", "3")]) if due else turn.reply())


@altered
def no_statement(asked: Asked, reply: Reply) -> Reply:
    """Has no capability statement."""
    return Reply(404) if asked.is_statement else reply


@altered
def broken_statement(asked: Asked, reply: Reply) -> Reply:
    """Has a capability statement of the wrong shape everywhere."""
    broken = {
        "resourceType": "CapabilityStatement",
        "fhirVersion": 4,
        "software": [],
        "rest": [{"resource": "Patient"}, 7],
    }
    return reply.holding({**broken, "patchFormat": "json"}) if asked.is_statement else reply


@altered
def other_version(asked: Asked, reply: Reply) -> Reply:
    """States to be FHIR 3.0.2."""
    return reply.holding({**reply.json, "fhirVersion": "3.0.2"}) if asked.is_statement else reply


@altered
def no_etag(asked: Asked, reply: Reply) -> Reply:
    """Gives no ETag."""
    return reply.but(etag=None)


@altered
def other_etag(asked: Asked, reply: Reply) -> Reply:
    """Gives an ETag that has nothing to do with the version."""
    return reply.but(etag='W/"abc"') if any(n.lower() == "etag" for n, _ in reply.headers) else reply


@altered
def no_meta(asked: Asked, reply: Reply) -> Reply:
    """Shows no meta in any resource."""
    return reply.holding({k: v for k, v in reply.json.items() if k != "meta"}) if "meta" in reply.json else reply


@altered
def odd_shapes(asked: Asked, reply: Reply) -> Reply:
    """Sends members of the wrong type: meta is a list, identifier a number, entry a text."""
    odd = {"meta": [1], "identifier": 5, "entry": "none", "issue": {}}
    return (
        reply.holding({k: odd.get(k, v) for k, v in reply.json.items()})
        if reply.json and not asked.is_statement
        else reply
    )


@misbehaviour
def strips_tags(turn: Turn) -> bool:
    """Stores no tags."""
    body = turn.asked.body
    with suppress(ValueError, AttributeError):
        resource = json.loads(body)
        resource.get("meta", {}).pop("tag", None)
        body = json.dumps(resource).encode()
    return turn.send(turn.reply(replace(turn.asked, body=body)))


@misbehaviour
def keeps(turn: Turn) -> bool:
    """Refuses every delete."""
    return turn.send(Reply(405) if turn.asked.method == "DELETE" else turn.reply())


@altered
def talkative_delete(asked: Asked, reply: Reply) -> Reply:
    """Answers a delete with 200 and a body."""
    said = {"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "deleted"}]}
    return Reply(200).holding(said) if asked.method == "DELETE" and reply.status < 300 else reply


@misbehaviour
def ignores_search(turn: Turn) -> bool:
    """Ignores what it is asked to search by, and lists everything."""
    ignored = replace(turn.asked, path=turn.asked.path.split("?")[0]) if turn.asked.method == "GET" else turn.asked
    return turn.send(turn.reply(ignored))


@altered
def compresses(asked: Asked, reply: Reply) -> Reply:
    """Compresses bodies though nobody asked for it."""
    return replace(reply.but(content_encoding="gzip"), body=gzip.compress(reply.body)) if reply.body else reply


@altered
def echoes(asked: Asked, reply: Reply) -> Reply:
    """Tells the client's secrets to everybody, in headers and bodies, in many spellings, with cookies on top."""
    secret, told = secret_of(asked), reply.json
    spellings = [
        secret,
        quote(secret, safe=""),
        quote(secret),
        json.dumps(secret)[1:-1],
        escaped(secret),
        asked.header("authorization"),
    ]
    spellings += [encode(secret.encode()).decode() for encode in (base64.b64encode, base64.urlsafe_b64encode)]
    if told.get("resourceType") == "OperationOutcome" or asked.is_statement:
        told = {
            **told,
            "text": {"status": "generated", "div": f"<div>you sent {spellings}</div>"},
            "software": {"name": f"echo {secret}"},
        }
        reply = reply.holding(told)
    headers = [(f"X-Echo-{number}", text) for number, text in enumerate(spellings)]
    cookies = [("Set-Cookie", "JSESSIONID=cookie-of-the-server; Path=/"), ("Set-Cookie", f"token={secret}")]
    seen = [("X-Cookie", asked.header("cookie"))] if asked.header("cookie") else []
    return replace(reply, headers=[*reply.headers, *headers, *cookies, *seen])


def secret_of(asked: Asked) -> str:
    """The token or the password that a request carries."""
    scheme, _, value = asked.header("authorization").partition(" ")
    return base64.b64decode(value).decode().partition(":")[2] if scheme == "Basic" else value


def escaped(text: str) -> str:
    """A text as a JSON writer may escape it that trusts nothing."""
    return "".join(f"\\u{ord(c):04x}" for c in text)


# ---------------------------------------------------------------- the machinery


#: Headers that are not passed on to the server behind.
_OF_THE_CONNECTION = ("host", "connection", "transfer-encoding", "content-length", "authorization")


class Hostile:
    """A server on loopback that behaves until `after` requests are answered. Speaks TLS when given a context.

    `seen` are the requests so far; `slow` is how many seconds each one takes.
    """

    def __init__(
        self, name: str, after: int = 0, profile: str = "fhir-r4", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self.after, self._misbehave, self._tls = after, MISBEHAVIOURS[name], tls
        self._good = EmbeddedServer(load(profile))
        self._numbers = itertools.count(1)
        self.slow = 0.0
        self.seen: list[Asked] = []
        self.stopped = threading.Event()
        self.spoilt: set[socket.socket] = set()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=128)

    @property
    def base_url(self) -> str:
        """The address to test."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}/fhir"

    @property
    def left(self) -> list[str]:
        """The resources that are there now."""
        kinds = ("Patient", "Flag", "Task")
        bundles = (self.answer(Asked("GET", f"/fhir/{kind}?_count=1000", [], b"")).json for kind in kinds)
        return [f"{e['resource']['resourceType']}/{e['resource']['id']}" for b in bundles for e in b.get("entry", [])]

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
        """What the well-behaved server says to a request."""
        url = urlsplit(self._good.base_url)
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
        connection.putrequest(asked.method, asked.path, skip_accept_encoding=True)
        for name, value in asked.headers:
            if name.lower() not in _OF_THE_CONNECTION:
                connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(asked.body)))
        connection.endheaders(asked.body)
        answer = connection.getresponse()
        reply = Reply(answer.status, answer.read(), answer.getheaders())
        connection.close()
        return reply

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
    if len(head) != 3:
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


def main() -> None:
    """Serve one misbehaviour until killed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=MISBEHAVIOURS)
    parser.add_argument("--after", type=int, default=0)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--profile", default="fhir-r4")
    options = vars(parser.parse_args())
    print(Hostile(**options).start().base_url, flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
