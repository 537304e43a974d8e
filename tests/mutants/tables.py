"""Of cells that no rule catches: why no text forbids them."""

from .cells import matches

#: Why no text forbids what a cell does, with the source, by pattern of its id.
LAWFUL = {
    "date.previous|one-off.*": "Date is the best approximation that a server has (RFC 9110 section 6.6.1), and an "
    "answer from a cache keeps that of its origin (RFC 9111 section 4)",
    "last-modified.absent.patch": "R4 asks for Last-Modified in the answers to read, create and update, not to "
    "PATCH (http.html)",
    "body.absent.patch": "without a Prefer header the server decides what it returns (R4 http.html#ops)",
}


def reason(cell: str) -> str:
    """Why no text forbids a cell; empty when none of the patterns meets it."""
    return next((why for pattern, why in LAWFUL.items() if matches(cell, pattern)), "")
