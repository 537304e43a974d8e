"""The cells: which part of an answer is changed, how, and of which interaction. All are data with an id."""

from dataclasses import dataclass
from typing import Any

INTERACTIONS = ("create", "read", "update", "patch", "refusal", "search", "history")

#: The interactions whose answers show resources: by themselves, or in a bundle.
SHOWING = ("create", "read", "update", "patch", "search", "history")
SINGLE = ("create", "read", "update", "patch")

#: What stands where another type is expected.
WRONG_TYPES = {"number": 7, "string": "ifmatch", "object": {"ifmatch": 7}, "list": ["ifmatch", 7]}

#: What is of the right type, and at the edge of what a reader can take.
EXTREMES: dict[str, Any] = {
    "last-updated": "9999-12-31T23:59:59-12:00",
    "last-modified": "Fri, 31 Dec 9999 23:59:59 -1200",
    "date": "Fri, 31 Dec 9999 23:59:59 -1200",
    "list-element": [{"family": "half of a \ud83d pair"}],
    "body": "[" * 100_000,
}
MUTATIONS = ("absent", "empty", *WRONG_TYPES, "previous", "other", "sent", "one-off")


@dataclass(frozen=True)
class Part:
    """A part of an answer that can be wrong: a header, an element by its path, or the whole of something.

    `kind` is its own type, so never a wrong one.
    """

    name: str
    of: str
    path: tuple[str | int, ...] = ()
    kind: str = ""
    interactions: tuple[str, ...] = SHOWING
    mutations: tuple[str, ...] = MUTATIONS


@dataclass(frozen=True)
class Cell:
    """One way in which one kind of answer is wrong."""

    part: Part
    mutation: str
    interaction: str

    @property
    def id(self) -> str:
        """The name that the tables, the tests and the command line use, such as `etag.absent.update`."""
        return f"{self.part.name}.{self.mutation}.{self.interaction}"


_OF_A_HEADER = ("absent", "empty", "string", "previous", "other", "one-off")
_OF_AN_OUTCOME = ("absent", "empty", *WRONG_TYPES, "one-off")


def _header(
    name: str, interactions: tuple[str, ...], mutations: tuple[str, ...] = _OF_A_HEADER
) -> Part:
    return Part(name.lower(), "header", (name,), "", interactions, mutations)


def _element(name: str, *path: str | int, kind: str) -> Part:
    return Part(name, "resource", path, kind)


def _outcome(name: str, *path: str | int, kind: str) -> Part:
    return Part(f"outcome-{name}", "resource", path, kind, ("refusal",), _OF_AN_OUTCOME)


PARTS = (
    Part("status", "status", interactions=INTERACTIONS, mutations=("string", "one-off")),
    Part("body", "body", kind="object", interactions=INTERACTIONS),
    _header("ETag", SINGLE, (*_OF_A_HEADER, "sent")),
    _header("Last-Modified", SINGLE),
    _header("Location", ("create",)),
    _header("Content-Type", INTERACTIONS, (*_OF_A_HEADER, "sent")),
    _header("Date", INTERACTIONS),
    _element("meta", "meta", kind="object"),
    _element("version-id", "meta", "versionId", kind="string"),
    _element("last-updated", "meta", "lastUpdated", kind="string"),
    _element("tag", "meta", "tag", kind="list"),
    _element("profile", "meta", "profile", kind="list"),
    _element("id", "id", kind="string"),
    _element("resource-type", "resourceType", kind="string"),
    _element("text-element", "gender", kind="string"),
    _element("list-element", "name", kind="list"),
    _element("marker", "address", 0, "city", kind="string"),
    _element("around-the-marker", "address", kind="list"),
    _element("optional", "birthDate", kind="string"),
    _outcome("issue", "issue", kind="list"),
    _outcome("severity", "issue", 0, "severity", kind="string"),
    _outcome("code", "issue", 0, "code", kind="string"),
    _outcome("details", "issue", 0, "details", kind="object"),
    _outcome("text", "text", kind="object"),
)

#: What makes no sense, by a pattern of the cell's id (`*` for a part of it).
SENSELESS = {
    "*.previous.create": "a new resource has no previous version",
    "*.previous.refusal": "a refusal shows no version",
    "*.previous.search": "what is searched for has one version",
    "*.sent.read": "a read sends nothing",
    "*.sent.search": "a search sends nothing",
    "*.sent.history": "a history sends nothing",
    "*.sent.refusal": "a refusal shows nothing of what was sent",
    "*.other.refusal": "a refusal shows no resource",
    "*.sent.patch": "a patch sends no resource",
    "content-type.sent.create|update": "it is the right one",
    "content-type.sent.read|search|history": "a read sends no Content-Type",
    "last-modified.previous|other.*": "what was changed within a second has the same one",
    "content-type.previous.*": "every version has the same one",
    "content-type.other.*": "every resource has the same one",
    "date.other.*": "it speaks of the answer, not of a resource",
    "id.previous.*": "every version has the same one",
    "resource-type.previous.*": "every version has the same one",
    "resource-type.other.*": "every resource has the same one",
    "resource-type.sent.*": "it is the same",
    "id.sent.update": "it is the same",
    "meta.one-off.*": "an object has no last character",
    "tag.one-off.*": "a list has no last character",
    "profile.one-off.*": "a list has no last character",
    "list-element.one-off.*": "a list has no last character",
    "around-the-marker.one-off.*": "a list has no last character",
    "around-the-marker.sent.*": "it is the same",
    "profile.absent.*": "what is created has none",
    "profile.previous.*": "every version has the same one",
    "profile.other.*": "every resource has the same one",
    "profile.sent.*": "it is the same",
    "tag.previous.*": "every version has the same one",
    "tag.other.*": "every resource of a run has the same one",
    "tag.sent.*": "it is the same",
    "text-element.previous.*": "every version has the same one",
    "text-element.other.*": "every resource has the same one",
    "text-element.sent.*": "it is the same",
    "optional.previous.*": "every version has the same one",
    "optional.other.*": "every resource has the same one",
    "optional.sent.*": "it is the same",
    "marker.sent.*": "it is the same",
    "list-element.previous.*": "every version has the same one but for its mark",
    "list-element.sent.*": "it is the same",
    "etag.other.create": "of most resources the first version has the same one",
    "etag.sent.create": "a create names no version",
    "outcome-details.absent.*": "the embedded server gives none",
    "outcome-text.absent.*": "the embedded server gives none",
    "outcome-issue.one-off.*": "a list has no last character",
    "outcome-details.one-off.*": "an object has no last character",
    "outcome-text.one-off.*": "an object has no last character",
    "body.previous.history": "a bundle shows no single resource",
    "body.other.search|history": "a bundle shows no single resource",
}


def matches(cell_id: str, pattern: str) -> bool:
    """Whether a cell is meant by a pattern, part by part: `*` stands for any, `a|b` for one of several."""
    wanted = pattern.split(".")
    return all(
        part == "*" or name in part.split("|")
        for name, part in zip(cell_id.split("."), wanted, strict=True)
    )


def _all() -> dict[str, Cell]:
    every = [
        Cell(part, mutation, interaction)
        for part in PARTS
        for mutation in (*part.mutations, *(["extreme"] if part.name in EXTREMES else []))
        for interaction in part.interactions
        if mutation != part.kind
    ]
    return {
        cell.id: cell
        for cell in every
        if not any(matches(cell.id, pattern) for pattern in SENSELESS)
    }


#: Every cell that makes sense, by its id.
CELLS = _all()
