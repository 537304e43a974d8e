"""How an answer is put on the wire: names of headers, compression, framing."""

import gzip
import socket
from collections.abc import Mapping
from dataclasses import replace

from hostile.message import Asked, Reply

_EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"


def send(wire: socket.socket, asked: Asked, reply: Reply, varied: Mapping[str, str]) -> bool:
    """Send an answer as the draw has it; returns whether the connection is kept."""
    if "gzip" in varied and "gzip" in asked.header("accept-encoding") and reply.body:
        reply = replace(reply.but(content_encoding="gzip"), body=gzip.compress(reply.body))
    if case := varied.get("header-names"):
        change = str.lower if case == "lower" else str.upper
        reply = replace(reply, headers=[(change(name), value) for name, value in reply.headers])
    framing = varied.get("framing", "")
    if framing == "early-hints":
        wire.sendall(_EARLY)
    if framing == "close":
        reply = reply.but(connection="close")
    wire.sendall(_chunked(reply) if framing == "chunked" and reply.body else reply.encoded())
    return framing != "close"


def _chunked(reply: Reply) -> bytes:
    """An answer in chunks of a hundred bytes."""
    head = replace(reply, body=b"").encoded(length=False)
    parts = [reply.body[start : start + 100] for start in range(0, len(reply.body), 100)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])
    return head[:-2] + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
