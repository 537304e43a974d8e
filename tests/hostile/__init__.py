"""Servers that misbehave, each in one way: a front on loopback before a server that keeps every promise.

    with hostile("hang", after=20) as server: ... server.base_url ...
    python -m tests.hostile hang --after 20          prints the address, for trying it by hand

The first `after` requests are answered as they should be; from then on the misbehaviour shows.
"""

from . import habits, wire, words  # noqa: F401, each enters its misbehaviours
from .front import MISBEHAVIOURS, Hostile, Turn, altered, hostile, misbehaviour, none, silent
from .message import Asked, Reply
from .words import escaped

__all__ = [
    "MISBEHAVIOURS", "Asked", "Hostile", "Reply", "Turn", "altered", "escaped", "hostile", "misbehaviour", "none",
    "silent",
]  # fmt: skip
