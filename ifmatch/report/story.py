"""The story of a rule as its feature file has it: why it is there, and its sentences."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from gherkin.parser import Parser

from ifmatch.rules.catalogue import FEATURES, Rule, for_row, rows_of


@dataclass(frozen=True)
class Story:
    """What the feature of a rule is about, and the sentences of its scenario, with the rows of an outline."""

    why: str
    sentences: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def story_of(rule: Rule) -> Story:
    """The story of a rule of the catalogue. Where each row of an outline is a rule, it is told for the rule's row."""
    feature = _feature(rule.path)
    scenario, row = next(found for one in _scenarios(feature) for found in _rules_of(one, rule))
    steps = [*_background(feature), *scenario["steps"]]
    return Story(
        why=" ".join(feature["description"].split()),
        sentences=tuple(
            f"{step['keyword'].strip()} {for_row(step['text'], row)}" for step in steps
        ),
        rows=() if row else tuple(_table_of(scenario)),
    )


def _scenarios(feature: Any) -> list[Any]:
    return [part["scenario"] for part in feature["children"] if "scenario" in part]


def _background(feature: Any) -> list[Any]:
    parts = [part["background"] for part in feature["children"] if "background" in part]
    return [step for part in parts for step in part["steps"]]


@cache
def _feature(path: str) -> Any:
    document: Any = Parser().parse((FEATURES / path).read_text(encoding="utf-8"))
    return document["feature"]


def _rules_of(scenario: Any, rule: Rule) -> Iterator[tuple[Any, Mapping[str, str]]]:
    """A scenario, and the row that is a rule, when the rule is of it; a row is empty where the whole outline is one."""
    for tag in scenario["tags"]:
        rows = [{}, *rows_of(scenario)]
        yield from (
            (scenario, row) for row in rows if for_row(tag["name"], row) == f"@rule:{rule.id}"
        )


def _table_of(scenario: Any) -> Iterator[tuple[str, ...]]:
    for examples in scenario["examples"]:
        for row in (examples["tableHeader"], *examples["tableBody"]):
            yield tuple(cell["value"] for cell in row["cells"])
