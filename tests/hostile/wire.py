"""Misbehaviours on the wire: connections that hang, break, drip, and answers that are not HTTP."""

import socket
import struct
from dataclasses import replace

from .front import Turn, misbehaviour, none
from .message import Reply


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
    turn.wire.sendall(
        whole[: whole.index(b"\r\n\r\n") + 4 + len(whole.partition(b"\r\n\r\n")[2]) // 2]
    )
    return False


@misbehaviour
def half_once(turn: Turn) -> bool:
    """Breaks off in the middle of a body, once, after a write."""
    if turn.front.spoilt or turn.asked.method != "POST":
        return none(turn)
    turn.front.spoilt.add(turn.wire)
    return half(turn)


def drip(turn: Turn, data: bytes) -> bool:
    """Send a byte every tenth of a second, and end the connection."""
    for byte in data:
        turn.wire.sendall(bytes([byte]))
        if turn.front.stopped.wait(0.1):
            break
    return False


@misbehaviour
def drips(turn: Turn) -> bool:
    """Sends a byte every tenth of a second, the status line included."""
    return drip(turn, turn.reply().encoded())


@misbehaviour
def drips_body(turn: Turn) -> bool:
    """Sends the head at once and the body a byte every tenth of a second."""
    head, _, body = turn.reply().encoded().partition(b"\r\n\r\n")
    turn.wire.sendall(head + b"\r\n\r\n")
    return drip(turn, body)


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
