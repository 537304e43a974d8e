"""Reports side by side on one page: a column a report, a row a rule, and what changed where that can be said."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ifmatch.report.console import MARKS, conclusion, count_line
from ifmatch.report.document import Document
from ifmatch.report.entries import (
    Column,
    Entry,
    about,
    answers_of,
    cases_of,
    column_of,
    interaction_of,
    rules_of,
    title_of,
    verdict_of,
)
from ifmatch.report.page.templates import rendered, tone_of
from ifmatch.report.page.views import anchor_of
from ifmatch.report.text import one_line, several_lines
from ifmatch.rules.verdict import Verdict

#: Verdicts that need no words beside them.
_QUIET = frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE})


@dataclass(frozen=True)
class Head:
    """What a column stands for, what it came to, and the page of its own that it has, if any."""

    name: str
    about: str
    word: str
    tone: str
    counts: str
    page: str


@dataclass(frozen=True)
class Cell:
    """What one report says of one rule; `why` keeps the lines of a drawing."""

    verdict: Verdict
    mark: str
    answers: str
    why: tuple[str, ...]
    link: str


@dataclass(frozen=True)
class Row:
    """One rule across the reports."""

    rule: str
    title: str
    interaction: str
    verdicts: tuple[Verdict, ...]
    differs: bool
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class ChangeView:
    """What became of a rule from the first report to the second; of which target, where there are several."""

    target: str
    kind: str
    rule: str
    title: str
    before: str
    after: str
    why: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """What changed from the first report to the second: how much in all, what to mind, and each change."""

    heading: str
    counted: str
    remark: str
    each: tuple[ChangeView, ...]


def side_by_side(
    title: str,
    named: Sequence[tuple[str, Document]],
    pages: Sequence[str] = (),
    changes: Changes | None = None,
    without: Sequence[tuple[str, str]] = (),
) -> str:
    """The page of reports with their names; each with the address of its own page, where it has one.

    `without` names those who came to no report, and says why.
    """
    columns = [column_of(report) for _, report in named]
    addresses = pages or [""] * len(named)
    rules = rules_of(columns)
    return rendered(
        "side_by_side.html",
        title=title,
        heads=[_head(*one, page) for one, page in zip(named, addresses, strict=True)],
        changes=changes,
        without=[(one_line(name), lines_of(why)) for name, why in without],
        interactions=list(dict.fromkeys(map(_interaction, rules))),
        verdicts=_verdicts_in(columns),
        rows=[_row(rule, columns, addresses) for rule in rules],
    )


def lines_of(message: str) -> tuple[str, ...]:
    """A message line by line, so that a drawing stays one."""
    return tuple(several_lines(message)) if "\n" in message else (one_line(message, 1000),)


def _head(name: str, report: Document, page: str) -> Head:
    word, _ = conclusion(report["exit_code"], report["counts"], report.get("left_out", ()))
    return Head(name, about(report), word, tone_of(word), count_line(report["counts"]), page)


def _verdicts_in(columns: Iterable[Column]) -> list[Verdict]:
    """The verdicts that occur, in their order."""
    seen = {verdict_of(entry) for column in columns for entry in column.values()}
    return [verdict for verdict in Verdict if verdict in seen]


def _row(rule: str, columns: Sequence[Column], pages: Sequence[str]) -> Row:
    entries = [column.get(rule) for column in columns]
    seen = set(map(verdict_of, entries))
    return Row(
        rule=one_line(rule, 200),
        title=title_of(rule, columns),
        interaction=_interaction(rule),
        verdicts=tuple(verdict for verdict in Verdict if verdict in seen),
        differs=len(set(map(_outcome, entries))) > 1,
        cells=tuple(map(_cell, entries, pages)),
    )


def _interaction(rule: str) -> str:
    return one_line(interaction_of(rule))


def _outcome(entry: Entry | None) -> tuple[object, ...]:
    return verdict_of(entry), *cases_of(entry)


def _cell(entry: Entry | None, page: str) -> Cell | None:
    verdict = verdict_of(entry)
    if entry is None or verdict is None:
        return None
    return Cell(
        verdict=verdict,
        mark=MARKS[verdict][0],
        answers=answers_of(entry),
        why=_why(verdict, str(entry["message"])),
        link=f"{page}#{anchor_of(entry['rule'])}" if page else "",
    )


def _why(verdict: Verdict, message: str) -> tuple[str, ...]:
    return lines_of(message) if message and verdict not in _QUIET else ()
