"""The feature files as tests: one test for each scenario, and for each row of an outline."""

import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from ifmatch.rules import catalogue
from ifmatch.suite.options import RULES
from ifmatch.suite.roots import feature_roots
from ifmatch.suite.step_lookup import steps_looked_up

#: The folder of the rules that monitors watch: their scenarios have no steps to run.
_WATCHED = "always"


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop() -> Iterator[None]:
    with steps_looked_up():
        return (yield)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix != ".feature" or file_path.parent.name == _WATCHED:
        return None
    roots = [root for root in feature_roots(parent.config) if root in file_path.parents]
    if not roots or _is_left_out(parent.config, file_path.relative_to(roots[0])):
        return None
    return FeatureFile.from_parent(parent, path=file_path)


def _is_left_out(config: pytest.Config, path: Path) -> bool:
    """Whether none of a file's rules is selected: reading it would be half of what a run of a single rule costs."""
    globs = config.getoption(RULES.own)
    ids = [rule.id for rule in catalogue.rules() if rule.path == str(path)]
    return bool(globs and ids) and not any(catalogue.matches(id_, globs) for id_ in ids)


class FeatureFile(pytest.Module):
    """A feature file as a module of tests."""

    def _getobj(self) -> types.ModuleType:
        module = types.ModuleType(f"feature_{self.path.stem.replace('-', '_')}")
        module.__file__ = str(self.path)
        source = f"from pytest_bdd import scenarios\nscenarios({str(self.path)!r})"
        # pytest-bdd asks for the file of its caller, once a scenario. One that exists is found at once; for any other
        # the interpreter goes through all modules that are loaded.
        exec(compile(source, str(self.path), "exec"), module.__dict__)
        module.pytestmark = pytest.mark.usefixtures("case")  # type: ignore[attr-defined]
        return module
