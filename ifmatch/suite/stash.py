"""What the parts of the plugin share of a run: kept where pytest keeps such things."""

import pytest

from ifmatch.errors import IfmatchError
from ifmatch.report.run import Run
from ifmatch.rules.case import Case
from ifmatch.suite.session import Session

SESSION = pytest.StashKey[Session]()
CASE = pytest.StashKey[Case]()
ABORT = pytest.StashKey[IfmatchError]()
RUN = pytest.StashKey[Run]()


def session_of(config: pytest.Config) -> Session:
    """The run in progress."""
    return config.stash[SESSION]


def case_of(item: pytest.Item) -> Case:
    """The case that a scenario's facts go to."""
    return item.stash[CASE]


def run_of(config: pytest.Config) -> Run | None:
    """The finished run, once it is finished."""
    return config.stash.get(RUN, None)


def abort_of(config: pytest.Config) -> IfmatchError | None:
    """What ended the run before its time, if anything did."""
    return config.stash.get(ABORT, None)
