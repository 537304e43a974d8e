"""Which rules the cases are that another process has collected, by the names that pytest gives them."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from pytest_bdd.scenario import make_python_name

from ifmatch.rules import catalogue
from ifmatch.rules.catalogue import Rule


def rules_of(names: Iterable[str]) -> list[str]:
    """The ids of the rules that these tests are scenarios of, one for each test; other tests are passed over.

    A name is that of a file and a function, and of the row or the resource type where there are several:
    `features/doors/absent.feature::test_a_write[delete-missing]`.
    """
    found = map(_rule_of, names)
    return [rule.id for rule in found if rule is not None]


def _rule_of(name: str) -> Rule | None:
    path, _, rest = name.partition("::")
    function, _, case = rest.partition("[")
    rules = _scenarios().get((_within_features(path), function), [])
    if len(rules) < 2:
        return next(iter(rules), None)
    # A resource type may stand beside the row, and one row may begin like another.
    values = f"-{case.removesuffix(']')}-"
    fitting = (rule for rule in rules if f"-{rule.row}-" in values)
    return max(fitting, key=lambda rule: len(rule.row), default=None)


def _within_features(path: str) -> str:
    """A feature file as the catalogue has it: by its folder and its name."""
    return "/".join(Path(path).parts[-2:])


@cache
def _scenarios() -> Mapping[tuple[str, str], list[Rule]]:
    """The rules by their feature file and the function that pytest-bdd makes of their scenario."""
    found: dict[tuple[str, str], list[Rule]] = {}
    for rule in catalogue.rules():
        function = f"test_{make_python_name(rule.scenario)}"
        found.setdefault((_within_features(rule.path), function), []).append(rule)
    return found
