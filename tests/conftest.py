"""Which tests run when: `pytest tests` is the fast lane; `-m slow`, or the name of a file, runs the others."""

from pathlib import Path


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: many runs of the whole command line; `pytest tests -m slow` runs them")


def pytest_collection_modifyitems(config, items):
    if "slow" in config.getoption("markexpr", ""):
        return
    named = {(config.invocation_params.dir / argument.partition("::")[0]).resolve() for argument in config.args}
    left_out = [item for item in items if item.get_closest_marker("slow") and Path(item.path).resolve() not in named]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
