"""The comparison in a terminal: one table for all reports, then what changed."""

from collections.abc import Iterator, Sequence
from itertools import starmap

from rich.console import Console
from rich.text import Text

from ifmatch.report.compare.changes import Change, changes, comparable, counted, remark
from ifmatch.report.console import MARKS
from ifmatch.report.document import Document
from ifmatch.report.entries import about, named
from ifmatch.report.matrix import print_matrix
from ifmatch.report.text import one_line


def print_compare(console: Console, reports: Sequence[Document]) -> None:
    """The reports as one table, a column each, with a legend; after two reports that are comparable, what changed."""
    for name, report in named(reports):
        console.print(Text(f"{name}  ", "bold").append(about(report)), soft_wrap=True)
    console.print()
    print_matrix(console, list(starmap(_renamed, named(reports))))
    console.print("\nevery rule: `--csv FILE` writes a table, `--html FILE` a page")
    if comparable(reports):
        _print_changes(console, *reports)


def _print_changes(console: Console, old: Document, new: Document) -> None:
    console.print()
    for line in _change_lines(old, new):
        console.print(line, soft_wrap=True)


def _renamed(name: str, report: Document) -> Document:
    return {**report, "profile": {**report["profile"], "label": name}}


def _change_lines(old: Document, new: Document) -> Iterator[Text]:
    found = changes(old, new)
    yield Text("From A to B: ", "bold").append(counted(found))
    if remark(old, new):
        yield Text(remark(old, new), "yellow")
    heading = ""
    for change in found:
        if change.kind.heading != heading:
            heading = change.kind.heading
            yield Text(f"\n{heading}", "bold")
        yield from _lines_of(change)


def _lines_of(change: Change) -> Iterator[Text]:
    mark, colour = MARKS[change.now] if change.now else (" ", "")
    yield Text("  ").append(mark, colour).append(f" {change.rule}   {one_line(change.title)}")
    yield Text(f"      was   {change.before}")
    yield Text(f"      now   {change.after}")
    if change.message:
        yield Text(f"            {one_line(change.message, 160)}")
