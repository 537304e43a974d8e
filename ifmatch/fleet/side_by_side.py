"""Runs jobs side by side: so many at once on each host, those of one target one after the other."""

import queue
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ifmatch.errors import ExitCode
from ifmatch.fleet.job import Came, Ending, Job


class HostLost(Exception):
    """A machine that runs are made on is gone; the message says why."""


class Host(Protocol):
    """Where runs are made."""

    name: str

    def run(self, job: Job) -> Came:
        """Make one run; its evidence lies in its folder then. Raises HostLost."""

    def end(self, number: signal.Signals) -> None:
        """Send a signal to all that run there, and let no more begin."""


@dataclass(frozen=True)
class Begun:
    """A run has begun on a host."""

    job: Job
    host: str


class Waiting:
    """The jobs that nobody has taken yet. Threads take from it."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = list(jobs)
        self._busy: set[str] = set()
        self._changed = threading.Condition()

    def take(self) -> Job | None:
        """The next job whose target is free, as soon as there is one; None when no job is left."""
        with self._changed:
            while self._jobs:
                job = next((job for job in self._jobs if job.target not in self._busy), None)
                if job is not None:
                    return self._taken(job)
                self._changed.wait()
        return None

    def _taken(self, job: Job) -> Job:
        self._jobs.remove(job)
        if job.target:
            self._busy.add(job.target)
        return job

    def free(self, target: str) -> None:
        """Nobody is at work on a target any more."""
        with self._changed:
            self._busy.discard(target)
            self._changed.notify_all()

    def clear(self) -> list[Job]:
        """Leave nothing to be taken; returns what nobody took."""
        with self._changed:
            left, self._jobs = self._jobs, []
            self._changed.notify_all()
            return left


class SideBySide:
    """Jobs at work. `interrupted` once somebody broke them off."""

    def __init__(self, jobs: Sequence[Job], hosts: Sequence[Host], at_once: int) -> None:
        self._waiting, self._hosts = Waiting(jobs), hosts
        self._events: queue.Queue[Begun | Ending | None] = queue.Queue()
        self._threads = [
            threading.Thread(target=self._work, args=(host,), daemon=True)
            for host in hosts
            for _ in range(at_once)
        ]
        self.interrupted = False

    def events(self) -> Iterator[Begun | Ending]:
        """What happens, as it happens, until every job has ended. Ctrl-C ends those that run, each of which tidies up;
        once more, and nothing is waited for.
        """
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        for thread in self._threads:
            thread.start()
        working = len(self._threads)
        while working:
            event = self._next_event()
            if event is None:
                working -= 1
            else:
                yield event
        for job in self._waiting.clear():
            came = Came(int(ExitCode.INTERNAL_ERROR), "", "No host was left to run it.")
            yield Ending.of(job, came, "", 0.0)

    def _next_event(self) -> Begun | Ending | None:
        while True:
            try:
                return self._events.get()
            except KeyboardInterrupt:
                self._end(signal.SIGKILL if self.interrupted else signal.SIGINT)

    def _end(self, number: signal.Signals) -> None:
        self.interrupted = True
        self._waiting.clear()
        for host in self._hosts:
            host.end(number)

    def _work(self, host: Host) -> None:
        """What one thread does: one job after the other, until none is left or the host is gone."""
        try:
            while job := self._waiting.take():
                self._make(job, host)
        except HostLost:
            return
        finally:
            self._events.put(None)

    def _make(self, job: Job, host: Host) -> None:
        self._events.put(Begun(job, host.name))
        began = time.perf_counter()
        came = Came(int(ExitCode.INTERNAL_ERROR), "", f"{host.name} was lost while it ran there.")
        try:
            came = host.run(job)
        finally:
            self._waiting.free(job.target)
            seconds = time.perf_counter() - began
            self._events.put(Ending.of(job, came, host.name, seconds))
