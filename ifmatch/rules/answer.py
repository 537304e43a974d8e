"""What a server said to one request, read without judging it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any

from ifmatch.rules.version import version_in

Resource = dict[str, Any]


class Effect(StrEnum):
    """What an answer says about the request that it answers."""

    ACCEPTED = "accepted"
    UNMODIFIED = "unmodified"
    REFUSED = "refused"
    UNKNOWN = "unknown"


#: What a class of statuses means for the request. RFC 9110 section 15; a 5xx may have written before it failed.
_EFFECT: Mapping[int, Effect] = {2: Effect.ACCEPTED, 4: Effect.REFUSED}

#: Statuses that say more than their class: 304 has a meaning of its own, with 501 the server never began.
_SINGLE: Mapping[int, Effect] = {304: Effect.UNMODIFIED, 501: Effect.REFUSED}


class Body(StrEnum):
    """What kind of body an answer carries, decided by its content, not by its Content-Type alone."""

    EMPTY = "empty"
    RESOURCE = "resource"
    OPERATION_OUTCOME = "OperationOutcome"
    TEXT = "text"


#: What a body is by its resourceType in JSON: any other type is a resource, and without one it is text.
_BODY_OF_TYPE: Mapping[str | None, Body] = {
    None: Body.TEXT,
    "OperationOutcome": Body.OPERATION_OUTCOME,
}


@dataclass(frozen=True)
class Answer:
    """A response, or the reason why there was none.

    `headers` has lower-case names; repeated headers are joined by a comma. `exchange` is the id under which
    the evidence holds the whole exchange. `failure` says why there is no response (then `status` is 0), or none that is
    about the request. `is_entry` says that it is what a Bundle's answer holds for one of its entries.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    url: str = ""
    exchange: str = ""
    failure: str = ""
    is_entry: bool = False

    @property
    def effect(self) -> Effect:
        """What the answer means for the request: applied, not modified, refused, or unknown."""
        return _SINGLE.get(self.status) or _EFFECT.get(self.status // 100, Effect.UNKNOWN)

    @property
    def is_server_error(self) -> bool:
        """Whether the server says that it failed. One that asks to be asked again later is busy, not broken."""
        return self.status // 100 == 5 and not (self.status == 503 and self.header("retry-after"))

    @cached_property
    def json(self) -> Any:
        """The body as JSON, or None when it is not JSON."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):  # nested deeper than anybody could read it
            return None

    @cached_property
    def resource(self) -> Resource | None:
        """The FHIR resource in the body, an OperationOutcome not counted; None when there is none."""
        return self.json if self.body is Body.RESOURCE else None

    @cached_property
    def body(self) -> Body:
        """The kind of the body. An OperationOutcome may also come as XML: some gateways answer so to JSON clients."""
        if not self.content.strip():
            return Body.EMPTY
        if self._json_type is None and b"<OperationOutcome" in self.content[:300]:
            return Body.OPERATION_OUTCOME
        return _BODY_OF_TYPE.get(self._json_type, Body.RESOURCE)

    @property
    def _json_type(self) -> str | None:
        """The resourceType of a body in JSON, None when it is no resource."""
        name = self.json.get("resourceType") if isinstance(self.json, dict) else None
        return name if isinstance(name, str) else None

    @property
    def text(self) -> str:
        """The body as text, for messages and for bodies that are plain text."""
        return self.content.decode("utf-8", "replace")

    def header(self, name: str) -> str | None:
        """The value of a header, or None when the answer does not carry it."""
        return self.headers.get(name.lower())

    @property
    def etag(self) -> str | None:
        """The ETag exactly as sent."""
        return self.header("etag")

    @property
    def meta(self) -> Mapping[str, Any]:
        """The meta element of the resource in the body; empty when there is none."""
        meta = (self.resource or {}).get("meta")
        return meta if isinstance(meta, dict) else {}

    @property
    def version_id(self) -> str | None:
        """`meta.versionId` of the resource in the body."""
        value = self.meta.get("versionId")
        return value if isinstance(value, str) else None

    @property
    def version(self) -> str | None:
        """The version the answer speaks of: its ETag's, else its body's."""
        return (version_in(self.etag) if self.etag else None) or self.version_id

    @property
    def location_id(self) -> str | None:
        """The logical id in the Location header: `[base]/[type]/[id]` with or without `/_history/[vid]`."""
        path = (self.header("location") or "").split("?")[0].split("/_history/")[0].rstrip("/")
        return path.rsplit("/", 1)[-1] or None

    @property
    def named_id(self) -> str:
        """The id of the resource that the answer speaks of: its Location's, else its body's. Empty without either."""
        return self.location_id or str((self.resource or {}).get("id") or "")

    @property
    def issues(self) -> list[Resource]:
        """The issues of the OperationOutcome in the body; of one in XML what a profile may speak of."""
        if self.body is not Body.OPERATION_OUTCOME:
            return []
        if isinstance(self.json, dict):
            return objects_in(self.json.get("issue"))
        return [_issue_in_xml(found) for found in re.findall(r"(?s)<issue\b.*?</issue>", self.text)]


def _issue_in_xml(text: str) -> Resource:
    """Severity, code and details of an issue in XML, as they would stand in JSON."""
    before, details, _ = _around_details(text)
    issue: Resource = {
        "severity": "".join(_values_in_xml("severity", before)[:1]),
        "code": "".join(_values_in_xml("code", before)[:1]),
    }
    if details:
        codes = _values_in_xml("code", details)
        texts = _values_in_xml("text", details)
        issue["details"] = {"coding": [{"code": code} for code in codes], "text": "".join(texts)}
    return issue


def _around_details(text: str) -> tuple[str, str, str]:
    """What stands before the details of an issue, the details, and what follows them."""
    before, start, rest = text.partition("<details")
    details, end, after = rest.partition("</details>")
    return before, start + details + end, after


def _values_in_xml(element: str, text: str) -> list[str]:
    return re.findall(rf"""<{element}\s+value\s*=\s*["']([^"']*)""", text)


def objects_in(value: object) -> list[Resource]:
    """The objects in a JSON list; none where it is no list, as a server may have it."""
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


#: IMF-fixdate, the form in which a date is sent (RFC 9110 section 5.6.7).
_IMF_FIXDATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"\d{4} \d{2}:\d{2}:\d{2} GMT"
)

#: A FHIR instant (R4 datatypes.html#instant): to the second at least, with a time zone; 60 is a leap second.
_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}):(\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})")


