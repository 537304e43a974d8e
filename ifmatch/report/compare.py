"""Reports side by side: what each target does about each rule, and what changed from one version of it to the next.

Pure functions over the documents of `report.json`. Rules are matched by their id. Changes are told only of two reports
of one target under one profile: a verdict under another profile is another fact.
"""

import csv as csv_module
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from html import escape
from string import ascii_uppercase
from typing import Any

from rich.console import Console
from rich.text import Text

from ifmatch.report.console import MARKS, conclusion, count_line
from ifmatch.report.document import Document
from ifmatch.report.matrix import print_matrix
from ifmatch.report.run import by_luck
from ifmatch.report.text import label_of, one_line
from ifmatch.rules.case import Verdict

Rule = Mapping[str, Any]

#: One case of a rule: what tells it from the others, its verdict when the rule has several cases, and its status.
Case = tuple[str, str, object]


class Kind(Enum):
    """What became of a rule from one report to the next, the gravest first: its heading, how one and many are told."""

    FAILS = "New failures", "new failure", "new failures"
    ERRORS = "New errors", "new error", "new errors"
    INCONCLUSIVE = "Newly inconclusive", "newly inconclusive", "newly inconclusive"
    WARNS = "New warnings", "new warning", "new warnings"
    WAIVED = "Newly waived", "newly waived", "newly waived"
    UNJUDGED = "No longer judged", "no longer judged", "no longer judged"
    ANSWERS = "Same verdict, other answer", "answered otherwise", "answered otherwise"
    UNSEEN = "Not seen again", "not seen again", "not seen again"
    FIXED = "Fixed", "fixed", "fixed"
    JUDGED = "Judged now", "judged now", "judged now"

    def __init__(self, heading: str, one: str, many: str) -> None:
        """Unpacks the row of the table above."""
        self.heading, self.one, self.many = heading, one, many


#: What a new verdict is, whatever the old one was.
_TURNED: Mapping[Verdict | None, Kind] = {
    Verdict.FAIL: Kind.FAILS,
    Verdict.ERROR: Kind.ERRORS,
    Verdict.INCONCLUSIVE: Kind.INCONCLUSIVE,
    Verdict.WARN: Kind.WARNS,
    Verdict.WAIVED: Kind.WAIVED,
    Verdict.NOT_APPLICABLE: Kind.UNJUDGED,
    None: Kind.UNJUDGED,
}

#: Kinds of changes of which a message would tell nothing more.
_SPEAK_FOR_THEMSELVES = frozenset({Kind.UNSEEN, Kind.FIXED, Kind.JUDGED, Kind.ANSWERS})

#: Verdicts that find fault with a target, so that a good one after them is a repair.
_FAULTS = frozenset({Verdict.FAIL, Verdict.WARN, Verdict.WAIVED})


@dataclass(frozen=True)
class Change:
    """One rule that came out otherwise. A verdict is None in a report that does not have the rule."""

    kind: Kind
    rule: str
    title: str
    was: Verdict | None
    now: Verdict | None
    was_answered: str
    now_answers: str
    message: str


def changes(old: Document, new: Document) -> list[Change]:
    """Every rule that came out otherwise in the newer report, the gravest changes first, else in the report's order."""
    before, after = _by_id(old), _by_id(new)
    found = (_change(rule, before.get(rule), after.get(rule)) for rule in dict.fromkeys([*after, *before]))
    gravity = list(Kind)
    return sorted((change for change in found if change), key=lambda change: gravity.index(change.kind))


def comparable(reports: Sequence[Document]) -> bool:
    """Whether changes can be told: two reports of one target under one profile.

    A target is the same at the same address, and at another one when its software has the same name, in any version.
    """
    if len(reports) != 2:
        return False
    old, new = reports
    same_address = old["target"]["base_url"] == new["target"]["base_url"]
    same_software = _software(old) == _software(new) != ""
    return old["profile"]["id"] == new["profile"]["id"] and (same_address or same_software)


