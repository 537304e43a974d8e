"""The lanes against real servers. `pytest tests/real` runs them, `-m real` too; a plain `pytest tests` leaves them out.

A server whose tools are missing is skipped, with the reason. To work on the suite, point IFMATCH_HAPI_URL or
IFMATCH_MEDPLUM_URL at a server that is already running: it is used as it is and left running.
"""

import os
from contextlib import contextmanager
from pathlib import Path

import pytest
from launch import HAPI, MEDPLUM, MissingError, running
from postgres import database

HERE = Path(__file__).parent


def pytest_configure(config):
    config.addinivalue_line("markers", "real: runs the suite against a real server, which it starts itself")


def pytest_collection_modifyitems(config, items):
    if _asked_for(config):
        return
    here = [item for item in items if HERE in item.path.parents]
    if here:
        config.hook.pytest_deselected(items=here)
        items[:] = [item for item in items if item not in here]


def _asked_for(config):
    """Whether someone named this folder, something in it, or the marker."""
    paths = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    return "real" in config.getoption("markexpr", "") or any(HERE in (p.resolve(), *p.resolve().parents) for p in paths)


@contextmanager
def _or_skip():
    try:
        yield
    except MissingError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def hapi():
    """A HAPI FHIR JPA server, R4, in memory."""
    with _or_skip(), running(HAPI) as server:
        yield server


@pytest.fixture(scope="session")
def hapi_on_postgres():
    """The same on a PostgreSQL of its own, on request: where IFMATCH_HAPI_POSTGRES is set."""
    if not os.environ.get("IFMATCH_HAPI_POSTGRES"):
        pytest.skip("HAPI FHIR on PostgreSQL runs on request: set IFMATCH_HAPI_POSTGRES=1")
    with _or_skip(), database() as address, running(HAPI, address) as server:
        yield server


@pytest.fixture(scope="session")
def medplum():
    """Medplum's FHIR router on its in-memory repository, R4."""
    with _or_skip(), running(MEDPLUM) as server:
        yield server
