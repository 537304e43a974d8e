"""No answer says that something will be changed later than it was given."""

from collections.abc import Iterator
from datetime import timedelta

from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.answer import http_date

#: Servers tell the Date by a clock that they look at once a second, and cut both times off to the second.
_LAG = timedelta(seconds=2)


def last_modified_not_in_the_future(observed: Observed) -> Iterator[Fact]:
    """Last-Modified is not later than the Date of the same answer (RFC 9110 section 8.8.2.1)."""
    answer = observed.answer
    modified, date = http_date(answer.header("last-modified")), http_date(answer.header("date"))
    if modified is not None and date is not None:
        yield Fact(
            modified <= date + _LAG,
            f"a Last-Modified that is not later than the Date, {answer.header('date')}",
            f"Last-Modified: {answer.header('last-modified')}",
        )
