"""A resource of ours as the suite speaks of it: what was sent, what a reader saw, and what came of a write."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ifmatch.client.unique import new_unique
from ifmatch.errors import OutcomeUnknown
from ifmatch.rules.answer import Answer, Resource, objects_in
from ifmatch.rules.content import differences
from ifmatch.rules.expectation import describe
from ifmatch.rules.profile import ResourceKind
from ifmatch.rules.version import weak

#: The system of the identifiers by which the profiles' templates make each resource unique.
IDENTIFIER_SYSTEM = "urn:ifmatch:identifier"


#: Why nothing can be based on what was read.
_NO_VERSION = (
    "the read reveals no version: it has neither an ETag that names one nor a meta.versionId to base "
    "an update on"
)


@dataclass(frozen=True)
class Snapshot:
    """A resource as a reader saw it: content, version, time, and the versions its history lists (None: no history).

    It is not `versioned` on a server that says that it keeps no versions. `shown` is None when the reader was answered,
    but shown no resource.
    """

    answer: Answer
    shown: Resource | None
    history: tuple[str, ...] | None
    versioned: bool = True

    @property
    def resource(self) -> Resource:
        """The content. Raises OutcomeUnknown when the reader was shown none."""
        if self.shown is None:
            raise OutcomeUnknown(
                f"a read of {self.answer.url} shows no resource: {describe(self.answer)}"
            )
        return self.shown

    @property
    def version(self) -> str:
        """The version, for comparison only. Empty when the server reveals none."""
        return self.answer.version or ""

    @property
    def tag(self) -> str:
        """The entity tag for an If-Match: the server's own, else made from meta.versionId.

        Raises OutcomeUnknown when the server reveals no version at all.
        """
        tag = tag_of(self.answer)
        if tag is None:
            raise OutcomeUnknown(_NO_VERSION)
        return tag

    @property
    def known_version(self) -> str:
        """The version, to be spelt in a tag of ours. Raises OutcomeUnknown when the server reveals none."""
        if not self.version:
            raise OutcomeUnknown(_NO_VERSION)
        return self.version

    @property
    def base(self) -> str | tuple[()]:
        """The entity tag for an ordinary update; none where there are no versions to name."""
        return self.tag if self.versioned else ()

    @property
    def last_updated(self) -> object:
        """meta.lastUpdated as sent."""
        return self.answer.meta.get("lastUpdated")

    def changes_to(self, later: "Snapshot") -> list[str]:
        """What is different in a later snapshot, in words; empty when nothing happened in between."""
        return [
            *self._change_of_version(later),
            *differences(self.resource, later.resource),
            *self._change_of_time(later),
            *self._additions_to_history(later),
        ]

    def _change_of_version(self, later: "Snapshot") -> Iterator[str]:
        if self.version != later.version:
            yield f"the version is {later.version}, not {self.version}"

    def _change_of_time(self, later: "Snapshot") -> Iterator[str]:
        if self.last_updated != later.last_updated:
            yield f"lastUpdated is {later.last_updated}, not {self.last_updated}"

    def _additions_to_history(self, later: "Snapshot") -> Iterator[str]:
        """The order of a history, and how much of it is listed, may change with nothing written: what is new counts."""
        known = {*(self.history or ()), self.version}
        added = [version for version in later.history or () if version not in known]
        if added and self.history is not None:
            yield f"the history has {_listed(added)} besides {_listed(self.history)}"


@dataclass
class Subject:
    """A resource of ours on the target: as it was first read (`read`), and as it was when last looked at (`now`)."""

    kind: ResourceKind
    id: str
    unique: str
    sent: Resource
    read: Snapshot
    now: Snapshot = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.read

    @property
    def type(self) -> str:
        """The resource type."""
        return self.kind.type

    @property
    def marker(self) -> str:
        """Where an update leaves its mark in it as it is now, as a JSON Pointer; empty for a kind that has none."""
        return self.kind.marker_in(self.now.resource)


@dataclass(frozen=True)
class Attempt:
    """A write that was tried: what was sent and what the server answered.

    One that `deletes` sent nothing; `beside` is the write that stood in the same Bundle.
    """

    answer: Answer
    sent: Resource
    deletes: bool = False
    beside: "Attempt | None" = None

    @property
    def id(self) -> str:
        """The id of what was written: as the answer names it, else as it was sent. Empty when neither does."""
        return self.answer.named_id or self.sent.get("id", "")


def new_mark() -> str:
    """A text of ours for an element that a write may change, unlike any other. Not all of it is ASCII, as in names."""
    return f"ifmatch {new_unique()} é水"


def tag_of(answer: Answer) -> str | None:
    """An entity tag for the version that an answer shows, None when it shows none."""
    return answer.etag or (weak(answer.version) if answer.version else None)


def entries(answer: Answer) -> list[Resource]:
    """The resources in a Bundle; entries without one, such as deletes in a history, are left out."""
    listed = objects_in((answer.resource or {}).get("entry"))
    return objects_in([entry.get("resource") for entry in listed])


def is_bundle(answer: Answer) -> bool:
    """Whether an answer is a list of resources, be it an empty one."""
    return answer.resource is not None and answer.resource["resourceType"] == "Bundle"


def identifiers(resource: Resource) -> list[str]:
    """The values of the identifiers that the suite gave to a resource."""
    listed = resource.get("identifier")
    several = listed if isinstance(listed, list) else [listed]
    ours = (i for i in objects_in(several) if i.get("system") == IDENTIFIER_SYSTEM)
    return [str(identifier.get("value")) for identifier in ours]


def version_of(resource: Resource) -> str | None:
    """The meta.versionId of a resource, None when it has none."""
    meta = resource.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return None if version is None else str(version)


def _listed(versions: Sequence[str]) -> str:
    return ", ".join(versions) or "nothing"
