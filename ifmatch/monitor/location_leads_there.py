"""The Location of an answer leads to what was written."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from ifmatch.client.exchange import Request
from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.answer import Answer, Effect

#: `[base]/[type]/[id]`, with or without `/_history/[vid]`.
_ADDRESS = re.compile(r"(?P<base>.+)/(?P<type>[A-Z][A-Za-z]+)/(?P<id>[^/]+)(?:/_history/(?P<version>[^/]+))?/?")


def location_leads_there(observed: Observed) -> Iterator[Fact]:
    """Base, type, id and version in the Location of an accepted write are those of what was written.

    FHIR R4 http.html#create. A relative reference is lawful (RFC 9110 section 10.2.2) and is resolved against the
    address of the request. What the answer does not tell otherwise is not compared.
    """
    request, answer = observed.request, observed.answer
    location = answer.header("location")
    if location is None or not request.is_write or answer.effect is not Effect.ACCEPTED:
        return
    leads_to = urljoin(request.url, location)
    note = f"a relative Location: {location}" if not urlsplit(location).scheme else ""
    found = _ADDRESS.fullmatch(leads_to.split("?")[0])
    if found is None:
        yield Fact(False, f"a Location like {observed.base_url}/[type]/[id]", f"Location: {location}")
        return
    for part, written in _written(observed.base_url, request, answer).items():
        shown = _comparable(found[part]) if part == "base" else found[part]
        yield Fact(shown in (None, written), f"a Location of {part} {written}", f"Location: {location}", note)
        note = ""


def _written(base_url: str, request: Request, answer: Answer) -> dict[str, str]:
    """What was written, as far as the request and the rest of the answer tell."""
    if not request.url.startswith(base_url):
        return {}
    path = request.url.removeprefix(base_url).split("?")[0].strip("/").split("/")
    resource = answer.resource or {}
    told = {
        "base": _comparable(base_url),
        "type": path[0],
        "id": path[1] if len(path) > 1 else resource.get("id"),
        "version": answer.version,
    }
    return {part: value for part, value in told.items() if isinstance(value, str) and value}


def _comparable(url: str) -> str:
    """An address without what may differ between two spellings of it (RFC 3986 section 6.2)."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = f":{parts.port}" if parts.port and parts.port != default else ""
    return f"{parts.scheme}://{(parts.hostname or '').lower()}{port}{parts.path.rstrip('/')}"
