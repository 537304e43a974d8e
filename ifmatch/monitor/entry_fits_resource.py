"""What an entry of a history or of a Bundle's answer says of a resource is what the resource says itself."""

from collections.abc import Iterator

from ifmatch.client.subject import is_bundle, version_of
from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.answer import Resource, is_same_instant, objects_in
from ifmatch.rules.version import version_in


def entry_fits_resource(observed: Observed) -> Iterator[Fact]:
    """The etag and lastModified of an entry's response are the version and the time of the resource in it.

    FHIR R4 bundle-definitions.html: etag is the ETag of the resource if it is versioned, lastModified its time. Some
    servers leave the quotes off an etag.
    """
    if is_bundle(observed.answer):
        for entry in objects_in(observed.answer.json.get("entry")):
            yield from _compared(entry.get("resource"), entry.get("response"))


def _compared(resource: object, response: object) -> Iterator[Fact]:
    """What an entry says of its resource, held against that, where it has both."""
    if isinstance(resource, dict) and isinstance(response, dict):
        yield from _etag(resource, response)
        yield from _time(resource, response)


def _etag(resource: Resource, response: Resource) -> Iterator[Fact]:
    etag, version = response.get("etag"), version_of(resource)
    if isinstance(etag, str) and version is not None:
        holds = version in (version_in(etag), etag)
        yield Fact(holds, f"an etag that names version {version}", f"etag: {etag}")


def _time(resource: Resource, response: Resource) -> Iterator[Fact]:
    meta, told = resource.get("meta"), response.get("lastModified")
    time = meta.get("lastUpdated") if isinstance(meta, dict) else None
    if time is not None and told is not None:
        holds = is_same_instant(told, time)
        yield Fact(holds, f"a lastModified of {time}", f"lastModified: {told}")
