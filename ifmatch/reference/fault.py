"""What a fault is: a way in which the reference server can be wrong, as data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ifmatch.reference.cell import Cell
from ifmatch.reference.gap import Gap
from ifmatch.reference.message import Reply
from ifmatch.reference.store import Draft, Store, Version


@dataclass(frozen=True)
class Naming:
    """An If-Match that does not name the current version: what it names instead, and the body that came with it."""

    store: Store
    current: Version
    named: str
    body: bytes


Tamper = Callable[[Reply], Reply]
Writer = Callable[[Draft], Draft]
Match = Callable[[Naming], bool]


@dataclass(frozen=True)
class Fault:
    """One way to be wrong.

    `breaks` names the rules that a suite must find broken under the profile named in `profile`. Where only what is
    watched throughout is broken, `seen_in` names a rule whose requests show it. What goes wrong is said in a few ways:

    - `ignores`: rules by which the server should have refused, and does not (`*` stands for any text)
    - `refuses`: rules by which it refuses what it should have let pass
    - `applies`: rules by which it refuses, and writes all the same
    - `tampers`: changes to replies, by situation (see Reply; `*` stands for any text)
    - `writes`: a change to what is stored
    - `matches`: what it lets through as the current version, though it is not
    - `cell`: the one cell of the table of doors in which it acts, by an `effect` (see door_faults.py)
    - `gap`: a pause between check and write, in which other requests are served, and what comes of it

    What none of these can say asks `Faults.on` at the place where it happens.
    """

    name: str
    sentence: str
    breaks: tuple[str, ...]
    profile: str = "fhir-r4"
    seen_in: str = ""
    ignores: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    applies: tuple[str, ...] = ()
    tampers: Mapping[str, Tamper] = field(default_factory=dict)
    writes: Writer | None = None
    matches: Match | None = None
    gap: Gap | None = None
    cell: Cell | None = None
    effect: str = ""
