"""Several systems side by side: a row a rule, a column a system; a cell says what the system did and how that is."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from ifmatch.report.console import MARKS, WIDTH, conclusion
from ifmatch.report.document import Document
from ifmatch.report.text import one_line
from ifmatch.rules.case import Verdict

_WIDEST_LABEL = 15
_GAP = 3
_NARROWEST_RULE = 20

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
_ALWAYS = frozenset({Verdict.PASS, Verdict.FAIL, Verdict.WARN, Verdict.OBSERVED, Verdict.NOT_APPLICABLE})


def print_matrix(console: Console, reports: Sequence[Document]) -> None:
    """The reports of several systems as one table, and below it what each system comes to."""
    for line in matrix_lines(reports):
        console.print(line, soft_wrap=True)


def matrix_lines(reports: Sequence[Document]) -> Iterator[Text]:
    """The lines of the table: a head, the rules in groups of one interaction, then the totals."""
    labels = [_label(report) for report in reports]
    columns = [{entry["rule"]: entry for entry in report["rules"]} for report in reports]
    rules = list(dict.fromkeys(rule for column in columns for rule in column))
    widths = [max(cell_len(label), len("412 ✓")) for label in labels]
    first = _first_width(rules, widths)
    yield _row(Text(" " * first), [Text(label, "bold") for label in labels], widths)
    for group in _by_interaction(rules):
        for rule in group:
            cells = [_cell(column.get(rule)) for column in columns]
            yield _row(Text(_fitted(one_line(rule, 200), first)), cells, widths)
        yield Text()
    yield from _totals(labels, reports)


def _label(report: Document) -> str:
    profile = report["profile"]
    label = one_line(profile.get("label") or profile["id"], 80)
    return label if cell_len(label) <= _WIDEST_LABEL else f"{label[: _WIDEST_LABEL - 1]}…"


def _first_width(rules: Sequence[str], widths: Sequence[int]) -> int:
    room = WIDTH - sum(width + _GAP for width in widths)
    return min(max(map(cell_len, rules), default=0), max(room, _NARROWEST_RULE))


def _by_interaction(rules: Sequence[str]) -> list[list[str]]:
    """The rules of each interaction, in the order in which they first appeared."""
    groups: dict[str, list[str]] = {}
    for rule in rules:
        groups.setdefault(rule.split(".")[0], []).append(rule)
    return list(groups.values())


def _fitted(rule: str, width: int) -> str:
    # The end of an id says more than its beginning, which the rows around it share.
    return set_cell_size(rule if cell_len(rule) <= width else f"…{rule[-(width - 1) :]}", width)


def _row(first: Text, cells: Sequence[Text], widths: Sequence[int]) -> Text:
    line = first
    for cell, width in zip(cells, widths, strict=True):
        line = line.append(" " * _GAP).append_text(cell).append(" " * (width - cell.cell_len))
    line.rstrip()
    return line


def _cell(entry: Mapping[str, Any] | None) -> Text:
    """What one system did about one rule. A rule that a report does not have was not asked about."""
    if entry is None:
        return Text()
    verdict = Verdict(entry["verdict"])
    if verdict is Verdict.NOT_APPLICABLE:
        return Text(_QUIET, "dim")
    mark, colour = MARKS[verdict]
    quiet = "dim" if verdict is Verdict.OBSERVED else ""
    status = entry["observed"].get("status")
    answer = Text(f"{status} " if status else "", quiet)
    return answer.append(mark, quiet or colour)


def _totals(labels: Sequence[str], reports: Sequence[Document]) -> Iterator[Text]:
    """A row a system: how many rules have each verdict, and what that comes to."""
    counts: list[Counter[str]] = [Counter(report["counts"]) for report in reports]
    seen = sum(counts, Counter[str]())
    shown = {verdict: name for verdict, name in _TOTALS.items() if verdict in _ALWAYS or seen[verdict]}
    first = max(map(cell_len, labels), default=0)
    heads = "".join(f"  {name}" for name in shown.values())
    yield Text(" " * first + heads, "dim")
    for label, report, count in zip(labels, reports, counts, strict=True):
        numbers = "".join(f"  {count[verdict]:>{len(name)}}" for verdict, name in shown.items())
        word, style = conclusion(report["exit_code"], count)
        yield Text(f"{set_cell_size(label, first)}{numbers}  ").append(word, style)
