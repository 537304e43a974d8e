"""The comparison as one page that needs nothing else: no script to be read, no other file, no network."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import starmap

from ifmatch.report.compare.changes import Change, changes, comparable, counted, remark
from ifmatch.report.console import MARKS, conclusion, count_line
from ifmatch.report.document import Document
from ifmatch.report.entries import (
    Column,
    Entry,
    answers_of,
    cases_of,
    column_of,
    interaction_of,
    named,
    rules_of,
    title_of,
    verdict_of,
)
from ifmatch.report.text import one_line
from ifmatch.rules.verdict import Verdict


def html(reports: Sequence[Document]) -> str:
    """The page: what is compared, what changed, and a table of all rules that can be filtered."""
    columns = [column_of(report) for report in reports]
    rules = rules_of(columns)
    return _PAGE.format(
        style=_STYLE,
        script=_SCRIPT,
        legend="\n".join(starmap(_legend_row, named(reports))),
        changes=_changes_section(*reports) if comparable(reports) else "",
        interactions=_options(dict.fromkeys(map(interaction_of, rules))),
        verdicts=_options(_verdicts(columns)),
        heads=_heads(name for name, _ in named(reports)),
        rows="\n".join(_row(rule, columns) for rule in rules),
    )


def _verdicts(columns: Sequence[Column]) -> list[Verdict]:
    """The verdicts that occur, in their order."""
    seen = {verdict_of(entry) for column in columns for entry in column.values()}
    return [verdict for verdict in Verdict if verdict in seen]


def _shown(text: object, most: int = 1000) -> str:
    """A text of anybody's as a page can hold it, in an element or in an attribute between double quotes."""
    return escape(one_line(text, most))


def _heads(names: Iterable[str]) -> str:
    return "".join(f'<th scope="col">{name}</th>' for name in names)


def _options(values: Iterable[str]) -> str:
    return "".join(f"<option>{_shown(value)}</option>" for value in values)


def _legend_row(name: str, report: Document) -> str:
    target, run = report["target"], report["run"]
    facts = (report["profile"]["id"], target["software"], target["base_url"], run["id"])
    cells = "".join(f"<td>{_shown(fact)}</td>" for fact in facts)
    word, _ = conclusion(report["exit_code"], report["counts"], report.get("left_out", ()))
    result = f"<td>{word}: {escape(count_line(report['counts']))}</td>"
    return f'<tr><th scope="row">{name}</th>{cells}{result}</tr>'


def _row(rule: str, columns: Sequence[Column]) -> str:
    entries = [column.get(rule) for column in columns]
    seen = " ".join(sorted(set(filter(None, map(verdict_of, entries)))))
    data = f'data-interaction="{_shown(interaction_of(rule))}" data-verdicts="{seen}" data-differs="{_differ(entries)}"'
    title = escape(title_of(rule, columns))
    head = f'<th scope="row"><code>{_shown(rule)}</code><small>{title}</small></th>'
    return f"<tr {data}>{head}{''.join(map(_cell, entries))}</tr>"


def _differ(entries: Sequence[Entry | None]) -> str:
    outcomes = {(verdict_of(entry), *cases_of(entry)) for entry in entries}
    return "yes" if len(outcomes) > 1 else "no"


def _cell(entry: Entry | None) -> str:
    verdict = verdict_of(entry)
    if entry is None or verdict is None:
        return "<td></td>"
    answers = escape(answers_of(entry))
    word = f'<span class="{verdict.value}">{MARKS[verdict][0]} {verdict.value}</span> {answers}'
    message = _shown(entry["message"])
    return (
        f"<td><details><summary>{word}</summary>{message}</details></td>"
        if message
        else f"<td>{word}</td>"
    )


def _changes_section(old: Document, new: Document) -> str:
    found = changes(old, new)
    note = f"<p>{escape(remark(old, new))}</p>" if remark(old, new) else ""
    table = _changes_table(found) if found else ""
    return f"<h2>From A to B</h2><p>{escape(counted(found))}</p>{note}{table}"


def _changes_table(found: Iterable[Change]) -> str:
    heads = _heads(("Change", "Rule", "Was", "Now", "Message"))
    rows = "\n".join(map(_change_row, found))
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _change_row(change: Change) -> str:
    rule = f"<code>{_shown(change.rule)}</code><small>{_shown(change.title)}</small>"
    kind = escape(change.kind.heading)
    cells = (kind, rule, _shown(change.before), _shown(change.after), _shown(change.message))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem; color: #1b1b1b; background: #fff }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { border-bottom: 1px solid #ddd; padding: .3rem .7rem; text-align: left; vertical-align: top }
th[scope=row] { font-weight: normal }
thead th { position: sticky; top: 0; background: #fff }
small { display: block; color: #666 }
details { max-width: 34rem }
summary { cursor: pointer; white-space: nowrap }
form { display: flex; flex-wrap: wrap; gap: 1rem; align-items: center }
form[hidden] { display: none }
.fail, .error { color: #b00020; font-weight: bold }
.warn { color: #8a5a00 }
.inconclusive { color: #7b1fa2 }
.pass { color: #1b6e2c }
.observed, .waived, .not-applicable { color: #666 }
"""

_SCRIPT = """
const form = document.querySelector('form'), rows = [...document.querySelectorAll('#rules tbody tr')];
const show = () => {
  const { interaction, verdict, text, differs } = form.elements, words = text.value.toLowerCase();
  let shown = 0;
  for (const row of rows) {
    row.hidden = (interaction.value && row.dataset.interaction !== interaction.value)
      || (verdict.value && !row.dataset.verdicts.split(' ').includes(verdict.value))
      || (differs.checked && row.dataset.differs !== 'yes')
      || !row.textContent.toLowerCase().includes(words);
    shown += row.hidden ? 0 : 1;
  }
  form.querySelector('output').value = `${shown} of ${rows.length} rules`;
};
form.hidden = false;
form.addEventListener('input', show);
form.addEventListener('submit', (event) => event.preventDefault());
show();
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>ifmatch: reports compared</title>
<style>{style}</style>
</head>
<body>
<h1>Reports compared</h1>
<table>
<thead><tr><th></th><th>Profile</th><th>Software</th><th>Base URL</th><th>Run</th><th>Result</th></tr></thead>
<tbody>
{legend}
</tbody>
</table>
{changes}
<h2>Rules</h2>
<form hidden>
<label>Interaction <select name="interaction"><option value="">all</option>{interactions}</select></label>
<label>Verdict <select name="verdict"><option value="">all</option>{verdicts}</select></label>
<label>Text <input name="text" type="search"></label>
<label><input name="differs" type="checkbox"> only where the reports differ</label>
<output></output>
</form>
<table id="rules">
<thead><tr><th scope="col">Rule</th>{heads}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
<script>{script}</script>
</body>
</html>
"""
