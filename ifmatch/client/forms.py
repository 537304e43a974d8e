"""Writes by one door in one form of If-Match after the other, each looked after as far as its answer needs it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ifmatch.client.doors import tags_for, write
from ifmatch.client.subject import Attempt, Snapshot, Subject
from ifmatch.client.target import Target
from ifmatch.client.workbench import Workbench
from ifmatch.errors import OutcomeUnknown
from ifmatch.rules.answer import Effect
from ifmatch.rules.case import Case
from ifmatch.rules.content import at
from ifmatch.rules.doors import Door


@dataclass(frozen=True)
class Tried:
    """One write: its form, what was tried, and how the resource was afterwards if it was accepted; None if gone."""

    form: str
    attempt: Attempt
    later: Snapshot | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the server says that it was carried out."""
        return self.attempt.answer.effect is Effect.ACCEPTED


def try_forms(
    target: Target, bench: Workbench, door: Door, subject: Subject, forms: Sequence[str]
) -> list[Tried]:
    """Write to a resource that is there in each form; `now` follows what is accepted. What is deleted is the last."""
    other = foreign_version(bench, subject) if "other-resource" in forms else ""
    tried = list[Tried]()
    for form in forms:
        attempt = write(target, bench, door, subject, tags_for(form, subject, other))
        accepted = attempt.answer.effect is Effect.ACCEPTED
        later = bench.look_for(subject) if accepted or attempt.deletes else subject.now
        tried.append(Tried(form, attempt, later))
        if later is None:
            break  # whatever was answered
        if accepted:
            subject.now = later
    return tried


def try_forms_on_nothing(
    target: Target, bench: Workbench, door: Door, subject: Subject, forms: Sequence[str]
) -> list[Tried]:
    """Write to what is not there in each form, until it is there."""
    tried = list[Tried]()
    for form in forms:
        attempt = write(target, bench, door, subject, tags_for(form, subject), is_there=False)
        tried.append(Tried(form, attempt))
        if tried[-1].is_accepted and not attempt.deletes:
            break
    return tried


def demand_tried(case: Case, subject: Subject, tried: Sequence[Tried]) -> None:
    """What was accepted must be in effect: the resource gone, or what was sent in it."""
    for one in filter(lambda tried: tried.is_accepted, tried):
        if one.attempt.deletes:
            case.state(one.later is None, "the resource gone", f"a resource, after {one.form}")
        else:
            _demand_stored(case, subject, one)


def _demand_stored(case: Case, subject: Subject, one: Tried) -> None:
    marker = subject.marker
    stored = one.later.resource if one.later is not None else None
    got, wanted = at(stored, marker), at(one.attempt.sent, marker)
    held = got == wanted or not marker
    case.state(held, "what was sent is stored", f"{marker} is {got!r} after {one.form}")


def foreign_version(bench: Workbench, subject: Subject) -> str:
    """A version of another resource that this one never had. Raises OutcomeUnknown when none can be had."""
    ours = {subject.read.version, subject.now.version}
    other = Workbench(bench.target, bench.kind.type, history=False).make()
    for _ in range(4):
        if other.now.version not in ours:
            return other.now.version
        bench.update(other)
    raise OutcomeUnknown("another resource has no version of its own even after several updates")