def print_compare(console: Console, reports: Sequence[Document]) -> None:
    """The reports as one table, a column each, with a legend; after two reports that are comparable, what changed."""
    names = _names(len(reports))
    for name, report in zip(names, reports, strict=True):
        console.print(Text(f"{name}  ", "bold").append(_about(report)), soft_wrap=True)
    console.print()
    print_matrix(console, [_renamed(report, name) for name, report in zip(names, reports, strict=True)])
    if comparable(reports):
        console.print()
        for line in _change_lines(reports[0], reports[1]):
            console.print(line, soft_wrap=True)


def csv(reports: Sequence[Document]) -> str:
    """The table for a spreadsheet: a row a rule; for each report a column of verdicts and one of answers."""
    out = io.StringIO()
    write = csv_module.writer(out, lineterminator="\r\n").writerow
    columns = [_by_id(report) for report in reports]
    heads = (f"{name}: {_about(report)}, {what}" for name, report in _named(reports) for what in ("verdict", "answer"))
    write(["rule", "title", *map(_harmless, heads)])
    for rule in _rules(columns):
        cells = ((_verdict(column.get(rule)), column.get(rule)) for column in columns)
        told = (text for verdict, entry in cells for text in (verdict or "", _answers(entry)))
        write([_harmless(text) for text in (rule, _title(rule, columns), *told)])
    return out.getvalue()


def html(reports: Sequence[Document]) -> str:
    """The comparison as one page that needs nothing else: no script to be read, no other file, no network."""
    columns = [_by_id(report) for report in reports]
    rules = _rules(columns)
    return _PAGE.format(
        style=_STYLE,
        script=_SCRIPT,
        legend="\n".join(_legend_row(name, report) for name, report in _named(reports)),
        changes=_changes_section(*reports) if comparable(reports) else "",
        interactions=_options(dict.fromkeys(map(_interaction, rules))),
        verdicts=_options(v for v in Verdict if any(_verdict(e) == v for column in columns for e in column.values())),
        heads="".join(f'<th scope="col">{name}</th>' for name in _names(len(reports))),
        rows="\n".join(_row(rule, _title(rule, columns), [column.get(rule) for column in columns]) for rule in rules),
    )


# ------------------------------------------------------------------- what changed


def _change(rule: str, old: Rule | None, new: Rule | None) -> Change | None:
    was, now = _verdict(old), _verdict(new)
    kind = _kind(was, now, by_luck(new or {})) if was != now else _other_answer(old, new)
    if kind is None:
        return None
    told = new or old or {}
    message = str(told["message"]) if new and kind not in _SPEAK_FOR_THEMSELVES else ""
    answers = _otherwise(old, new) if kind is Kind.ANSWERS else (_answers(old), _answers(new))
    return Change(kind, rule, str(told["title"]), was, now, *answers, message)


def _kind(was: Verdict | None, now: Verdict | None, maybe_lucky: bool) -> Kind:
    if now in _TURNED:
        return _TURNED[now]
    if was not in _FAULTS:
        return Kind.JUDGED
    return Kind.UNSEEN if maybe_lucky else Kind.FIXED


def _other_answer(old: Rule | None, new: Rule | None) -> Kind | None:
    """Whether a rule of the same verdict was answered otherwise in any case. The answers of a race are chance."""
    racing = any("race" in entry for entry in (old, new) if entry)
    return None if racing or _cases(old) == _cases(new) else Kind.ANSWERS


def _otherwise(old: Rule | None, new: Rule | None) -> tuple[str, str]:
    """The answers of the cases that were not answered alike, in both reports."""
    before, after = _cases(old), _cases(new)
    return _differing(before, after), _differing(after, before)


def _differing(mine: Sequence[Case], others: Sequence[Case]) -> str:
    cases = (case for case in mine if case not in others)
    return ", ".join(" ".join(str(part) for part in case if part) for case in cases)


