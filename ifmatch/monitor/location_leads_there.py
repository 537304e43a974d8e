"""The Location of an answer leads to what was written."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urljoin, urlsplit

from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.answer import Effect

#: `[base]/[type]/[id]`, with or without `/_history/[vid]`.
_ADDRESS = re.compile(
    r"(?P<base>.+)/(?P<type>[A-Z][A-Za-z]+)/(?P<id>[^/]+)(?:/_history/(?P<version>[^/]+))?/?"
)


def location_leads_there(observed: Observed) -> Iterator[Fact]:
    """Base, type, id and version in the Location of an accepted write are those of what was written.

    FHIR R4 http.html#create. A relative reference is lawful (RFC 9110 section 10.2.2) and is resolved against the
    address of the request. What the answer does not tell otherwise is not compared.
    """
    location = observed.answer.header("location")
    wrote = observed.request.is_write and observed.answer.effect is Effect.ACCEPTED
    if location is None or not wrote:
        return
    found = _ADDRESS.fullmatch(urljoin(observed.request.url, location).partition("?")[0])
    if found is None:
        yield Fact(
            False, f"a Location like {observed.base_url}/[type]/[id]", f"Location: {location}"
        )
        return
    if not urlsplit(location).scheme:
        yield Fact(True, "", "", note=f"a relative Location: {location}")
    shown = {**found.groupdict(), "base": _comparable(found["base"])}
    for part, written in _written(observed).items():
        holds = shown[part] in (None, written)
        yield Fact(holds, f"a Location of {part} {written}", f"Location: {location}")


def _written(observed: Observed) -> dict[str, str]:
    """What was written, as far as the request and the rest of the answer tell."""
    request, answer = observed.request, observed.answer
    if not request.url.startswith(observed.base_url):
        return {}
    address = request.url.removeprefix(observed.base_url).partition("?")[0].strip("/")
    resource_type, _, resource_id = address.partition("/")
    shown = answer.resource or {}
    return _told(
        {
            "base": _comparable(observed.base_url),
            "type": resource_type,
            "id": resource_id or shown.get("id"),
            "version": answer.version,
        }
    )


def _told(parts: Mapping[str, object]) -> dict[str, str]:
    """The parts of an address that are known."""
    return {part: value for part, value in parts.items() if isinstance(value, str) and value}


def _comparable(url: str) -> str:
    """An address without what may differ between two spellings of it (RFC 3986 section 6.2)."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = f":{parts.port}" if parts.port and parts.port != default else ""
    return f"{parts.scheme}://{(parts.hostname or '').lower()}{port}{parts.path.rstrip('/')}"
