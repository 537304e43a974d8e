"""Verdicts as they come: a line a rule on a terminal, a line a group of rules elsewhere."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from rich.console import Console

from ifmatch.log.events import VerdictReached
from ifmatch.report.console.lines import print_line
from ifmatch.report.console.rule import print_rule, print_title
from ifmatch.report.console.words import MARKS
from ifmatch.report.run import Judged, by_rule, group_of
from ifmatch.report.text import one_line
from ifmatch.rules.verdict import Verdict

#: The order in which verdicts are counted in a line: good news first, as it is mostly that.
_COUNT_ORDER = (
    Verdict.PASS, Verdict.FAIL, Verdict.ERROR, Verdict.WARN,
    Verdict.INCONCLUSIVE, Verdict.WAIVED, Verdict.OBSERVED, Verdict.NOT_APPLICABLE,
)  # fmt: skip

#: What stands beside the title of a rule of which there is nothing more to say for now; others are shown with details.
#: A failure is told at the end, with what else shows its cause.
_ASIDE: Mapping[Verdict, Callable[[VerdictReached], object]] = {
    Verdict.PASS: lambda case: "",
    Verdict.FAIL: lambda case: "",
    Verdict.OBSERVED: lambda case: case.observed.get("answer") or "",
    Verdict.NOT_APPLICABLE: lambda case: case.message,
}


class Progress:
    """Prints verdicts while a run goes on.

    A line is printed when its last case is in, which is known when `cases` names the rule of every case to come, once
    for each; without it, when a case of another rule or group follows. Cases may come in any order.
    """

    def __init__(self, console: Console, cases: Iterable[str] = ()) -> None:
        self._console = console
        self._key: Callable[[str], str] = str if console.is_terminal else group_of
        self._awaited = Counter(map(self._key, cases))
        self._open: dict[str, list[VerdictReached]] = {}

    def verdict(self, event: VerdictReached) -> None:
        """Take one verdict, and print every line that it completes."""
        key = self._key(event.rule)
        if key not in self._awaited:
            self._print_unawaited_but(key)
        self._open.setdefault(key, []).append(event)
        if len(self._open[key]) == self._awaited.get(key):
            self._print(key)

    def finish(self) -> None:
        """Print what is still held back, at the end of a run or when it is interrupted."""
        for key in list(self._open):
            self._print(key)

    def _print_unawaited_but(self, key: str) -> None:
        """Print the lines of which nobody knows whether more cases come: the next one has begun."""
        ended = [other for other in self._open if other != key and other not in self._awaited]
        for other in ended:
            self._print(other)

    def _print(self, key: str) -> None:
        rules = by_rule(self._open.pop(key))
        if not self._console.is_terminal:
            _print_group(self._console, key, rules)
            return
        for judged in rules:
            _print_live(self._console, judged)


def _print_live(console: Console, judged: Judged) -> None:
    if judged.verdict in _ASIDE:
        aside = _ASIDE[judged.verdict](judged.spokesman)
        print_title(console, judged, aside=one_line(aside, 120))
    else:
        print_rule(console, judged)


def _print_group(console: Console, group: str, rules: Sequence[Judged]) -> None:
    seen = Counter(judged.verdict for judged in rules)
    counts = [f"{MARKS[verdict][0]} {seen[verdict]}" for verdict in _COUNT_ORDER if seen[verdict]]
    print_line(console, f"  {one_line(group, 40):<26}  {'   '.join(counts)}")
