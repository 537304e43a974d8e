"""The resources that an answer shows, and what earlier answers of the run showed of the same versions."""

import json
from dataclasses import dataclass, field

from ifmatch.client.asked import Asked, Interaction
from ifmatch.client.subject import entries, is_bundle, version_of
from ifmatch.monitor.looks import Looks
from ifmatch.monitor.marks import Marks
from ifmatch.monitor.writes import LastWritten, Writes
from ifmatch.rules.answer import Answer, Resource

#: Type, id and version of a resource.
Version = tuple[str, str, str]

#: By this tag a server says that what it shows is only a part (FHIR R4 resource.html#simple-tags).
_SUBSETTED = '"SUBSETTED"'


@dataclass(frozen=True, slots=True)
class Shown:
    """A resource as one answer showed it, and the version that the answer says it is; empty when it says none.

    `text` is the resource in one form, so that two can be seen to be the same at a glance.
    """

    resource: Resource
    version: str
    exchange: str
    text: str

    @property
    def name(self) -> tuple[str, str]:
        """Type and id, as far as they are told."""
        return str(self.resource.get("resourceType")), str(self.resource.get("id"))

    @property
    def key(self) -> Version:
        """Type, id and version."""
        return *self.name, self.version


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of a version: what it was shown as, in one form, and by which exchange."""

    text: str
    exchange: str

    @property
    def resource(self) -> Resource:
        """The resource as it was shown."""
        kept: Resource = json.loads(self.text)
        return kept


@dataclass
class Seen:
    """What earlier answers showed: each version as it was first shown, and the Last-Modified that came with it.

    `numbered` are the resources that were shown with a version at least once, each with the exchange that did, `marks`
    the texts of ours that were sent and shown, `writes` what was written, `looks` what was read, `last_written` the
    last that was written while nothing else was sent that may have written.
    """

    versions: dict[Version, Kept] = field(default_factory=dict)
    modified: dict[Version, Kept] = field(default_factory=dict)
    numbered: dict[tuple[str, str], str] = field(default_factory=dict)
    marks: Marks = field(default_factory=Marks)
    writes: Writes = field(default_factory=Writes)
    last_written: LastWritten | None = None
    looks: Looks = field(default_factory=Looks)

    def add(self, shown: Shown) -> None:
        """Remember a resource as an answer shows it, unless its version is known."""
        if shown.version and shown.key not in self.versions:
            self.numbered.setdefault(shown.name, shown.exchange)
            self.versions[shown.key] = Kept(shown.text, shown.exchange)

    def add_time(self, version: Version | None, answer: Answer) -> None:
        """Remember the Last-Modified of an answer that is about a version."""
        header = answer.header("last-modified")
        if version is not None and header is not None:
            self.modified.setdefault(version, Kept(header, answer.exchange))


def shown_by(answer: Answer) -> tuple[Shown, ...]:
    """The resources in an answer: the one that is its body, or those in a Bundle. What is only a part is left out."""
    if answer.resource is None or _SUBSETTED in answer.text:
        return ()
    if is_bundle(answer):
        return tuple(_shown(one, version_of(one) or "", answer) for one in entries(answer))
    return (_shown(answer.resource, answer.version or "", answer),)


def _shown(resource: Resource, version: str, answer: Answer) -> Shown:
    return Shown(resource, version, answer.exchange, json.dumps(resource, sort_keys=True))


#: What answers with one resource, or with headers that speak of one.
_OF_ONE = frozenset({*Interaction} - {Interaction.SEARCH, Interaction.HISTORY, Interaction.DELETE})


def version_spoken_of(answer: Answer, asked: Asked | None) -> Version | None:
    """The version that an accepted answer is about, by its headers or its body; None when it does not say."""
    if asked is None or asked.interaction not in _OF_ONE or answer.status // 100 != 2:
        return None
    resource_id, version = asked.id or answer.named_id, answer.version
    return (asked.type, resource_id, version) if resource_id and version else None
