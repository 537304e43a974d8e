"""Which tests run when: `pytest tests` is the fast lane.

The slow ones run by `-m slow`, or by the name of their file; a folder with a lane of its own by its name, or by its
marker.
"""

import os
import signal
from pathlib import Path

import pytest

HERE = Path(__file__).parent

#: The folders that are lanes of their own, each with the marker of its name.
LANES = {
    "auth": "tokens of a real authorization server that end while a run goes on",
    "browser": "the page of a run in a real browser",
    "clients": "well-known FHIR clients against the embedded server",
    "guests": "the suite beside other plugins of pytest",
    "mutants": "answers that are wrong in one part each: what the suite makes of them",
    "porcupine": "the judge against a checker that others wrote",
    "real": "the suite against real servers, which it starts itself",
    "variations": "servers that vary lawfully: that the suite fails none",
}


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        # A job that a script began in the background ignores Ctrl-C, and so would the runs that are interrupted here.
        # And who cancels a job by SIGTERM must not leave the servers behind that it started.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
    config.addinivalue_line(
        "markers", "slow: many runs of the whole command line; `pytest tests -m slow` runs them"
    )
    for name, what in LANES.items():
        config.addinivalue_line("markers", f"{name}: {what}; `pytest tests/{name}` runs them")


@pytest.fixture(autouse=True)
def environment():
    """What a command sets for its own process is not there in the next test."""
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys():
        if not name.startswith("PYTEST_"):  # these are of the test that is being run
            del os.environ[name]


def pytest_collection_modifyitems(config, items):
    marked = config.getoption("markexpr", "")
    named = [
        (config.invocation_params.dir / argument.partition("::")[0]).resolve()
        for argument in config.args
    ]
    left_out = [item for item in items if _is_left_out(item, marked, named)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _is_left_out(item, marked, named):
    """Whether nobody asked for a test that runs on request only: by the marker, or by a path that lies in its lane."""
    lane = next((name for name in LANES if HERE / name in item.path.parents), None)
    if lane:
        return lane not in marked and not any(path.is_relative_to(HERE / lane) for path in named)
    return (
        bool(item.get_closest_marker("slow"))
        and "slow" not in marked
        and item.path.resolve() not in named
    )
