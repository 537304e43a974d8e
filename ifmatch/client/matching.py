"""Resources of ours that one criterion finds: none, one, or several; and what is sent to whatever matches it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from ifmatch.client.bundle import Entry, send
from ifmatch.client.doors import await_index, criteria_for, demand_own
from ifmatch.client.subject import IDENTIFIER_SYSTEM, Attempt, Subject
from ifmatch.client.target import Target, query
from ifmatch.client.unique import new_unique
from ifmatch.client.workbench import Workbench
from ifmatch.errors import RuleNotApplicable
from ifmatch.rules.answer import Answer, Effect, Resource
from ifmatch.rules.content import put
from ifmatch.rules.expectation import describe
from ifmatch.rules.patches import patch_document

#: How a write is refused that names no version, where one is demanded.
_DEMANDING = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.PRECONDITION_FAILED,
    HTTPStatus.PRECONDITION_REQUIRED,
)

#: How many resources match, by the word that the features have for it.
HOW_MANY = {"none": 0, "one": 1, "many": 2}


@dataclass(frozen=True)
class Matching:
    """A criterion, and the resources of ours that it finds."""

    criteria: str
    unique: str
    subjects: tuple[Subject, ...]

    @property
    def ids(self) -> set[str]:
        """The ids of what it finds."""
        return {subject.id for subject in self.subjects}


def make_matching(bench: Workbench, count: int) -> Matching:
    """So many resources that share a unique text, each found by a search already."""
    unique = new_unique()
    criteria = criteria_for(bench, unique)
    subjects = tuple(bench.make(unique=unique) for _ in range(count))
    for subject in subjects:
        await_index(bench, subject)
    return Matching(criteria, unique, subjects)


#: Identifiers that resemble one without being it, by what they have in common.
_NEARLY: Mapping[str, Callable[[str], Resource]] = {
    "other-system": lambda value: {"system": f"{IDENTIFIER_SYSTEM}:other", "value": value},
    "longer-value": lambda value: {"system": IDENTIFIER_SYSTEM, "value": f"{value}0"},
}


def make_near(bench: Workbench, unique: str, resemblance: str) -> Subject:
    """A resource with an identifier that nearly is the unique one, besides its own.

    Raises RuleNotApplicable where the criteria are no identifier's, or a resource can have but one.
    """
    kind = bench.kind
    if not criteria_for(bench, unique).startswith("identifier="):
        raise RuleNotApplicable(f"the profile does not find a {kind.type} by its identifier first")
    subject = bench.make()
    seen = subject.now
    its_own = seen.resource.get("identifier")
    if not isinstance(its_own, list):
        raise RuleNotApplicable(f"a {kind.type} has one identifier, or none")
    both = {**seen.resource, "identifier": [*its_own, _NEARLY[resemblance](unique)]}
    bench.update(subject, replace(seen, shown=both))
    return subject


def create_if_none(target: Target, bench: Workbench, matching: Matching) -> Attempt:
    """POST on the condition that nothing matches (FHIR R4 http.html#ccreate)."""
    body, unique = bench.body(unique=matching.unique)
    condition = [("If-None-Exist", query(matching.criteria))]
    return Attempt(target.create(body, unique=unique, conditions=condition), body)


def create_if_none_in_transaction(target: Target, bench: Workbench, matching: Matching) -> Attempt:
    """The same as the only entry of a transaction."""
    body, _ = bench.body(unique=matching.unique)
    condition = {"ifNoneExist": query(matching.criteria)}
    entry = Entry("POST", bench.kind.type, body, condition)
    return Attempt(send(target, "transaction", [entry])[0], body)


def create_on(target: Target, bench: Workbench, condition: str, unique: str = "") -> Attempt:
    """POST on any condition."""
    body, unique = bench.body(unique=unique)
    header = [("If-None-Exist", query(condition) if "?" not in condition else condition)]
    return Attempt(target.create(body, unique=unique, conditions=header), body)


def demand_searchable(target: Target, bench: Workbench, criteria: str) -> None:
    """That a server knows the criteria by which it has just refused a write: they are those of its searches.

    Raises RuleNotApplicable where its statement lists what it searches by without them, or where it lists nothing and
    refuses to search by them.
    """
    kind = bench.kind.type
    names = {part.partition("=")[0] for part in criteria.split("&")}
    listed = target.statement.parameters(kind)
    refused = not listed and target.search(kind, criteria).effect is Effect.REFUSED
    if refused or (listed and not names <= listed):
        raise RuleNotApplicable(
            f"the server does not say that it searches {kind} by {' and '.join(sorted(names))}, and refuses it"
        )


def demand_unknown(write: Callable[[], Attempt]) -> Attempt:
    """A write on a condition that nothing meets yet, sent to a server that does not claim to know conditions.

    Sent again it shows whether the server knows them nevertheless: then it finds what the first one made. Raises
    RuleNotApplicable when it does, for a statement may claim less than a server does.
    """
    first = write()
    if first.answer.effect is Effect.ACCEPTED and first.answer.named_id:
        again = write().answer
        if again.status != HTTPStatus.CREATED and again.named_id in ("", first.answer.named_id):
            raise RuleNotApplicable(
                "the server knows conditions, though its statement does not claim it: sent again, the write finds what "
                f"it made: {describe(again)}"
            )
    return first


def patch_by(target: Target, bench: Workbench, subject: Subject, criteria: str) -> Attempt:
    """PATCH by criteria that name nothing. A resource of ours is found by then, so no other one is the only match."""
    await_index(bench, subject)
    mark = f"ifmatch {new_unique()}"
    document = patch_document("json-patch", subject.type, {subject.marker: mark}, "")
    address = f"{subject.type}?{query(criteria)}"
    answer = target.patch_at(address, document.content, document.media_type)
    return Attempt(answer, {})


def update(target: Target, bench: Workbench, matching: Matching) -> Attempt:
    """PUT to what matches."""
    body, unique = bench.body(unique=matching.unique)
    answer = target.conditional_update(bench.kind.type, matching.criteria, body, unique=unique)
    return Attempt(answer, body)


def update_by(target: Target, bench: Workbench, subject: Subject, criteria: str) -> Attempt:
    """PUT by criteria that name nothing. A resource of ours is found by then, so no other one is the only match."""
    await_index(bench, subject)
    body, unique = bench.body()
    return Attempt(target.conditional_update(bench.kind.type, criteria, body, unique=unique), body)


def naming_where_demanded(
    send: Callable[[str | tuple[()]], Answer], subjects: Sequence[Subject]
) -> Answer:
    """The answer to a write by criteria, sent with the tag that it is to name: none at first.

    A server may refuse whatever names no version (RFC 6585 section 3; FHIR R5 http.html#concurrency), by criteria, too:
    then the version of the only match is named.
    """
    answer = send(())
    may_demand = len(subjects) == 1 and subjects[0].now.versioned
    is_demanded = may_demand and answer.status in _DEMANDING
    return send(subjects[0].now.tag) if is_demanded else answer


def patch(target: Target, bench: Workbench, matching: Matching) -> Attempt:
    """PATCH of the mark in what matches."""
    mark, kind = f"ifmatch {new_unique()}", bench.kind
    subjects = matching.subjects
    marker = kind.marker_in(subjects[0].now.resource if subjects else None)
    document = patch_document("json-patch", kind.type, {marker: mark}, "")
    address = f"{kind.type}?{query(matching.criteria)}"
    answer = naming_where_demanded(
        lambda tag: target.patch_at(address, document.content, document.media_type, if_match=tag),
        subjects,
    )
    # The first of what matches, as the patch should leave it.
    patched = put(subjects[0].now.resource, marker, mark) if subjects else {}
    return Attempt(answer, patched)


def delete(target: Target, bench: Workbench, matching: Matching, besides: str = "") -> Attempt:
    """DELETE of what matches; `besides` are further criteria. What is only lent to the run is never deleted."""
    for subject in matching.subjects:
        demand_own(subject)
    criteria = matching.criteria + besides
    answer = naming_where_demanded(
        lambda tag: target.conditional_delete(bench.kind.type, criteria, if_match=tag),
        matching.subjects if not besides else (),
    )
    return Attempt(answer, {}, deletes=True)
