"""The machines that runs are made on: this one, and others that execnet reaches, as pytest-xdist does."""

import os
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ifmatch.client.gateway import gateway_errors, gateway_to
from ifmatch.errors import ConfigurationError
from ifmatch.fleet import parcel
from ifmatch.fleet.job import Came, Job
from ifmatch.fleet.processes import GRACE, Processes
from ifmatch.fleet.side_by_side import Host, HostLost

if TYPE_CHECKING:
    import execnet

#: Seconds that a host has beyond the bound of a run to send its evidence.
_SLACK = 60.0

#: Carried out there: the modules of the suite that is installed there.
_STATION = "from ifmatch.fleet import station; station.serve(channel)"


class Here:
    """This machine."""

    name = "here"

    def __init__(self) -> None:
        self._processes = Processes()

    def run(self, job: Job) -> Came:
        """One run in a process of its own, with the variables that are set now: what it is forked from is older."""
        return self._processes.run(job.words(), job.bound, os.environ)

    def end(self, number: signal.Signals) -> None:
        """Send a signal to all that run here."""
        self._processes.end(number)


class Elsewhere:
    """Another machine, or another Python on this one, behind a gateway of execnet."""

    def __init__(self, spec: str, gateway: "execnet.Gateway") -> None:
        self.name, self._gateway = spec, gateway
        self._channels: set[Any] = set()
        self._lock = threading.Lock()

    def run(self, job: Job) -> Came:
        """One run there; what it needs is sent there, and its evidence comes back."""
        try:
            return self._run(job)
        except gateway_errors() as error:
            raise HostLost(f"{self.name} is gone: {error}") from error

    def _run(self, job: Job) -> Came:
        channel = self._gateway.remote_exec(_STATION)
        with self._lock:
            self._channels.add(channel)
        try:
            channel.send(parcel.packed(job))
            code, printed, why, evidence = channel.receive(_patience(job))
        finally:
            with self._lock:
                self._channels.discard(channel)
            channel.close()
        parcel.unpack(evidence, job.folder)
        return Came(code, printed, why)

    def end(self, number: signal.Signals) -> None:
        """Send a signal to all that run there."""
        with self._lock, suppress(OSError):
            for channel in list(self._channels)[:1]:  # one passes it on to all
                channel.send(int(number))


def _patience(job: Job) -> float | None:
    """Seconds after which a host that sends nothing is taken for lost."""
    return None if job.bound.seconds is None else job.bound.seconds + GRACE + _SLACK


def hosts(specs: Sequence[str]) -> tuple[list[Host], list[str]]:
    """The hosts that can be reached, and a sentence for each that cannot; without any spec, this machine.

    Raises ConfigurationError when none can be.
    """
    if not specs:
        return [Here()], []
    found, troubles = list[Host](), list[str]()
    for spec in specs:
        try:
            found.append(Elsewhere(spec, gateway_to(spec)))
        except ConfigurationError as trouble:
            troubles.append(str(trouble))
    if not found:
        raise ConfigurationError(troubles[0])
    return found, troubles
