"""Profiles: what one system promises, resolved: its own promises over those of its bases."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ifmatch.rules.answer import Body, Effect, Resource
from ifmatch.rules.content import at, place, placeholders_in
from ifmatch.rules.expectation import Expectation, Level, NotApplicable, Promise, Source, Surveyed
from ifmatch.rules.profile_file import for_proof, shipped
from ifmatch.rules.profile_layers import Layer, layers_of, merged

__all__ = [
    "FHIR_VERSIONS",
    "Embedded",
    "Profile",
    "ResourceKind",
    "base_for",
    "for_proof",
    "load",
    "shipped",
]

#: The FHIR version a profile speaks of, as CapabilityStatement.fhirVersion begins (DSTU2 is 1.0, STU3 3.0, ...).
FHIR_VERSIONS: Mapping[str, tuple[str, ...]] = {
    "DSTU2": ("1.0", "0.5"), "STU3": ("3.0",), "R4": ("4.0", "4.1"), "R4B": ("4.3",), "R5": ("5.0",),
    "R6": ("6.",),
}  # fmt: skip


@dataclass(frozen=True)
class ResourceKind:
    """One resource type of a profile: its template, how an instance is had, and what a test may change in it."""

    type: str
    body: Resource
    how: str = "create"
    ids: tuple[str, ...] = ()
    change: Resource = field(default_factory=dict)
    marker: str = ""
    echo: str = ""
    optional: str = ""
    other: Resource = field(default_factory=dict)
    invalid: Resource = field(default_factory=dict)
    criteria: Mapping[str, str] = field(default_factory=dict)
    label: str = "tag"
    server_adds: tuple[str, ...] = ()

    @property
    def lent(self) -> bool:
        """Whether the instances are the target's own: changed and restored, but never made nor deleted."""
        return self.how == "existing"

    @property
    def templates(self) -> tuple[Resource, ...]:
        """What placeholders may stand in, the whole body first."""
        return (self.body, self.change, self.other, self.invalid)

    @cached_property
    def placeholders(self) -> set[str]:
        """The names of the placeholders in them."""
        return set().union(*map(placeholders_in, self.templates))

    def marker_in(self, resource: Resource | None) -> str:
        """Where an update of this resource leaves its mark, as a JSON Pointer; empty for a kind that has none."""
        return place(resource, self.marker, self.server_adds) if self.marker else ""

    def marks_to_set(self, resource: Resource) -> tuple[str, ...]:
        """All the places where it does: a resource that is only lent may lack the second one."""
        echo = place(resource, self.echo, self.server_adds) if self.echo else ""
        places = (self.marker_in(resource), echo if at(resource, echo) is not None else "")
        return tuple(filter(None, places))


@dataclass(frozen=True)
class Embedded:
    """How the embedded server behaves where the texts leave it open.

    `answers` maps a rule to a status, `trail` has the types of what it keeps of a write besides the resource.
    """

    versions: str = "counter"
    ids: str = "uuid"
    answers: Mapping[str, int] = field(default_factory=dict)
    accepts: tuple[str, ...] = ()
    trail: tuple[str, ...] = ()
    issue_severity: str = "error"
    placeholders: Mapping[str, str] = field(default_factory=dict)


#: What was wrong with a profile: `rule`, `date` and `what`.
Erratum = Mapping[str, str]


