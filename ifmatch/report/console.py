"""The run for a person: a line a rule while it runs, and at the end what it comes to.

On a terminal each rule has its line, in colour. Elsewhere (a CI log, a pipe) each group of rules has one, in plain text
100 columns wide. Nothing that a server said is ever read as markup or obeyed by a terminal.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text

from ifmatch.errors import ExitCode
from ifmatch.log.events import Event
from ifmatch.report import curl
from ifmatch.report.replay import replay_path
from ifmatch.report.run import Judged, Run, group_of, judge_cases, waived
from ifmatch.report.text import label_of, one_line, several_lines
from ifmatch.rules import waiver
from ifmatch.rules.case import Verdict

WIDTH = 100

#: How a verdict looks: its mark and its colour.
MARKS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.FAIL: ("✗", "red"),
    Verdict.ERROR: ("E", "red"),
    Verdict.INCONCLUSIVE: ("?", "magenta"),
    Verdict.WARN: ("!", "yellow"),
    Verdict.WAIVED: ("~", "cyan"),
    Verdict.OBSERVED: ("·", "blue"),
    Verdict.PASS: ("✓", "green"),
    Verdict.NOT_APPLICABLE: ("–", "dim"),
}

#: The order in which verdicts are counted in a line: good news first, as it is mostly that.
_COUNT_ORDER = (Verdict.PASS, Verdict.FAIL, Verdict.ERROR, Verdict.WARN, Verdict.INCONCLUSIVE, Verdict.WAIVED,
                Verdict.OBSERVED, Verdict.NOT_APPLICABLE)  # fmt: skip

#: What a run comes to by its exit code, in words, and the colour of that word.
_CONCLUSIONS: Mapping[ExitCode, tuple[str, str]] = {
    ExitCode.CONFORMANT: ("CONFORMANT", "bold green"),
    ExitCode.NOT_CONFORMANT: ("NOT CONFORMANT", "bold red"),
    ExitCode.INTERRUPTED: ("INCOMPLETE", "bold yellow"),
    ExitCode.INTERNAL_ERROR: ("INCOMPLETE", "bold red"),
    ExitCode.USAGE: ("INCOMPLETE", "bold yellow"),
    ExitCode.NOTHING_RAN: ("NOTHING JUDGED", "bold yellow"),
    ExitCode.TARGET_UNUSABLE: ("INCOMPLETE", "bold yellow"),
    ExitCode.INCONCLUSIVE: ("INCONCLUSIVE", "bold magenta"),
}

_BUT_WAIVED = ("CONFORMANT BUT FOR WAIVERS", "bold cyan")

#: How each verdict is counted in the conclusion: for one rule and for several.
_COUNTED: Mapping[Verdict, tuple[str, str]] = {
    Verdict.FAIL: ("rule fails", "rules fail"),
    Verdict.ERROR: ("error", "errors"),
    Verdict.WARN: ("warning", "warnings"),
    Verdict.INCONCLUSIVE: ("inconclusive", "inconclusive"),
    Verdict.WAIVED: ("waived", "waived"),
    Verdict.PASS: ("pass", "pass"),
    Verdict.OBSERVED: ("observed", "observed"),
    Verdict.NOT_APPLICABLE: ("does not apply", "do not apply"),
}

#: Verdicts whose details are told while the run goes on, on a terminal, and those told briefly at its end.
_TOLD_LIVE = frozenset(Verdict) - {Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.OBSERVED}
_TOLD_BRIEFLY = (Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.WARN, Verdict.WAIVED)

#: What is told beside a rule's title when it has no details.
_ASIDE: Mapping[Verdict, Callable[[Judged], str]] = {
    Verdict.OBSERVED: lambda judged: str((judged.spokesman.get("observed") or {}).get("answer") or ""),
    Verdict.NOT_APPLICABLE: lambda judged: judged.text("message"),
}

_MOST_FINDINGS = 5
_MOST_LEFT = 10
_BODY_IN_CURL = 400

#: The width of the names of details, such as `expected`.
_FIELD = 10


def console_for(stream: TextIO | None = None) -> Console:
    """A console on a stream, standard output if none is given: in colour on a terminal, plain text elsewhere."""
    out = stream or sys.stdout
    if hasattr(out, "reconfigure"):
        out.reconfigure(errors="replace")  # a mark that an old code page lacks must not end a run
    terminal = out.isatty()
    return Console(
        file=out,
        width=None if terminal else WIDTH,
        force_terminal=None if terminal else False,
        color_system="auto" if terminal else None,
        markup=False,
        emoji=False,
        highlight=False,
    )


def print_header(console: Console, run: Run, planned: Mapping[str, int] | None = None) -> None:
    """What is about to be judged against what. `planned` counts rules: `{"expected": 74, "surveyed": 13, ...}`."""
    suite, profile, target = run.suite, run.profile, run.target
    facts = [target.get("software"), f"FHIR {target['fhir_version']}" if target.get("fhir_version") else None]
    about = ", ".join(one_line(fact, 80) for fact in facts if fact)
    version = ".".join(str(suite.get("version", "")).split(".")[:2])
    _line(
        console,
        f"{suite.get('name', 'ifmatch')} {version} · {profile.get('id', '')}: {profile.get('title', '')} · "
        f"{one_line(target.get('base_url', ''), 200)}{f' ({about})' if about else ''}",
        "bold",
    )
    counts = ", ".join(f"{count} {kind}" for kind, count in (planned or {}).items() if count)
    rules = f" · {sum((planned or {}).values())} rules: {counts}" if counts else ""
    seed = "" if run.seed is None else f" · seed {run.seed}"
    _line(console, f"run {run.id}{seed}{rules}")
    for warning in run.warnings:
        _line(console, f"! {one_line(warning)}", "yellow")
    console.print()


class Progress:
    """Tells verdicts as they come: a line a rule on a terminal, a line a group of rules elsewhere.

    A line is printed when its last case is in, which is known when `cases` names the rule of every case to come, once
    for each; without it, when a case of another rule or group follows. Cases may come in any order.
    """

    def __init__(self, console: Console, cases: Iterable[str] = ()) -> None:
        self._console = console
        self._key: Callable[[str], str] = str if console.is_terminal else group_of
        self._awaited = Counter(map(self._key, cases))
        self._open: dict[str, list[Event]] = {}

    def verdict(self, event: Event) -> None:
        """Take one verdict event, and print every line that it completes."""
        key = self._key(str(event.get("rule", "")))
        if key not in self._awaited:
            for other in [other for other in self._open if other != key and other not in self._awaited]:
                self._print(other)
        self._open.setdefault(key, []).append(event)
        if len(self._open[key]) == self._awaited.get(key):
            self._print(key)

    def finish(self) -> None:
        """Print what is still held back, at the end of a run or when it is interrupted."""
        for key in list(self._open):
            self._print(key)

    def _print(self, key: str) -> None:
        rules = list(_by_rule(self._open.pop(key)))
        if not self._console.is_terminal:
            _print_group(self._console, key, rules)
            return
        for judged in rules:
            _print_rule_live(self._console, judged)


def print_summary(console: Console, run: Run, folder: Path | str | None = None) -> None:
    """What the run comes to: whether the target conforms, then why, then where the evidence lies and what was left."""
    console.print()
    _print_conclusion(console, run)
    if run.message:
        _line(console, one_line(run.message, 1000))
    if not run.complete:
        _line(console, "The run did not come to its end: this is what was seen until then.")
    for judged in _with(run, Verdict.FAIL):
        console.print()
        print_rule(console, judged, evidence=run)
        if folder is not None:
            _to_copy(console, "replay", f"bash {replay_path(Path(folder), judged)}", 6)
    for verdict in _TOLD_BRIEFLY:
        for number, judged in enumerate(_with(run, verdict)):
            if number == 0:
                console.print()
            _print_title(console, judged)
            _beside(console, Text("    "), Text(_brief(judged)))
    console.print()
    for warning in run.idle_waivers:
        _line(console, f"! {warning}", "yellow")
    if folder is not None:
        console.print(Text(f"report  {folder}/"), soft_wrap=True)
    for line in _left(run):
        _line(console, line)


def count_line(counts: Mapping[Verdict, int] | Mapping[str, int]) -> str:
    """How many rules have each verdict, in words: `2 rules fail · 1 warning · 76 pass`."""
    seen = {Verdict(verdict): count for verdict, count in counts.items()}
    told = ((seen.get(verdict, 0), words) for verdict, words in _COUNTED.items())
    return " · ".join(f"{n} {one if n == 1 else many}" for n, (one, many) in told if n) or "no rule was judged"


def conclusion(exit_code: int, counts: Mapping[Verdict, int] | Mapping[str, int]) -> tuple[str, str]:
    """What a run comes to, in words, and the colour of those."""
    code = ExitCode(exit_code)
    broken = {verdict for verdict, count in counts.items() if count} & {Verdict.WAIVED}
    return _BUT_WAIVED if broken and code is ExitCode.CONFORMANT else _CONCLUSIONS[code]


def print_rule(console: Console, judged: Judged, indent: int = 2, evidence: Run | None = None) -> None:
    """One rule with what was expected and what came; with its source's sentence and a curl when evidence is given."""
    _print_title(console, judged, indent)
    for line in _story_of(judged):
        console.print(Text(f"{'':{indent + 4}}{line}".rstrip()), soft_wrap=True)
    for name, value in _details(judged):
        _field(console, name, value, indent + 4)
    if evidence is not None:
        if judged.text("says"):
            _field(console, "says", one_line(judged.text("says"), 500), indent + 4)
        if not _story_of(judged):
            _print_curl(console, telling_exchange(judged, evidence), evidence, indent + 4)


