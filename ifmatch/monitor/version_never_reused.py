"""A version that others have replaced never comes back as the name of a new one."""

from collections.abc import Iterator

from ifmatch.monitor.watch import Fact, Observed


def version_never_reused(observed: Observed) -> Iterator[Fact]:
    """A write is not answered with a version that the resource had before another write or a deletion replaced it.

    FHIR R4 resource.html#metadata: a versionId is never used for more than one version of a resource. Only writes of
    which one was over before the next began are held against each other, so that no race can be misread. A write that
    changes nothing may be answered with the version that was there.
    """
    write = observed.write
    if write is None or write.deletes or not write.version:
        return
    earlier = observed.seen.writes.replaced_before(write)
    made_by = earlier.exchange if earlier else ""
    yield Fact(
        earlier is None,
        f"a version that {'/'.join(write.name)} never had",
        f"the version {write.version}, which exchange {made_by} made and others replaced",
        contradicts=made_by,
    )
