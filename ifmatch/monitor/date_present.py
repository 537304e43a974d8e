"""Every answer has a Date."""

from collections.abc import Iterator

from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.answer import http_date


def date_present(observed: Observed) -> Iterator[Fact]:
    """An answer of the classes 2xx, 3xx and 4xx has a Date, in the form in which dates are sent.

    RFC 9110 section 6.6.1: an origin server with a clock sends it in those; in 5xx it may.
    """
    if observed.answer.status // 100 not in (2, 3, 4):
        return
    date = observed.answer.header("date")
    yield Fact(
        http_date(date) is not None, "a Date that is an HTTP date", f"Date: {date or 'none'}"
    )
