"""What must be true of a resource of ours after a write, whatever the server answered: facts for the case."""

from ifmatch.client.subject import Attempt, Subject
from ifmatch.client.workbench import Workbench
from ifmatch.rules.answer import Effect, Resource
from ifmatch.rules.case import Case
from ifmatch.rules.content import at, differences, losses, without_added
from ifmatch.rules.expectation import Expectation, Level, describe
from ifmatch.rules.fhir_json import pruned


def demand_unchanged(bench: Workbench, case: Case, subject: Subject) -> None:
    """The resource must be as it was when last looked at: content, version, time and history."""
    later = bench.look_for(subject)
    changes = ["it is gone"] if later is None else subject.now.changes_to(later)
    case.state(not changes, "resource unchanged", f"resource changed ({'; '.join(changes)})")


def demand_mark(bench: Workbench, case: Case, subject: Subject, attempt: Attempt) -> None:
    """What an accepted write sent must be there; a refused one is for others to judge."""
    if attempt.answer.effect is not Effect.ACCEPTED:
        return
    stored, kind = bench.look(subject).resource, subject.kind
    marker = kind.marker_in(stored)
    got, wanted = at(stored, marker), at(attempt.sent, kind.marker_in(attempt.sent))
    held = got == wanted if marker else not lost(subject, attempt.sent, stored)
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
    """In what a mirror differs from what was sent, but for the additions that the profile names."""
    return differences(pruned(sent), stored, subject.kind.server_adds)


def demand_created(bench: Workbench, case: Case, sent: Resource, stored: Resource | None) -> None:
    """A created resource must hold what was sent: a fact as grave as `create.persisted` says, wherever it is seen."""
    found = losses(pruned(sent), stored) if stored else ["nothing is there"]
    promise = bench.target.profile.promise("create.persisted", bench.kind.type)
    level = promise.level if isinstance(promise, Expectation) else Level.MAY
    case.fact(not found, "the content that was sent", "; ".join(found), level)


def lost(subject: Subject, sent: Resource, stored: Resource) -> list[str]:
    """What a stored resource lacks of what was sent; what the server itself had added is for the server to keep."""
    ours = without_added(pruned(sent), subject.sent, subject.read.resource)
    return losses(ours, stored)
