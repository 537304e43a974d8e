"""Carries requests to the target: waits when the target asks for it, and gives up when the target is gone."""

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Protocol

from ifmatch.client.auth.authorizer import Authorizer
from ifmatch.client.exchange import TOKEN_ENDED, Exchange, Failure, Request
from ifmatch.client.unreachable import unreachable
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
    """Sends requests over one wire, in the name of whom each is sent.

    `note` records an exchange, and whether its token had ended, and gives its answer; `tell` is told why we wait;
    `take` is asked before each write.
    """

    def __init__(
        self,
        wire: Carrier,
        base_url: str,
        note: Callable[[Exchange, bool], Answer],
        tell: Callable[[str], None],
        take: Callable[[int], None],
        authorizer: Authorizer,
    ) -> None:
        self._wire, self._base_url, self._note, self._tell = wire, base_url, note, tell
        self._take, self._authorizer = take, authorizer
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
        """One exchange; another one, with a new token, where the answer is about the token and not about the request.

        The target has then refused to look at the request, so nothing is done twice, not even a write.
        """
        exchange, answer = self._recorded(request)
        if answer.failure == TOKEN_ENDED:
            exchange, answer = self._recorded(request)
        return exchange, answer

    def _recorded(self, request: Request) -> tuple[Exchange, Answer]:
        self._take(int(request.is_write))
        exchange = self._wire.send(self._authorizer.authorized(request))
        token_ended = self._authorizer.blames_token(exchange.request, exchange.answer(""))
        return exchange, self._note(exchange, token_ended)

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
