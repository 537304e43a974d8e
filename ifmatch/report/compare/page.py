"""The comparison as one page that needs nothing else: no other file, no network."""

from collections.abc import Sequence

from ifmatch.report.compare.changes import Change, changes, comparable, counted, remark
from ifmatch.report.document import Document
from ifmatch.report.entries import named
from ifmatch.report.page.side_by_side import Changes, ChangeView, lines_of, side_by_side
from ifmatch.report.text import one_line


def html(reports: Sequence[Document]) -> str:
    """The page: what is compared, what changed, and a table of all rules that can be filtered."""
    found = _changes(*reports) if comparable(reports) else None
    return side_by_side("Reports compared", list(named(reports)), changes=found)


def _changes(old: Document, new: Document) -> Changes:
    found = changes(old, new)
    views = tuple(map(view_of, found))
    return Changes("From A to B", counted(found), remark(old, new), views)


def view_of(change: Change, target: str = "") -> ChangeView:
    """A change as a page shows it, with the name of the target where there are several."""
    return ChangeView(
        target=one_line(target),
        kind=change.kind.heading,
        rule=one_line(change.rule),
        title=one_line(change.title),
        before=one_line(change.before, 1000),
        after=one_line(change.after, 1000),
        why=lines_of(change.message),
    )
