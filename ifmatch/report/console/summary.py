"""What a run is about, before it begins, and what it comes to, at its end."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ifmatch.report.causes import Cause, causes
from ifmatch.report.console.lines import print_beside, print_line, print_to_copy
from ifmatch.report.console.rule import (
    drawing_of,
    print_drawing,
    print_rule,
    print_title,
    sentence_on,
)
from ifmatch.report.console.words import conclusion, count_line
from ifmatch.report.known import known, known_and_new, new_with
from ifmatch.report.replay import replay_path
from ifmatch.report.run import Judged, Run
from ifmatch.report.text import counted, listed, one_line
from ifmatch.rules.verdict import Verdict

#: Verdicts whose rules have one sentence each at the end of a run.
_IN_BRIEF = (Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.WARN, Verdict.WAIVED)

_MOST_LEFT = 10

#: Seconds that nobody needs to be told of.
_NO_TIME = 5

#: Rules of one list that are named; the page has them all.
_MOST_RULES = 10

#: Characters that the names of what a partial run left out may take.
_MOST_OF_INTERACTIONS = 120


def print_header(console: Console, run: Run, planned: Mapping[str, int] | None = None) -> None:
    """What is about to be judged against what. `planned` counts rules: `{"expected": 74, "surveyed": 13, ...}`."""
    version = ".".join(run.suite.version.split(".")[:2])
    profile = f"{run.profile.id}: {run.profile.title}"
    print_line(console, f"{run.suite.name} {version} · {profile} · {_target(run)}", "bold")
    seed = "" if run.seed is None else f" · seed {run.seed}"
    print_line(console, f"run {run.id}{seed}{_plan(planned or {})}")
    for warning in run.warnings:
        print_line(console, f"! {one_line(warning)}", "yellow")
    console.print()


def print_estimate(
    console: Console, rules: int, races: str, seconds: float, latency: float, most: float = 0
) -> None:
    """How long a run will take by what the target took for an answer so far; nothing where that is no time.

    `most` is how many seconds the run may take, 0 where nobody bounds it.
    """
    if seconds < _NO_TIME:
        return
    ends = (
        f"; the budget ends it after {roughly(most)}, and what has not begun by then is left out"
        * (0 < most < seconds)
    )
    print_line(
        console,
        f"{counted(rules, 'case')}{races}: about {roughly(seconds)}, if every answer takes as long as the first "
        f"({max(1, round(latency * 1000))} ms){ends}",
    )
    console.print()


def roughly(seconds: float) -> str:
    """A time as one says it who does not know it better."""
    if seconds < 55:
        return f"{max(10, 10 * round(seconds / 10))} seconds"
    minutes = round(seconds / 60)
    return counted(minutes, "minute") if minutes < 90 else f"{counted(round(minutes / 60), 'hour')}"


def print_summary(
    console: Console, run: Run, folder: Path | str | None = None, took: float | None = None
) -> None:
    """What the run comes to: why, then where the evidence lies and what was left, and last whether the target conforms.

    What is printed last is what a person sees first. `took` is how many seconds whoever waits has waited; the log knows
    only of the time from its first line to its last, without the reports.
    """
    _print_known(console, run)
    found = causes(new_with(run, Verdict.FAIL), run)
    for cause in found:
        _print_cause(console, cause, run, folder)
    for verdict in _IN_BRIEF:
        _print_in_brief(console, new_with(run, verdict))
    console.print()
    for warning in (*run.idle_waivers, *run.renewals):
        print_line(console, f"! {warning}", "yellow")
    if run.foreseen.writes:
        print_line(
            console, f"wrote   {run.writes} times; about {run.foreseen.writes} were foreseen"
        )
    if folder is not None:
        console.print(Text(f"report  {folder}/"), soft_wrap=True)
    for line in _left(run):
        print_line(console, line)
    console.print()
    _print_conclusion(console, run, len(found), run.duration if took is None else took)


def _print_known(console: Console, run: Run) -> None:
    """What the baseline knows, a line each, so that only what is new is told at length."""
    if not run.baseline:
        return
    console.print()
    print_line(console, f"{known_and_new(run)}   against the baseline", "bold")
    for judged in _shown(known(run)):
        print_title(console, judged, aside="known")
    _print_more(console, known(run), 2)


def _print_cause(console: Console, cause: Cause, run: Run, folder: Path | str | None) -> None:
    """The simplest rule that shows a cause in full, the titles of those that show it again, and one picture."""
    console.print()
    print_rule(console, cause.simplest, evidence=run)
    _print_replay(console, cause.simplest, folder)
    if cause.consequences:
        print_line(console, f"      the same is shown by {len(cause.consequences)} more:", "dim")
    pictured = next(filter(drawing_of, cause.consequences), None)
    for judged in _shown(cause.consequences):
        print_title(console, judged, indent=6)
    _print_more(console, cause.consequences, 6)
    if pictured is not None and not drawing_of(cause.simplest):
        if pictured not in _shown(cause.consequences):
            print_title(console, pictured, indent=6)
        print_drawing(console, pictured, indent=2)


def _shown(rules: Sequence[Judged]) -> Sequence[Judged]:
    """As many of a list as one reads; one more is shown rather than counted."""
    return rules if len(rules) <= _MOST_RULES + 1 else rules[:_MOST_RULES]


def _print_more(console: Console, rules: Sequence[Judged], indent: int) -> None:
    more = len(rules) - len(_shown(rules))
    if more:
        print_line(console, f"{'':{indent}}… and {more} more (report.html)", "dim")


def _print_replay(console: Console, judged: Judged, folder: Path | str | None) -> None:
    if folder is not None:
        print_to_copy(console, "replay", f"bash {replay_path(Path(folder), judged)}", 6)


def _target(run: Run) -> str:
    """The address, and what the target says of itself; our own has nothing to say of itself that we do not know."""
    target = run.target
    software = "" if run.header.embedded else target.software
    facts = (software, target.fhir_version and f"FHIR {target.fhir_version}")
    about = ", ".join(one_line(fact, 80) for fact in facts if fact)
    address = one_line(run.server, 200)
    return f"{address} ({about})" if about else address


def _plan(planned: Mapping[str, int]) -> str:
    counts = [f"{count} {kind}" for kind, count in planned.items() if count]
    return f" · {counted(sum(planned.values()), 'rule')}: {', '.join(counts)}" if counts else ""


def _print_conclusion(console: Console, run: Run, causes: int, seconds: float) -> None:
    if run.message:
        print_line(console, one_line(run.message, 1000))
    if run.left_out:
        print_line(console, partial_line(run))
    if not run.complete:
        print_line(console, "The run did not come to its end: this is what was seen until then.")
    word, style = conclusion(run.exit_code, run.counts, run.left_out)
    counts = f"{count_line(run.counts, causes)} · {_duration(seconds)}"
    print_line(console, Text().append(word, style).append(f"   {counts}"))


def partial_line(run: Run) -> str:
    """That rules were left out, which ones as far as a line holds them, and what that means."""
    interactions = dict.fromkeys(rule.partition(".")[0] for rule in run.left_out)
    rules = {*run.left_out, *(judged.rule for judged in run.rules)}
    meaning = ", so the run does not say whether the target conforms" * (run.conformant is None)
    return (
        f"{len(run.left_out)} of {len(rules)} rules were left out{meaning}. They are of "
        f"{listed(list(interactions), _MOST_OF_INTERACTIONS)}"
    )


def _print_in_brief(console: Console, rules: list[Judged]) -> None:
    if rules:
        console.print()
    for judged in _shown(rules):
        print_title(console, judged)
        print_beside(console, Text("    "), Text(sentence_on(judged)))
    _print_more(console, rules, 2)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{seconds:.1f}s"


def _left(run: Run) -> Iterator[str]:
    yield f"left on the target: {len(run.left) or 'nothing'}"
    for left in run.left[:_MOST_LEFT]:
        name = f"{left.type}/{left.id}" if left.id else left.type
        yield f"  {one_line(name, 110)}   {one_line(left.reason, 200)}"
    if len(run.left) > _MOST_LEFT:
        yield f"  … and {len(run.left) - _MOST_LEFT} more, listed in report.json"
