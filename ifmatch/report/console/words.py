"""How verdicts and conclusions look and read, wherever a person sees them."""

from collections.abc import Mapping, Sequence

from ifmatch.errors import ExitCode
from ifmatch.report.text import counted
from ifmatch.rules.verdict import Verdict

#: How a verdict looks: its mark and its colour.
MARKS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.FAIL: ("✗", "red"),
    Verdict.ERROR: ("E", "red"),
    Verdict.INCONCLUSIVE: ("?", "magenta"),
    Verdict.WARN: ("!", "yellow"),
    Verdict.WAIVED: ("~", "cyan"),
    Verdict.OBSERVED: ("·", "bright_blue"),
    Verdict.PASS: ("✓", "green"),
    Verdict.NOT_APPLICABLE: ("–", "dim"),
}

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

_PARTIAL = ("PARTIAL", "bold cyan")
_NOTHING_NEW = ("NOTHING NEW FAILS", "bold yellow")
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


def count_line(counts: Mapping[Verdict, int] | Mapping[str, int], causes: int = 0) -> str:
    """How many rules have each verdict, in words: `2 rules fail · 1 warning · 76 pass`. `causes` is how many."""
    numbers = {Verdict(verdict): count for verdict, count in counts.items()}
    from_causes = {Verdict.FAIL: f" from {counted(causes, 'cause')}" if causes else ""}
    parts = [
        _counted(verdict, numbers[verdict]) + from_causes.get(verdict, "")
        for verdict in _COUNTED
        if numbers.get(verdict)
    ]
    return " · ".join(parts) or "no rule was judged"


def _counted(verdict: Verdict, number: int) -> str:
    one, many = _COUNTED[verdict]
    return f"{number} {one if number == 1 else many}"


def conclusion(
    exit_code: int, counts: Mapping[Verdict, int] | Mapping[str, int], left_out: Sequence[str] = ()
) -> tuple[str, str]:
    """What a run comes to, in words, and the colour of those. With rules left out, green is not conformance."""
    code = ExitCode(exit_code)
    if code is not ExitCode.CONFORMANT:
        return _CONCLUSIONS[code]
    return _green(counts, left_out)


def _green(
    counts: Mapping[Verdict, int] | Mapping[str, int], left_out: Sequence[str]
) -> tuple[str, str]:
    """What a run comes to that ended with 0."""
    if counts.get(Verdict.FAIL) or counts.get(Verdict.INCONCLUSIVE):
        return _NOTHING_NEW
    if left_out:
        return _PARTIAL
    return _BUT_WAIVED if counts.get(Verdict.WAIVED) else _CONCLUSIONS[ExitCode.CONFORMANT]
