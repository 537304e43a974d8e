"""A profile over its bases: the layers along `extends` merged into one, and what only all of them together can show."""

from collections.abc import Iterator, Mapping
from typing import Any

from ifmatch.errors import ConfigurationError
from ifmatch.rules.profile_file import entries, read

Layer = Mapping[str, Any]

#: Tables that a profile merges with its base's entry by entry; all else it replaces.
_MERGED = ("sources", "resources", "rules", "request", "embedded")


def layers_of(name: str) -> list[Layer]:
    """A profile and its bases, the profile itself first. Raises ConfigurationError when they go in a circle."""
    layers = [read(name)]
    while "extends" in layers[-1]:
        base = read(layers[-1]["extends"])
        if base["id"] in [layer["id"] for layer in layers]:
            raise ConfigurationError(
                f"The profile {layers[0]['id']} extends itself by way of {layers[-1]['id']}. Break the circle."
            )
        layers.append(base)
    return list(layers)


def merged(layers: list[Layer]) -> dict[str, Any]:
    """The layers as one profile, with each `same_as` followed. Raises ConfigurationError when they do not fit."""
    profile: dict[str, Any] = {"sources": {}, "rules": {}}
    for layer in reversed(layers):
        profile |= _over(profile, layer)
    _check_sources(profile)
    _check_sameness(profile)
    _check_types(profile)
    _check_subject(profile)
    rules = profile["rules"]
    profile["rules"] = {
        rule: _followed(entry, rules, profile["id"]) for rule, entry in rules.items()
    }
    return profile


def _over(base: Layer, layer: Layer) -> Layer:
    tables = {key: {**base.get(key, {}), **layer[key]} for key in _MERGED if key in layer}
    return {**layer, **tables}


def _check_sources(profile: Layer) -> None:
    known = profile["sources"]
    for place, source in _sources_named(profile):
        if source not in known:
            choice = ", ".join(sorted(known))
            raise ConfigurationError(
                f'{profile["id"]}: {place} names the source "{source}". Known sources: {choice}.'
            )


def _sources_named(profile: Layer) -> Iterator[tuple[str, str]]:
    for place, entry in entries(profile["rules"]):
        if "source" in entry:
            yield place, entry["source"].partition("#")[0]


def _check_sameness(profile: Layer) -> None:
    for place, entry in entries(profile["rules"]):
        same = entry.get("same_as")
        if same is not None and same not in profile["rules"]:
            raise ConfigurationError(
                f'{profile["id"]}: {place} is the same as "{same}", of which nothing is said.'
            )


def _check_types(profile: Layer) -> None:
    kinds = profile["resources"]
    for rule, entry in profile["rules"].items():
        for name in entry.get("types", {}).keys() - kinds:
            raise ConfigurationError(
                f"{profile['id']}: rules.{rule} speaks of {name}, but the profile has no resources.{name}."
            )


def _check_subject(profile: Layer) -> None:
    if profile["subject"] not in profile["resources"]:
        raise ConfigurationError(
            f"{profile['id']}: the subject {profile['subject']} has no template under resources."
        )


def _followed(entry: Layer, rules: Layer, profile: str) -> Layer:
    """An entry with `same_as`, its own or a type's, replaced by the entry that it leads to."""
    found = _end_of_sameness(entry, rules, profile)
    if "types" not in found:
        return found
    types = {name: _followed(part, rules, profile) for name, part in found["types"].items()}
    return {**found, "types": types}


def _end_of_sameness(entry: Layer, rules: Layer, profile: str) -> Layer:
    seen: list[str] = []
    while "same_as" in entry:
        name = entry["same_as"]
        if name in seen:
            circle = " -> ".join([*seen, name])
            raise ConfigurationError(f"{profile}: same_as goes in a circle: {circle}. Break it.")
        seen.append(name)
        entry = rules[name]
    return entry