def _change_lines(old: Document, new: Document) -> Iterator[Text]:
    found = changes(old, new)
    yield Text("From A to B: ", "bold").append(_counted(found))
    if old["profile"]["sha256"] != new["profile"]["sha256"]:
        yield Text(_OTHER_PROFILE, "yellow")
    for number, change in enumerate(found):
        if number == 0 or found[number - 1].kind is not change.kind:
            yield Text(f"\n{change.kind.heading}", "bold")
        yield _mark(change.now).append(f" {change.rule}   {one_line(change.title)}")
        yield Text(f"      was   {_told(change.was, change.was_answered)}")
        yield Text(f"      now   {_told(change.now, change.now_answers)}")
        if change.message:
            yield Text(f"            {one_line(change.message, 160)}")


_OTHER_PROFILE = "The profile itself is not the same in both: what it promises may have changed, not the target."


def _counted(found: Iterable[Change]) -> str:
    counts = Counter(change.kind for change in found)
    told = (f"{counts[kind]} {kind.one if counts[kind] == 1 else kind.many}" for kind in Kind if counts[kind])
    return " · ".join(told) or "nothing changed"


def _told(verdict: Verdict | None, answers: str) -> str:
    return ", ".join(filter(None, ("not there" if verdict is None else verdict.value, answers)))


def _mark(verdict: Verdict | None) -> Text:
    mark, colour = (" ", "") if verdict is None else MARKS[verdict]
    return Text("  ").append(mark, colour)


# ------------------------------------------------------------------- reading a report


def _by_id(report: Document) -> dict[str, Rule]:
    return {rule["rule"]: rule for rule in report["rules"]}


def _software(report: Document) -> str:
    """The name of a target's software without its version, which is the last word with a digit."""
    name, _, last = str(report["target"]["software"]).rpartition(" ")
    return name if any(map(str.isdigit, last)) else f"{name} {last}".strip()


def _rules(columns: Sequence[Mapping[str, Rule]]) -> list[str]:
    """The rules of all reports, those of one interaction together, in the order in which they first appear."""
    rules = dict.fromkeys(rule for column in columns for rule in column)
    place = {group: number for number, group in enumerate(dict.fromkeys(map(_interaction, rules)))}
    return sorted(rules, key=lambda rule: place[_interaction(rule)])


def _interaction(rule: str) -> str:
    return rule.partition(".")[0]


def _title(rule: str, columns: Sequence[Mapping[str, Rule]]) -> str:
    return next(one_line(column[rule].get("title", "")) for column in columns if rule in column)


def _verdict(entry: Rule | None) -> Verdict | None:
    return Verdict(entry["verdict"]) if entry else None


def _cases(entry: Rule | None) -> list[Case]:
    """The cases of a rule; a rule of one case is that case, without a name."""
    if entry is None:
        return []
    cases = entry.get("cases", ())
    several = [(label_of(case), str(case["verdict"]), case.get("observed", {}).get("status")) for case in cases]
    return several or [("", "", entry["observed"].get("status"))]


def _answers(entry: Rule | None) -> str:
    """The statuses that a rule was answered with, those of several cases with their number. Of a race, its worth."""
    if not entry:
        return ""
    if by_luck(entry):
        return _worth(entry["race"], _verdict(entry) in _FAULTS)
    told = entry.get("cases") or [entry]
    counts = Counter(case.get("observed", {}).get("status") for case in told)
    statuses = ((status, count) for status, count in counts.items() if status is not None)
    return ", ".join(f"{status}" if count == 1 else f"{status} ({count} cases)" for status, count in statuses)


def _worth(race: Mapping[str, Any], at_fault: bool) -> str:
    """What a race has shown, or else what it is worth that it showed nothing."""
    shown = ", ".join(dict.fromkeys(str(anomaly["name"]) for anomaly in race["anomalies"]))
    if shown or at_fault:
        return shown or f"{race['rounds']} rounds"
    return f"nothing seen in {race['rounds']} rounds, which leaves an exposure of up to {race['exposure_below']:.1%}"


