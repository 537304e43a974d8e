"""The rule catalogue: the feature files themselves. A rule is a scenario with a stable id."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from gherkin.parser import Parser

from ifmatch import HOME

FEATURES = HOME / "features"
_ID_TAG = "@rule:"

#: The rules that are watched in every exchange have no steps of their own, and ids of this form.
_WATCHED = "always."


@dataclass(frozen=True)
class Rule:
    """One rule: its id, its title, the feature that tells its story, and the tags that gate it."""

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
    shared = {tag["name"] for tag in feature["tags"]}
    for child in feature["children"]:
        if (scenario := child.get("scenario")) is not None:
            tags = shared | {tag["name"] for tag in scenario["tags"]}
            ids = [tag.removeprefix(_ID_TAG) for tag in tags if tag.startswith(_ID_TAG)]
            if len(ids) != 1:
                raise ValueError(
                    f"{path.name}: the scenario {scenario['name']!r} needs one {_ID_TAG} tag, not {len(ids)}"
                )
            yield Rule(ids[0], scenario["name"], feature["name"], str(path.relative_to(FEATURES)), frozenset(tags))


def is_watched(rule_id: str) -> bool:
    """Whether a rule is watched by a monitor in every exchange, instead of having a scenario to run."""
    return rule_id.startswith(_WATCHED)


def matches(rule_id: str, globs: str) -> bool:
    """Whether a rule id matches one of several patterns, separated by commas: `update.*,read.etag*`."""
    return any(fnmatchcase(rule_id, glob.strip()) for glob in globs.split(","))
