"""Whether a run qualifies for a certificate, and why not. Pure: a view of the run."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from ifmatch.client.identity import NOT_GIVEN
from ifmatch.report.run import Judged, Run
from ifmatch.report.text import counted, one_line
from ifmatch.rules.verdict import Verdict
from ifmatch.rules.waiver import Waiver

#: Verdicts that keep a run from qualifying: each with the words for one rule and for several.
_HINDERING = (
    (Verdict.FAIL, "a SHALL rule is broken", "SHALL rules are broken"),
    (Verdict.ERROR, "a rule could not be judged", "rules could not be judged"),
    (Verdict.INCONCLUSIVE, "a rule is inconclusive", "rules are inconclusive"),
)

#: So many rules are named in a reason.
_MOST_NAMED = 5

#: What a waiver must say for a certificate: who answers for it, who let it pass, where it is dealt with.
_ASKED_OF_WAIVERS = ("owner", "approver", "issue")


@dataclass(frozen=True)
class WaiverShown:
    """A waiver as a reviewer reads it; `used` when the rule would have failed without."""

    rule: str
    used: bool
    reason: str
    owner: str
    approver: str
    issue: str
    until: str


def qualifies(run: Run) -> bool:
    """Whether nothing keeps a run from qualifying."""
    return not reasons_against(run)


def answer(run: Run) -> str:
    """Whether a run qualifies, in a word; a yes says on how many waivers it rests, and what was not tried."""
    if not qualifies(run):
        return "no"
    used, untried = sum(waiver.used for waiver in waivers_of(run)), len(untried_in(run))
    but = [
        f"{counted(used, 'waiver')}" if used else "",
        f"{counted(untried, 'rule')} not tried for want of credentials" if untried else "",
    ]
    return ", with ".join(("yes", " and ".join(filter(None, but)))) if any(but) else "yes"


def untried_in(run: Run) -> list[str]:
    """The rules that were not tried since the applicant's target file does not say who is to try them."""
    return [r.rule for r in run.rules if _reason_of(r) in NOT_GIVEN.values()]


def not_applicable_in(run: Run) -> list[tuple[str, list[str]]]:
    """Why rules do not apply, the commonest reason first, each with those rules."""
    reasons: dict[str, list[str]] = {}
    for judged in run.rules:
        if reason := _reason_of(judged):
            reasons.setdefault(reason, []).append(judged.rule)
    return sorted(reasons.items(), key=lambda item: -len(item[1]))


def _reason_of(judged: Judged) -> str:
    """Why a rule does not apply; empty where it does."""
    return judged.spokesman.message if judged.verdict is Verdict.NOT_APPLICABLE else ""


def reasons_against(run: Run) -> list[str]:
    """Why a run does not qualify, in sentences; empty when it does."""
    return [*_unfinished(run), *_broken(run), *_unapproved(run)]


def _unfinished(run: Run) -> Iterator[str]:
    if not run.complete:
        yield f"The run did not come to its end. {one_line(run.message)}".strip()
    if run.left_out:
        yield f"{counted(len(run.left_out), 'rule')} left out: {_named(list(run.left_out))}."
    if not run.rules:
        yield "Nothing was judged."


def _broken(run: Run) -> Iterator[str]:
    for verdict, one, several in _HINDERING:
        rules = [judged.rule for judged in run.rules if judged.verdict is verdict]
        if rules:
            what = one if len(rules) == 1 else f"{len(rules)} {several}"
            yield f"{what[:1].upper()}{what[1:]}: {_named(rules)}."


def _unapproved(run: Run) -> Iterator[str]:
    waived = [judged.rule for judged in run.rules if judged.verdict is Verdict.WAIVED]
    without = [rule for rule in waived if rule not in run.target.waivers]
    if without:
        yield f"No waiver is there for what was waived: {_named(without)}."
    for rule, waiver in run.target.waivers.items():
        if rule in waived and (lack := lack_of(rule, waiver)):
            yield lack


def lack_of(rule: str, waiver: Waiver) -> str:
    """What a waiver lacks for a certificate, in a sentence; empty when it lacks nothing."""
    lacking = [part for part in _ASKED_OF_WAIVERS if not waiver.get(part, "").strip()]
    if lacking:
        return f"The waiver of {rule} names no {' and no '.join(lacking)}."
    if not _is_address(waiver["issue"]):
        return (
            f"The waiver of {rule} names an issue that nobody can look up: write its URL, such as "
            "https://issues.example/7."
        )
    return ""


def _is_address(issue: str) -> bool:
    """Whether an issue is named by a URL of the web, so that a reviewer finds it."""
    try:
        parts = urlsplit(issue)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _named(rules: list[str]) -> str:
    more = len(rules) - _MOST_NAMED
    return ", ".join(rules[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def waivers_of(run: Run) -> list[WaiverShown]:
    """All waivers in force when the run began."""
    used = {judged.rule for judged in run.rules if judged.verdict is Verdict.WAIVED}
    return [
        WaiverShown(
            rule=rule,
            used=rule in used,
            reason=waiver.get("reason", ""),
            owner=waiver.get("owner", ""),
            approver=waiver.get("approver", ""),
            issue=waiver.get("issue", ""),
            until=waiver.get("until", ""),
        )
        for rule, waiver in run.target.waivers.items()
    ]