def telling_exchange(judged: Judged, run: Run) -> Event | None:
    """The exchange that shows best what a rule's verdict is about: the last write that was answered as observed."""
    case = judged.spokesman
    exchanges = [run.exchanges[str(e)] for e in case.get("exchanges") or () if str(e) in run.exchanges]
    status = (case.get("observed") or {}).get("status")

    def telling(exchange: Event) -> tuple[bool, bool]:
        answered = (exchange.get("response") or {}).get("status") == status
        return answered, (exchange.get("request") or {}).get("method") not in ("GET", "HEAD")

    return max(reversed(exchanges), key=telling, default=None)


def _by_rule(cases: Iterable[Event]) -> Iterator[Judged]:
    rules: dict[str, list[Event]] = {}
    for case in cases:
        rules.setdefault(str(case.get("rule", "")), []).append(case)
    return (judge_cases(rule, told) for rule, told in rules.items())


def _print_rule_live(console: Console, judged: Judged) -> None:
    if judged.verdict in _TOLD_LIVE:
        print_rule(console, judged)
    else:
        told = _ASIDE.get(judged.verdict)
        aside = one_line(told(judged), 120) if told else ""
        _print_title(console, judged, aside=aside)


def _print_group(console: Console, group: str, rules: list[Judged]) -> None:
    seen = Counter(judged.verdict for judged in rules)
    counts = "   ".join(f"{MARKS[verdict][0]} {seen[verdict]}" for verdict in _COUNT_ORDER if seen[verdict])
    _line(console, f"  {one_line(group, 40):<28}{counts}")


