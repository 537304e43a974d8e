"""Known answers: what a run against a real server must come to, as found by hand: a file a server and profile.

A file names every rule whose verdict is not one of QUIET, with what is known of it:

    "verdict"  the verdict, or a list of those that may be seen (a race may or may not happen)
    "status"   the status that speaks for the rule; for a rule of several cases, one for each, by the case's first value
    "must"     names of anomalies of which each must be seen (races)
    "may"      names of anomalies that may be seen beside those; any other is a surprise
    "finding"  the heading in docs/servers that tells the exchange and the sentence that decides

A name may be a pattern ("race.*"), which speaks of those that have no entry of their own. A rule that no file names
must have a verdict of QUIET and show no anomaly.
"""

import json
from collections.abc import Iterator, Mapping
from fnmatch import filter as filter_names
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

KNOWN = Path(__file__).parent / "known"

#: Verdicts that need not be explained.
QUIET = frozenset({"pass", "observed", "not-applicable"})

#: A round that nobody wins is no news of a server, no more than one in which too few writers met: both are luck.
_LUCK = frozenset({"no winner"})

#: The parts that an entry may have.
PARTS = frozenset({"verdict", "status", "must", "may", "finding"})


def known(server: str, profile: str) -> dict[str, Any]:
    """The known answers of a server under a profile."""
    data: dict[str, Any] = json.loads(
        (KNOWN / f"{server}.{profile}.json").read_text(encoding="utf-8")
    )
    return data


def surprises(report: Mapping[str, Any], answers: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Everything in which a report differs from what is known, a line each; empty when nothing is new."""
    rules = {rule["rule"]: rule for rule in report["rules"]}
    gone = [
        f"{name}: known, but not in the report" for name in answers if not filter_names(rules, name)
    ]
    return [
        *gone,
        *(
            f"{rule}: {line}"
            for rule in rules
            for line in _differences(rules[rule], _answer(rule, answers))
        ),
    ]


def _answer(rule: str, answers: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return answers.get(rule) or next(
        (answer for name, answer in answers.items() if fnmatch(rule, name)), None
    )


def _differences(judged: Mapping[str, Any], answer: Mapping[str, Any] | None) -> Iterator[str]:
    allowed = QUIET if answer is None else _set(answer["verdict"])
    seen = anomalies_of(judged)
    if "race" in judged and not (answer or {}).get("must"):
        allowed |= {"inconclusive"} | ({"warn"} if seen == _LUCK else set())
    if judged["verdict"] not in allowed:
        yield f"{judged['verdict']}, known is {' or '.join(sorted(allowed))}. {judged['message']}".strip()
    answer = answer or {}
    statuses = statuses_of(judged)
    if "status" in answer and answer["status"] != statuses:
        yield f"answered {statuses}, known is {answer['status']}"
    must = set(answer.get("must", ()))
    for name in sorted(must - seen):
        yield f"{name}: known, but not seen"
    if judged["verdict"] == "fail" and "may" in answer and not seen:
        yield "fails, but none of its anomalies was seen"
    for name in sorted(seen - must - set(answer.get("may", ())) - _LUCK):
        yield f"{name}: seen, but not known"


def statuses_of(judged: Mapping[str, Any]) -> object:
    """The status of a rule, or of each of its cases by the case's first value."""
    cases = judged.get("cases")
    if not cases:
        return judged["observed"].get("status")
    return {_first(case): case.get("observed", {}).get("status") for case in cases}


def anomalies_of(judged: Mapping[str, Any]) -> set[str]:
    """The names of the anomalies that a race showed; none for a rule that is not a race."""
    shown = judged.get("race", {}).get("anomalies", ())
    return {each["name"] if isinstance(each, Mapping) else str(each) for each in shown}


def _first(case: Mapping[str, Any]) -> str:
    return str(next(iter(case.get("row", {}).values()), case.get("resource_type", "")))


def _set(verdicts: str | list[str]) -> frozenset[str]:
    return frozenset([verdicts] if isinstance(verdicts, str) else verdicts)
