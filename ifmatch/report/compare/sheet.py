"""The comparison for a spreadsheet."""

import csv as csv_module
import io
from collections.abc import Iterator, Sequence

from ifmatch.report.document import Document
from ifmatch.report.entries import (
    Column,
    about,
    answers_of,
    column_of,
    named,
    rules_of,
    title_of,
    verdict_of,
)
from ifmatch.report.text import one_line


def csv(reports: Sequence[Document]) -> str:
    """The table for a spreadsheet: a row a rule; for each report a column of verdicts and one of answers."""
    out = io.StringIO()
    writer = csv_module.writer(out, lineterminator="\r\n")
    columns = [column_of(report) for report in reports]
    writer.writerow(map(_harmless, ["rule", "title", *_heads(reports)]))
    for rule in rules_of(columns):
        writer.writerow(map(_harmless, [rule, title_of(rule, columns), *_cells(rule, columns)]))
    return out.getvalue()


def _heads(reports: Sequence[Document]) -> Iterator[str]:
    for name, report in named(reports):
        yield f"{name}: {about(report)}, verdict"
        yield f"{name}: {about(report)}, answer"


def _cells(rule: str, columns: Sequence[Column]) -> Iterator[str]:
    for column in columns:
        entry = column.get(rule)
        yield verdict_of(entry) or ""
        yield answers_of(entry)


def _harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    shown = one_line(text, 1000)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@")) else shown
