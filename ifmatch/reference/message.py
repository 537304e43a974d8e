"""What goes in and out of the reference server, free of any web framework: requests, replies and refusals."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

Resource = dict[str, Any]

#: A JSON value, or a node of an XML document: what it is, is found out where it is used.
Json = Any

#: The formats of a patch by their content type, with the name under which a profile offers them.
PATCH_FORMATS: Mapping[str, str] = {
    "application/json-patch+json": "json-patch",
    "application/xml-patch+xml": "xml-patch",
    "application/fhir+json": "fhirpath-patch",
    "application/json+fhir": "fhirpath-patch",
    "application/json": "fhirpath-patch",
}


@dataclass(frozen=True)
class Request:
    """One interaction asked of the server, over HTTP or as an entry of a Bundle.

    `path` has the segments below the base. `headers` has lower-case names and keeps repeated lines apart. `within` is
    the kind of Bundle that it is an entry of.
    """

    method: str
    path: tuple[str, ...]
    base: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    body: bytes = b""
    within: str = ""

    def header(self, name: str) -> str | None:
        """The lines of a header joined by a comma (RFC 9110 section 5.3), None when it was not sent."""
        lines = self.headers.get(name)
        return None if lines is None else ", ".join(lines)

    @property
    def media_type(self) -> str:
        """The type of the body without its parameters, in lower case; empty when none is named."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def criteria(self) -> tuple[tuple[str, str], ...]:
        """The query without the parameters that speak of the answer's form only."""
        return tuple(
            (name, value)
            for name, value in self.query
            if name not in ("_format", "_pretty", "_summary")
        )

    def without(self, header: str) -> "Request":
        """The same request without a header."""
        return replace(
            self, headers={name: lines for name, lines in self.headers.items() if name != header}
        )

    def url(self, *segments: str) -> str:
        """An absolute address below the base."""
        return "/".join((self.base, *segments))


@dataclass(frozen=True)
class Reply:
    """What the server answers. `situation` says to what: an interaction that succeeded, or the rule that refused.

    `body` is a resource, text that is no resource, or None for an empty body.
    """

    situation: str
    status: int
    body: Resource | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_header(self, name: str, value: str | None) -> "Reply":
        """The same reply with a header set; None takes the header away."""
        others = {key: old for key, old in self.headers.items() if key.lower() != name.lower()}
        return replace(self, headers=others if value is None else {**others, name: value})

    def encoded(self, media_type: str) -> tuple[bytes, str]:
        """The body as bytes, and its content type."""
        if self.body is None:
            return b"", ""
        if isinstance(self.body, str):
            return self.body.encode(), "text/html" if self.body.startswith(
                "<"
            ) else "text/plain; charset=utf-8"
        return json.dumps(self.body, ensure_ascii=False).encode(), f"{media_type}; charset=utf-8"


def parts_of(node: Json) -> Iterable[Json]:
    """The values in an object, the items of a list, nothing of a simple value."""
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


class Refusal(Exception):
    """The server will not do what was asked, by the rule that is named. The dialect puts it into an answer."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule
        self.reason = reason


def outcome(severity: str, code: str, details: str = "", diagnostics: str = "") -> Resource:
    """An OperationOutcome with one issue (FHIR R4 OperationOutcome)."""
    issue: Resource = {"severity": severity, "code": code}
    if details:
        issue["details"] = {"coding": [{"system": "urn:ifmatch:issue", "code": details}]}
    if diagnostics:
        issue["diagnostics"] = diagnostics
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def http_date(time: datetime) -> str:
    """A time as an HTTP date, to the second (RFC 9110 section 5.6.7)."""
    return format_datetime(time.astimezone(UTC), usegmt=True)


def instant(time: datetime) -> str:
    """A time as a FHIR instant in UTC, to the millisecond."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def bundle(
    kind: str, entries: Iterable[Resource], links: Mapping[str, str], total: int | None = None
) -> Resource:
    """A Bundle; `links` maps a relation (self, next) to its address."""
    parts: Resource = {
        "resourceType": "Bundle",
        "type": kind,
        "total": total,
        "link": [{"relation": relation, "url": url} for relation, url in links.items()],
        "entry": list(entries),
    }
    return {name: part for name, part in parts.items() if part not in (None, [])}