def _print_title(console: Console, judged: Judged, indent: int = 2, aside: str = "") -> None:
    mark, colour = MARKS[judged.verdict]
    quiet = "dim" if judged.verdict is Verdict.NOT_APPLICABLE else ""
    text = Text().append(one_line(judged.rule, 80), quiet or "bold")
    text.append(f"   {one_line(judged.text('title'), 200)}", quiet).append(f"   {aside}" if aside else "", "dim")
    _beside(console, Text(" " * indent).append(mark, colour).append(" "), text)


def _details(judged: Judged) -> Iterator[tuple[str, str]]:
    """What is told below a rule's title, as pairs of name and value."""
    story, *others = _stories(judged)
    if given := judged.spokesman.get("waiver"):
        yield "waived", one_line(waiver.describe(given))
    if len(judged.cases) > 1:
        yield "in", _where(judged, story)
    findings = [] if _story_of(judged) else _findings(judged)
    for finding in findings[:_MOST_FINDINGS]:
        yield "expected", one_line(finding.get("expected", ""))
        yield "got", one_line(_got(judged, finding))
    if len(findings) > _MOST_FINDINGS:
        yield "", f"… and {len(findings) - _MOST_FINDINGS} more findings, listed in report.json"
    if not findings and not _story_of(judged):
        lines = several_lines(judged.text("message"))
        yield from zip(["why", *[""] * len(lines)], lines, strict=False)
    for other in others:
        yield "also", one_line(f"{other[0].get('message')} (in {_where(judged, other)})", 500)
    if _findings(judged):
        yield "source", _promise(judged) or "holds for every server, whatever it promises"


def _story_of(judged: Judged) -> list[str]:
    """The story of a race: several lines that stand as they are."""
    message = judged.text("message")
    return several_lines(message, 60, 200) if "\n" in message else []


