"""What the steps work with: the case under judgement, the target, and a workbench of resources."""

import pytest

from ifmatch.client.workbench import Workbench
from ifmatch.suite.stash import case_of, session_of


@pytest.fixture
def resource_type(request):
    """The resource type of the scenario; set from outside when a rule runs on several."""
    return session_of(request.config).profile.subject


@pytest.fixture
def case(request, resource_type):
    return case_of(request.node)


@pytest.fixture
def target(request):
    return session_of(request.config).target


@pytest.fixture
def bench(target, resource_type):
    return Workbench(target, resource_type)
