"""What a command is at, for whoever waits: said on standard error once a step has taken a while."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TextIO

from rich.status import Status

from ifmatch.log.events import Event, VerdictReached
from ifmatch.report.console.lines import console_for
from ifmatch.report.run import group_of
from ifmatch.report.text import counted

#: Seconds after which one wonders what is going on.
PATIENCE = 2.0


class Steps:
    """The steps of a command, each of which ends the one before it.

    On a terminal one line shows the step that is being carried out, and goes at its end; elsewhere (a CI log, a file)
    a step has a line of its own. A step that is done sooner than anyone wonders is said nowhere.
    """

    def __init__(self, stream: TextIO | None = None, patience: float = PATIENCE) -> None:
        self._console, self._patience = console_for(stream or _past_capture(sys.stderr)), patience
        self._lock = threading.Lock()
        self._number = 0
        self._timer: threading.Timer | None = None
        self._status: Status | None = None

    def __enter__(self) -> "Steps":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def begin(self, what: str) -> None:
        """Go on to a step."""
        with self._lock:
            self._forget()
            if self._status is not None:  # somebody sees already that it takes long
                self._status.update(what)
                return
            timer = threading.Timer(self._patience, self._say, (self._number, what))
            self._timer = timer
        timer.daemon = True
        timer.start()

    def end(self) -> None:
        """Say no more."""
        with self._lock:
            self._forget()
            if self._status is not None:
                self._status.stop()
            self._status = None

    def _forget(self) -> None:
        """The step before is done; a timer that has run out meanwhile finds another number."""
        self._number += 1
        if self._timer is not None:
            self._timer.cancel()

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """A step with an end of its own."""
        self.begin(what)
        try:
            yield
        finally:
            self.end()

    def _say(self, number: int, what: str) -> None:
        """Say what takes long, unless it is done by now."""
        with self._lock:
            if number != self._number:
                return
            if not self._console.is_terminal:
                self._console.print(f"  {what} …", soft_wrap=True)
                return
            self._status = Status(what, console=self._console)
            self._status.start()


class GroupsIn:
    """Shows in the steps of a command which group of rules it is at, by the verdicts of a run as they are told.

    `of` is how many rules there will be, 0 where nobody knows.
    """

    def __init__(self, steps: Steps, what: str, of: int = 0) -> None:
        self._steps, self._what, self._of = steps, what, of
        self._rules: set[str] = set()
        self._group = ""

    def __call__(self, event: Event) -> None:
        """Learn what was put into the log."""
        if not isinstance(event, VerdictReached):
            return
        self._rules.add(event.rule)
        if group_of(event.rule) != self._group:
            self._group = group_of(event.rule)
            seen = len(self._rules)
            after = f"{seen} of {counted(self._of, 'rule')}" if self._of else counted(seen, "rule")
            self._steps.begin(f"{self._what} {self._group}, after {after}")


def _past_capture(stream: TextIO) -> TextIO:
    """The stream as it is now: pytest puts another in its place while a test runs."""
    try:
        return os.fdopen(os.dup(stream.fileno()), "w", encoding="utf-8", errors="replace")
    except (OSError, ValueError, AttributeError):  # not of the system's
        return stream
