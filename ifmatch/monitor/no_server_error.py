"""No request of ours is answered with a server error."""

from collections.abc import Iterator

from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.answer import Effect
from ifmatch.rules.expectation import describe


def no_server_error(observed: Observed) -> Iterator[Fact]:
    """A mistake of the client's is answered with 4xx; 5xx says that the server itself failed (RFC 9110 section 15.6).

    Not counted: 501, by which a server declines what it does not implement, and 503 with Retry-After, by which it asks
    to be asked again. No answer at all is the network's matter.
    """
    answer = observed.answer
    if answer.status:
        failed = answer.is_server_error and answer.effect is Effect.UNKNOWN
        yield Fact(not failed, "an answer that is not a server error", describe(answer))
