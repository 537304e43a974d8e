"""The end of a history: wait until all has settled, and ask the server what it makes of it.

A server may list a version a little after it was made; a write that we did not wait for may land a little later, but
once it is seen to have landed there is nothing to wait for.
"""

import time
from collections.abc import Sequence
from itertools import chain

from ifmatch.errors import OutcomeUnknown
from ifmatch.judge.history import Entry, History, Operation, Outcome
from ifmatch.race.history_builder import HistoryBuilder
from ifmatch.race.reader import Reader

#: Seconds: how long a write of unknown outcome is given to land before the last look. One whose answer we did not wait
#: for was measured to land up to 14 ms after; what a gateway still holds takes longer.
_SETTLING = 2.0

#: Seconds: the same for a write that was cut short, which has no reason to land at all.
_GRACE = 0.25

#: Seconds: the first pause between two looks at the history; the next ones are twice as long each.
_PAUSE = 0.05

#: The server's history as it was listed; None when there is none, or not all of it.
Listed = tuple[Entry, ...] | None


class Closing:
    """Finishes the history of one resource. `doubts` are what could not be had for it."""

    def __init__(self, builder: HistoryBuilder, reader: Reader) -> None:
        self._builder, self._reader = builder, reader
        self._names = builder.names
        self.doubts: list[str] = []

    def history(self) -> History:
        """The finished history: settled, with the server's own and a last read."""
        listed: Listed = None
        final: Operation | None = None
        try:
            listed = self._settled()
            final = self._last_read(listed)
        except OutcomeUnknown as unknown:
            self.doubts.append(str(unknown))
        if self._names.doubt:
            self.doubts.append(self._names.doubt)
            return History(())
        entries = self._whole(listed, final) if listed is not None else None
        pages = self._builder.pages if self._names.agree and entries is not None else ()
        return History(
            operations=tuple(self._builder.operations),
            entries=entries,
            final=final,
            initial=self._builder.initial,
            earlier=tuple(pages),
        )

    # ------------------------------------------------------------ waiting

    def _settled(self) -> Listed:
        """The history once all that was sent and accepted is in it, or cannot be expected any more."""
        last, pause = self._builder.last, _PAUSE
        due = last + _SETTLING
        _sleep_until(last + _GRACE if self._broken_off else last)
        listed = self._look()
        while not self._complete(listed) and time.monotonic() < due:
            if self._lags_again(listed):
                break  # as it was before, after all the waiting
            _sleep_until(min(due, time.monotonic() + pause))
            listed = self._look()
            pause *= 2
        return listed

    def _look(self) -> Listed:
        return self._reader.history(self._builder.subject)

    @property
    def _broken_off(self) -> bool:
        aborted = any(
            operation.outcome is Outcome.ABORTED for operation in self._builder.operations
        )
        return aborted or bool(self._builder.landing)

    def _complete(self, listed: Listed) -> bool:
        """Whether nothing is missing that could still come."""
        if listed is None:
            return self._builder.settled
        return self._all_landed(listed) and self._all_listed(listed)

    def _all_landed(self, listed: Sequence[Entry]) -> bool:
        """Whether the writes that may still land are seen to have done so."""
        marks = set(chain.from_iterable(entry.markers for entry in listed))
        return all(write.marker in marks for write in self._builder.landing)

    def _all_listed(self, listed: Sequence[Entry]) -> bool:
        """Whether every version that a write was told of is listed, as far as its name can be compared."""
        if not self._names.agree:
            return True
        versions = {entry.version for entry in listed}
        told = {write.version for write in self._builder.accepted_writes if write.version}
        return told <= versions

    def _lags_again(self, listed: Listed) -> bool:
        return self._reader.history_lags and listed is not None and bool(self._left_out(listed))

    # ------------------------------------------------------------ the last looks

    def _last_read(self, listed: Listed) -> Operation:
        """A read with nobody else about. One that does not fit the history is followed by another: did it stay so?"""
        read, answer = self._builder.read()
        self._names.learn(answer)
        if self._fits(read, listed):
            return read
        self._builder.operations.append(read)
        _sleep_until(time.monotonic() + _GRACE)
        again, _ = self._builder.read()
        return again

    def _fits(self, read: Operation, listed: Listed) -> bool:
        """Whether a read shows the newest version of the history, as far as their names can be compared."""
        if not listed or not self._names.agree:
            return True
        return read.version in (None, listed[-1].version)

    def _whole(self, listed: tuple[Entry, ...], final: Operation | None) -> Listed:
        """The history under the names that the writes use; None, with a doubt, where it is not all of it."""
        try:
            version = self._left_out(listed, final)
        except OutcomeUnknown as unknown:
            self.doubts.append(str(unknown))
            return None
        if version:
            self._reader.history_lags = True
            self.doubts.append(
                f"the history leaves out version {version}, which is still there: it may be cached"
            )
            return None
        entries, doubt = self._names.listed(listed, self._builder.operations)
        self.doubts.extend(filter(None, [doubt]))
        return entries

    def _left_out(self, listed: Sequence[Entry], final: Operation | None = None) -> str:
        """A version that the history does not list and the server still has, as a read of just that version shows.

        Some servers answer a history from a cache, whatever they are asked for. Such a one is not all of the history.
        """
        if not self._names.agree:
            return ""
        markers = self._known_versions(final)
        for entry in listed:
            markers.pop(entry.version, None)
        for version, marker in markers.items():
            if self._reader.holds(self._builder.subject, version, marker):
                return version
        return ""

    def _known_versions(self, final: Operation | None) -> dict[str, str | None]:
        """The versions that were shown or made, each with the marker of the write that made it, if one of ours did."""
        operations = [*self._builder.operations, *filter(None, [final])]
        successful = [operation for operation in operations if operation.outcome is Outcome.OK]
        markers = {operation.version: operation.marker for operation in successful}
        known = {self._builder.initial: None} | markers
        return {version: marker for version, marker in known.items() if version}


def _sleep_until(instant: float) -> None:
    time.sleep(max(0.0, instant - time.monotonic()))
