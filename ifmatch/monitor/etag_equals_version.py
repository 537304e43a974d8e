"""ETag and meta.versionId of one answer name the same version."""

from collections.abc import Iterator

from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.version import version_in


def etag_equals_version(observed: Observed) -> Iterator[Fact]:
    """An answer that shows a resource names the same version in ETag and in meta.versionId.

    FHIR R4 http.html#versioning: the value of an ETag, where one is given, matches the version id. A bundle that lists
    other resources is no version of anything, so its ETag may be what it likes.
    """
    answer = observed.answer
    resource = answer.resource
    if resource is None or resource["resourceType"] == "Bundle" or not (answer.etag and answer.version_id):
        return
    named = version_in(answer.etag)
    yield Fact(named == answer.version_id, f"an ETag that names version {answer.version_id}", f"ETag: {answer.etag}")
