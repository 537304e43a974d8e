"""The gap between check and write: who waits in it, and what a write comes to when something else came in between."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ifmatch.reference.message import Reply
from ifmatch.reference.store import Key, Store, Version

#: Seconds: long enough for requests that were sent together, too short to be felt.
_GAP = 0.003


@dataclass
class Wait:
    """One write in the gap. `crowded` when another one on the same resource was there at the same time."""

    key: Key
    crowded: bool = False


@dataclass
class Traces:
    """What the races on one server have left behind: nothing of it is there as long as requests come one by one."""

    waiting: list[Wait] = field(default_factory=list)
    wedged: set[Key] = field(default_factory=set)
    put_back: dict[Key, Version] = field(default_factory=dict)
    queues: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    @contextmanager
    def wait(self, key: Key) -> Iterator[Wait]:
        """A place in the gap."""
        mine = Wait(key, crowded=self.busy(key))
        for other in self.waiting:
            other.crowded |= other.key == key
        self.waiting.append(mine)
        try:
            yield mine
        finally:
            self.waiting.remove(mine)

    def busy(self, key: Key) -> bool:
        """Whether a write on a resource is in the gap."""
        return any(wait.key == key for wait in self.waiting)


@dataclass(frozen=True)
class Meanwhile:
    """A write that comes out of the gap.

    `write` carries it out as it was checked, `again` checks it anew, as a right server does. `past` are the versions
    at the check. `gone` when the client has closed the connection.
    """

    store: Store
    key: Key
    past: list[Version]
    write: Callable[[], Reply]
    again: Callable[[], Reply]
    traces: Traces
    crowded: bool
    gone: bool

    @property
    def changed(self) -> bool:
        """Whether the resource was written since the check."""
        return self.store.history(*self.key) != self.past

    def undo(self) -> None:
        """Forget what was written to the resource since the check."""
        self.store.restore({**self.store.snapshot(), self.key: self.past})


def written(meanwhile: Meanwhile) -> Reply:
    """Written, whatever came in between."""
    return meanwhile.write()


def checked_again(meanwhile: Meanwhile) -> Reply:
    """Checked again: no fault."""
    return meanwhile.again()


def overwriting(meanwhile: Meanwhile) -> Reply:
    """Written as the version after the one that was checked: what came in between is gone."""
    meanwhile.undo()
    return meanwhile.write()


def dropped(meanwhile: Meanwhile) -> Reply:
    """Answered as if it were written, and not stored if something came in between."""
    if not meanwhile.changed:
        return meanwhile.write()
    kept = meanwhile.store.snapshot()
    reply = meanwhile.write()
    meanwhile.store.restore(kept)
    return reply


def answered(status: int) -> Callable[[Meanwhile], Reply]:
    """Checked again, and answered with another status if something came in between."""
    return lambda meanwhile: (
        replace(meanwhile.again(), status=status) if meanwhile.changed else meanwhile.write()
    )


def wedging(meanwhile: Meanwhile) -> Reply:
    """Checked again; a resource on which something came in between is never let go of."""
    if meanwhile.changed:
        meanwhile.traces.wedged.add(meanwhile.key)
    return meanwhile.again()


def putting_back(meanwhile: Meanwhile) -> Reply:
    """Checked again; if something came in between, the next reader is shown the version that was checked."""
    if meanwhile.changed:
        meanwhile.traces.put_back[meanwhile.key] = meanwhile.past[-1]
    return meanwhile.again()


def unless_updated(meanwhile: Meanwhile) -> Reply:
    """Checked again, unless it was deleted in between: then it is written."""
    return meanwhile.again() if meanwhile.store.current(*meanwhile.key) else meanwhile.write()


def undeleting(meanwhile: Meanwhile) -> Reply:
    """A delete that undoes the one that came in between."""
    if not meanwhile.changed:
        return meanwhile.write()
    reply = meanwhile.again()
    meanwhile.undo()
    return reply


def refused_in_a_crowd(meanwhile: Meanwhile) -> Reply:
    """Refused when it was not alone, so that nobody gets through."""
    if not meanwhile.crowded:
        return meanwhile.again()
    meanwhile.traces.wedged.add(meanwhile.key)
    reply = meanwhile.again()
    meanwhile.traces.wedged.discard(meanwhile.key)
    return reply


def written_for_the_absent(meanwhile: Meanwhile) -> Reply:
    """Checked again, unless its client has gone away: then it is written."""
    return meanwhile.write() if meanwhile.gone else meanwhile.again()


def mixed(history: list[Version]) -> Version:
    """The last version with every second element as it was in the version before."""
    *earlier, new = history
    now = dict(new.resource or {})
    old = (earlier[-1].resource or {}) if earlier else {}
    for name in list(now)[1::2]:
        now[name] = old.get(name, now[name])
    return replace(new, resource=now)


@dataclass(frozen=True)
class Gap:
    """A pause between check and write, in which other requests are served.

    `doors` says which writes pause (see handling.door; `*` stands for any text), `then` what becomes of them. In a
    `queue` writes of one kind wait for each other, but not for those of another kind. A write whose client has gone
    away `lingers` for some more seconds.
    """

    doors: tuple[str, ...] = ("*",)
    then: Callable[[Meanwhile], Reply] = written
    seconds: float = _GAP
    queue: bool = False
    lingers: float = 0.0
