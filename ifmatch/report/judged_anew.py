"""What is said of each case of a run then and now, when it was judged anew from its log."""

from collections.abc import Iterator
from dataclasses import dataclass

from ifmatch.log.events import HistoryRecorded, VerdictReached
from ifmatch.report.run import Run
from ifmatch.report.text import label_of
from ifmatch.rules.verdict import Verdict, gravest

#: What tells one case of a run from the others: its rule, its resource type, and the row of its table.
CaseKey = tuple[str, str, tuple[tuple[str, str], ...]]

#: How the message begins of a case that cannot be judged from the log (see ifmatch.client.player).
MISSING = "the log holds "


def key_of(event: VerdictReached | HistoryRecorded) -> CaseKey:
    """The case that a verdict, or a history, is of."""
    return event.rule, event.resource_type, tuple(event.row.items())


@dataclass(frozen=True)
class JudgedAnew:
    """One case: its rule, what tells it from others of that rule, and its verdicts. No verdict `now`: `why` not."""

    rule: str
    label: str
    then: Verdict
    now: Verdict | None
    why: str

    @property
    def changed(self) -> bool:
        """Whether another verdict is reached today."""
        return self.now not in (None, self.then)


def judged_anew(then: Run, now: Run) -> list[JudgedAnew]:
    """Each case of a run, in its order."""
    cases_now = _cases(now)
    return [_compared(cases, cases_now.get(key, [])) for key, cases in _cases(then).items()]


def _compared(then: list[VerdictReached], now: list[VerdictReached]) -> JudgedAnew:
    first = then[0]
    missing = _missing(now)
    return JudgedAnew(
        rule=first.rule,
        label=label_of(first.row, first.resource_type),
        then=gravest(case.verdict for case in then),
        now=None if missing else gravest(case.verdict for case in now),
        why=missing or now[0].message.partition("\n\n")[0],
    )


def _missing(now: list[VerdictReached]) -> str:
    """Why a rule cannot be judged anew; empty when it can."""
    if not now:
        return "the suite has no such rule any more"
    told = (case.message for case in now)
    return next((message for message in told if message.startswith(MISSING)), "")


def _cases(run: Run) -> dict[CaseKey, list[VerdictReached]]:
    """The cases of a run. One that several processes have watched has a verdict of each."""
    found: dict[CaseKey, list[VerdictReached]] = {}
    for case in _all_cases(run):
        found.setdefault(key_of(case), []).append(case)
    return found


def _all_cases(run: Run) -> Iterator[VerdictReached]:
    for judged in run.rules:
        yield from judged.cases
