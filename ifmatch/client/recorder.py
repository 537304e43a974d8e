"""The one place that every exchange passes: it gets its id, goes into the evidence, and is shown to the monitors.

The recorder knows which rule and which step of it is carried out, so nobody else has to keep account of whose exchange
is whose. What it records is cleared of secrets on the way into the log.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ifmatch.client.exchange import TOKEN_ENDED, Exchange, Request
from ifmatch.client.redaction import Redactor
from ifmatch.log.events import (
    Event,
    ExchangeRecorded,
    Journalled,
    Notice,
    RequestSent,
    ResponseReceived,
)
from ifmatch.rules.answer import Answer

#: Takes an event into the log.
Log = Callable[[Event], object]

#: Is shown every exchange with its answer, under which the evidence holds it, and told whether it raced.
Watch = Callable[[Exchange, Answer, bool], None]

#: Characters of a body that the evidence holds.
_MOST_BODY = 256 * 1024

#: What stands where the rest of one would.
_CUT = "… [cut here: "


@dataclass
class Activity:
    """What is being done: a rule, step by step, with the ids of each step's exchanges; no rule before and after."""

    rule: str | None = None
    steps: list[list[str]] = field(default_factory=list)

    @property
    def step(self) -> int | None:
        """The number of the step that is carried out, None before the first."""
        return len(self.steps) - 1 if self.steps else None

    @property
    def exchanges(self) -> tuple[str, ...]:
        """The ids of all steps' exchanges."""
        return tuple(exchange for step in self.steps for exchange in step)


class Recorder:
    """Records what is sent to a target. `prefix` tells the ids of several processes apart."""

    def __init__(
        self, log: Log, redactor: Redactor, watch: Watch | None = None, prefix: str = ""
    ) -> None:
        self.redactor, self.activity = redactor, Activity()
        self._log, self._watch, self._prefix = log, watch, prefix
        self._count = 0

    # ------------------------------------------------------------ what is being done

    def begin_rule(self, rule: str) -> None:
        """What follows belongs to a rule."""
        self.activity = Activity(rule)

    def begin_step(self) -> None:
        """What follows belongs to the next step of the rule."""
        self.activity.steps.append([])

    def end_rule(self) -> None:
        """What follows belongs to no rule."""
        self.activity = Activity()

    @contextmanager
    def outside_of_rules(self) -> Iterator[None]:
        """For a while, what is sent belongs to no rule."""
        before, self.activity = self.activity, Activity()
        try:
            yield
        finally:
            self.activity = before

    # ------------------------------------------------------------ what is recorded

    def exchange(
        self,
        exchange: Exchange,
        token_ended: bool = False,
        *,
        writer: str = "",
        raced: bool = False,
    ) -> Answer:
        """Record an exchange and return its answer. One that raced is told from the plain ones of its step.

        An answer that is about a token which had ended is none to the request.
        """
        self._count += 1
        exchange_id = f"{self._prefix}{self._count}"
        activity = self.activity
        if activity.steps and not raced:
            activity.steps[-1].append(exchange_id)
        self._log(
            ExchangeRecorded(
                id=exchange_id,
                rule=activity.rule,
                step=activity.step,
                writer=writer,
                raced=raced,
                token_ended=token_ended,
                started=exchange.started.isoformat(),
                duration_ms=exchange.duration_ms,
                request=self.request(exchange.request),
                response=self._response(exchange),
                failure=f"{exchange.failure}: {exchange.detail}" if exchange.failure else None,
            )
        )
        answer = exchange.answer(exchange_id)
        if self._watch is not None:
            self._watch(exchange, answer, raced)
        return replace(answer, failure=TOKEN_ENDED) if token_ended else answer

    def journal(self, entry: Journalled) -> None:
        """Record what is made on the target, or what came of it."""
        self._log(entry)

    def notice(self, text: str) -> None:
        """Say why it takes so long."""
        self._log(Notice(text=text))

    def request(self, request: Request) -> RequestSent:
        """A request as the evidence holds it, but for what the log clears of secrets."""
        headers = self.redactor.headers(request.headers)
        return RequestSent(request.method, request.url, headers, _shortened(request.body))

    def _response(self, exchange: Exchange) -> ResponseReceived | None:
        response = exchange.response
        if response is None:
            return None
        headers, body = self.redactor.headers(response.headers), _shortened(response.body)
        return ResponseReceived(
            response.status, response.reason, response.http_version, headers, body
        )


def _shortened(body: bytes) -> str:
    """A body as the evidence holds it: text, and not more of it than a person or a tool can use."""
    text = body.decode("utf-8", "replace")
    if len(text) <= _MOST_BODY:
        return text
    return f"{text[:_MOST_BODY]}{_CUT}{len(body)} bytes in all]"


def was_shortened(body: str) -> bool:
    """Whether the evidence holds only the beginning of a body."""
    return len(body) > _MOST_BODY and body[_MOST_BODY:].startswith(_CUT)
