"""The accepted writes of a run, by the resource that each is about: which version it made, and when."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from ifmatch.client.asked import Asked, Interaction
from ifmatch.rules.answer import Answer

#: What makes a version of the resource that its address or its answer names.
_WRITES = frozenset({Interaction.CREATE, Interaction.UPDATE, Interaction.PATCH, Interaction.DELETE})


@dataclass(frozen=True, slots=True)
class Write:
    """An accepted write: type and id, the version that its answer tells, when it was sent and when answered."""

    name: tuple[str, str]
    version: str
    began: datetime
    ended: datetime
    exchange: str
    deletes: bool

    def is_before(self, other: "Write") -> bool:
        """Whether it was answered before the other was sent."""
        return self.ended < other.began


@dataclass(frozen=True, slots=True)
class LastWritten:
    """What was carried out by the last request that may write: it named a version, and sent marks as the first."""

    write: Write
    fresh_marks: frozenset[str]


def write_in(asked: Asked | None, answer: Answer, began: datetime, ended: datetime) -> Write | None:
    """The write that an exchange is, None when it is none, was not carried out, or does not say of what.

    A create that is answered 200 made nothing: it found what was there. What is answered 202 may not be done yet.
    """
    if asked is None or not _is_carried_out(asked, answer):
        return None
    resource_id = asked.id or answer.named_id
    if not resource_id:
        return None
    deletes = asked.interaction is Interaction.DELETE
    version = "" if deletes else answer.version or ""
    return Write(
        name=(asked.type, resource_id),
        version=version,
        began=began,
        ended=ended,
        exchange=answer.exchange,
        deletes=deletes,
    )


def _is_carried_out(asked: Asked, answer: Answer) -> bool:
    """Whether a request was a write that made a version, or a deletion."""
    if asked.interaction is Interaction.CREATE:
        return answer.status == HTTPStatus.CREATED
    return asked.interaction in _WRITES and answer.status in _DONE


_DONE = (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT)


@dataclass
class Writes:
    """The writes of a run."""

    _by_resource: dict[tuple[str, str], list[Write]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, write: Write) -> None:
        """Remember a write."""
        self._by_resource[write.name].append(write)

    def replaced_before(self, write: Write) -> Write | None:
        """A write that made the same version, after which another one made another or deleted it, before this one."""
        known = self._by_resource.get(write.name, ())
        before = [earlier for earlier in known if earlier.is_before(write)]
        alike = (earlier for earlier in before if earlier.version == write.version)
        return next((one for one in alike if _is_replaced(one, before)), None)

    def last_before(
        self, name: tuple[str, str], instant: datetime
    ) -> tuple[Write, set[str]] | None:
        """The last write of a resource that was acknowledged before an instant, and the versions made before it.

        None where there is none, or where it was under way together with another one, for then it may not be the last.
        """
        known = self._by_resource.get(name, ())
        over = [write for write in known if write.ended < instant]
        last = max(over, key=lambda write: write.began, default=None)
        if last is None:
            return None
        others = [write for write in known if write is not last and write.began < instant]
        if not all(write.is_before(last) for write in others):
            return None
        return last, {write.version for write in others} - {last.version, ""}


def _is_replaced(write: Write, others: list[Write]) -> bool:
    return any(_replaces(other, write) for other in others)


def _replaces(later: Write, earlier: Write) -> bool:
    """Whether a write made another version than an earlier one, or none, once that was answered."""
    makes_another = later.deletes or later.version not in ("", earlier.version)
    return makes_another and earlier.is_before(later)