def _stories(judged: Judged) -> list[list[Event]]:
    """The cases with the rule's verdict, those that tell the same together, the spokesman's first."""
    told: dict[str, list[Event]] = {judged.text("message"): []}
    for case in judged.like:
        told.setdefault(str(case.get("message") or ""), []).append(case)
    return list(told.values())


def _where(judged: Judged, story: list[Event]) -> str:
    """Which of several cases a story is about."""
    labels = [label for case in story if (label := label_of(case))]
    named = f": {'; '.join(labels[:6])}{'; …' if len(labels) > 6 else ''}" if labels else ""
    return f"{len(story)} of {len(judged.cases)} cases{named}"


def _got(judged: Judged, finding: Mapping[str, object]) -> str:
    """What came; beside a wrong answer also what became of the resource, for that is what matters more."""
    observed, got = judged.spokesman.get("observed") or {}, str(finding.get("got", ""))
    state = observed.get("state")
    told_apart = any(other.get("got") == state for other in _findings(judged))
    return f"{got}, {state}" if state and got == observed.get("answer") and not told_apart else got


def _brief(judged: Judged) -> str:
    """One sentence on why a rule has the verdict that it has."""
    findings = _findings(judged)
    finding = f"expected {findings[0].get('expected')}, got {findings[0].get('got')}" if findings else ""
    message = judged.text("message")
    where = _where(judged, list(judged.like)) if len(judged.cases) > 1 else ""
    return one_line(" · ".join(part for part in (waived(judged.spokesman), where, finding or message) if part))


def _findings(judged: Judged) -> list[Mapping[str, object]]:
    found: list[Mapping[str, object]] = judged.spokesman.get("findings") or []
    return found if judged.verdict in (Verdict.FAIL, Verdict.WARN, Verdict.WAIVED) else []


def _with(run: Run, verdict: Verdict) -> list[Judged]:
    return [judged for judged in run.rules if judged.verdict is verdict]


def _promise(judged: Judged) -> str:
    source = judged.spokesman.get("source") or {}
    document = source.get("document")
    place = source.get("url") or (f"document {document}" if document else "")
    return " · ".join(one_line(part, 200) for part in (judged.text("level"), source.get("title"), place) if part)


def _print_curl(console: Console, exchange: Event | None, run: Run, indent: int) -> None:
    if exchange is None:
        return
    lines = curl.folded(exchange, str(run.target.get("base_url", "")), _BODY_IN_CURL, WIDTH - indent - _FIELD)
    for name, line in zip(["request", *[""] * len(lines)], lines, strict=False):
        _to_copy(console, name, line, indent)


def _print_conclusion(console: Console, run: Run) -> None:
    word, style = conclusion(run.exit_code, run.counts)
    _line(console, Text().append(word, style).append(f"   {count_line(run.counts)} · {_duration(run.duration)}"))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}m{rest:.0f}s" if minutes else f"{seconds:.1f}s"


def _left(run: Run) -> Iterator[str]:
    if not run.left:
        yield "left on the target: nothing"
        return
    yield f"left on the target: {len(run.left)}"
    for left in run.left[:_MOST_LEFT]:
        name = f"{left.type}/{left.id}" if left.id else left.type
        yield f"  {one_line(name, 110)}   {one_line(left.reason, 200)}"
    if len(run.left) > _MOST_LEFT:
        yield f"  … and {len(run.left) - _MOST_LEFT} more, listed in report.json"


def _line(console: Console, text: str | Text, style: str = "") -> None:
    _beside(console, Text(), text if isinstance(text, Text) else Text(text, style))


def _field(console: Console, name: str, value: str, indent: int) -> None:
    _beside(console, Text(" " * indent).append(f"{name:<{_FIELD}}", "dim"), Text(value))


def _to_copy(console: Console, name: str, value: str, indent: int) -> None:
    """A field that is never wrapped by us: a command that is broken in two could not be pasted."""
    console.print(Text(" " * indent).append(f"{name:<{_FIELD}}", "dim").append(value), soft_wrap=True)


def _beside(console: Console, head: Text, value: Text) -> None:
    """Print a value beside its head; what does not fit on the line goes on below the value, not below the head."""
    lines = value.wrap(console, max(20, console.width - head.cell_len), overflow="fold")
    for number, line in enumerate(lines):
        line.rstrip()
        console.print(head.copy().append_text(line) if number == 0 else Text(" " * head.cell_len).append_text(line))
