"""A vantage point: another machine that sends some of the requests of a round, when it is told to.

`VantagePoint` is our end. `serve` is the other one, carried out by the ifmatch that is installed there. What travels is
plain: a request as it goes on the wire, so no secret but those in its headers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ifmatch.client.exchange import Failure, Request, Response
from ifmatch.client.gateway import gateway_errors, gateway_to, last_line
from ifmatch.client.settings import Settings
from ifmatch.errors import ConfigurationError, TargetUnusable
from ifmatch.race.transport.clocks import ClockBounds
from ifmatch.race.transport.engine import Engine, Mode, Result, TimedRequest
from ifmatch.race.transport.instant import clock, wait_until

#: What is carried out there.
_SERVE = "from ifmatch.race.transport.choose import serve; serve(channel)"

#: So often the clock is asked at first, and before each round.
_FIRST_ASKED, _ASKED = 20, 3

#: Seconds that an answer may be late, beyond what the round may take.
_SLACK = 10.0

#: The settings that a vantage point needs: how the target is reached. Credentials are in the requests.
_REACHING = ("base_url", "timeout", "ca_file", "client_certificate", "client_key", "through_proxy")

Message = tuple[Any, ...]


class VantagePoint:
    """Our end. `way` is how long it takes from there to the target and back (ns), `lost` why it is of no more use."""

    def __init__(self, spec: str, settings: Settings) -> None:
        self.name, self.lost = spec, ""
        self._patience = settings.timeout + _SLACK
        self._channel = gateway_to(spec).remote_exec(_SERVE)
        self._errors = gateway_errors()
        given = {name: getattr(settings, name) for name in _REACHING}
        self._channel.send({**given, "source_address": _source_in(spec)})
        self.way = self._begun()
        self.clock = self._asked()
        self.narrow_clock(_FIRST_ASKED)

    def _begun(self) -> int:
        """What it says first, its way. Raises ConfigurationError when it cannot begin, as without a file of [tls]."""
        try:
            return int(self._received()[0])
        except self._errors as error:
            raise ConfigurationError(
                f"The vantage point {self.name} cannot send requests ({last_line(error)}). Files that [tls] names must "
                "lie there by the same paths as here."
            ) from None

    def ask(self, request: Request) -> Result:
        """What becomes there of a request that takes part in no round. Raises TargetUnusable when the point is gone."""
        self._guarded(lambda: self._channel.send(("ask", _plain(TimedRequest(request)))))
        answer = self._guarded(self._received)
        if self.lost:
            raise TargetUnusable(
                f"The vantage point {self.name} is gone ({self.lost}). Start it again."
            )
        return self._result(request, answer)

    # ------------------------------------------------------------ its clock

    def narrow_clock(self, times: int = _ASKED) -> None:
        """See how far its clock is ahead of ours."""
        for _ in range(times):
            answer = self._guarded(self._asked)
            if answer is not None:
                self.clock = self.clock.narrowed(answer)

    def _asked(self) -> ClockBounds:
        before = clock()
        self._channel.send(("clock",))
        (shown,) = self._received()
        return ClockBounds.of_answer(before, shown, clock())

    # ------------------------------------------------------------ a round

    def prepare(self, requests: Sequence[TimedRequest], mode: Mode) -> Callable[[], list[Result]]:
        """Hand over its part of a round. What is returned waits for the results; it raises nothing."""
        begun = clock()
        plain = [_plain(timed) for timed in requests]
        self._guarded(lambda: self._channel.send(("release", plain, str(mode))))

        def results() -> list[Result]:
            answers = self._guarded(self._received) or ()
            if self.lost:
                return [self._unknown(timed.request, begun) for timed in requests]
            pairs = zip(requests, answers, strict=True)
            return [self._result(timed.request, answer) for timed, answer in pairs]

        return results

    def await_held(self) -> None:
        """Until all but the last bytes have left."""
        self._guarded(self._received)

    def release_at(self, instant: int) -> None:
        """Let the last bytes go at an instant of our clock."""
        shown = instant + self.clock.middle
        self._guarded(lambda: self._channel.send(("at", shown)))

    def redial(self) -> None:
        """Forget all connections there."""
        self._guarded(lambda: self._channel.send(("redial",)))

    def close(self) -> None:
        """Let go of the machine."""
        self._channel.close()

    # ------------------------------------------------------------ messages

    def _guarded(self, act: Callable[[], Any]) -> Any:
        """What an act returns; None once the machine is lost: a round that has begun goes on without it."""
        if self.lost:
            return None
        try:
            return act()
        except self._errors as error:
            self.lost = str(error).strip() or type(error).__name__
            return None

    def _received(self) -> Message:
        message: Message = self._channel.receive(self._patience)
        return message

    def _result(self, request: Request, answer: Message) -> Result:
        """A result in our time. It was under way for no shorter than it is said to: no order is claimed falsely."""
        response, failure, detail, invoked, released, returned, sent = answer
        return Result(
            request=request,
            response=Response(*response) if response else None,
            failure=Failure(failure) if failure else None,
            detail=detail,
            invoked=self.clock.earliest(invoked),
            released=None if released is None else self.clock.latest(released),
            returned=None if returned is None else self.clock.latest(returned),
            sent=sent,
            place=self.name,
        )

    def _unknown(self, request: Request, begun: int) -> Result:
        """It may have been sent, and may have taken effect."""
        detail = f"the vantage point {self.name} was lost: {self.lost}"
        return Result(
            request,
            None,
            Failure.RESET,
            detail,
            begun,
            released=None,
            returned=None,
            place=self.name,
        )


def _source_in(spec: str) -> str:
    """The address that a vantage point connects from, where its spec names one of several that it has."""
    import execnet

    return str(getattr(execnet.XSpec(spec), "source", None) or "")


def _plain(timed: TimedRequest) -> Message:
    request = timed.request
    return (request.method, request.url, list(request.headers), request.body, timed.offset)


# ---------------------------------------------------------------- the other end


class Station:
    """The other end: does what the messages ask for, one after the other."""

    def __init__(self, channel: Any, engine: Engine) -> None:
        self._channel, self._engine = channel, engine

    def serve(self) -> None:
        """Until the channel is closed."""
        acts: Mapping[str, Callable[..., None]] = {
            "clock": self._show_clock,
            "ask": self._ask,
            "release": self._release,
            "redial": self._engine.redial,
        }
        for name, *arguments in self._channel:
            acts[name](*arguments)

    def _show_clock(self) -> None:
        self._channel.send((clock(),))

    def _release(self, plain: Sequence[Message], mode: str) -> None:
        requests = [_timed(one) for one in plain]
        results = self._engine.release(requests, Mode(mode), hold=self._hold)
        self._channel.send(tuple(map(_sent_back, results)))

    def _ask(self, plain: Message) -> None:
        (result,) = self._engine.release([_timed(plain)], Mode.WHOLE)
        self._channel.send(_sent_back(result))

    def _hold(self) -> None:
        self._channel.send(("held",))
        _, instant = self._channel.receive()
        wait_until(instant)


def _timed(plain: Message) -> TimedRequest:
    method, url, headers, body, offset = plain
    return TimedRequest(Request(method, url, tuple(map(tuple, headers)), body), offset)


def _sent_back(result: Result) -> Message:
    response = result.response
    parts = None
    if response is not None:
        headers = tuple(map(tuple, response.headers))
        parts = (response.status, response.reason, response.http_version, headers, response.body)
    failure = str(result.failure) if result.failure else ""
    instants = (result.invoked, result.released, result.returned)
    return (parts, failure, result.detail, *instants, result.sent)
