"""What must be true of a resource of ours after a write, whatever the server answered: facts for the case."""

from ifmatch.client.subject import Attempt, Subject
from ifmatch.client.workbench import Workbench
from ifmatch.rules.answer import Effect, Resource
from ifmatch.rules.case import Case
from ifmatch.rules.content import at, differences
from ifmatch.rules.expectation import describe


def demand_unchanged(bench: Workbench, case: Case, subject: Subject) -> None:
    """The resource must be as it was when last looked at: content, version, time and history."""
    later = bench.look_for(subject)
    changes = ["it is gone"] if later is None else subject.now.changes_to(later)
    case.state(not changes, "resource unchanged", f"resource changed ({'; '.join(changes)})")


def demand_mark(bench: Workbench, case: Case, subject: Subject, attempt: Attempt) -> None:
    """What an accepted write sent must be there; a refused one is for others to judge."""
    if attempt.answer.effect is not Effect.ACCEPTED:
        return
    stored, marker = bench.look(subject).resource, subject.kind.marker
    got, wanted = at(stored, marker), at(attempt.sent, marker)
    held = got == wanted if marker else not unlike(subject, attempt.sent, stored)
    case.state(held, "what was sent is stored", f"{marker} is {got!r}, not {wanted!r}")


def demand_consistent(bench: Workbench, case: Case, subject: Subject, attempt: Attempt) -> None:
    """The resource must agree with the answer: changed when accepted, untouched when refused."""
    demand_mark(bench, case, subject, attempt)
    if attempt.answer.effect is Effect.REFUSED:
        demand_unchanged(bench, case, subject)


def demand_carried_out(bench: Workbench, case: Case, subject: Subject, attempt: Attempt) -> None:
    """The resource must agree with the answer to a write by any door: gone, when it was a deletion and accepted."""
    if attempt.deletes and attempt.answer.effect is Effect.ACCEPTED:
        demand_gone(bench, case, subject)
    else:
        demand_consistent(bench, case, subject, attempt)


def demand_gone(bench: Workbench, case: Case, subject: Subject) -> None:
    """The resource must not be there any more."""
    answer = bench.target.read(subject.type, subject.id)
    gone = answer.effect is Effect.REFUSED
    case.state(gone, "the resource is gone", f"a read is answered {describe(answer)}")


def demand_untouched_by_refusal(
    bench: Workbench, case: Case, subject: Subject, attempt: Attempt
) -> None:
    """A refused write must have left the resource alone; what an accepted one did is for others to judge."""
    if attempt.answer.effect is Effect.REFUSED:
        demand_unchanged(bench, case, subject)


def unlike(subject: Subject, sent: Resource, stored: Resource) -> list[str]:
    """In what a stored resource differs from what was sent, but for the additions that the profile names."""
    return differences(sent, stored, subject.kind.server_adds)
