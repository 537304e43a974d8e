"""The story of a rule as its feature file has it: why it is there, and its sentences."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from gherkin.parser import Parser

from ifmatch.rules.catalogue import FEATURES, Rule


@dataclass(frozen=True)
class Story:
    """What the feature of a rule is about, and the sentences of its scenario, with the rows of an outline."""

    why: str
    sentences: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def story_of(rule: Rule) -> Story:
    """The story of a rule of the catalogue."""
    feature = _feature(rule.path)
    parts = feature["children"]
    background = [part["background"] for part in parts if "background" in part]
    scenario = next(part["scenario"] for part in parts if _is_of(part, rule))
    steps = [step for part in (*background, scenario) for step in part["steps"]]
    return Story(
        why=" ".join(feature["description"].split()),
        sentences=tuple(f"{step['keyword'].strip()} {step['text']}" for step in steps),
        rows=tuple(row for examples in scenario["examples"] for row in _rows(examples)),
    )


@cache
def _feature(path: str) -> Any:
    document: Any = Parser().parse((FEATURES / path).read_text(encoding="utf-8"))
    return document["feature"]


def _is_of(part: Any, rule: Rule) -> bool:
    tags = part["scenario"]["tags"] if "scenario" in part else ()
    return any(tag["name"] == f"@rule:{rule.id}" for tag in tags)


def _rows(examples: Any) -> list[tuple[str, ...]]:
    rows = [examples["tableHeader"], *examples["tableBody"]]
    return [tuple(cell["value"] for cell in row["cells"]) for row in rows]
