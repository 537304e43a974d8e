"""Profiles: what one system promises, read from TOML, checked by a JSON Schema, resolved along `extends`."""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from ifmatch import HOME
from ifmatch.errors import ConfigurationError, did_you_mean
from ifmatch.rules.answer import Body, Effect, Resource
from ifmatch.rules.content import at
from ifmatch.rules.expectation import Expectation, Level, NotApplicable, Promise, Source, Surveyed

PROFILES = HOME / "profiles"

#: The FHIR version a profile speaks of, as CapabilityStatement.fhirVersion begins (DSTU2 is 1.0, STU3 3.0, ...).
FHIR_VERSIONS: Mapping[str, tuple[str, ...]] = {
    "DSTU2": ("1.0", "0.5"), "STU3": ("3.0",), "R4": ("4.0", "4.1"), "R4B": ("4.3",), "R5": ("5.0",),
}  # fmt: skip

#: Parts of a profile that hold a resource, written as JSON in a TOML string so that they read like FHIR.
_JSON_PARTS = ("body", "change", "other", "invalid")

#: Tables that a profile merges with its base's entry by entry; all else it replaces.
_MERGED = ("sources", "resources", "rules", "request", "embedded")


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
    def marks(self) -> tuple[str, ...]:
        """Where an update leaves its mark, as JSON Pointers."""
        return tuple(filter(None, (self.marker, self.echo)))

    def marks_to_set(self, resource: Resource) -> tuple[str, ...]:
        """Where an update of this resource leaves its mark: one that is only lent may lack the second place."""
        return tuple(p for p in self.marks if p == self.marker or at(resource, p) is not None)


@dataclass(frozen=True)
class Embedded:
    """How the embedded server behaves where the texts leave it open. `answers` maps a rule to a status."""

    versions: str = "counter"
    ids: str = "uuid"
    answers: Mapping[str, int] = field(default_factory=dict)
    accepts: tuple[str, ...] = ()
    issue_severity: str = "error"
    placeholders: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Profile:
    """A resolved profile: its own promises over those of its bases."""

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
    sha256: str
    _rules: Mapping[str, Mapping[str, Any]]
    _sources: Mapping[str, Source]

    def promise(self, rule: str, resource_type: str = "") -> Promise:
        """What the system promises for a rule, on its subject type or on the type given."""
        entry = self._rules.get(rule, {})
        return self._promise(entry.get("types", {}).get(resource_type, entry))

    def types_of(self, rule: str) -> tuple[str, ...]:
        """The resource types a rule runs on: the subject, and each type whose promise for the rule differs."""
        return (self.subject, *(t for t in self._rules.get(rule, {}).get("types", {}) if t != self.subject))

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
        bodies = entry.get("body", [])
        return Expectation(
            level=Level(entry["level"]),
            source=self._sources[key].at(place),
            says=entry.get("says", ""),
            outcome=Effect(entry["outcome"]) if "outcome" in entry else None,
            status=tuple(entry.get("status", ())),
            body=tuple(map(Body, [bodies] if isinstance(bodies, str) else bodies)),
            headers={name: tuple(forms) for name, forms in entry.get("headers", {}).items()},
            issue={element: tuple(codes) for element, codes in entry.get("issue", {}).items()},
            text=entry.get("text", ""),
        )


def shipped() -> list[str]:
    """The ids of the profiles that come with the suite."""
    return sorted(path.stem for path in PROFILES.glob("*.toml"))


def load(name: str) -> Profile:
    """The profile with an id of those shipped, or at the path of a TOML file.

    Raises ConfigurationError, with a suggestion, when there is none, and with file and place when it is not valid.
    """
    return _resolve(_read(_path(name)))


def base_for(fhir_version: str) -> str | None:
    """The id of the FHIR base profile for a version as a capability statement gives it, None when there is none."""
    for fhir, prefixes in FHIR_VERSIONS.items():
        if fhir_version.startswith(prefixes):
            return f"fhir-{'r4' if fhir == 'R4B' else fhir.lower()}"
    return None


def _path(name: str) -> Path:
    if name in shipped():
        return PROFILES / f"{name}.toml"
    path = Path(name)
    if path.suffix == ".toml" or "/" in name:
        if path.is_file():
            return path
        raise ConfigurationError(
            f"There is no profile file {name}. Check the path; `ifmatch profiles` lists the shipped ones."
        )
    hint = did_you_mean(name, shipped())
    raise ConfigurationError(f'There is no profile "{name}".{hint} `ifmatch profiles` lists all.')


def _read(path: Path) -> dict[str, Any]:
    """One profile file, checked by itself."""
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text: {error}. Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}. Correct that place.") from None
    _parse_json_parts(data, path)
    broken = best_match(_validator().iter_errors(data))
    if broken is not None:
        raise ConfigurationError(f"{path} is not a valid profile: {_explain(broken)}")
    _check_references(data, path)
    data["_digest"] = hashlib.sha256(text.encode()).hexdigest()
    return data


