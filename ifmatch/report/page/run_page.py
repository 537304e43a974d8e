"""`report.html`: does it conform, what is wrong, and what is to be done."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ifmatch.log.events import RaceFacts
from ifmatch.report.advice import Advice, advice_on
from ifmatch.report.causes import Cause, causes
from ifmatch.report.console import conclusion, count_line, partial_line
from ifmatch.report.page.exchanges import embedded
from ifmatch.report.page.templates import rendered, tone_of
from ifmatch.report.page.timeline import lanes
from ifmatch.report.page.views import RuleView, rule_view
from ifmatch.report.run import Judged, Run, group_of
from ifmatch.report.text import counted, one_line
from ifmatch.rules.verdict import Verdict

FILE_NAME = "report.html"

#: Verdicts that want something done: each with the heading of its section, in the order of the page.
_SECTIONS = (
    (Verdict.FAIL, "What is wrong"),
    (Verdict.ERROR, "What could not be judged for an error"),
    (Verdict.INCONCLUSIVE, "What could not be told"),
    (Verdict.WARN, "What should be better"),
    (Verdict.WAIVED, "What is let pass for now"),
)


#: More rules than these are named by their groups.
_MOST_NAMED = 4


@dataclass(frozen=True)
class CauseView:
    """A cause with what is to be done about it: the simplest rule, and those that fail the same way."""

    heading: str
    anchor: str
    advice: Advice
    simplest: RuleView
    consequences: tuple[RuleView, ...]
    command: str

    @property
    def says_title(self) -> bool:
        """Whether the heading is the sentence of the rule, which need not be said twice."""
        return self.simplest.title in self.heading


@dataclass(frozen=True)
class Section:
    """The causes that lead to one verdict."""

    heading: str
    verdict: Verdict
    causes: tuple[CauseView, ...]

    @property
    def rules(self) -> int:
        """How many rules are concerned."""
        return sum(1 + len(cause.consequences) for cause in self.causes)


def write_page(run: Run, folder: Path, place: Path) -> None:
    """Write the page of a run whose evidence lies in `folder`."""
    place.write_bytes(page(run, folder).encode("utf-8", "replace"))


def page(run: Run, folder: Path) -> str:
    """The page of a run."""
    views = {judged.rule: rule_view(judged, run, folder) for judged in run.rules}
    word, _ = conclusion(run.exit_code, run.counts, run.left_out)
    return rendered(
        "run.html",
        run=run,
        word=word,
        tone=tone_of(word),
        counts=[(verdict, count) for verdict, count in run.counts.items() if count],
        count_line=count_line(run.counts),
        partial=partial_line(run) if run.left_out and run.conformant is None else "",
        sections=list(_sections(run, views)),
        facts=list(_facts(run)),
        races=_races(run),
        views=list(views.values()),
        groups=sorted({view.group for view in views.values()}),
        lanes=lanes(run),
        exchanges=embedded(run),
    )


def _sections(run: Run, views: dict[str, RuleView]) -> Iterator[Section]:
    for verdict, heading in _SECTIONS:
        rules = [judged for judged in run.rules if judged.verdict is verdict]
        if rules:
            found = tuple(_cause_view(cause, run, views) for cause in causes(rules, run))
            yield Section(heading, verdict, found)


def _cause_view(cause: Cause, run: Run, views: dict[str, RuleView]) -> CauseView:
    simplest = views[cause.simplest.rule]
    return CauseView(
        heading=one_line(cause.heading),
        anchor=f"cause-{simplest.anchor}",
        advice=advice_on(cause.symptom, cause.is_raced),
        simplest=simplest,
        consequences=tuple(views[judged.rule] for judged in cause.consequences),
        command=_command(cause.rules, run),
    )


def _command(rules: Sequence[Judged], run: Run) -> str:
    """What to type to see whether a repair holds: the rules by name while they are few, else their groups."""
    ids = [judged.rule for judged in rules]
    globs = ids if len(ids) <= _MOST_NAMED else _groups_of(ids)
    words = ["ifmatch", "run", *_server(run), "--rules", ",".join(globs)]
    return shlex.join(one_line(word, 4000) for word in words)


def _server(run: Run) -> Iterator[str]:
    """How the server of a run is named to `ifmatch run`: an embedded one has no address that lasts."""
    if not run.header.embedded:
        yield run.target.base_url
    yield from ("-p", run.header.profile_file or run.profile.id)
    if run.header.target_file:
        yield from ("-t", run.header.target_file)
    for fault in run.header.faults:
        yield from ("--fault", fault)


def _groups_of(ids: Iterable[str]) -> list[str]:
    """Globs for the groups of these rules, without those that another one covers."""
    groups = dict.fromkeys(f"{group_of(id)}." for id in ids)
    covered = {
        group for group in groups for other in groups if group != other and group.startswith(other)
    }
    return [f"{group}*" for group in groups if group not in covered]


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    """What the conclusion rests on, as pairs of name and value."""
    profile = run.profile
    named: dict[str, Any] = {
        "target": run.target.base_url,
        "software": run.target.software,
        "FHIR version": run.target.fhir_version,
        "profile": f"{profile.id}: {profile.title}" if profile.id else "",
        "profile hash": profile.sha256[:16],
        "suite": f"{run.suite.name} {run.suite.version}".strip(),
        "run": run.id,
        "begun": run.started,
        "duration": f"{run.duration:.1f} s",
        "seed": run.seed,
        "rules selected": _selected(run),
        "left on the target": len(run.left) or "nothing",
    }
    for name, value in named.items():
        if value:
            yield name, one_line(value)


def _selected(run: Run) -> str:
    """How many rules were asked for, of how many. A rule of which only some rows were left out is in both."""
    judged = {judged.rule for judged in run.rules}
    return f"{len(judged)} of {len(judged.union(run.left_out))}"


def _races(run: Run) -> str:
    """How much was raced, and what it is worth that some races have shown nothing."""
    raced = [judged for judged in run.rules if judged.spokesman.race]
    if not raced:
        return "Nothing was raced: what only shows when several write at once was not looked for."
    return ", ".join([_rounds_in_all(raced), *_with_fault(raced), *_bound(raced)])


def _with_fault(raced: Sequence[Judged]) -> list[str]:
    failed = sum(judged.verdict is Verdict.FAIL for judged in raced)
    return [f"{failed} with a fault"] if failed else []


def _rounds_in_all(raced: Sequence[Judged]) -> str:
    rounds = sum(race.rounds for race in _facts_of(raced))
    return f"{counted(len(raced), 'race')}, {counted(rounds, 'round')}"


def _bound(raced: Sequence[Judged]) -> list[str]:
    """What the least of those races that passed leaves open."""
    passed = [judged for judged in raced if judged.verdict is Verdict.PASS]
    exposures = [race.exposure_below for race in _facts_of(passed) if race.rounds]
    worst = max(exposures, default=0)
    return [f"a pass leaves an exposure of at most {worst:.1%} a round (at 99 %)"] * bool(exposures)


def _facts_of(raced: Iterable[Judged]) -> list[RaceFacts]:
    return [judged.spokesman.race for judged in raced if judged.spokesman.race]
