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
import random
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlsplit

from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import load

Headers = list[tuple[str, str]]


def header_in(headers: Headers, name: str) -> str:
    """A header's value, empty when there is none."""
    return next((value for given, value in headers if given.lower() == name), "")


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

    @property
    def is_history(self) -> bool:
        """Whether it asks for the history of a resource."""
        return self.path.split("?")[0].endswith("/_history")

    @property
    def criteria(self) -> str:
        """What stands behind the question mark."""
        return self.path.partition("?")[2]

    @property
    def address(self) -> str:
        """What it reads or writes; of a bundle, what its first entry does."""
        entries = Reply(body=self.body).json.get("entry") if self.method == "POST" else None
        return f"{self.path}/{entries[0]['request']['url']}" if entries else self.path.partition("?")[0]

    def header(self, name: str) -> str:
        """A header's value, empty when there is none."""
        return header_in(self.headers, name)


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

    def header(self, name: str) -> str:
        """A header's value, empty when there is none."""
        return header_in(self.headers, name)

    @property
    def is_refusal(self) -> bool:
        """Whether the client is told that it made a mistake, or came too late."""
        return 400 <= self.status < 500

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


# ---------------------------------------------------------------- habits: odd, but no promise is broken


def when_asked_before(turn: Turn, is_kept: bool, kept: Callable[[Reply, Reply], Reply]) -> bool:
    """Answer a request that was asked within the last minute by what was said then, and what would be said now."""
    now = turn.reply()
    if not is_kept:
        return turn.send(now)
    since, then = turn.front.memory.setdefault(turn.asked.path, (time.monotonic(), now))
    if time.monotonic() - since > 60:
        turn.front.memory.pop(turn.asked.path, None)
    return turn.send(kept(then, now))


@misbehaviour
def cached_search(turn: Turn) -> bool:
    """Answers a search as it did up to a minute ago, unless it is asked for no-cache."""
    is_kept = turn.asked.method == "GET" and "?" in turn.asked.path
    return when_asked_before(turn, is_kept and turn.asked.header("cache-control") != "no-cache", lambda then, _: then)


@misbehaviour
def cached_history(turn: Turn) -> bool:
    """Answers a history as it did up to a minute ago, whatever it is asked for."""
    return when_asked_before(turn, turn.asked.is_history, lambda then, _: then)


@misbehaviour
def counted_history(turn: Turn) -> bool:
    """For a minute lists no more versions than it did when it was first asked: the newest."""

    def newest(then: Reply, now: Reply) -> Reply:
        count = len(then.json.get("entry", []))
        return now.holding({**now.json, "total": count, "entry": now.json.get("entry", [])[:count]})

    return when_asked_before(turn, turn.asked.is_history, newest)


@dataclass
class Crowd:
    """Those who write to one resource at the same time. `number` counts the crowds, not those who come alone."""

    size: int = 0
    number: int = 0

    @classmethod
    def joined(cls, turn: Turn) -> "Crowd":
        """The crowd that a request belongs to, once it is known who else does. Readers are alone."""
        if turn.asked.method == "GET":
            return cls(1)
        with turn.front.lock:
            crowd: Crowd = turn.front.memory.setdefault(turn.asked.address, cls())
            crowd.size += 1
        time.sleep(0.03)
        with turn.front.lock:
            turn.front.memory.pop(turn.asked.address, None)
            if crowd.size > 1 and not crowd.number:
                crowd.number = turn.front.memory["crowds"] = turn.front.memory.get("crowds", 0) + 1
        return crowd


def outcome(status: int, code: str) -> Reply:
    """An answer that is explained by an OperationOutcome."""
    said = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]}
    return Reply(status, headers=[("Content-Type", "application/fhir+json")]).holding(said)


@misbehaviour
def nobody_wins(turn: Turn) -> bool:
    """Refuses all who write to one resource at the same time, every second time that it happens."""
    crowd = Crowd.joined(turn)
    return turn.send(outcome(409, "conflict") if crowd.number % 2 else turn.reply())


@misbehaviour
def slow_losers(turn: Turn) -> bool:
    """Lets those who lose to others wait for a lock for two to four seconds, and only then refuses them."""
    crowd, reply = Crowd.joined(turn), turn.reply()
    if crowd.size > 1 and reply.is_refusal:
        time.sleep(random.uniform(2, 4))
    return turn.send(reply)


@misbehaviour
def failed_losers(turn: Turn) -> bool:
    """Answers 500 to those who lose to others, with an OperationOutcome."""
    crowd, reply = Crowd.joined(turn), turn.reply()
    return turn.send(outcome(500, "exception") if crowd.size > 1 and reply.is_refusal else reply)


