"""What a server calls its versions: by its ETag, and by meta.versionId, which need not be the same.

A write names the version by the ETag (RFC 9110 section 13.1.1), the server's `_history` by meta.versionId (FHIR R4
http.html#versioning only recommends that the two agree). Where they differ, they are brought together here, before a
mismatch of names is taken for a write that is missing.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from ifmatch.judge.history import Entry, Operation, Outcome
from ifmatch.rules.answer import Answer
from ifmatch.rules.version import version_in


class VersionNames:
    """The names learnt so far, only from reads with nobody else about: what a race makes of one is no evidence."""

    def __init__(self) -> None:
        self._pairs: set[tuple[str, str]] = set()

    def learn(self, read: Answer) -> None:
        """Take in what one read calls a version by both names, if it does."""
        tag = version_in(read.etag) if read.etag else None
        if tag and read.version_id:
            self._pairs.add((tag, read.version_id))

    @property
    def agree(self) -> bool:
        """Whether both names have always been the same."""
        return all(tag == version for tag, version in self._pairs)

    @property
    def doubt(self) -> str:
        """Why the versions cannot be told apart at all; empty when they can."""
        tags = [tag for tag, _ in self._pairs]
        versions = [version for _, version in self._pairs]
        return _ambiguous("the ETag", tags, "versions") or _ambiguous(
            "the meta.versionId", versions, "ETags"
        )

    def listed(
        self, entries: Sequence[Entry], operations: Iterable[Operation]
    ) -> tuple[tuple[Entry, ...] | None, str]:
        """The entries of `_history` under the names that the writes use, or None and the reason."""
        if self.agree:
            return tuple(entries), ""
        names = {version: tag for tag, version in self._pairs}
        unread = _unread(operations, names.values())
        names = _named_by_marks(entries, unread) | names
        if not _all_matched(unread, names.values()):
            return (
                None,
                "its history calls versions otherwise than the ETag, and not every one can be matched",
            )
        renamed = [
            replace(entry, version=names.get(entry.version, entry.version)) for entry in entries
        ]
        return tuple(renamed), ""


def _ambiguous(what: str, names: Sequence[str], others: str) -> str:
    for name in names:
        if names.count(name) > 1:
            return f"{what} {name} stands for several {others}, so it names no version"
    return ""


def _unread(operations: Iterable[Operation], read: Collection[str]) -> list[Operation]:
    """The operations on versions that were not read with nobody else about."""
    successful = [operation for operation in operations if operation.outcome is Outcome.OK]
    named = [operation for operation in successful if operation.version]
    return [operation for operation in named if operation.version not in read]


def _named_by_marks(entries: Iterable[Entry], unread: Iterable[Operation]) -> dict[str, str]:
    """The names of versions that nobody has read: each is known by the mark of the write that made it."""
    tags = {(operation.marker,): str(operation.version) for operation in unread if operation.marker}
    names = dict[str, str]()
    for entry in entries:
        if entry.markers in tags:
            names.setdefault(entry.version, tags[entry.markers])
    return names


def _all_matched(unread: Iterable[Operation], tags: Collection[str]) -> bool:
    return all(operation.marker or operation.version in tags for operation in unread)
