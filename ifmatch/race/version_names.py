"""What a server calls its versions: by its ETag, and by meta.versionId, which need not be the same.

A write names the version by the ETag (RFC 9110 section 13.1.1), the server's `_history` by meta.versionId (FHIR R4
http.html#versioning only recommends that the two agree). Where they differ, they are brought together here, before a
mismatch of names is taken for a write that is missing.
"""

from collections.abc import Iterable, Sequence
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
        tag, version = version_in(read.etag) if read.etag else None, read.version_id
        if tag and version:
            self._pairs.add((tag, version))

    @property
    def agree(self) -> bool:
        """Whether both names have always been the same."""
        return all(tag == version for tag, version in self._pairs)

    @property
    def doubt(self) -> str:
        """Why the versions cannot be told apart at all; empty when they can."""
        tags, versions = [tag for tag, _ in self._pairs], [version for _, version in self._pairs]
        for names, one, several in ((tags, "the ETag", "versions"), (versions, "the meta.versionId", "ETags")):
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                return f"{one} {twice} stands for several {several}, so it names no version"
        return ""

    def listed(self, entries: Sequence[Entry], operations: Iterable[Operation]) -> tuple[tuple[Entry, ...] | None, str]:
        """The entries of `_history` under the names that the writes use, or None and the reason.

        A version that nobody has read is known by the mark of the write that made it.
        """
        if self.agree:
            return tuple(entries), ""
        names = {version: tag for tag, version in self._pairs}
        written = [o for o in operations if o.outcome is Outcome.OK and o.version and o.version not in names.values()]
        marked = {o.marker: str(o.version) for o in written if o.marker}
        for entry in entries:
            if len(entry.markers) == 1 and entry.markers[0] in marked:
                names.setdefault(entry.version, marked[entry.markers[0]])
        if any(o.version not in names.values() and not o.marker for o in written):
            return None, "its history calls versions otherwise than the ETag, and not every one can be matched"
        return tuple(replace(entry, version=names.get(entry.version, entry.version)) for entry in entries), ""
