"""The door to pytest, which loads this module wherever ifmatch is installed: it stays shut unless the suite is run.

pytest starts in this order. It finds the root folder from the paths on the command line, and takes the value of an
option that it does not know yet for one. It loads the plugins named by -p, then those of the environment, this one
among them, then the conftest files of that root. Then it reads the options.

So who has which option, and whether it is our suite that is run, is known only after the conftest files (ours names
`ifmatch.suite.plugin`, and so may a person, with -p). That is the last moment at which options can be added, and other
plugins use it, too. Hence a wrapper around this step, the outermost, in place of `pytest_addoption`.
"""

from collections.abc import Generator
from pathlib import Path

import pytest

#: What carries the suite, once it is what is run.
_PLUGIN = "ifmatch.suite.plugin"

#: The name by which the environment knows this module.
DOOR = "ifmatch"

#: What tells a checkout of ours from any other folder.
CHECKOUT = Path("profiles", "profile.schema.json")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None]:
    yield
    _demand_own_root(early_config, args)
    if early_config.pluginmanager.hasplugin(_PLUGIN):
        from ifmatch.suite.options import add_to_pytest

        add_to_pytest(parser, early_config)


def _demand_own_root(config: pytest.Config, args: list[str]) -> None:
    """See that no value of ours was taken for a path of tests: others would be run, and their green taken for ours."""
    checkout = _checkout_around(config.invocation_params.dir)
    is_own = checkout in (None, config.rootpath)
    if is_own or config.known_args_namespace.rootdir:
        return
    from ifmatch.suite.options import names_among

    names = names_among(args)
    if names:
        raise pytest.UsageError(
            f"pytest took {config.rootpath} for the root of the tests, because the value of an option led there. "
            f"Write options with an equals sign, such as {names[0]}=VALUE."
        )


def _checkout_around(folder: Path) -> Path | None:
    """The checkout of ours that a folder lies in."""
    folders = (folder, *folder.parents)
    return next((folder for folder in folders if (folder / CHECKOUT).is_file()), None)
