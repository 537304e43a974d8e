"""The version that the answer to a write names is the one under which what was written is read."""

from collections.abc import Iterator

from ifmatch.client.asked import Interaction
from ifmatch.client.subject import version_of
from ifmatch.monitor.marks import marks_in
from ifmatch.monitor.watch import Fact, Observed


def written_version_is_read(observed: Observed) -> Iterator[Fact]:
    """The next read after a write shows what it sent in the version that its answer named, if it named one.

    FHIR R4 http.html#concurrency: an ETag matches the version id of the resource. Most of all this is about answers
    without a body, in which an ETag has nothing to be held against. A read that shows what another write sent, since
    it lags, tells nothing of it; nor is one who raced held against another.
    """
    last = observed.seen.last_written
    is_read = observed.asked is not None and observed.asked.interaction is Interaction.READ
    if last is None or not is_read or observed.raced:
        return
    for shown in observed.shown:
        read, marks = version_of(shown.resource), frozenset(marks_in(shown.text))
        is_last = shown.name == last.write.name and not marks.isdisjoint(last.fresh_marks)
        # A mark that nobody is known to have sent is that of a write which is missing here.
        unknown = observed.seen.marks.unsent(marks) - {shown.name[1]}
        if read and is_last and not unknown:
            version, exchange = last.write.version, last.write.exchange
            yield Fact(
                read == version,
                f"the versionId {version}, which the answer to the write of exchange {exchange} names",
                f"the versionId {read}",
                contradicts=exchange,
            )
