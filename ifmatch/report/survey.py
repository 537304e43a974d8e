"""A profile as a survey proposes it: what was seen where the base is silent, or promises another answer.

What was seen once is no promise, so each entry names the survey as its source, at the level SHOULD where the base said
nothing. What breaks a rule in substance is left as the base has it: a person decides, the survey never judges. Nor is
proposed what may be the same defect where the base is silent: a write that is let through where others, which the base
has refused, are let through, too.
"""

import json
import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from ifmatch.report.document import Document
from ifmatch.report.entries import Entry
from ifmatch.report.run import group_of
from ifmatch.report.text import one_line
from ifmatch.rules.answer import Body, Effect
from ifmatch.rules.expectation import Expectation
from ifmatch.rules.profile import Profile
from ifmatch.rules.verdict import Verdict

#: What a status means for the write that it answers.
_OUTCOMES = {2: Effect.ACCEPTED, 4: Effect.REFUSED}

#: Verdicts on rules about which the base is silent, and on those that it promises otherwise.
_SEEN, _OTHERWISE = frozenset({Verdict.OBSERVED}), frozenset({Verdict.FAIL, Verdict.WARN})

_HEAD = """\
# A proposal, made by `ifmatch survey` from what was seen; nothing here is promised by anybody yet.
# Edit it: give each entry the source that promises it, or delete the entry. `ifmatch profiles FILE` checks the file.
"""


@dataclass(frozen=True)
class Proposal:
    """The text of a profile, and how many entries it has of each sort; `left` and `doubtful` are comments in it."""

    text: str
    seen: int
    otherwise: int
    left: int
    doubtful: int


def proposal(
    report: Document,
    base: Profile,
    others: Sequence[Profile],
    id: str,
    moved: Collection[str] = (),
) -> Proposal:
    """The profile that a survey proposes, over the base that it was made by; `others` are those it may be nearer to.

    `moved` are rules that are kept as the base promises and would not be by the proposal (see `moved_by`).
    """
    seen, doubtful = _where_it_is_silent(report["rules"])
    otherwise = [
        entry for entry in report["rules"] if _answers_otherwise(entry) or entry["rule"] in moved
    ]
    left = [entry for entry in _broken(report) if entry not in otherwise]
    lines = chain(
        _head(report, base, others, id),
        chain.from_iterable(_entry(entry, "SHOULD") for entry in seen),
        chain.from_iterable(_entry(entry, str(entry["level"])) for entry in otherwise),
        _left(left),
        _doubtful(doubtful),
    )
    text = "\n".join(lines) + "\n"
    tomllib.loads(text)
    return Proposal(text, len(seen), len(otherwise), len(left), len(doubtful))


def _where_it_is_silent(rules: Sequence[Document]) -> tuple[list[Document], list[Document]]:
    """What was seen where the base promises nothing: what may be proposed, and what may be a defect."""
    silent = [entry for entry in rules if _proposable(entry, _SEEN)]
    open_groups = {group_of(entry["rule"]) for entry in rules if _lets_through(entry)}
    doubtful = [entry for entry in silent if _is_doubtful(entry, open_groups)]
    seen = [entry for entry in silent if not _is_contrary(entry) and entry not in doubtful]
    return seen, doubtful


def moved_by(proposed: Profile, base: Profile, report: Document) -> list[str]:
    """The rules whose promise is that of another rule, for which the proposal has another answer than was seen here."""
    return [
        entry["rule"]
        for entry in report["rules"]
        if _agrees(base, entry) and not _agrees(proposed, entry)
    ]


# ---------------------------------------------------------------- what is proposed


def _broken(report: Document) -> list[Entry]:
    return [
        entry
        for entry in report["rules"]
        if Verdict(entry["verdict"]) in _OTHERWISE or _is_contrary(entry)
    ]


def _is_contrary(entry: Entry) -> bool:
    """Whether the base is silent on a rule, and the server does not do what it says: that is nothing to propose."""
    return not entry["level"] and bool(entry["findings"])


def _lets_through(entry: Entry) -> bool:
    """Whether a write is accepted that the base has refused."""
    promised = {_outcome(status) for status in entry["expected"].get("status", [])}
    found = {_outcome(status) for status in _statuses(entry)}
    return (
        Verdict(entry["verdict"]) in _OTHERWISE
        and promised == {Effect.REFUSED}
        and Effect.ACCEPTED in found
    )


def _is_doubtful(entry: Entry, open_groups: Collection[str]) -> bool:
    """Whether what was seen may be a defect: a write is accepted in a group in which others should not have been."""
    is_open = group_of(entry["rule"]) in open_groups
    return is_open and not _is_contrary(entry) and _outcome_seen(entry) is Effect.ACCEPTED


def _answers_otherwise(entry: Entry) -> bool:
    """Whether a rule is kept in substance, and only answered with another code or body than the base promises."""
    if not _proposable(entry, _OTHERWISE):
        return False
    if any(finding["state"] or finding["invariant"] for finding in entry["findings"]):
        return False
    promised = {_outcome(status) for status in entry["expected"].get("status", [])}
    return promised == {_outcome_seen(entry)}


