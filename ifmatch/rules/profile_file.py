"""One profile file: found by its name, read from TOML, and checked by itself, with the place of every slip."""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, cast

from ifmatch import HOME
from ifmatch.errors import ConfigurationError, did_you_mean
from ifmatch.rules import catalogue
from ifmatch.rules.renamed import RENAMED, current
from ifmatch.rules.schema_words import slip

PROFILES = HOME / "profiles"
SCHEMA = PROFILES / "profile.schema.json"

#: Parts of a profile that hold a resource, written as JSON in a TOML string so that they read like FHIR.
_JSON_PARTS = ("body", "change", "other", "invalid")

#: How much of an id may head a column of a matrix.
_LABEL_LENGTH = 12


def profile_meant(word: str) -> str:
    """A question for a word that is nearly the name of a profile, which stands behind -p; empty when it is not."""
    return did_you_mean(word, shipped()).replace('"', "`-p ", 1).replace('"', "`")


def shipped() -> list[str]:
    """The ids of the profiles that come with the suite."""
    return sorted(path.stem for path in PROFILES.glob("*.toml"))


def for_proof() -> list[str]:
    """The names of the profiles of no system, which promise what a fault is to break, and no text at hand promises."""
    return sorted(f"proof/{path.stem}" for path in PROFILES.glob("proof/*.toml"))


def read(name: str) -> dict[str, Any]:
    """The profile with an id of those shipped, or at the path of a TOML file, as it stands there.

    `_digest` is added to it, and as `_renamed` the old ids of rules that stand in it, which the current ones replace.
    Raises ConfigurationError, with a suggestion, when there is none, and with file and place when it is not valid by
    itself.
    """
    path = _path(name)
    text = _text(path)
    data = _parsed(text, path)
    _parse_json_parts(data, path)
    if path.parent != PROFILES:  # the tests see to those that come with the suite
        _check_shape(data, path)
    _check_base(data, path)
    data["_renamed"] = [name for _, name in _rule_ids(data) if name in RENAMED]
    _take_current_ids(data)
    _check_rule_ids(data, path)
    data["rules"] = _written_out(data.get("rules", {}))
    data.setdefault("label", data["id"][:_LABEL_LENGTH])
    data["_digest"] = hashlib.sha256(text.encode()).hexdigest()
    return data


def entries(rules: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every entry on a rule, with the place where it stands: the rule's own, then those for single types."""
    for rule, entry in rules.items():
        yield f"rules.{rule}", entry
        for name, part in entry.get("types", {}).items():
            yield f"rules.{rule}.types.{name}", part


def _path(name: str) -> Path:
    if name in (*shipped(), *for_proof()):
        return PROFILES / f"{name}.toml"
    path = Path(name)
    if path.is_file() and _looks_like_a_path(name):
        return path
    if _looks_like_a_path(name):
        reason = f"There is no profile file {name}. Check the path; `ifmatch profiles` lists the shipped ones."
    else:
        hint = did_you_mean(name, shipped())
        reason = f'There is no profile "{name}".{hint} `ifmatch profiles` lists all.'
    raise ConfigurationError(reason)


def _looks_like_a_path(name: str) -> bool:
    return name.endswith(".toml") or "/" in name


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text: {error}. Save it as UTF-8.") from None


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"{path} is not valid TOML: {error}. Correct that place."
        ) from None


def _parse_json_parts(data: Mapping[str, Any], path: Path) -> None:
    """Put the resources in place of the JSON texts that hold them. The schema has not been asked yet."""
    resources = data.get("resources")
    kinds = resources if isinstance(resources, dict) else {}
    for name, kind in kinds.items():
        texts = {
            part: kind[part]
            for part in _JSON_PARTS
            if isinstance(kind, dict) and isinstance(kind.get(part), str)
        }
        kind |= {
            part: _json(text, f"{path}: resources.{name}.{part}") for part, text in texts.items()
        }


def _json(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigurationError(
            f"{place} is not valid JSON: {error}. It holds a FHIR resource, or a part of one."
        ) from None


def _check_shape(data: Mapping[str, Any], path: Path) -> None:
    wrong = slip(SCHEMA, data)
    if wrong is not None:
        raise ConfigurationError(f"{path} is not a valid profile: {wrong.place}: {wrong.what}")


def _check_base(data: Mapping[str, Any], path: Path) -> None:
    if "extends" not in data and not {"fhir", "subject", "resources"} <= data.keys():
        raise ConfigurationError(
            f"{path}: a profile without extends must itself give fhir, subject and resources."
        )
    if data.get("extends") == data["id"]:
        raise ConfigurationError(
            f"{path}: the profile extends itself. Name the base it builds on, such as fhir-r4."
        )


def _take_current_ids(data: dict[str, Any]) -> None:
    """Put the ids that rules have now in place of those that they had earlier."""
    data["rules"] = _by_current_ids(data.get("rules", {}))
    for _, entry in entries(data["rules"]):
        if "same_as" in entry:
            cast("dict[str, str]", entry)["same_as"] = current(entry["same_as"])
    embedded = data.get("embedded", {})
    if "answers" in embedded:
        embedded["answers"] = _by_current_ids(embedded["answers"])


def _by_current_ids(table: Mapping[str, Any]) -> dict[str, Any]:
    return {current(rule): value for rule, value in table.items()}


def _check_rule_ids(data: Mapping[str, Any], path: Path) -> None:
    """A misspelt id would promise something of a rule that never runs, unseen."""
    for place, name in _rule_ids(data):
        if not _matching(name):
            raise ConfigurationError(
                f'{path}: {place} names the rule "{name}", which is none.{catalogue.hint(name)}'
            )


@cache
def _matching(name: str) -> list[str]:
    """The rules that an id or a pattern of a profile speaks of."""
    if "*" not in name:
        return [name] if name in catalogue.ids() else []
    return [rule for rule in sorted(catalogue.ids()) if fnmatchcase(rule, name)]


def _written_out(rules: Mapping[str, Any]) -> dict[str, Any]:
    """The entries by the ids of their rules; of several patterns for one rule, that which says most of its id holds."""
    by_precision = sorted(rules, key=lambda name: ("*" not in name, len(name.replace("*", ""))))
    return {rule: rules[name] for name in by_precision for rule in _matching(name)}


def _rule_ids(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every id of a rule in a profile, with the place where it stands."""
    rules = data.get("rules", {})
    yield from (("rules", rule) for rule in rules)
    yield from (
        (f"{place}.same_as", entry["same_as"])
        for place, entry in entries(rules)
        if "same_as" in entry
    )
    yield from (("embedded.answers", rule) for rule in data.get("embedded", {}).get("answers", {}))
