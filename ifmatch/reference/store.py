"""The memory of the reference server: every version of every resource, and the names it gives to versions and ids."""

import itertools
import secrets
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ifmatch.reference.message import Resource

Key = tuple[str, str]


@dataclass(frozen=True)
class Version:
    """One state of one resource. `resource` is None when this version is its deletion; `order` is that of writing."""

    type: str
    id: str
    version: str
    time: datetime
    method: str
    resource: Resource | None
    order: int


@dataclass(frozen=True)
class Draft:
    """A version about to be stored: what the client sent, what is going to be kept, and what was there before.

    `refused` is set when a fault writes what the server refuses; a draft that is not `kept` is answered but not stored.
    """

    type: str
    id: str
    version: str
    time: datetime
    interaction: str
    sent: Resource
    resource: Resource
    history: tuple[Version, ...] = ()
    refused: bool = False
    kept: bool = True

    @property
    def last(self) -> Version | None:
        """The version that this one follows."""
        return self.history[-1] if self.history else None


class Store:
    """Keeps versions in the order in which they were written. A plain dict: the server writes from one thread only."""

    def __init__(self) -> None:
        self._versions: dict[Key, list[Version]] = {}
        self._order = itertools.count()

    def history(self, type_: str, id_: str) -> list[Version]:
        """All versions of a resource, oldest first; empty when the id was never given out."""
        return list(self._versions.get((type_, id_), ()))

    def latest(self, type_: str, id_: str) -> Version | None:
        """The newest version, which may be a deletion."""
        versions = self._versions.get((type_, id_))
        return versions[-1] if versions else None

    def current(self, type_: str, id_: str) -> Version | None:
        """The newest version of a resource that is there, None when it never was or is deleted."""
        latest = self.latest(type_, id_)
        return latest if latest and latest.resource is not None else None

    def version(self, type_: str, id_: str, name: str) -> Version | None:
        """One version of a resource, None when it never had that one."""
        return next(
            (version for version in self.history(type_, id_) if version.version == name), None
        )

    def all_current(self, type_: str) -> list[Version]:
        """Every resource of a type that is there, oldest first."""
        found = (self.current(*key) for key in self._versions if key[0] == type_)
        return sorted((version for version in found if version), key=lambda version: version.order)

    def all_versions(self, type_: str) -> list[Version]:
        """Every version of every resource of a type, oldest first."""
        found = (
            version
            for key, versions in self._versions.items()
            if key[0] == type_
            for version in versions
        )
        return sorted(found, key=lambda version: version.order)

    def add(
        self,
        type_: str,
        id_: str,
        version: str,
        time: datetime,
        method: str,
        resource: Resource | None,
    ) -> Version:
        """Make a new newest version."""
        added = Version(type_, id_, version, time, method, resource, next(self._order))
        self._versions.setdefault((type_, id_), []).append(added)
        return added

    def time_after(self, last: Version | None) -> datetime:
        """The time now, in whole milliseconds and later than a version, so that lastUpdated always moves on."""
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        return max(now, last.time + timedelta(milliseconds=1)) if last else now

    def snapshot(self) -> dict[Key, list[Version]]:
        """What `restore` takes to undo all that was written since."""
        return {key: list(versions) for key, versions in self._versions.items()}

    def restore(self, snapshot: dict[Key, list[Version]]) -> None:
        """Undo all that was written since the snapshot was taken."""
        self._versions = snapshot


def version_names(style: str) -> Callable[[int], str]:
    """A maker of version ids, given how many versions the resource has had: no style ever gives the same one twice.

    counter: 1, 2, 3 for each resource. global: one sequence with gaps for all resources. opaque: as in `25777f7d-27bc`.
    """
    sequence = _with_gaps()
    styles: dict[str, Callable[[int], str]] = {
        "counter": lambda versions: str(versions + 1),
        "global": lambda _: str(next(sequence)),
        "opaque": lambda _: f"{secrets.token_hex(4)}-{secrets.token_hex(2)}",
        "uuid": lambda _: str(uuid.uuid4()),
    }
    return styles[style]


def id_names(style: str) -> Callable[[], str]:
    """A maker of logical ids: `counter` for numbers, `uuid` for random UUIDs."""
    sequence = itertools.count(1001)
    return (lambda: str(next(sequence))) if style == "counter" else (lambda: str(uuid.uuid4()))


def _with_gaps() -> Iterator[int]:
    number = 4710
    while True:
        number += 1 + secrets.randbelow(7)
        yield number
