"""The feature files as tests: one test for each scenario, and for each row of an outline."""

import types
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    ours = any(root in file_path.parents for root in feature_roots(parent.config))
    return FeatureFile.from_parent(parent, path=file_path) if ours else None


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
