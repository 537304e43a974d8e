"""An answer shows what was asked for: the resource of that type and id, or a list of such."""

from collections.abc import Iterator

from ifmatch.monitor.asked import Asked, Interaction
from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.answer import Answer, Body, Effect, Resource, objects_in
from ifmatch.rules.expectation import describe

#: The statuses of an answer that shows something to a reader; 203 is set by a proxy (RFC 9110 section 15.3.4).
_SHOWING = (200, 203)

_READS = (Interaction.READ, Interaction.VREAD)

#: Bundles are of this type.
_LISTS = {Interaction.SEARCH: "searchset", Interaction.HISTORY: "history"}


def shows_what_was_asked(observed: Observed) -> Iterator[Fact]:
    """A read shows the resource that its address names, a search and a history list such, a write shows what it wrote.

    FHIR R4 http.html: read, search, history, create, update. A write may be answered without a body.
    """
    asked, answer = observed.asked, observed.answer
    if asked is None or answer.effect is not Effect.ACCEPTED:
        return
    if observed.request.method == "GET":
        yield _status(answer)
    if asked.interaction in _LISTS:
        yield from _list(asked, answer)
    elif asked.interaction in _READS or answer.body is Body.RESOURCE:
        yield _one(asked, answer.resource, answer)


def _status(answer: Answer) -> Fact:
    return Fact(answer.status in _SHOWING, "200 for what was found", describe(answer))


def _one(asked: Asked, resource: Resource | None, answer: Answer) -> Fact:
    wanted = f"a {asked.type} of the id {asked.id}" if asked.id else f"a {asked.type} with an id"
    if resource is None:
        return Fact(False, wanted, describe(answer))
    shown_type, shown_id = resource.get("resourceType"), resource.get("id")
    same_id = shown_id == asked.id if asked.id else bool(shown_id)
    return Fact(
        shown_type == asked.type and same_id,
        wanted,
        f"a {shown_type} of the id {shown_id}" if shown_id else f"a {shown_type} without an id",
    )


def _list(asked: Asked, answer: Answer) -> Iterator[Fact]:
    kind = _LISTS[asked.interaction]
    body = answer.resource or {}
    is_list = body.get("resourceType") == "Bundle" and body.get("type") == kind
    yield Fact(is_list, f"a Bundle of the type {kind}", describe(answer))
    if not is_list:
        return
    listed = body.get("entry", [])
    holds = isinstance(listed, list) and len(objects_in(listed)) == len(listed)
    yield Fact(holds, "a list of entries", f"entry is {str(listed)[:80]}")
    for entry in objects_in(listed):
        yield from _entry(asked, entry, answer)


def _entry(asked: Asked, entry: Resource, answer: Answer) -> Iterator[Fact]:
    """A resource of the kind that was asked for; a deletion in a history has none, and a search may add others."""
    resource = entry.get("resource")
    if isinstance(resource, dict):
        if not _is_extra(entry):
            yield _one(asked, resource, answer)
    else:
        only_told = resource is None and isinstance(entry.get("request"), dict)
        yield Fact(only_told, "a resource in each entry", f"an entry with {sorted(entry)}")


def _is_extra(entry: Resource) -> bool:
    """Whether a search lists something besides what matches (FHIR R4 search.html#Summary: include, outcome)."""
    search = entry.get("search")
    return isinstance(search, dict) and search.get("mode") in ("include", "outcome")
