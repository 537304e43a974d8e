"""Carries requests to the target: waits when the target asks for it, and gives up when the target is gone."""

import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Protocol

from ifmatch.client.exchange import Exchange, Failure, Request
from ifmatch.errors import OutcomeUnknown, TargetUnusable
from ifmatch.rules.answer import Answer

#: Seconds: the longest single wait that a Retry-After may ask of us, and all the waiting that one run will do.
LONGEST_WAIT, LONGEST_WAITING = 60.0, 600.0

#: How often in a row one request is put off before it counts as not answered.
MOST_WAITS = 5

#: Waits longer than this are told, in seconds.
_TOLD_FROM = 2.0

#: So many requests in a row without a usable answer end the run.
_USELESS_TO_GIVE_UP = 3

#: Seconds before a refused connection is tried again.
_BREATH = 0.5


class NoAnswer(OutcomeUnknown):
    """A request got no usable answer, with the reason."""

    def __init__(self, failure: Failure, request: Request, detail: str) -> None:
        super().__init__(f"{request.method} {request.url}: {failure}: {detail}")
        self.failure, self.detail = failure, detail


class Carrier(Protocol):
    """What brings a request to the target and its answer back (see ifmatch.client.http.Wire)."""

    def send(self, request: Request) -> Exchange:
        """One request, and its response or the reason why there is none."""

    def pause(self, seconds: float) -> None:
        """Let time pass on the other side."""

    def close(self) -> None:
        """Let go of whatever connects us."""


class Courier:
    """Sends requests over one wire.

    `note` records an exchange and gives its answer; `tell` is told why we wait; `take` is asked before each write.
    """

    def __init__(
        self,
        wire: Carrier,
        base_url: str,
        note: Callable[[Exchange], Answer],
        tell: Callable[[str], None],
        take: Callable[[int], None],
    ) -> None:
        self._wire, self._base_url, self._note, self._tell = wire, base_url, note, tell
        self._take = take
        self._useless = 0
        self._waited = 0.0

    def send(self, request: Request) -> Answer:
        """The answer to a request; what the target asks us to wait is waited (429, and 503 with Retry-After).

        Only a read is ever sent again, and only when it found no connection. Raises NoAnswer when no usable answer
        came, TargetUnusable when the target is gone.
        """
        for _ in range(MOST_WAITS):
            answer = self._answered(request)
            pause = asked_to_wait(answer)
            if pause is None:
                self._useless = 0
                return answer
            self._wait(min(pause, LONGEST_WAIT), answer)
        raise self._given_up(
            NoAnswer(Failure.BUSY, request, f"put off {MOST_WAITS} times with {answer.status}")
        )

    def _answered(self, request: Request) -> Answer:
        exchange, answer = self._once(request)
        if exchange.failure is None:
            return answer
        if request.is_write:
            self._see_that_it_is_there(exchange)
        elif exchange.failure.never_sent or exchange.failure is Failure.DROPPED:
            exchange, answer = self._once_more(request, exchange.failure)
        if exchange.failure:
            raise self._given_up(NoAnswer(exchange.failure, exchange.request, exchange.detail))
        return answer

    def _see_that_it_is_there(self, write: Exchange) -> None:
        """A write that found no connection is not sent again, but something harmless is."""
        if write.failure and write.failure.never_sent:
            self._once_more(
                Request("GET", f"{self._base_url}/metadata", write.request.headers), write.failure
            )

    def _once_more(self, request: Request, failure: Failure) -> tuple[Exchange, Answer]:
        """A second try. Raises TargetUnusable when no connection can be had for it either."""
        if failure.never_sent:
            self._wire.pause(_BREATH)
        exchange, answer = self._once(request)
        if exchange.failure and exchange.failure.never_sent:
            raise TargetUnusable(unreachable(exchange.failure, self._base_url, exchange.detail))
        return exchange, answer

    def _once(self, request: Request) -> tuple[Exchange, Answer]:
        self._take(int(request.is_write))
        exchange = self._wire.send(request)
        return exchange, self._note(exchange)

    def _given_up(self, error: NoAnswer) -> Exception:
        """The error, or the end of the run when it is one too many in a row."""
        self._useless += 1
        if self._useless < _USELESS_TO_GIVE_UP:
            return error
        return TargetUnusable(
            f"{self._base_url} gave no usable answer to {self._useless} requests in a row. "
            + unreachable(error.failure, "It", error.detail)
        )

    def _wait(self, seconds: float, answer: Answer) -> None:
        if self._waited + seconds > LONGEST_WAITING:
            raise TargetUnusable(
                f"{self._base_url} has put requests off for {self._waited:.0f} s in all, more than a run will "
                "wait: it is "
                "too busy to be judged. Try again when it has less to do, or raise its limit of requests for this "
                "client."
            )
        if seconds > _TOLD_FROM:
            self._tell(
                f"waiting {seconds:.0f} s: {self._base_url} answers {answer.status} and asks for it"
            )
        self._waited += seconds
        self.pause(seconds)

    def pause(self, seconds: float) -> None:
        """Let time pass on the target."""
        self._wire.pause(seconds)

    def close(self) -> None:
        """Close all connections."""
        self._wire.close()


#: What it means when a target gives no usable answer, and what to do.
_UNREACHABLE: Mapping[Failure, str] = {
    Failure.NO_HOST: "There is no host for {url} ({detail}). Check the address, or the network and its proxy settings.",
    Failure.REFUSED: "Nothing answers at {url} ({detail}). Start the server, or check host and port.",
    Failure.NO_ROUTE: "No connection to {url} can be had ({detail}). Check the address, the network and its proxy "
    "settings.",
    Failure.TLS: "No TLS connection to {url} can be had ({detail}). If its certificate is from an authority of "
    "your own, "
    "name that as ca_file under [tls] in the target file; if the server does not speak TLS there, use http://.",
    Failure.NO_ANSWER: "{url} lets no connection come about ({detail}). It hangs, or a firewall swallows what is sent.",
    Failure.TIMEOUT: "{url} did not answer in time ({detail}). It hangs, or needs more time: set timeout in the "
    "target file.",
    Failure.RESET: "{url} breaks off the connection ({detail}). It crashes, or does not speak HTTP there: check "
    "scheme and "
    "port, and look into its log.",
    Failure.DROPPED: "{url} drops connections without notice ({detail}). A proxy may stand between, or the server "
    "restarts.",
    Failure.NOT_HTTP: "{url} does not speak HTTP as it should ({detail}). Check scheme and port.",
    Failure.TOO_LARGE: "{url} sends {detail} in one answer, which no FHIR answer to these requests needs. Check the "
    "address.",
    Failure.BUSY: "{url} is too busy to be judged ({detail}). Try again later, or raise its limit of requests for "
    "this client.",
}


def unreachable(failure: Failure, url: str, detail: str) -> str:
    """The sentence for a target that gives no usable answer."""
    return _UNREACHABLE[failure].format(url=url, detail=detail)


def asked_to_wait(answer: Answer) -> float | None:
    """Seconds that the target asks us to wait, None when it took the request (RFC 6585, RFC 9110 section 10.2.3)."""
    asked = answer.header("retry-after")
    if answer.status == 429 or (answer.status == 503 and asked is not None):
        return _seconds(asked or "1")
    return None


def _seconds(value: str) -> float:
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 1.0
