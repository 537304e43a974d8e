"""Which step definition carries out a sentence.

pytest-bdd registers each step definition as a fixture, and for each sentence that it runs it goes through all fixtures
and asks each whether it matches: steps times definitions, a quarter of a run's processor time, and growing with the
square of the suite. Here the definitions are sorted once a run; then a fixed sentence is one look-up in a table, and
one with parameters is looked for once. pytest-bdd has no hook for this, so its one function that answers the question
is replaced while scenarios run. What it would take silently, the last of several definitions, is an error here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module

import pytest
from pytest_bdd import parsers
from pytest_bdd.exceptions import StepImplementationError
from pytest_bdd.parser import Scenario, Step
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry
from pytest_bdd.utils import get_required_args

Fixture = pytest.FixtureDef[object]


class StepTable:
    """The step definitions of a run, by the sentences that they carry out."""

    def __init__(self, fixtures: Iterable[Fixture]) -> None:
        self._fixed: dict[str, list[Fixture]] = defaultdict(list)
        self._with_parameters: list[Fixture] = []
        self._found: dict[tuple[str, str], Sequence[Fixture]] = {}
        for fixture in fixtures:
            definition = step_function_context_registry.get(fixture.func)
            if definition is None:
                continue
            if isinstance(definition.parser, parsers.string):
                self._fixed[definition.parser.name].append(fixture)
            else:
                self._with_parameters.append(fixture)

    def definitions_of(self, kind: str, sentence: str) -> Sequence[Fixture]:
        """All that match a sentence; `kind` is given, when or then."""
        key = kind, sentence
        if key not in self._found:
            candidates = [*self._fixed.get(sentence, ()), *self._with_parameters]
            self._found[key] = [
                fixture for fixture in candidates if _matches(fixture, kind, sentence)
            ]
        return self._found[key]


def _matches(fixture: Fixture, kind: str, sentence: str) -> bool:
    definition = _definition_in(fixture)
    return definition.type in (None, kind) and definition.parser.is_matching(sentence)


def _definition_in(fixture: Fixture) -> StepFunctionContext:
    return step_function_context_registry[fixture.func]


_TABLE = pytest.StashKey[StepTable]()
_SCENARIO = pytest.StashKey[Scenario]()


def find_step(request: pytest.FixtureRequest, step: Step) -> StepFunctionContext | None:
    """The definition for a step of the scenario that is running, None when there is none.

    As with fixtures, a definition near to the scenario stands in for one further away.
    Raises StepImplementationError when there are several equally near.
    """
    manager, stash = request._fixturemanager, request.config.stash
    if _TABLE not in stash:
        stash[_TABLE] = StepTable(manager._get_all_fixture_defs())
    matching = stash[_TABLE].definitions_of(step.type, step.name)
    visible = [
        fixture
        for fixture in matching
        if fixture in (manager.getfixturedefs(fixture.argname, request.node) or ())
    ]
    if not visible:
        return None
    nearest = max(len(fixture.baseid) for fixture in visible)
    found = [_definition_in(fixture) for fixture in visible if len(fixture.baseid) == nearest]
    if len(found) > 1:
        raise StepImplementationError(
            f'"{step.name}" can be carried out by several steps: {_names(found)}. Word one of them differently.'
        )
    return found[0]


def step_asks_for(request: pytest.FixtureRequest, kind: str, fixture: str) -> bool:
    """Whether a step of that kind, in the scenario that is running, asks for a fixture."""
    scenario = request.node.stash[_SCENARIO]
    steps = (step for step in scenario.steps if step.type == kind)
    found = (find_step(request, step) for step in steps)
    return any(fixture in get_required_args(one.step_func) for one in found if one is not None)


@pytest.hookimpl(tryfirst=True)
def pytest_bdd_before_scenario(request: pytest.FixtureRequest, scenario: Scenario) -> None:
    request.node.stash[_SCENARIO] = scenario


def _names(definitions: Iterable[StepFunctionContext]) -> str:
    functions = (definition.step_func for definition in definitions)
    return ", ".join(f"{function.__module__}.{function.__qualname__}" for function in functions)


@contextmanager
def steps_looked_up() -> Iterator[None]:
    """A while in which pytest-bdd finds its steps here."""
    # As an attribute of its package, pytest_bdd.scenario is a function; the module of that name is meant.
    module = import_module("pytest_bdd.scenario")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "get_step_function", find_step)
        yield
