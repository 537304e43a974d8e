"""`summary.md`: what a run comes to, for the page that a CI system shows of a job."""

from collections.abc import Iterator, Sequence

from ifmatch.judge.anomaly import Name
from ifmatch.log.events import AnomalySeen, RaceFacts
from ifmatch.report.advice import advice_on
from ifmatch.report.causes import Cause, causes
from ifmatch.report.console import conclusion, count_line, partial_line
from ifmatch.report.known import known, known_and_new, new_with
from ifmatch.report.replay import replay_of
from ifmatch.report.run import Judged, Run
from ifmatch.report.text import counted, for_markdown, one_line
from ifmatch.rules.verdict import Verdict

FILE_NAME = "summary.md"

#: So many causes, and rules of one cause, are named; a job page is to be taken in at a glance.
_MOST_CAUSES = 10
_MOST_RULES = 20


def summary(run: Run) -> bytes:
    """The run as Markdown. What a server said in it is text, never markup."""
    return ("\n".join(_lines(run)) + "\n").encode("utf-8", "replace")


def _lines(run: Run) -> Iterator[str]:
    yield from _head(run)
    yield from _lost_updates(run)
    yield from _known(run)
    yield from _causes(causes(new_with(run, Verdict.FAIL), run))
    for verdict in (Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.WARN):
        yield from _in_brief(verdict, run)


def _head(run: Run) -> Iterator[str]:
    word, _ = conclusion(run.exit_code, run.counts, run.left_out)
    yield f"## {word}: {_shown(run.profile.title or run.profile.id)}"
    yield ""
    yield f"{count_line(run.counts)}. {_shown(run.message)}".strip()
    yield ""
    if run.left_out and run.conformant is None:
        yield from (_shown(partial_line(run)), "")
    yield f"{_shown(_target(run))}; run {_shown(run.id)}, {_shown(run.suite.name)} {_shown(run.suite.version)}"


def _lost_updates(run: Run) -> Iterator[str]:
    """What the tool is there to find comes first: the rules that a lost update has broken, with one of them each."""
    found = [(judged, race) for judged in run.rules for race in _losing(judged)[:1]]
    if found:
        yield from ("", f"### Lost updates, found by {counted(len(found), 'rule')}", "")
    for judged, race in found[:_MOST_RULES]:
        lost = next(anomaly for anomaly in race.anomalies if _is_lost_update(anomaly))
        yield f"- `{judged.rule}`: {_shown(lost.sentence)}{_reproduced(race)}"


def _losing(judged: Judged) -> list[RaceFacts]:
    """The races of a rule in which an update was lost."""
    races = [case.race for case in judged.cases if case.race is not None]
    return [race for race in races if any(map(_is_lost_update, race.anomalies))]


def _is_lost_update(anomaly: AnomalySeen) -> bool:
    return anomaly.name == Name.LOST_UPDATE.label


def _reproduced(race: RaceFacts) -> str:
    if race.reproduced is None:
        return ""
    shown, tries = race.reproduced
    return f" Reproduced {shown} of {tries} times."


def _known(run: Run) -> Iterator[str]:
    if run.baseline:
        yield from ("", f"### {known_and_new(run)}", "")
    yield from (f"- `{judged.rule}` is known: {judged.verdict}" for judged in known(run))


def _causes(found: Sequence[Cause]) -> Iterator[str]:
    for cause in found[:_MOST_CAUSES]:
        yield from _cause(cause)
    if len(found) > _MOST_CAUSES:
        yield from ("", f"… and {len(found) - _MOST_CAUSES} more causes, in `report.html`")


def _target(run: Run) -> str:
    target = run.target
    version = f"FHIR {target.fhir_version}" if target.fhir_version else ""
    return ", ".join(filter(None, (run.server, target.software, version)))


def _cause(cause: Cause) -> Iterator[str]:
    judged = cause.simplest
    case = judged.spokesman
    yield from ("", f"### ✗ {_shown(cause.heading)}", "")
    yield f"**{_shown(case.title)}** (`{judged.rule}`, {case.level or 'observed'})"
    yield ""
    for finding in case.findings[:2]:
        yield f"- expected {_shown(finding.expected)}, got **{_shown(finding.got.partition(' (')[0])}**"
    yield f"- to do: {advice_on(cause.symptom, cause.is_raced).mend}"
    yield f"- see it happen: `bash {replay_of(judged.rule)}`"
    if cause.consequences:
        names = [f"`{judged.rule}`" for judged in cause.consequences]
        more = ["…"] if len(names) > _MOST_RULES else []
        yield f"- {len(names)} more show the same: {', '.join([*names[:_MOST_RULES], *more])}"


def _in_brief(verdict: Verdict, run: Run) -> Iterator[str]:
    rules = new_with(run, verdict)
    if rules:
        yield from ("", f"### {verdict.value}: {len(rules)}", "")
    yield from map(_line, rules[:_MOST_RULES])


def _line(judged: Judged) -> str:
    message = judged.spokesman.message.partition("\n\n")[0]
    return f"- `{judged.rule}` {_shown(message)}"


def _shown(text: object) -> str:
    return for_markdown(one_line(text))
