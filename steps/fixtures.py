"""What the steps work with: the case under judgement, the target, and a workbench of resources."""

import pytest

from ifmatch.client.workbench import Workbench
from ifmatch.suite.stash import case_of, session_of
from ifmatch.suite.step_lookup import step_asks_for


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
def bench(request, target, resource_type):
    """A workbench that asks for histories where a Then asks for it, to compare what is with what was."""
    compares = step_asks_for(request, "then", "bench")
    return Workbench(target, resource_type, history=compares)


@pytest.fixture
def glancing(target, resource_type):
    """A workbench that does not ask for histories: where nothing is compared, it would be a request too many."""
    return Workbench(target, resource_type, history=False)