def _parse_json_parts(data: Mapping[str, Any], path: Path) -> None:
    resources = data.get("resources")
    for name, kind in resources.items() if isinstance(resources, dict) else ():
        for part in _JSON_PARTS:
            if isinstance(kind, dict) and isinstance(kind.get(part), str):
                try:
                    kind[part] = json.loads(kind[part])
                except ValueError as error:
                    raise ConfigurationError(
                        f"{path}: resources.{name}.{part} is not valid JSON: {error}. "
                        "It holds a FHIR resource, or a part of one."
                    ) from None


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads((PROFILES / "profile.schema.json").read_text(encoding="utf-8")))


def _explain(error: ValidationError) -> str:
    """A schema error as: where, what, and what would be allowed."""
    place = ".".join(map(str, error.absolute_path)) or "top level"
    if error.validator == "enum":
        allowed = [str(value) for value in cast("list[object]", error.validator_value)]
        values = ", ".join(allowed)
        hint = did_you_mean(str(error.instance), allowed)
        return f'{place}: "{error.instance}" is not allowed.{hint} Allowed: {values}.'
    if error.validator == "oneOf":
        return f"{place}: a rule needs exactly one of: level with source, silent, not_applicable, same_as."
    return f"{place}: {error.message}."


def _check_references(data: Mapping[str, Any], path: Path) -> None:
    if "extends" not in data and not {"fhir", "subject", "resources"} <= data.keys():
        raise ConfigurationError(f"{path}: a profile without extends must itself give fhir, subject and resources.")
    if data.get("extends") == data["id"]:
        raise ConfigurationError(f"{path}: the profile extends itself. Name the base it builds on, such as fhir-r4.")


def _resolve(data: dict[str, Any]) -> Profile:
    chain = [data]
    while "extends" in chain[-1]:
        base = _read(_path(chain[-1]["extends"]))
        if base["id"] in [d["id"] for d in chain]:
            raise ConfigurationError(
                f"The profile {data['id']} extends itself by way of {chain[-1]['id']}. Break the circle."
            )
        chain.append(base)
    resolved: dict[str, Any] = {"sources": {}, "rules": {}}
    for layer in reversed(chain):
        resolved |= {
            key: {**resolved.get(key, {}), **value} if key in _MERGED else value for key, value in layer.items()
        }
    _check_resolved(resolved)
    resolved["rules"] = {
        rule: _followed(entry, resolved["rules"], resolved["id"]) for rule, entry in resolved["rules"].items()
    }
    return _build(resolved, chain)


def _followed(entry: Mapping[str, Any], rules: Mapping[str, Any], profile: str) -> Mapping[str, Any]:
    """An entry with `same_as`, its own or a type's, replaced by the entry that it leads to."""
    seen: list[str] = []
    while "same_as" in entry:
        if entry["same_as"] in seen:
            raise ConfigurationError(
                f"{profile}: same_as goes in a circle: {' -> '.join([*seen, entry['same_as']])}. Break it."
            )
        seen.append(entry["same_as"])
        entry = rules[entry["same_as"]]
    if not any("same_as" in part for part in entry.get("types", {}).values()):
        return entry
    return {**entry, "types": {name: _followed(part, rules, profile) for name, part in entry["types"].items()}}


def _check_resolved(data: Mapping[str, Any]) -> None:
    """What only the resolved profile can tell: that every source, type and rule it names exists."""
    known = data["sources"]
    for rule, entry in _entries(data["rules"]):
        source = entry.get("source", "").partition("#")[0]
        if source and source not in known:
            raise ConfigurationError(
                f'{data["id"]}: rules.{rule} names the source "{source}". Known sources: {", ".join(sorted(known))}.'
            )
        if "same_as" in entry and entry["same_as"] not in data["rules"]:
            raise ConfigurationError(
                f'{data["id"]}: rules.{rule} is the same as "{entry["same_as"]}", which the profile does not have.'
            )
        for name in entry.get("types", {}):
            if name not in data["resources"]:
                raise ConfigurationError(
                    f"{data['id']}: rules.{rule} speaks of {name}, but the profile has no resources.{name}."
                )
    if data["subject"] not in data["resources"]:
        raise ConfigurationError(f"{data['id']}: the subject {data['subject']} has no template under resources.")


def _entries(rules: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    for rule, entry in rules.items():
        yield rule, entry
        yield from ((f"{rule}.types.{name}", part) for name, part in entry.get("types", {}).items())


def _build(data: Mapping[str, Any], chain: list[dict[str, Any]]) -> Profile:
    request, interactions = data.get("request", {}), data.get("interactions")
    kinds = {name: ResourceKind(type=name, **_tuples(kind)) for name, kind in data["resources"].items()}
    digests = "".join(layer["_digest"] for layer in chain)
    return Profile(
        id=data["id"],
        title=data["title"],
        label=data.get("label", data["id"][:12]),
        fhir=data["fhir"],
        subject=data["subject"],
        interactions=None if interactions is None else frozenset(interactions),
        media_type=request.get("media_type", "application/fhir+json"),
        headers=request.get("headers", {}),
        prefer=request.get("prefer", ""),
        resources=kinds,
        embedded=Embedded(**_tuples(data.get("embedded", {}))),
        bases=tuple(layer["id"] for layer in chain[1:]),
        sha256=hashlib.sha256(digests.encode()).hexdigest(),
        _rules=data["rules"],
        _sources={key: Source(**source) for key, source in data["sources"].items()},
    )


def _tuples(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
