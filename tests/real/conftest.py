"""The lanes against real servers.

A server whose tools are missing is skipped, with the reason. To work on the suite, point IFMATCH_HAPI_URL or
IFMATCH_MEDPLUM_URL at a server that is already running: it is used as it is and left running.
"""

import os

import pytest
from built import or_skip
from launch import HAPI, MEDPLUM, running
from postgres import database


@pytest.fixture(scope="session")
def hapi():
    """A HAPI FHIR JPA server, R4, in memory."""
    with or_skip(), running(HAPI) as server:
        yield server


@pytest.fixture(scope="session")
def hapi_on_postgres():
    """The same on a PostgreSQL of its own, on request: where IFMATCH_HAPI_POSTGRES is set."""
    if not os.environ.get("IFMATCH_HAPI_POSTGRES"):
        pytest.skip("HAPI FHIR on PostgreSQL runs on request: set IFMATCH_HAPI_POSTGRES=1")
    with or_skip(), database() as address, running(HAPI, address) as server:
        yield server


@pytest.fixture(scope="session")
def medplum():
    """Medplum's FHIR router on its in-memory repository, R4."""
    with or_skip(), running(MEDPLUM) as server:
        yield server
