"""Which feature files are ours, and whether any of them is to be run."""

from pathlib import Path

import pytest

from ifmatch import HOME
from ifmatch.rules.profile_file import profile_meant
from ifmatch.suite.door import CHECKOUT


def feature_roots(config: pytest.Config) -> tuple[Path, ...]:
    """The folders whose feature files are ours. A checkout's own count even when the package is installed elsewhere."""
    installed = HOME / "features"
    if (config.rootpath / CHECKOUT).is_file():
        return installed, config.rootpath / "features"
    return (installed,)


def demand_paths(config: pytest.Config) -> None:
    """See that each word that is no option is a path: before there is a folder of evidence of a run that cannot be.

    Raises pytest.UsageError.
    """
    for argument in config.args:
        path = config.invocation_params.dir / argument.partition("::")[0]
        if not (path.exists() or config.option.pyargs):
            raise pytest.UsageError(
                f'"{argument}" is no option, no base URL, and no file of features.{profile_meant(argument)}'
            )


def wants_features(config: pytest.Config) -> bool:
    """Whether the paths that pytest is given lead to feature files of ours."""
    paths = [
        (config.invocation_params.dir / argument.partition("::")[0]).resolve()
        for argument in config.args
    ]
    roots = [root.resolve() for root in feature_roots(config)]
    return any(
        path.is_relative_to(root) or root.is_relative_to(path) for path in paths for root in roots
    )
