"""Reads what the target holds of a resource with nobody else about: its state, one version, its whole history."""

from ifmatch.client.target import FRESH, Target
from ifmatch.client.workbench import Subject, Workbench
from ifmatch.judge.history import Entry
from ifmatch.race.history_pages import Listing, page_of
from ifmatch.race.invocations import marks_in
from ifmatch.rules.answer import Answer

#: More pages of one history than these are not read.
_MOST_PAGES = 100

#: So often a history is read again that was torn by a version that came between two of its pages.
_MOST_READINGS = 3


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
        marks = marks_in(answer.resource, subject.kind)
        return answer.version_id == version and (marker is None or marker in marks)

    def history(self, subject: Subject) -> tuple[Entry, ...] | None:
        """The history as it is listed now, oldest first. None when the target has none, or does not tell all of it.

        One that is torn though nobody writes any more is what the target says.
        """
        if not self._bench.offers("history-instance", subject.type):
            return None
        listing = None
        for _ in range(_MOST_READINGS):
            listing = self._listing(subject, self._target.history(subject.type, subject.id))
            if listing is None or not listing.is_torn:
                break
        return listing.oldest_first if listing else None

    def entries(self, subject: Subject, answer: Answer) -> tuple[Entry, ...] | None:
        """A page of history and those that follow it, read while others may write; None when that tore it."""
        listing = self._listing(subject, answer)
        return listing.oldest_first if listing and not listing.is_torn else None

    def _listing(self, subject: Subject, answer: Answer) -> Listing | None:
        """A page of history and those that follow it. Half of a history proves nothing, so it is all or none."""
        listing = Listing()
        base = f"{self._target.settings.base_url}/"
        for _ in range(_MOST_PAGES):
            page = page_of(answer, subject.kind)
            if page is None:
                return None
            listing = listing.with_page(page)
            if not page.following:
                return listing if listing.is_whole else None
            if not page.following.startswith(base):
                return None
            answer = self._target.send("GET", page.following.removeprefix(base), headers=FRESH)
        return None
