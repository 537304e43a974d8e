"""Texts that stand nowhere else. Those of a case are drawn from its name and that of its run.

So whoever goes through a run again by its log asks for the same as the run did, byte by byte.
"""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

_SOURCE = random.Random()


def draw_for(*names: str) -> None:
    """From now on draw what belongs to these names: of a run, of a case in it."""
    _SOURCE.seed("\0".join(names))


@contextmanager
def drawing_aside(*names: str) -> Iterator[None]:
    """Draw what belongs to these names, and then go on as if nothing had been drawn: for what no recheck asks again."""
    before = _SOURCE.getstate()
    draw_for(*names)
    try:
        yield
    finally:
        _SOURCE.setstate(before)


def new_unique() -> str:
    """A text that stands nowhere else: 32 hexadecimal digits, so also a valid FHIR id."""
    return f"{_SOURCE.getrandbits(128):032x}"


def new_uuid() -> str:
    """The same in the form of a random UUID (RFC 9562 section 5.4)."""
    return str(uuid.UUID(int=_SOURCE.getrandbits(128), version=4))
