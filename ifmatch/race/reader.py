"""Reads what the target holds of a resource with nobody else about: its state, one version, its whole history."""

from ifmatch.client.target import FRESH, Target
from ifmatch.client.workbench import Subject, Workbench
from ifmatch.judge.history import Entry
from ifmatch.race.history_pages import page_of
from ifmatch.race.invocations import marks_in
from ifmatch.rules.answer import Answer

#: More pages of one history than these are not read.
_MOST_PAGES = 100


class Reader:
    """The reads of one scenario.

    `history_lags` once a history has left out what was there, however long it was given.
    """

    def __init__(self, target: Target, bench: Workbench) -> None:
        self._target, self._bench = target, bench
        self.history_lags = False

    def read(self, subject: Subject) -> Answer:
        """The resource as it is now."""
        return self._target.read(subject.type, subject.id)

    def holds(self, subject: Subject, version: str, marker: str | None) -> bool:
        """Whether the target still has a version, with the marker of the write that made it if that is known."""
        answer = self._target.vread(subject.type, subject.id, version)
        marks = marks_in(answer.resource, subject.kind.marks)
        return answer.version_id == version and (marker is None or marker in marks)

    def history(self, subject: Subject) -> tuple[Entry, ...] | None:
        """The history as it is listed now, oldest first. None when the target has none, or does not tell all of it."""
        if not self._bench.offers("history-instance", subject.type):
            return None
        return self.entries(subject, self._target.history(subject.type, subject.id))

    def entries(self, subject: Subject, answer: Answer) -> tuple[Entry, ...] | None:
        """A page of history and those that follow it. Half of a history proves nothing, so it is all or none."""
        listed = list[Entry]()
        base = f"{self._target.settings.base_url}/"
        for _ in range(_MOST_PAGES):
            page = page_of(answer, subject.kind.marks, len(listed))
            if page is None:
                return None
            listed += page.entries
            if not page.following:
                return tuple(reversed(listed)) if page.ends_at(len(listed)) else None
            if not page.following.startswith(base):
                return None
            answer = self._target.send("GET", page.following.removeprefix(base), headers=FRESH)
        return None