def _about(report: Document) -> str:
    """What a column stands for: profile, software, address and run."""
    target, run = report["target"], report["run"]
    facts = (report["profile"]["id"], target["software"], target["base_url"], f"run {run['id']}")
    return " · ".join(one_line(fact, 120) for fact in facts if fact)


def _names(count: int) -> list[str]:
    """A, B, C ... Z, A2, B2: short names for columns, explained in a legend."""
    return [ascii_uppercase[n % 26] + (str(n // 26 + 1) if n >= 26 else "") for n in range(count)]


def _named(reports: Sequence[Document]) -> Iterator[tuple[str, Document]]:
    return zip(_names(len(reports)), reports, strict=True)


def _renamed(report: Document, name: str) -> Document:
    return {**report, "profile": {**report["profile"], "label": name}}


# ------------------------------------------------------------------- a spreadsheet


def _harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    shown = one_line(text, 1000)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@")) else shown


# ------------------------------------------------------------------- a page


def _shown(text: object, most: int = 1000) -> str:
    """A text of anybody's as a page can hold it, in an element or in an attribute between double quotes."""
    return escape(one_line(text, most))


def _options(values: Iterable[str]) -> str:
    return "".join(f"<option>{_shown(value)}</option>" for value in values)


def _legend_row(name: str, report: Document) -> str:
    target, run = report["target"], report["run"]
    facts = (report["profile"]["id"], target["software"], target["base_url"], run["id"])
    cells = "".join(f"<td>{_shown(fact)}</td>" for fact in facts)
    result, _ = conclusion(report["exit_code"], report["counts"])
    told = f"<td>{result}: {escape(count_line(report['counts']))}</td>"
    return f'<tr><th scope="row">{name}</th>{cells}{told}</tr>'


def _row(rule: str, title: str, entries: Sequence[Rule | None]) -> str:
    verdicts = [_verdict(entry) for entry in entries]
    seen = " ".join(sorted({verdict.value for verdict in verdicts if verdict}))
    differs = "yes" if len({(_verdict(entry), *_cases(entry)) for entry in entries}) > 1 else "no"
    data = f'data-interaction="{_shown(_interaction(rule))}" data-verdicts="{seen}" data-differs="{differs}"'
    head = f'<th scope="row"><code>{_shown(rule)}</code><small>{escape(title)}</small></th>'
    return f"<tr {data}>{head}{''.join(map(_cell, entries))}</tr>"


def _cell(entry: Rule | None) -> str:
    verdict = _verdict(entry)
    if entry is None or verdict is None:
        return "<td></td>"
    answers = escape(_answers(entry))
    word = f'<span class="{verdict.value}">{MARKS[verdict][0]} {verdict.value}</span> {answers}'
    message = _shown(entry.get("message", ""))
    return f"<td><details><summary>{word}</summary>{message}</details></td>" if message else f"<td>{word}</td>"


def _changes_section(old: Document, new: Document) -> str:
    found = changes(old, new)
    note = f"<p>{escape(_OTHER_PROFILE)}</p>" if old["profile"]["sha256"] != new["profile"]["sha256"] else ""
    rows = "\n".join(map(_change_row, found))
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Change", "Rule", "Was", "Now", "Message"))
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>" if found else ""
    return f"<h2>From A to B</h2><p>{escape(_counted(found))}</p>{note}{table}"


def _change_row(change: Change) -> str:
    rule = f"<code>{_shown(change.rule)}</code><small>{_shown(change.title)}</small>"
    was, now = _told(change.was, change.was_answered), _told(change.now, change.now_answers)
    cells = (escape(change.kind.heading), rule, _shown(was), _shown(now), _shown(change.message))
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
