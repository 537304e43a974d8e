"""Sends what races: over the race transport, each exchange recorded, with the waits that the target asks for."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from ifmatch.client.courier import LONGEST_WAIT, asked_to_wait
from ifmatch.client.exchange import Exchange, Failure, Request
from ifmatch.client.target import Target
from ifmatch.errors import OutcomeUnknown, WritersHang
from ifmatch.race.environment import Environment
from ifmatch.race.transport import Blocks, Result, TimedRequest
from ifmatch.race.transport.instant import clock
from ifmatch.rules.answer import Answer

#: Seconds: all that one scenario waits because its races are put off; and from when the user is told of a wait.
_LONGEST_WAITING, _NOTICED_FROM = 60.0, 2.0

#: After so many rounds in a row in which at least half got no answer in time, no other is run.
_HUNG_ROUNDS = 3

#: The fewest writers that race: an update is lost between two.
FEWEST = 2


class Sender:
    """Sends the racing requests of one scenario.

    `writers` is how many may meet, `put_off` how many requests the target has put off so far.
    """

    def __init__(self, environment: Environment, target: Target, writers: int) -> None:
        self.environment, self.target = environment, target
        self.writers = min(writers, environment.writers)
        self.put_off = 0
        self._hung = 0
        self._waited = 0.0

    # ------------------------------------------------------------ sending

    def together(
        self, connections: Blocks, requests: Sequence[Request], offsets: Sequence[int] = ()
    ) -> list[Result]:
        """One round: all requests released together, or at offsets (ns).

        Raises WritersHang when those of enough rounds before got no answer.
        """
        self.demand_answers()
        later = offsets or [0] * len(requests)
        timed = [
            TimedRequest(request, offset) for request, offset in zip(requests, later, strict=True)
        ]
        self.take(requests)
        with self._nothing_else_connected():
            results = connections.release(timed)
        unanswered = sum(result.failure is Failure.TIMEOUT for result in results)
        self._hung = self._hung + 1 if unanswered * 2 >= len(results) else 0
        return results

    def demand_answers(self) -> None:
        """Raises WritersHang when in so many rounds those who met were not answered."""
        if self._hung >= _HUNG_ROUNDS:
            seconds = self.target.settings.timeout
            raise WritersHang(
                f"in {self._hung} rounds those who met others got no answer within {seconds:g} s"
            )

    def answers_alone(self, request: Request, times: int) -> bool:
        """Whether a request is answered each time, over a connection of its own, with nobody else about."""
        for _ in range(times):
            self.environment.engine.redial()
            if self.recorded(self.alone(request), "alone", raced=False).failure:
                return False
        return True

    def alone(self, request: Request) -> Result:
        """One request, answered before anything else happens."""
        self.take([request])
        with self._nothing_else_connected():
            (result,) = self.environment.engine.release([TimedRequest(request)])
        return result

    def take(self, requests: Sequence[Request]) -> None:
        """What is about to be sent counts; its turn is awaited here, so never within a round.

        Raises BudgetSpent when the target file does not allow so many writes.
        """
        self.target.quota.take(sum(request.is_write for request in requests))

    @contextmanager
    def _nothing_else_connected(self) -> Iterator[None]:
        """While requests race, nothing else is connected to a target that serves few connections at once."""
        if self.environment.narrow:
            self.target.close()
        yield
        if self.environment.narrow:
            self.environment.engine.redial()

    # ------------------------------------------------------------ what came of it

    def recorded(self, result: Result, writer: str, raced: bool) -> Answer:
        """Put what was sent and answered into the evidence, and read the answer.

        One about a token that has ended is none to the request; the next round has a new token.
        """
        exchange = _exchange(result)
        whence = f"{writer} at {result.place}" if result.place else writer
        token_ended = self.target.authorizer.blames_token(exchange.request, exchange.answer(""))
        self.target.freshness.raced(exchange.request)
        return self.target.recorder.exchange(exchange, token_ended, writer=whence, raced=raced)

    def obey(self, answers: Iterable[Answer]) -> None:
        """Wait for as long as the target asks (429, 503 with Retry-After), and let fewer meet from then on.

        Raises OutcomeUnknown when that is longer than a scenario waits.
        """
        pauses = [pause for pause in map(asked_to_wait, answers) if pause is not None]
        if not pauses:
            return
        self.put_off += len(pauses)
        self.writers = FEWEST
        pause = min(max(pauses), LONGEST_WAIT)
        if self._waited + pause > _LONGEST_WAITING:
            raise OutcomeUnknown(
                f"the target has put requests off for {self._waited:.0f} s in all, more than a race will wait"
            )
        if pause > _NOTICED_FROM:
            self.target.tell(
                f"waiting {pause:.0f} s: the target puts racing requests off and asks for it"
            )
        self._waited += pause
        time.sleep(pause)


def _exchange(result: Result) -> Exchange:
    now = clock()
    ended = now if result.returned is None else result.returned
    ago = timedelta(microseconds=(now - result.invoked) / 1000)
    return Exchange(
        result.request,
        result.response,
        result.failure,
        result.detail,
        datetime.now(UTC) - ago,
        round((ended - result.invoked) / 1e6, 3),
    )
