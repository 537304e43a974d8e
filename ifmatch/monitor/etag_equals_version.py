"""ETag and meta.versionId of one answer name the same version."""

from collections.abc import Iterator

from ifmatch.client.subject import is_bundle
from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.version import version_in


def etag_equals_version(observed: Observed) -> Iterator[Fact]:
    """An answer that shows a resource names the same version in ETag and in meta.versionId.

    FHIR R4 http.html#versioning: the value of an ETag, where one is given, matches the version id. A bundle that lists
    other resources is no version of anything, so its ETag may be what it likes.
    """
    answer = observed.answer
    shown, etag = answer.version_id, answer.etag
    if shown is None or etag is None or is_bundle(answer):
        return
    yield Fact(version_in(etag) == shown, f"an ETag that names version {shown}", f"ETag: {etag}")