@dataclass(frozen=True)
class Profile:
    """A resolved profile: its own promises over those of its bases, and the errata of all of them.

    `version` is its own; empty when it goes by that of ifmatch.
    """

    id: str
    title: str
    label: str
    fhir: str
    subject: str
    interactions: frozenset[str] | None
    media_type: str
    headers: Mapping[str, str]
    prefer: str
    resources: Mapping[str, ResourceKind]
    embedded: Embedded
    bases: tuple[str, ...]
    version: str
    errata: tuple[Erratum, ...]
    sha256: str
    draft: bool
    renamed: tuple[str, ...]
    _rules: Mapping[str, Mapping[str, Any]]
    _sources: Mapping[str, Source]
    _promises: dict[tuple[str, str], Promise] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )

    def promise(self, rule: str, resource_type: str = "") -> Promise:
        """What the system promises for a rule, on its subject type or on the type given."""
        asked = rule, resource_type
        if asked not in self._promises:
            entry = self._rules.get(rule, {})
            of_type = entry.get("types", {}).get(resource_type, entry)
            self._promises[asked] = self._promise(of_type)
        return self._promises[asked]

    def types_of(self, rule: str) -> tuple[str, ...]:
        """The resource types a rule runs on: the subject, and each type whose promise for the rule differs."""
        return (
            self.subject,
            *(t for t in self._rules.get(rule, {}).get("types", {}) if t != self.subject),
        )

    def speaks_of(self, rule: str) -> bool:
        """Whether the profile or a base of it says anything about a rule."""
        return rule in self._rules

    def offers(self, interaction: str) -> bool | None:
        """Whether the system's texts offer an interaction; None when they leave it to the capability statement."""
        return None if self.interactions is None else interaction in self.interactions

    def _promise(self, entry: Mapping[str, Any]) -> Promise:
        if "not_applicable" in entry:
            return NotApplicable(entry["not_applicable"])
        if "level" not in entry:
            return Surveyed(entry.get("silent", ""))
        key, _, place = entry["source"].partition("#")
        return _expectation(entry, self._sources[key].at(place))


def _expectation(entry: Mapping[str, Any], source: Source) -> Expectation:
    bodies = entry.get("body", [])
    return Expectation(
        level=Level(entry["level"]),
        source=source,
        says=entry.get("says", ""),
        outcome=Effect(entry["outcome"]) if "outcome" in entry else None,
        status=tuple(entry.get("status", ())),
        body=tuple(map(Body, [bodies] if isinstance(bodies, str) else bodies)),
        headers=_tuples(entry.get("headers", {})),
        issue=_tuples(entry.get("issue", {})),
        text=entry.get("text", ""),
        server_error=Level(entry.get("server_error", Level.SHALL)),
    )


def load(name: str) -> Profile:
    """The profile with an id of those shipped, or at the path of a TOML file, over its bases.

    Raises ConfigurationError, with a suggestion, when there is none, and with file and place when it is not valid.
    """
    layers = layers_of(name)
    return _build(merged(layers), layers)


def base_for(fhir_version: str) -> str | None:
    """The id of the FHIR base profile for a version as a capability statement gives it, None when there is none."""
    for fhir, prefixes in FHIR_VERSIONS.items():
        if fhir_version.startswith(prefixes):
            return f"fhir-{fhir.lower()}"
    return None


def _build(data: Layer, layers: list[Layer]) -> Profile:
    request, interactions = data.get("request", {}), data.get("interactions")
    kinds = {
        name: ResourceKind(type=name, **_tuples(kind)) for name, kind in data["resources"].items()
    }
    return Profile(
        id=data["id"],
        title=data["title"],
        label=data["label"],
        fhir=data["fhir"],
        subject=data["subject"],
        interactions=None if interactions is None else frozenset(interactions),
        media_type=request.get("media_type", "application/fhir+json"),
        headers=request.get("headers", {}),
        prefer=request.get("prefer", ""),
        resources=kinds,
        embedded=Embedded(**_tuples(data.get("embedded", {}))),
        bases=tuple(layer["id"] for layer in layers[1:]),
        version=layers[0].get("version", ""),
        errata=tuple(erratum for layer in layers for erratum in layer.get("errata", ())),
        sha256=_digest(layers),
        draft=layers[0].get("draft", False),
        renamed=tuple(name for layer in layers for name in layer["_renamed"]),
        _rules=data["rules"],
        _sources={key: Source(**source) for key, source in data["sources"].items()},
    )


def _digest(layers: Iterable[Layer]) -> str:
    """What changes with the text of a profile or of a base of it."""
    return hashlib.sha256("".join(layer["_digest"] for layer in layers).encode()).hexdigest()


def _tuples(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
