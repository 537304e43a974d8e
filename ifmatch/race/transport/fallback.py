"""The engine for when only the HTTP library reaches the target, as through a proxy: a thread and a client per writer.

About three times as slow as sockets of our own, and less sharp, since the interpreter wakes one thread after the other.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from ifmatch.client.exchange import Failure
from ifmatch.client.http import Wire
from ifmatch.race.transport.engine import Job, Mode, Result, TimedRequest
from ifmatch.race.transport.instant import BRIEFLY, Hold, clock, wait_until


class Threads:
    """Sends through one Wire for each writer. A request without a body has no byte to hold back: it goes whole."""

    def __init__(self, wire: Callable[[], Wire], timeout: float) -> None:
        self._wire, self._timeout = wire, timeout
        self._wires: list[Wire] = []

    def release(
        self, requests: Sequence[TimedRequest], mode: Mode = Mode.LAST_BYTE, *, hold: Hold = BRIEFLY
    ) -> list[Result]:
        """One round (see Engine). `released` is the instant before the last byte is handed over, not after."""
        while len(self._wires) < len(requests):
            self._wires.append(self._wire())
        wires, self._wires = self._wires, []  # a round released from within the hold has others
        gate = _Gate(self._timeout)
        with ThreadPoolExecutor(max(1, len(requests))) as threads:
            pairs = zip(wires, requests, strict=False)
            results = [threads.submit(_sent, wire, timed, mode, gate) for wire, timed in pairs]
            try:
                gate.await_writers(len(requests))
                if mode is Mode.LAST_BYTE:
                    hold()
            finally:
                gate.open()
                self._wires += wires
        return [result.result() for result in results]

    def redial(self) -> None:
        """Forget all clients and their connections."""
        for wire in self._wires:
            wire.close()
        self._wires = []

    close = redial


class _Gate:
    """Holds the writers until all have come, or have failed on the way."""

    def __init__(self, timeout: float) -> None:
        self._timeout, self._released = timeout, 0
        self._arrived, self._opened = threading.Semaphore(0), threading.Event()

    def arrive(self) -> None:
        """A writer has come as far as it will without being let through."""
        self._arrived.release()

    def await_writers(self, count: int) -> None:
        """Until so many have arrived, or time is up."""
        deadline = time.monotonic() + self._timeout
        for _ in range(count):
            self._arrived.acquire(timeout=max(0.0, deadline - time.monotonic()))

    def open(self) -> None:
        """Let all through."""
        self._released = clock()
        self._opened.set()

    def pass_through(self, job: Job) -> None:
        """Arrive, wait, and go on at the job's offset."""
        self.arrive()
        self._opened.wait()
        wait_until(self._released + job.offset)


def _sent(wire: Wire, timed: TimedRequest, mode: Mode, gate: _Gate) -> Result:
    job = Job.of(timed)

    def release() -> None:
        gate.pass_through(job)
        job.leaves()
        job.released = clock()

    before_last_byte = None
    if mode is Mode.LAST_BYTE and job.request.body:
        before_last_byte = release
        job.leaves()
    else:
        release()
    exchange = wire.send(job.request, before_last_byte=before_last_byte)
    if exchange.response is not None:
        job.answered(exchange.response, clock())
    else:
        job.failed(exchange.failure or Failure.RESET, exchange.detail)
    gate.arrive()  # once more does no harm; the first time for one that failed on the way
    if job.failure is not None and job.failure.never_sent:
        job.invoked = None
    return job.result()
