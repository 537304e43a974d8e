"""The plugin that makes pytest run the suite: brings in all that is needed when there are features of ours to run.

The conftest file beside the features names it.
"""

import pytest

from ifmatch.report.console.readers import outlive_readers
from ifmatch.suite import door, features, run, scenarios, step_lookup
from ifmatch.suite.options import OPTIONS
from ifmatch.suite.roots import demand_paths, wants_features


def pytest_configure(config: pytest.Config) -> None:
    if not config.pluginmanager.is_registered(door):
        raise pytest.UsageError(
            f"pytest was told not to load what ifmatch needs of it: give it -p {door.DOOR}."
        )
    if wants_features(config):
        demand_paths(config)
        outlive_readers()
        config.pluginmanager.register(features, "ifmatch-features")
        config.pluginmanager.register(step_lookup, "ifmatch-steps")
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