@altered
def strong_entries(asked: Asked, reply: Reply) -> Reply:
    """Tells of the entries of a bundle no more than their etags, without W/."""
    return bundle_with_etags(asked, reply, lambda etag: etag.removeprefix("W/"))


@altered
def bare_entries(asked: Asked, reply: Reply) -> Reply:
    """Tells of the entries of a bundle no more than their versions."""
    return bundle_with_etags(asked, reply, lambda etag: etag[3:-1])


def bundle_with_etags(asked: Asked, reply: Reply, change: Callable[[str], str]) -> Reply:
    """The answer to a bundle, with the etags in it changed; any other answer as it is."""
    if asked.method != "POST" or "entry" not in reply.json:
        return reply
    told = [one["response"] for one in reply.json["entry"]]
    return reply.holding({**reply.json, "entry": [
        {"response": {**one, "etag": change(one["etag"])} if "etag" in one else one} for one in told
    ]})  # fmt: skip


@altered
def no_location(asked: Asked, reply: Reply) -> Reply:
    """Does not say where it is what a PUT created, and does not show it."""
    created = asked.method == "PUT" and reply.status == 201
    return replace(reply.but(location=None), body=b"") if created else reply


@misbehaviour
def no_numeric_ids(turn: Turn) -> bool:
    """Lets no client choose a numeric id: such ids it gives out itself."""
    chosen = turn.asked.method == "PUT" and turn.asked.address.rpartition("/")[2].isdigit()
    there = not chosen or turn.reply(replace(turn.asked, method="GET", body=b"")).status == 200
    return turn.send(turn.reply() if there else outcome(400, "value"))


@misbehaviour
def keeps_version(turn: Turn) -> bool:
    """Makes no version of an update that changes nothing."""
    if turn.asked.method != "PUT" or turn.asked.criteria:
        return none(turn)
    there = turn.reply(Asked("GET", turn.asked.path, [], b""))
    names, tag = turn.asked.header("if-match"), there.header("etag")
    same = there.status == 200 and content_of(there.json) == content_of(Reply(body=turn.asked.body).json)
    return turn.send(there if same and names in ("", tag) else turn.reply())


def content_of(resource: dict) -> dict:
    """A resource without what the server puts into its meta."""
    meta = {n: v for n, v in resource.get("meta", {}).items() if n not in ("versionId", "lastUpdated")}
    return {**resource, "meta": meta}


@misbehaviour
def lagging_conditions(turn: Turn) -> bool:
    """Finds nothing by a condition that is less than a second old."""
    condition = turn.asked.header("if-none-exist") if turn.asked.method == "POST" else turn.asked.criteria
    if turn.asked.method in ("POST", "PUT") and condition:
        return turn.send(_as_of_a_second_ago(turn, condition))
    reply = turn.reply()
    _date(turn, reply)
    return turn.send(reply)


def _as_of_a_second_ago(turn: Turn, condition: str) -> Reply:
    kind, made = turn.asked.address, turn.front.memory
    listed = turn.reply(Asked("GET", f"{kind}?{condition}", [], b"")).json.get("entry", [])
    found = [one["resource"]["id"] for one in listed]
    old = [name for name in found if time.monotonic() - made.get(name, 0) > 1]
    headers = [(n, v) for n, v in turn.asked.headers if n.lower() != "if-none-exist"]
    sent = Reply(body=turn.asked.body).json
    if len(old) == len(found):
        asked = turn.asked
    elif old:
        body = json.dumps({"id": old[0], **sent}).encode()
        asked = replace(turn.asked, path=f"{kind}/{old[0]}", headers=headers, body=body)
    elif "id" in sent:
        asked = replace(turn.asked, path=f"{kind}/{sent['id']}", headers=headers)
    else:
        asked = Asked("POST", kind, headers, turn.asked.body)
    reply = turn.reply(asked)
    _date(turn, reply)
    return reply


def _date(turn: Turn, reply: Reply) -> None:
    """Remember when a resource was created."""
    if reply.status == 201:
        turn.front.memory[reply.header("location").partition("/_history/")[0].rpartition("/")[2]] = time.monotonic()


# ---------------------------------------------------------------- the machinery


#: Headers that are not passed on to the server behind.
_OF_THE_CONNECTION = ("host", "connection", "transfer-encoding", "content-length", "authorization")


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
    if len(head) != 3 or not head[2].startswith("HTTP/"):  # such as the first words of TLS, which are random
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
    parser.add_argument("--fault", dest="faults", action="append", default=[])
    options = vars(parser.parse_args())
    print(Hostile(**options).start().base_url, flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
