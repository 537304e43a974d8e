"""The pytest door: the options, and nothing more until a run is asked for.

pytest loads this module in every project of an environment that ifmatch is installed in. So it imports little, and what
collects feature files (`ifmatch.suite.features`), carries a run (`ifmatch.suite.run`) and judges a scenario
(`ifmatch.suite.scenarios`) is registered only when feature files of ours are to be run.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ifmatch import HOME

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


_OPTIONS = {
    "--base-url": ("URL", "base URL of the FHIR server under test; without it an embedded server is started"),
    "--profile": ("NAME", "what the server is held to: a profile's id, or a TOML file"),
    "--target": ("FILE", "target.toml: address, credentials, headers and resources of the target"),
    "--rules": ("GLOB", "run only the rules whose id matches, such as 'update.if-match.*'"),
    "--report-dir": (
        "DIR",
        "put the run's evidence straight into DIR; an earlier log there is kept under another name",
    ),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ifmatch", "conformance of FHIR writes")
    for name, (metavar, text) in _OPTIONS.items():
        _add(group, name, default="", metavar=metavar, help=text)
    _add(group, "--effort", default="quick", metavar="NAME", help="how long to race: quick, standard or thorough")
    _add(group, "--writers", type=int, default=4, metavar="K", help="how many writers meet in a race")
    _add(group, "--seed", type=int, default=None, metavar="N", help="draw the races of an earlier run again")
    _add(group, "--fault", action="append", default=[], metavar="NAME", help="switch a fault of the embedded server on")


def _add(group: pytest.OptionGroup, name: str, **how: object) -> None:
    try:
        group.addoption(name, **how)
    except ValueError:
        # Another plugin has an option of that name. Where it runs its own tests, ours must not be in the way.
        return


def pytest_configure(config: pytest.Config) -> None:
    if wants_features(config):
        _demand_own_root(config)
        from ifmatch.suite import features, run, scenarios

        config.pluginmanager.register(features, "ifmatch-features")
        config.pluginmanager.register(run, "ifmatch-run")
        config.pluginmanager.register(scenarios, "ifmatch-scenarios")


def _demand_own_root(config: pytest.Config) -> None:
    """pytest looks for its root folder before it knows our options, and takes their values for paths of tests."""
    here = config.invocation_params.dir
    if config.getoption("rootdir"):  # named, as our own command line does
        return
    if (here / _CHECKOUT).is_file() and config.rootpath not in (here, *here.parents):
        raise pytest.UsageError(
            f"pytest took {config.rootpath} for the root of the tests, because it is named in an option. "
            "Write that option with an equals sign, such as --report-dir=DIR."
        )


#: What tells a checkout of ours from any other folder.
_CHECKOUT = Path("profiles", "profile.schema.json")


def wants_features(config: pytest.Config) -> bool:
    """Whether the paths that pytest is given lead to feature files of ours."""
    paths = [(config.invocation_params.dir / arg.split("::")[0]).resolve() for arg in config.args]
    roots = [root.resolve() for root in feature_roots(config)]
    return any(path == root or root in path.parents or path in root.parents for path in paths for root in roots)


def feature_roots(config: pytest.Config) -> tuple[Path, ...]:
    """The folders whose feature files are ours."""
    # A checkout's own features count even when the package is installed elsewhere.
    own = config.rootpath / "features"
    return (HOME / "features", own) if (config.rootpath / _CHECKOUT).is_file() else (HOME / "features",)
