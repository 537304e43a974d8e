"""A race judged anew: the anomalies that today's judge finds in its histories, beside what else was found then."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice

from ifmatch.errors import OutcomeUnknown, RuleNotApplicable, SetupFailed
from ifmatch.judge.jsonlines import read_histories
from ifmatch.log.events import HistoryRecorded, RaceFacts, VerdictReached
from ifmatch.race.race import BEHIND, Sighting
from ifmatch.race.summary import READS_LAG, check, finding_of, is_of_one_history
from ifmatch.rules.case import Case, RaceReport
from ifmatch.rules.expectation import Finding
from ifmatch.rules.verdict import Verdict

#: So many anomalies are named, as in the report of a race that is run.
_MOST_LISTED = 10

#: What ends a race that came to no verdict of its own, whatever stood in its way.
_ENDED: Mapping[Verdict, type[Exception]] = {
    Verdict.NOT_APPLICABLE: RuleNotApplicable,
    Verdict.INCONCLUSIVE: OutcomeUnknown,
    Verdict.WAIVED: OutcomeUnknown,
    Verdict.ERROR: SetupFailed,
}


def judge_race(case: Case, was: VerdictReached, histories: Iterable[HistoryRecorded]) -> None:
    """Put into a case what is found in the histories of a race, and what else was found in it then.

    Raises what ended the race then, when nothing is found in it.
    """
    found = (*_anomalies(histories, _reads_lagged(was)), *_others(case, was))
    about_state = any(finding.state for finding in found)
    case.observed = dict(was.observed)
    case.raced(
        RaceReport(
            findings=found,
            doubt="",
            facts=was.race or RaceFacts(),
            story=was.message if about_state else "",
        )
    )
    if not found and was.verdict in _ENDED:
        raise _ENDED[was.verdict](was.message)


def _reads_lagged(was: VerdictReached) -> bool:
    """Whether the reads of the target were seen to lag then, so that no race is judged by its reads."""
    limits = was.race.limits if was.race else ()
    return any(limit.startswith(READS_LAG) for limit in limits)


def _anomalies(histories: Iterable[HistoryRecorded], reads_lag: bool) -> Iterator[Finding]:
    """What today's judge finds in the histories whose anomalies count."""
    seen = chain.from_iterable(_sightings(one) for one in histories if one.counted)
    sightings = (one for one in seen if not (reads_lag and one.anomaly.name in BEHIND))
    yield from map(finding_of, islice(sightings, _MOST_LISTED))


def _others(case: Case, was: VerdictReached) -> Iterator[Finding]:
    """What else was found then, the looks at several resources at once among it, which the log does not keep."""
    for finding in was.findings:
        if not is_of_one_history(finding):
            yield _at_todays_level(finding, case, was)


def _sightings(recorded: HistoryRecorded) -> Iterable[Sighting]:
    histories = read_histories(map(json.dumps, recorded.lines))
    return [sighting for history in histories.values() for sighting in check(history)]


def _at_todays_level(finding: Finding, case: Case, was: VerdictReached) -> Finding:
    """A finding that was judged at the level of the promise is judged at that of today's."""
    promised = case.expectation
    if finding.invariant or promised is None or finding.level is not was.level:
        return finding
    return Finding(finding.expected, finding.got, promised.level, False, finding.state)
