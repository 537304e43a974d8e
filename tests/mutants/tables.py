"""What is known of cells that no rule catches, or that break the suite: a text allows them, or they want mending."""

from .cells import matches

#: Why no text forbids what a cell does, with the source, by pattern of its id.
LAWFUL = {
    "date.previous|one-off.*": "Date is the best approximation that a server has (RFC 9110 section 6.6.1), and an "
    "answer from a cache keeps that of its origin (RFC 9111 section 4)",
    "last-modified.absent.patch": "R4 asks for Last-Modified in the answers to read, create and update, not to "
    "PATCH (http.html)",
    "body.absent.patch": "without a Prefer header the server decides what it returns (R4 http.html#ops)",
}

_CONTENT = "tag|profile|text-element|list-element|marker|around-the-marker|optional"
_SERVERS = "meta|version-id|last-updated|id"
_ALL = f"{_CONTENT}|{_SERVERS}|resource-type|body"
_OUTCOME = "outcome-issue|outcome-severity|outcome-code|outcome-details|outcome-text"
_NO_UPDATE = "create|read|patch|refusal|search|history"

#: Cells that make the suite fail itself: to be mended in the suite. None is known.
CRASHES: dict[str, str] = {}

#: Cells that a rule should catch and none does: to be mended in the suite.
OPEN = {
    f"{_ALL}.*.patch": "no rule looks at the resource in the answer to a patch",
    f"{_ALL}|status.*.search": "no rule holds what a search shows against what is stored",
    f"{_ALL}|status.*.history": "no rule holds what a history shows against what is stored",
    f"{_CONTENT}|{_SERVERS}.*.create": "no rule holds the resource in the answer to a create against what is stored",
    f"tag|profile|{_SERVERS}.*.update": "no rule holds the metadata in the answer to an update against what is stored",
    "resource-type.one-off.create|update": "any resourceType is taken for one",
    "content-type.*.*": "no rule speaks of Content-Type",
    f"date.absent|empty|string|extreme.{_NO_UPDATE}": "Date is looked at in the answer to an update only",
    f"{_OUTCOME}.*.*": "an OperationOutcome is looked at no further than its resourceType",
    "etag|last-modified.*.patch": "no rule looks at the headers of the answer to a patch",
    "last-modified.one-off.create|update": "Last-Modified of a write is not held against lastUpdated",
    "location.one-off.create": "of a Location no more is looked at than whether something can be read there",
    "profile.string|object.read": "the letters of a text, or the members of an object, are taken for profiles",
}


def reason(table: dict[str, str], cell: str) -> str:
    """What a table says of a cell; empty when it does not speak of it."""
    return next((why for pattern, why in table.items() if matches(cell, pattern)), "")
