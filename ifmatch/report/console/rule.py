"""One rule for a person: its title, what was expected, what came, where the promise stands."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from ifmatch.log.events import ExchangeRecorded, VerdictReached
from ifmatch.report import curl
from ifmatch.report.console.lines import NAME_WIDTH, print_beside, print_to_copy, print_value
from ifmatch.report.console.words import MARKS
from ifmatch.report.evidence import deciding_exchange
from ifmatch.report.run import Judged, Run, waived
from ifmatch.report.text import in_brief, label_of, one_line, place_of, several_lines
from ifmatch.rules import waiver
from ifmatch.rules.expectation import Finding
from ifmatch.rules.verdict import Verdict

_MOST_FINDINGS = 5
_MOST_LABELS = 6
_BODY_IN_CURL = 1000

#: Verdicts that findings lead to.
_OF_FINDINGS = frozenset({Verdict.FAIL, Verdict.WARN, Verdict.WAIVED})


def print_rule(
    console: Console, judged: Judged, indent: int = 2, evidence: Run | None = None
) -> None:
    """One rule with what was expected and what came; with what its source says and a curl when evidence is given."""
    print_title(console, judged, indent)
    print_drawing(console, judged, indent)
    for name, value in _details(judged):
        print_value(console, name, value, indent + 4)
    if evidence is not None:
        _print_evidence(console, judged, evidence, indent + 4)


def print_drawing(console: Console, judged: Judged, indent: int = 2) -> None:
    """What is said of a race, as it stands; nothing of another rule."""
    for line in drawing_of(judged):
        console.print(Text(f"{'':{indent + 4}}{line}".rstrip()), soft_wrap=True)


def _print_evidence(console: Console, judged: Judged, run: Run, indent: int) -> None:
    """What the source says, and the request that shows the verdict; a race shows itself."""
    says = judged.spokesman.says
    if says:
        print_value(console, "says", one_line(says, 500), indent)
    exchange = deciding_exchange(judged.spokesman, run)
    if exchange is not None and not drawing_of(judged):
        _print_request(console, exchange, run, indent)


def print_title(console: Console, judged: Judged, indent: int = 2, aside: str = "") -> None:
    """The line of a rule: its mark, its id, its title, and what is said beside it."""
    mark, colour = MARKS[judged.verdict]
    quiet = "dim" if judged.verdict is Verdict.NOT_APPLICABLE else ""
    head = Text(" " * indent).append(mark, colour).append(" ")
    text = Text().append(one_line(judged.rule, 80), quiet or "bold")
    text.append(f"   {one_line(judged.spokesman.title, 200)}", quiet)
    if aside:
        text.append(f"   {aside}", "dim")
    print_beside(console, head, text)


def sentence_on(judged: Judged) -> str:
    """One sentence on why a rule has the verdict that it has."""
    case, findings = judged.spokesman, _findings(judged)
    reason = (
        f"expected {findings[0].expected}, got {in_brief(findings[0].got)}"
        if findings
        else case.message
    )
    where = _where(judged, judged.like) if len(judged.cases) > 1 else ""
    return one_line(" · ".join(filter(None, (waived(case), where, reason))))


# ---------------------------------------------------------------- what stands below a title


def _details(judged: Judged) -> Iterator[tuple[str, str]]:
    """What stands below a rule's title, as pairs of name and value."""
    case, findings = judged.spokesman, _findings(judged)
    alike, *others = _by_message(judged)
    if case.waiver:
        yield "waived", one_line(waiver.describe(case.waiver))
    if len(judged.cases) > 1:
        yield "in", _where(judged, alike)
    yield from _reason(judged)
    yield from (_also(judged, other) for other in others)
    if findings:
        yield "source", _promise(case) or "holds for every server, whatever it promises"


def _reason(judged: Judged) -> Iterator[tuple[str, str]]:
    """What was found, or else why there is nothing to be found; a drawing says it all."""
    if drawing_of(judged):
        return
    if _findings(judged):
        yield from _expected_and_got(judged)
    else:
        yield from _named("why", several_lines(judged.spokesman.message))


def _also(judged: Judged, cases: Sequence[VerdictReached]) -> tuple[str, str]:
    """What other cases of the rule say."""
    headline = cases[0].message.partition("\n\n")[0]
    return "also", one_line(f"{headline} (in {_where(judged, cases)})", 500)


def _expected_and_got(judged: Judged) -> Iterator[tuple[str, str]]:
    findings = _findings(judged)
    for finding in findings[:_MOST_FINDINGS]:
        yield "expected", one_line(finding.expected)
        yield "got", one_line(in_brief(_got(judged, finding)))
    if len(findings) > _MOST_FINDINGS:
        yield "", f"… and {len(findings) - _MOST_FINDINGS} more findings, listed in report.json"


def _named(name: str, lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Several lines below one name."""
    for number, line in enumerate(lines):
        yield name if number == 0 else "", line


def drawing_of(judged: Judged) -> list[str]:
    """What is said of a race: several lines that stand as they are."""
    message = judged.spokesman.message
    return several_lines(message, 60, 200) if "\n" in message else []


def _by_message(judged: Judged) -> list[Sequence[VerdictReached]]:
    """The cases with the rule's verdict, those with the same message together, the spokesman's first."""
    grouped: dict[str, list[VerdictReached]] = {judged.spokesman.message: []}
    for case in judged.like:
        grouped.setdefault(case.message, []).append(case)
    return list(grouped.values())


def _where(judged: Judged, cases: Sequence[VerdictReached]) -> str:
    """How many of a rule's cases these are, and which."""
    labels = [label_of(case.row, case.resource_type) for case in cases]
    labels = list(filter(None, labels))
    shown = labels[:_MOST_LABELS] + ["…"] * (len(labels) > _MOST_LABELS)
    number = f"{len(cases)} of {len(judged.cases)} cases"
    return f"{number}: {'; '.join(shown)}" if shown else number


def _got(judged: Judged, finding: Finding) -> str:
    """What came; beside a wrong answer also what became of the resource, for that is what matters more."""
    observed = judged.spokesman.observed
    state = observed.get("state")
    is_the_answer = finding.got == observed.get("answer")
    has_own_finding = any(other.got == state for other in _findings(judged))
    return (
        f"{finding.got}, {state}"
        if state and is_the_answer and not has_own_finding
        else finding.got
    )


def _findings(judged: Judged) -> tuple[Finding, ...]:
    return judged.spokesman.findings if judged.verdict in _OF_FINDINGS else ()


def _promise(case: VerdictReached) -> str:
    """How strongly the promise binds, and where it is written."""
    title = case.source.title if case.source else ""
    parts = filter(None, (case.level, title, place_of(case.source)))
    return " · ".join(one_line(part, 200) for part in parts)


def _print_request(console: Console, exchange: ExchangeRecorded, run: Run, indent: int) -> None:
    length = len(exchange.request.body)
    if length > _BODY_IN_CURL:
        # A command that reads a file which nobody has could not be pasted.
        line = f"its body has {length} characters: the replay script sends it"
        print_value(console, "request", line, indent)
        return
    width = console.width - indent - NAME_WIDTH
    lines = curl.folded(exchange.request, run.target, width)
    for name, line in _named("request", lines):
        print_to_copy(console, name, line, indent)
