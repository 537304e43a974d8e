"""An answer shows what was asked for: the resource of that type and id, or a list of such."""

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import parse_qs, urlsplit

from ifmatch.client.asked import Asked, Interaction
from ifmatch.client.subject import is_bundle
from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.answer import Answer, Effect, Resource, objects_in
from ifmatch.rules.expectation import describe

#: The statuses of an answer that shows something to a reader; 203 is set by a proxy (RFC 9110 section 15.3.4).
_SHOWING = (200, 203)


def shows_what_was_asked(observed: Observed) -> Iterator[Fact]:
    """A read shows the resource that its address names, a search and a history list such, a write shows what it wrote.

    FHIR R4 http.html: read, search, history, create, update. A write may be answered without a body.
    """
    asked, answer = observed.asked, observed.answer
    if asked is not None and answer.effect is Effect.ACCEPTED:
        show = _SHOWN_BY.get(asked.interaction, _by_a_write)
        yield from show(observed, asked)


def _by_a_write(observed: Observed, asked: Asked) -> Iterator[Fact]:
    if observed.answer.resource is not None:
        yield _one(asked, observed.answer.resource, observed.answer)


def _by_a_read(observed: Observed, asked: Asked) -> Iterator[Fact]:
    yield _status(observed.answer)
    yield _one(asked, observed.answer.resource, observed.answer)


def _by_a_search(observed: Observed, asked: Asked) -> Iterator[Fact]:
    yield _status(observed.answer)
    yield from _list("searchset", asked, observed.answer)
    yield from _wanted_id(observed)


def _by_a_history(observed: Observed, asked: Asked) -> Iterator[Fact]:
    yield _status(observed.answer)
    yield from _list("history", asked, observed.answer)


#: What an accepted answer shows, by interaction.
_SHOWN_BY: Mapping[Interaction, Callable[[Observed, Asked], Iterator[Fact]]] = {
    Interaction.READ: _by_a_read,
    Interaction.VREAD: _by_a_read,
    Interaction.SEARCH: _by_a_search,
    Interaction.HISTORY: _by_a_history,
    Interaction.DELETE: lambda observed, asked: iter(()),  # what it shows is the server's choice
}


def _status(answer: Answer) -> Fact:
    return Fact(answer.status in _SHOWING, "200 for what was found", describe(answer))


def _one(asked: Asked, resource: Resource | None, answer: Answer) -> Fact:
    """Whether a resource is of the type that was asked for, and of the id where one was named; with any id else."""
    wanted = f"a {asked.type} of the id {asked.id or '(any)'}"
    if resource is None:
        return Fact(False, wanted, describe(answer))
    shown_type, shown_id = resource.get("resourceType"), resource.get("id")
    right_id = asked.id or shown_id
    return Fact(
        bool(shown_id) and (shown_type, shown_id) == (asked.type, right_id),
        wanted,
        f"a {shown_type} of the id {shown_id or '(none)'}",
    )


def _list(kind: str, asked: Asked, answer: Answer) -> Iterator[Fact]:
    """A Bundle of the kind, and what each of its entries shows."""
    is_list = is_bundle(answer) and answer.json.get("type") == kind
    yield Fact(is_list, f"a Bundle of the type {kind}", describe(answer))
    if is_list:
        listed = answer.json.get("entry", [])
        yield _is_list_of_objects(listed)
        for entry in objects_in(listed):
            yield from _entry(asked, entry, answer)


def _is_list_of_objects(listed: object) -> Fact:
    objects = objects_in(listed)
    return Fact(objects == listed, "a list of entries", f"entry is {str(listed)[:80]}")


def _entry(asked: Asked, entry: Resource, answer: Answer) -> Iterator[Fact]:
    """A resource of the kind that was asked for; a deletion in a history has none, and a search may add others."""
    resource = entry.get("resource")
    if resource is None:
        is_deletion = isinstance(entry.get("request"), dict)
        yield Fact(is_deletion, "a resource in each entry", f"an entry with {sorted(entry)}")
    elif not isinstance(resource, dict):
        yield Fact(False, "a resource in each entry", f"an entry whose resource is {resource!r}")
    elif not _is_extra(entry):
        yield _one(asked, resource, answer)


def _wanted_id(observed: Observed) -> Iterator[Fact]:
    """A search by one id or several finds one of them or nothing: an index may lag."""
    wanted = parse_qs(urlsplit(observed.request.url).query).get("_id", [""])[0]
    listed = [str(shown.resource.get("id")) for shown in observed.shown]
    if wanted and listed:
        found = not {*wanted.split(",")}.isdisjoint(listed)
        yield Fact(found, f"the resource of the id {wanted}", f"those of {listed[:3]}")


def _is_extra(entry: Resource) -> bool:
    """Whether a search lists something besides what matches (FHIR R4 search.html#Summary: include, outcome)."""
    search = entry.get("search")
    return isinstance(search, dict) and search.get("mode") in ("include", "outcome")
