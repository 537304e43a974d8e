"""The version that the answer to a write names is the one under which what was written is read."""

from collections.abc import Iterator

from ifmatch.client.subject import version_of
from ifmatch.monitor.asked import Interaction
from ifmatch.monitor.marks import Marks, marks_in
from ifmatch.monitor.shown import Shown
from ifmatch.monitor.watch import Fact, Observed
from ifmatch.monitor.writes import LastWritten


def written_version_is_read(observed: Observed) -> Iterator[Fact]:
    """The next read after a write shows what it sent in the version that its answer named, if it named one.

    FHIR R4 http.html#concurrency: an ETag matches the version id of the resource. Most of all this is about answers
    without a body, in which an ETag has nothing to be held against. A read that shows what another write sent, since
    it lags or since that one came first, tells nothing of it.
    """
    last = observed.seen.last_written
    is_read = observed.asked is not None and observed.asked.interaction is Interaction.READ
    if last is None or not is_read or observed.began < last.write.ended:
        return
    for shown in observed.shown:
        read = version_of(shown.resource)
        if read and shown.name == last.write.name and _holds(shown, last.fresh_marks):
            yield _compared(shown, read, last, observed.seen.marks)


def _holds(shown: Shown, marks: frozenset[str]) -> bool:
    return not marks.isdisjoint(marks_in(shown.text))


def _compared(shown: Shown, read: str, last: LastWritten, marks: Marks) -> Fact:
    # In a race the answer to a read may be recorded before those to the writes whose content it shows.
    unsent = {mark for mark in marks_in(shown.text) if not marks.was_sent(mark)} - {shown.name[1]}
    return Fact(
        read == last.write.version,
        f"the versionId {last.write.version}, which the answer to the write of exchange {last.write.exchange} names",
        f"the versionId {read}",
        contradicts=last.write.exchange,
        explained=lambda: any(map(marks.was_sent, unsent)),
    )
