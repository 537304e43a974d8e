"""What a look must show once a write has been acknowledged, and how long a target's looks take until they do.

A replica that lags, or a cache, answers a read with what was current a moment ago. That breaks no rule but the one that
speaks of it (`always.read-your-writes`). So a look that shows less than was acknowledged is repeated for a while, and
on a target where that helped, each look waits beforehand for as long as it was seen to take. A write that is never
shown is what it seems: after some of these nothing is repeated any more.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ifmatch.client.asked import Interaction, asked_by
from ifmatch.client.exchange import Request
from ifmatch.client.subject import entries, is_bundle, version_of
from ifmatch.rules.answer import Answer, Effect, objects_in

#: Seconds between a look that is behind and the next one: 2 in all, as a write of unknown outcome is given to land.
_PATIENCE = (0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 0.74)

#: So many looks in a row that stay behind are taken for what the target has: nobody waits for more of them.
_HOPELESS = 3

#: How much longer than it was ever seen to take is waited before a look, for one may lag more than another.
_MARGIN = 1.5

_GONE = (404, 410)

#: Statuses of writes that are done. What is answered 202 may be done later.
_DONE = (200, 201, 204)

Name = tuple[str, str]


@dataclass
class _Acknowledged:
    """What is known of one resource: its newest version, and those that it replaced.

    `newest` is empty where the write did not tell it, None where the resource was deleted; `since` is when it was told.
    """

    newest: str | None
    since: float
    older: frozenset[str] = field(default_factory=frozenset)

    def then(self, newest: str | None, since: float) -> "_Acknowledged":
        """What is known after another write. One that tells no version may have made none."""
        if newest == "":
            return _Acknowledged("", since)
        return _Acknowledged(newest, since, (self.older | {self.newest or ""}) - {newest or "", ""})


class Freshness:
    """Follows the writes and looks on one target. `lag` is how long a look was behind at the most, in seconds."""

    def __init__(self, base_url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._base_url, self._clock = base_url, clock
        self._known: dict[Name, _Acknowledged] = {}
        self._last_write, self._in_vain = clock(), 0
        self.lag = 0.0

    @property
    def patience(self) -> Sequence[float]:
        """The pauses after which a look that is behind is repeated."""
        return _PATIENCE if self._in_vain < _HOPELESS else ()

    def due(self, request: Request) -> float:
        """Seconds until a request may be sent: on a target that lags, a look follows the last write at a distance."""
        if request.is_write or not self.lag:
            return 0.0
        return max(0.0, self._last_write + _MARGIN * self.lag - self._clock())

    def is_behind(self, request: Request, answer: Answer) -> bool:
        """Whether an answer shows a state of the resource that an acknowledged write had replaced before."""
        name, of_history = self._looked_at(request)
        known = self._known.get(name)
        if known is None:
            return False
        if answer.status in _GONE:
            return known.newest is not None
        if of_history and known.newest is None and _lists_deletion(answer):
            return False
        return _shows_older(known, _listed(answer) if of_history else _told(answer))

    def note(self, request: Request, answer: Answer, behind: int = 0) -> None:
        """Take up an exchange; a look is the last of those that were made, after so many that were `behind`."""
        if request.is_write:
            self._note_write(request, answer)
        elif self.is_behind(request, answer):
            self._in_vain += 1
        elif behind:
            self._in_vain = 0
            name, _ = self._looked_at(request)
            self.lag = max(self.lag, self._clock() - self._known[name].since)

    def raced(self, request: Request) -> None:
        """Take up a write that met others: which of them came last is not known here."""
        if request.is_write:
            self._last_write = self._clock()
            self._known.clear()

    # ------------------------------------------------------------ what is known

    def _note_write(self, request: Request, answer: Answer) -> None:
        self._last_write = self._clock()
        name = self._written(request, answer)
        if name is None or answer.effect is Effect.UNKNOWN:
            self._known.clear()  # by criteria, or in a Bundle: what it was about is not told
        elif answer.status in _DONE:
            before = self._known.get(name) or _Acknowledged("", self._last_write)
            version = None if request.method == "DELETE" else answer.version or ""
            self._known[name] = before.then(version, self._last_write)
        elif answer.effect is not Effect.REFUSED:
            self._known.pop(name, None)

    def _looked_at(self, request: Request) -> tuple[Name, bool]:
        """The resource that a look is about, empty where it is about none, and whether it asks for its history."""
        asked = asked_by(request, self._base_url)
        if asked is None or asked.interaction not in (Interaction.READ, Interaction.HISTORY):
            return ("", ""), False
        return (asked.type, asked.id), asked.interaction is Interaction.HISTORY

    def _written(self, request: Request, answer: Answer) -> Name | None:
        """The resource that a write is about, None where neither its address nor its answer names it."""
        asked = asked_by(request, self._base_url)
        if asked is None or asked.interaction is Interaction.CONDITIONAL_UPDATE:
            return None
        return asked.type, asked.id or answer.named_id


def _told(answer: Answer) -> list[str]:
    """The version that an answer to a read tells."""
    is_shown = answer.effect in (Effect.ACCEPTED, Effect.UNMODIFIED)
    return [answer.version] if is_shown and answer.version else []


def _listed(answer: Answer) -> list[str]:
    """The versions that a history lists."""
    return [version_of(one) or "" for one in entries(answer)] if is_bundle(answer) else []


def _lists_deletion(answer: Answer) -> bool:
    """Whether a history has an entry that shows nothing, as that of a deletion is (FHIR R4 http.html#history)."""
    listed = objects_in((answer.resource or {}).get("entry"))
    return any("resource" not in entry for entry in listed)


def _shows_older(known: _Acknowledged, versions: Sequence[str]) -> bool:
    """Whether all that is shown is older than what is known. Names that nobody has heard of are newer ones."""
    return bool(versions) and all(version in known.older for version in versions)
