"""Version tags: how a version is read from an answer and named in a request. Versions are opaque here."""

import re

_WEAK = re.compile(r'W/"([^"]*)"')
_STRONG = re.compile(r'"([^"]*)"')


def weak(version: str) -> str:
    """The weak entity tag that names a version, as FHIR writes it: `W/"23"` (FHIR R4 http.html#concurrency)."""
    return f'W/"{version}"'


def is_weak(etag: str) -> bool:
    """Whether a header value is one weak, quoted entity tag (RFC 9110 section 8.8.3)."""
    return _WEAK.fullmatch(etag) is not None


def version_in(etag: str) -> str | None:
    """The version that an entity tag names, or None when the value is not one entity tag."""
    match = _WEAK.fullmatch(etag) or _STRONG.fullmatch(etag)
    return match.group(1) if match else None
