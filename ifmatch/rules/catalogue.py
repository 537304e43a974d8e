"""The rule catalogue: the feature files themselves. A rule is a scenario with a stable id."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from gherkin.parser import Parser

from ifmatch import HOME
from ifmatch.errors import did_you_mean

FEATURES = HOME / "features"
_ID_TAG = "@rule:"

#: The rules that are watched in every exchange have no steps of their own, and ids of this form.
_WATCHED = "always."


@dataclass(frozen=True)
class Rule:
    """One rule: its id, its title, the feature that explains it, and the tags that gate it."""

    id: str
    title: str
    feature: str
    path: str
    tags: frozenset[str]


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule of the suite, in the order of the feature files."""
    return tuple(rule for path in sorted(FEATURES.rglob("*.feature")) for rule in rules_in(path))


def rules_in(path: Path) -> Iterator[Rule]:
    """The rules of one feature file. Raises ValueError when a scenario has no id, for it could not be spoken of."""
    document: Any = Parser().parse(path.read_text(encoding="utf-8"))
    feature = document["feature"]
    scenarios = (child["scenario"] for child in feature["children"] if "scenario" in child)
    for scenario in scenarios:
        tags = _tags_of(feature) | _tags_of(scenario)
        yield Rule(
            id=_id_in(tags, f"{path.name}: the scenario {scenario['name']!r}"),
            title=scenario["name"],
            feature=feature["name"],
            path=str(path.relative_to(FEATURES)),
            tags=tags,
        )


def _id_in(tags: frozenset[str], whose: str) -> str:
    ids = [tag.removeprefix(_ID_TAG) for tag in tags if tag.startswith(_ID_TAG)]
    if len(ids) != 1:
        raise ValueError(f"{whose} needs one {_ID_TAG} tag, not {len(ids)}")
    return ids[0]


def _tags_of(node: Any) -> frozenset[str]:
    return frozenset(tag["name"] for tag in node["tags"])


def ids() -> frozenset[str]:
    """The ids of all rules."""
    return frozenset(rule.id for rule in rules())


def hint(name: str) -> str:
    """What to do about the id of a rule that does not exist: the one that was meant, and where all are listed."""
    return f"{did_you_mean(name, sorted(ids()))} `ifmatch rules` lists all."


def is_watched(rule_id: str) -> bool:
    """Whether a rule is watched by a monitor in every exchange, instead of having a scenario to run."""
    return rule_id.startswith(_WATCHED)


def matches(rule_id: str, globs: str) -> bool:
    """Whether a rule id matches one of several patterns, separated by commas: `update.*,read.etag*`."""
    return any(fnmatchcase(rule_id, glob.strip()) for glob in globs.split(","))