@lru_cache(1024)
def http_date(value: str | None) -> datetime | None:
    """A date header as a time, None when it is not an HTTP date (RFC 9110 section 5.6.7)."""
    if value is None or not _IMF_FIXDATE.fullmatch(value):
        return None
    try:
        return parsedate_to_datetime(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_same_second(header: str, element: object) -> bool:
    """Whether an HTTP date and a FHIR instant tell the same time, to the second that a header can tell."""
    sent, meant = http_date(header), instant(element)
    return sent is not None and meant is not None and sent == meant.replace(microsecond=0)


def is_same_instant(one: object, other: object) -> bool:
    """Whether two FHIR instants tell the same time, as far as the one that is told less finely goes."""
    first, second = instant(one), instant(other)
    if first is None or second is None:
        return False
    digits = min(_digits_of_second(one), _digits_of_second(other))
    return abs(first - second) < timedelta(seconds=10.0**-digits)


def _digits_of_second(value: object) -> int:
    """How many digits a FHIR instant has after the second; no more than a datetime can hold."""
    _, _, fraction = str(value).partition(".")
    digits = re.match(r"\d*", fraction)
    return min(len(digits[0]) if digits else 0, 6)


def instant(value: object) -> datetime | None:
    """A FHIR instant as a time, None when it is not one. A leap second is the last one of its minute."""
    found = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    minute, second, fraction, zone = found.groups("")
    try:
        parsed = datetime.fromisoformat(f"{minute}:{min(second, '59')}{fraction[:7]}{zone}")
        return parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
