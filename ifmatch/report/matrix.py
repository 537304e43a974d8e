"""Several systems side by side, a column a system: a row an interaction with counts, and a row each rule in trouble.

Where all keep a rule nobody reads it: every rule stands on the page, and in the table for a spreadsheet.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from ifmatch.report.console import MARKS, WIDTH, conclusion
from ifmatch.report.document import Document
from ifmatch.report.entries import Column, Entry, column_of, interaction_of, rules_of, verdict_of
from ifmatch.report.text import one_line
from ifmatch.rules.verdict import Verdict

_WIDEST_LABEL = 15
_GAP = 3
_NARROWEST_RULE = 20
_NARROWEST_CELL = len("412 ✓ 3 ✗")

#: Verdicts for which a rule has a row of its own, the gravest first.
_IN_TROUBLE = (
    Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.WAIVED, Verdict.WARN,
)  # fmt: skip

#: What a cell shows for a rule that has no meaning on a system, and for one that was observed only.
_QUIET = "·"

#: How each verdict is named in the totals, in their order.
_TOTALS: Mapping[Verdict, str] = {
    Verdict.PASS: "pass",
    Verdict.FAIL: "fail",
    Verdict.WARN: "warn",
    Verdict.OBSERVED: "observed",
    Verdict.NOT_APPLICABLE: "n.a.",
    Verdict.INCONCLUSIVE: "inconclusive",
    Verdict.ERROR: "error",
    Verdict.WAIVED: "waived",
}

#: Totals shown even when they are 0.
_ALWAYS = frozenset(
    {Verdict.PASS, Verdict.FAIL, Verdict.WARN, Verdict.OBSERVED, Verdict.NOT_APPLICABLE}
)


def print_matrix(console: Console, reports: Sequence[Document]) -> None:
    """The reports of several systems as one table, and below it what each system comes to."""
    for line in matrix_lines(reports):
        console.print(line, soft_wrap=True)


def print_totals(console: Console, reports: Sequence[Document]) -> None:
    """What each system comes to, a row a system: for more systems than a table has room for."""
    for line in _totals([_label(report) for report in reports], reports):
        console.print(line, soft_wrap=True)


def fits(reports: Sequence[Document]) -> bool:
    """Whether there is room for a column for each report beside the rules."""
    columns = sum(max(cell_len(_label(report)), _NARROWEST_CELL) + _GAP for report in reports)
    return columns + _NARROWEST_RULE <= WIDTH


def matrix_lines(reports: Sequence[Document]) -> Iterator[Text]:
    """The lines of the table: a head, the interactions, the rules that any system is in trouble with, the totals."""
    labels = [_label(report) for report in reports]
    columns = [column_of(report) for report in reports]
    rules = rules_of(columns)
    grouped = {interaction: list(group) for interaction, group in groupby(rules, interaction_of)}
    troubled = [rule for rule in rules if _is_in_trouble(rule, columns)]
    layout = _Layout.of([*grouped, *troubled], labels)
    yield layout.head(labels)
    for interaction, group in grouped.items():
        yield layout.row(interaction, [_counts(group, column) for column in columns])
    yield Text()
    if troubled:
        yield from (layout.row(rule, _cells(rule, columns)) for rule in troubled)
        yield Text()
    yield from _totals(labels, reports)


def _is_in_trouble(rule: str, columns: Sequence[Column]) -> bool:
    return any(verdict_of(column.get(rule)) in _IN_TROUBLE for column in columns)


def _counts(rules: Sequence[str], column: Column) -> Text:
    """How many of an interaction's rules one system keeps, and how many have the gravest verdict that is none."""
    seen = Counter(verdict_of(column.get(rule)) for rule in rules)
    gravest = [verdict for verdict in _IN_TROUBLE if seen[verdict]][:1]
    cell = Text()
    for verdict in [Verdict.PASS] * (seen[Verdict.PASS] > 0) + gravest:
        mark, colour = MARKS[verdict]
        cell.append(f"{' ' if cell else ''}{seen[verdict]} ").append(mark, colour)
    return cell if cell or seen[None] == len(rules) else Text(_QUIET, "dim")


def _cells(rule: str, columns: Sequence[Column]) -> list[Text]:
    return [_cell(column.get(rule)) for column in columns]


@dataclass(frozen=True)
class _Layout:
    """The width of the column of rules, and those of the columns of systems."""

    first: int
    others: tuple[int, ...]

    @classmethod
    def of(cls, rules: Sequence[str], labels: Sequence[str]) -> "_Layout":
        others = tuple(max(cell_len(label), _NARROWEST_CELL) for label in labels)
        room = WIDTH - sum(others) - _GAP * len(others)
        longest = max(map(cell_len, rules), default=0)
        return cls(min(longest, max(room, _NARROWEST_RULE)), others)

    def head(self, labels: Sequence[str]) -> Text:
        """The first line of the table."""
        return self.row("", [Text(label, "bold") for label in labels])

    def row(self, rule: str, cells: Sequence[Text]) -> Text:
        """A line of the table, without the blanks at its end."""
        line = Text(self._fitted(one_line(rule, 200)))
        for cell, width in zip(cells, self.others, strict=True):
            padding = " " * (width - cell.cell_len)
            line.append(" " * _GAP).append_text(cell).append(padding)
        line.rstrip()
        return line

    def _fitted(self, rule: str) -> str:
        # The end of an id says more than its beginning, which the rows around it share.
        shown = rule if cell_len(rule) <= self.first else f"…{rule[-(self.first - 1) :]}"
        return set_cell_size(shown, self.first)


def _label(report: Document) -> str:
    profile = report["profile"]
    label = one_line(profile.get("label") or profile["id"], 80)
    return label if cell_len(label) <= _WIDEST_LABEL else f"{label[: _WIDEST_LABEL - 1]}…"


def _cell(entry: Entry | None) -> Text:
    """What one system did about one rule. A rule that a report does not have was not asked about."""
    if entry is None:
        return Text()
    verdict = Verdict(entry["verdict"])
    mark, colour = MARKS[verdict]
    if verdict is Verdict.NOT_APPLICABLE:
        return Text(_QUIET, "dim")
    if verdict is Verdict.OBSERVED:
        return Text(_status(entry) + mark, "dim")
    return Text(_status(entry)).append(mark, colour)


def _status(entry: Entry) -> str:
    status = entry["observed"].get("status")
    return f"{status} " if status else ""


def _totals(labels: Sequence[str], reports: Sequence[Document]) -> Iterator[Text]:
    """A row a system: how many rules have each verdict, and what that comes to."""
    shown = _verdicts_to_count(reports)
    first = max(map(cell_len, labels), default=0)
    heads = "".join(f"  {name}" for name in shown.values())
    yield Text(" " * first + heads, "dim")
    for label, report in zip(labels, reports, strict=True):
        counts: Counter[str] = Counter(report["counts"])
        numbers = "".join(f"  {counts[verdict]:>{len(name)}}" for verdict, name in shown.items())
        word, style = conclusion(report["exit_code"], counts, report.get("left_out", ()))
        yield Text(f"{set_cell_size(label, first)}{numbers}  ").append(word, style)


def _verdicts_to_count(reports: Sequence[Document]) -> dict[Verdict, str]:
    """The verdicts that are shown always, and those that some report has."""
    seen: Counter[str] = Counter()
    for report in reports:
        seen.update(report["counts"])
    return {
        verdict: name for verdict, name in _TOTALS.items() if verdict in _ALWAYS or seen[verdict]
    }