def _proposable(entry: Entry, verdicts: frozenset[Verdict]) -> bool:
    """Whether all that was seen of a rule comes to one outcome; the answers of a race are chance."""
    is_sought = Verdict(entry["verdict"]) in verdicts
    return is_sought and "race" not in entry and _outcome_seen(entry) is not None


def _outcome(status: int) -> Effect | None:
    return Effect.UNMODIFIED if status == 304 else _OUTCOMES.get(status // 100)


def _outcome_seen(entry: Entry) -> Effect | None:
    """What every case of a rule came to; None where they differ, or the answer is none of a server's that is well."""
    found = {_outcome(status) for status in _statuses(entry)}
    return found.pop() if len(found) == 1 else None


def _statuses(entry: Entry) -> list[int]:
    return sorted({int(seen.get("status") or 0) for seen in _observed(entry)})


def _bodies(entry: Entry) -> list[str]:
    known = {body.value for body in Body}
    bodies = {str(seen.get("body", "")) for seen in _observed(entry)}
    return sorted(bodies) if bodies <= known else []


def _observed(entry: Entry) -> list[Document]:
    return [case["observed"] for case in entry.get("cases", [entry])]


# ---------------------------------------------------------------- how it is written


def _head(report: Document, base: Profile, others: Sequence[Profile], id: str) -> Iterator[str]:
    target, run = report["target"], report["run"]
    software = one_line(target["software"], 80) or "a FHIR server"
    yield _HEAD
    yield from _nearer(report, base, others)
    yield f"id = {json.dumps(id)}"
    yield f"title = {json.dumps(f'{software}, as surveyed')}"
    yield f"extends = {json.dumps(base.id)}\n"
    yield "[sources.survey]"
    where = f"run {run['id']}, {one_line(target['base_url'], 200)}"
    yield f"title = {json.dumps(f'Survey of {software}: seen, not promised ({where})')}"
    yield 'document = "survey"\n'


def _entry(entry: Entry, level: str) -> Iterator[str]:
    """A rule's entry, beneath what was seen and, where it differs, what the base promises."""
    yield f"# {one_line(entry['title'])}"
    yield f"# seen: {one_line(entry['observed'].get('answer', ''))}{_state_of(entry)}{_exchanges(entry)}"
    if entry["expected"].get("text"):
        yield f"# the base promises: {one_line(entry['expected']['text'])}"
    yield f'[rules."{entry["rule"]}"]'
    yield f'outcome = "{_outcome_seen(entry)}"'
    yield f"status = {json.dumps(_statuses(entry))}"
    if _bodies(entry):
        yield f"body = {json.dumps(_bodies(entry))}"
    yield f'level = "{level}"'
    yield 'source = "survey"\n'


def _state_of(entry: Entry) -> str:
    state = entry["observed"].get("state")
    return f", {one_line(state)}" if state else ""


def _exchanges(entry: Entry) -> str:
    ids = entry["exchanges"]
    return f" (exchange {one_line(ids[-1])})" if ids else ""


def _left(entries: Sequence[Entry]) -> Iterator[str]:
    """What is not as the rules say, as comments: nothing is proposed in its place."""
    if entries:
        yield "# Not as the rule says, and left as the base has it:"
    for entry in entries:
        yield f"# {entry['rule']}: {one_line(entry['message'])}"


def _doubtful(entries: Sequence[Entry]) -> Iterator[str]:
    """What may be a defect, as comments."""
    if entries:
        yield "# Accepted where the base is silent, as is what it has refused; it may be that defect, so not proposed:"
    for entry in entries:
        yield f"# {entry['rule']}: {one_line(entry['observed'].get('answer', ''))}"


# ---------------------------------------------------------------- what it is nearest to


def _nearer(report: Document, base: Profile, others: Sequence[Profile]) -> Iterator[str]:
    """The profile that is contradicted by less than half of what contradicts the base, in a sentence; else nothing.

    One that promises more agrees with more, so agreement alone says little; and a defect contradicts them all.
    """
    seen = [entry for entry in report["rules"] if _is_seen(entry)]
    against = {one.id: sum(_contradicts(one, entry) for entry in seen) for one in (base, *others)}
    agreeing = {one.id: sum(_agrees(one, entry) for entry in seen) for one in (base, *others)}
    best = min(against, key=lambda name: (against[name], -agreeing[name]))
    if 2 * against[best] < against[base.id]:
        yield (
            f"# Of the profiles at hand, {best} is nearer: it promises otherwise in {against[best]} of the "
            f"{len(seen)} rules that were seen, {base.id} in {against[base.id]}. `-p {best}` surveys by that one.\n"
        )


def _is_seen(entry: Entry) -> bool:
    """Whether a rule has an answer that promises can be held against."""
    return "race" not in entry and any(_statuses(entry))


def _contradicts(profile: Profile, entry: Entry) -> bool:
    promise = profile.promise(entry["rule"])
    has_codes = isinstance(promise, Expectation) and bool(promise.status)
    return has_codes and not _agrees(profile, entry)


def _agrees(profile: Profile, entry: Entry) -> bool:
    promise = profile.promise(entry["rule"])
    statuses = set(_statuses(entry))
    return isinstance(promise, Expectation) and statuses <= set(promise.status)
