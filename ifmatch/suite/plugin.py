"""The plugin that makes pytest run the suite: it collects feature files, and brings the rest when there are any to run.

The conftest file beside the features names it. What carries a run (`ifmatch.suite.run`) and judges a scenario
(`ifmatch.suite.scenarios`) is registered only when feature files of ours are to be run.
"""

import types
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ifmatch import HOME
from ifmatch.suite.door import CHECKOUT, DOOR
from ifmatch.suite.options import OPTIONS

if TYPE_CHECKING:
    from ifmatch.errors import IfmatchError
    from ifmatch.report.run import Run
    from ifmatch.rules.case import Case
    from ifmatch.suite.session import Session

SESSION = pytest.StashKey["Session"]()
CASE = pytest.StashKey["Case"]()
ABORT = pytest.StashKey["IfmatchError"]()
RUN = pytest.StashKey["Run"]()


def session_of(config: pytest.Config) -> "Session":
    """The run in progress."""
    return config.stash[SESSION]


def case_of(item: pytest.Item) -> "Case":
    """The case that a scenario's facts go to."""
    return item.stash[CASE]


def run_of(config: pytest.Config) -> "Run | None":
    """The finished run, once it is finished."""
    return config.stash.get(RUN, None)


def abort_of(config: pytest.Config) -> "IfmatchError | None":
    """What ended the run before its time, if anything did."""
    return config.stash.get(ABORT, None)


def pytest_configure(config: pytest.Config) -> None:
    if not config.pluginmanager.hasplugin(DOOR):
        raise pytest.UsageError(f"pytest was told not to load what ifmatch needs of it: give it -p {DOOR}.")
    if wants_features(config):
        from ifmatch.suite import run, scenarios

        config.pluginmanager.register(run, "ifmatch-run")
        config.pluginmanager.register(scenarios, "ifmatch-scenarios")
    else:
        _demand_no_options(config)


def _demand_no_options(config: pytest.Config) -> None:
    """See that nobody who named a target is shown the green of tests that never went near it."""
    for option in OPTIONS:
        if config.getoption(option.own) is not None:
            raise pytest.UsageError(
                f"{option.plain} is for the features, and none of them is among the paths that are run. "
                "Name features/, or leave the option out."
            )


class FeatureFile(pytest.Module):
    """A feature file as a module of tests: one test for each scenario, and for each row of an outline."""

    def _getobj(self) -> types.ModuleType:
        module = types.ModuleType(f"feature_{self.path.stem.replace('-', '_')}")
        module.__file__ = str(self.path)
        source = f"from pytest_bdd import scenarios\nscenarios({str(self.path)!r})"
        exec(compile(source, f"{self.path}.py", "exec"), module.__dict__)
        module.pytestmark = pytest.mark.usefixtures("case")  # type: ignore[attr-defined]
        return module


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix == ".feature" and any(root in file_path.parents for root in _feature_roots(parent.config)):
        return FeatureFile.from_parent(parent, path=file_path)
    return None


def wants_features(config: pytest.Config) -> bool:
    """Whether the paths that pytest is given lead to feature files of ours."""
    paths = [(config.invocation_params.dir / arg.split("::")[0]).resolve() for arg in config.args]
    roots = [root.resolve() for root in _feature_roots(config)]
    return any(path == root or root in path.parents or path in root.parents for path in paths for root in roots)


def _feature_roots(config: pytest.Config) -> tuple[Path, ...]:
    # A checkout's own features count even when the package is installed elsewhere.
    own = config.rootpath / "features"
    return (HOME / "features", own) if (config.rootpath / CHECKOUT).is_file() else (HOME / "features",)
