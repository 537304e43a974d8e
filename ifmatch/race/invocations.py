"""What a writer can do in a race, as requests ready to be sent, with what the history needs to know of each."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ifmatch.client.bundle import Entry, answer_to_entry
from ifmatch.client.exchange import Request
from ifmatch.client.patching import format_of
from ifmatch.client.subject import entries as matches
from ifmatch.client.target import FRESH, Target, by_criteria, query
from ifmatch.client.workbench import Snapshot, Subject, Workbench, new_unique
from ifmatch.errors import RuleNotApplicable
from ifmatch.judge.history import ANY, Kind
from ifmatch.rules.answer import Answer, Effect, Resource
from ifmatch.rules.content import at, put
from ifmatch.rules.expectation import Expectation
from ifmatch.rules.patches import FORMATS, patch_document
from ifmatch.rules.profile import ResourceKind

#: The interaction that an operation needs, where it is not the update itself.
_INTERACTION = {Kind.PATCH: "patch", Kind.DELETE: "delete", Kind.TRANSACTION: "transaction"}

#: And those that go by criteria: who does not say that there are such may carry them out without.
_BY_CRITERIA = {Kind.CREATE: "conditional-create", Kind.CONDITIONAL_UPDATE: "conditional-update"}

#: What an entry of a Bundle of each type is, by whether it is the only one.
_BUNDLED = {
    ("transaction", True): Kind.TRANSACTION,
    ("transaction", False): Kind.PART,
    ("batch", True): Kind.BATCH,
    ("batch", False): Kind.BATCH,
}

#: What may name nothing even where every write must name a version: no write, or one that goes by criteria.
_NAMELESS = frozenset({Kind.READ, *_BY_CRITERIA})

#: How every mark of ours begins, so that it is told from what else stands in a resource.
MARK = "ifmatch "


@dataclass(frozen=True, slots=True)
class Invocation:
    """One operation before it is sent. `read` takes its part out of an answer that is about more, as to a Bundle."""

    kind: Kind
    request: Request
    base: str | None = None
    marker: str | None = None
    read: Callable[[Answer], Answer] = lambda answer: answer


def marks_in(resource: Resource | None, kind: ResourceKind) -> tuple[str, ...]:
    """The distinct marks of ours in a resource of a kind: more than one is a torn one."""
    places = kind.marks_to_set(resource) if resource else ()
    found = (at(resource, pointer) for pointer in places)
    return tuple(
        dict.fromkeys(text for text in found if isinstance(text, str) and text.startswith(MARK))
    )


class Invocations:
    """Prepares invocations on the resources of one scenario."""

    def __init__(self, target: Target, bench: Workbench) -> None:
        self._target, self._bench = target, bench

    # ------------------------------------------------------------ what the target allows

    def allowed(self, kind: Kind, base: int | str | None) -> bool:
        """Whether the target offers an operation, and lets it name what it names."""
        return self._offered(kind) and self._may_name(kind, base)

    def _offered(self, kind: Kind) -> bool:
        if kind is Kind.DELETE and self._bench.kind.lent:
            return False
        if kind in _BY_CRITERIA:
            return self._offered_by_criteria(_BY_CRITERIA[kind])
        interaction = _INTERACTION.get(kind)
        return interaction is None or self._bench.offers(interaction)

    def _offered_by_criteria(self, interaction: str) -> bool:
        """Whether a condition is heeded, by criteria that we know, and something may be made if nothing meets them."""
        kind = self._bench.kind
        return self._bench.claims(interaction) and "identifier" in kind.criteria and not kind.lent

    def _may_name(self, kind: Kind, base: int | str | None) -> bool:
        names_nothing = base is None
        if kind is Kind.DELETE:
            # Before R6 no FHIR text binds a server to an If-Match on delete, so none is sent but where one is demanded.
            return names_nothing is self.unnamed_writes
        return kind in _NAMELESS or not names_nothing or self.unnamed_writes

    @property
    def unnamed_writes(self) -> bool:
        """Whether the system lets a write name no version: it says so, or says nothing."""
        promise = self._target.profile.promise("update.if-match.missing", self._bench.kind.type)
        return not (isinstance(promise, Expectation) and promise.outcome is Effect.REFUSED)

    # ------------------------------------------------------------ operations

    def update(self, subject: Subject, seen: Snapshot, named: bool = True) -> Invocation:
        """PUT of the resource with a mark of its own, from the version seen or naming none."""
        return self._of(
            subject, seen, named, Kind.UPDATE, lambda body, tag: self._put(subject, body, tag)
        )

    def update_any(self, subject: Subject, seen: Snapshot) -> Invocation:
        """PUT of whatever version is current (If-Match: *)."""
        invocation = self._of(
            subject, seen, False, Kind.UPDATE, lambda body, _: self._put(subject, body, "*")
        )
        return Invocation(invocation.kind, invocation.request, ANY, invocation.marker)

    def transaction(self, subject: Subject, seen: Snapshot) -> Invocation:
        """The same update as the only entry of a transaction."""
        return self.bundle("transaction", [subject], [seen], named=True)[0]

    def batch(self, subject: Subject, seen: Snapshot) -> Invocation:
        """The same update as the only entry of a batch."""
        return self.bundle("batch", [subject], [seen], named=True)[0]

    def bundle(
        self, bundle_type: str, subjects: Sequence[Subject], seen: Sequence[Snapshot], named: bool
    ) -> list[Invocation]:
        """The same update of several resources in one Bundle, under one mark: what it is for each of them."""
        marker = f"{MARK}{new_unique()}"
        bodies = [
            _with_mark(self._bench.changed(subject, one.resource), subject.kind, marker)
            for subject, one in zip(subjects, seen, strict=True)
        ]
        tags = [one.tag if named else "" for one in seen]
        request = self._bundle_request(bundle_type, map(_entry, subjects, bodies, tags))
        return [
            Invocation(
                kind=_BUNDLED[bundle_type, len(subjects) == 1],
                request=request,
                base=one.version if named else None,
                marker=marker,
                read=partial(answer_to_entry, place=place),
            )
            for place, one in enumerate(seen)
        ]

    def search_all(self, subjects: Sequence[Subject]) -> list[Invocation]:
        """One search that finds several resources of a type: what it shows of each of them."""
        ids = ",".join(subject.id for subject in subjects)
        address = by_criteria(subjects[0].type, f"_id={ids}")
        request = self._target.request("GET", address, headers=FRESH)
        return [
            Invocation(Kind.SEARCH, request, read=partial(_match, resource_id=subject.id))
            for subject in subjects
        ]

    def patch(
        self, subject: Subject, seen: Snapshot, named: bool = True, patch_format: str = ""
    ) -> Invocation:
        """PATCH of the mark alone, in a format that the target takes, or in one that is given."""
        marker = f"{MARK}{new_unique()}"
        changes = dict.fromkeys(subject.kind.marks_to_set(seen.resource), marker)
        media_type = self._target.profile.media_type
        patch_format = patch_format or format_of(self._bench)
        document = patch_document(patch_format, subject.type, changes, media_type)
        request = self._target.write_request(
            "PATCH",
            _path(subject),
            document.content,
            if_match=seen.tag if named else (),
            media_type=document.media_type,
        )
        return Invocation(Kind.PATCH, request, seen.version if named else None, marker)

    def patch_own_element(self, subject: Subject, element: Mapping[str, Any]) -> Invocation:
        """PATCH that adds one identifier, naming no version: others may add theirs at the same time."""
        content = json.dumps(
            [{"op": "add", "path": "/identifier/-", "value": dict(element)}]
        ).encode()
        media_type = FORMATS["json-patch"][1] or ""
        request = self._target.write_request(
            "PATCH", _path(subject), content, media_type=media_type
        )
        return Invocation(Kind.PATCH, request)

    def delete(self, subject: Subject, seen: Snapshot, named: bool = False) -> Invocation:
        """DELETE of the resource. Raises RuleNotApplicable for what is only lent to the run: that is never deleted."""
        if subject.kind.lent:
            raise RuleNotApplicable(
                f"{_path(subject)} is only lent to the run, so it is not deleted"
            )
        headers = [("If-Match", seen.tag)] if named else []
        request = self._target.request("DELETE", _path(subject), headers=headers)
        return Invocation(Kind.DELETE, request, seen.version if named else None)

    def delete_found(self, subject: Subject, criteria: str) -> Invocation:
        """DELETE of what matches the criteria, which is the resource; like `delete`, never of what is only lent."""
        by_id = self.delete(subject, subject.read)
        address = by_criteria(subject.type, criteria)
        return replace(by_id, request=self._target.request("DELETE", address))

    def read(self, subject: Subject) -> Invocation:
        """GET of the resource."""
        return Invocation(Kind.READ, self._target.request("GET", _path(subject)))

    def history(self, subject: Subject) -> Invocation:
        """GET of the resource's history. No operation on the resource: its page is compared with the last one."""
        return Invocation(
            Kind.SEARCH, self._target.request("GET", f"{_path(subject)}/_history", headers=FRESH)
        )

    def create_if_none(self, unique: str, criteria: str) -> Invocation:
        """POST on the condition that nothing matches the criteria."""
        body, marker = self._marked(self._bench.body(unique=unique)[0])
        request = self._target.write_request("POST", self._bench.kind.type, body)
        conditional = (*request.headers, ("If-None-Exist", query(criteria)))
        return Invocation(
            Kind.CREATE,
            replace(request, headers=conditional),
            marker=marker,
        )

    def conditional_update(self, unique: str, criteria: str) -> Invocation:
        """PUT to whatever matches the criteria."""
        body, marker = self._marked(self._bench.body(unique=unique)[0])
        request = self._target.write_request(
            "PUT", by_criteria(self._bench.kind.type, criteria), body
        )
        return Invocation(Kind.CONDITIONAL_UPDATE, request, marker=marker)

    def update_found(self, subject: Subject, seen: Snapshot, criteria: str) -> Invocation:
        """PUT to what matches the criteria, which is the resource; it names a version only where one is demanded."""
        path = by_criteria(subject.type, criteria)

        def send(body: Resource, tag: str) -> Request:
            return self._target.write_request("PUT", path, body, if_match=tag or ())

        return self._of(subject, seen, not self.unnamed_writes, Kind.CONDITIONAL_UPDATE, send)

    def put_new(self, resource_id: str, conditions: Sequence[tuple[str, str]] = ()) -> Invocation:
        """PUT to an id that was never given out; `conditions` are headers that it depends on."""
        body, marker = self._marked(self._bench.body()[0])
        path = f"{self._bench.kind.type}/{resource_id}"
        request = self._target.write_request(
            "PUT", path, {**body, "id": resource_id}, conditions=conditions
        )
        return Invocation(Kind.UPDATE, request, marker=marker)

    # ------------------------------------------------------------ how they are made

    def _of(
        self,
        subject: Subject,
        seen: Snapshot,
        named: bool,
        kind: Kind,
        send: Callable[[Resource, str], Request],
    ) -> Invocation:
        body = self._bench.changed(subject, seen.resource)
        marker = at(body, subject.kind.marker_in(body))
        return Invocation(
            kind,
            send(body, seen.tag if named else ""),
            seen.version if named else None,
            str(marker),
        )

    def _put(self, subject: Subject, body: Resource, tag: str) -> Request:
        return self._target.write_request("PUT", _path(subject), body, if_match=tag or ())

    def _bundle_request(self, bundle_type: str, entries: Iterable[Entry]) -> Request:
        in_json = [entry.as_json for entry in entries]
        bundle = {"resourceType": "Bundle", "type": bundle_type, "entry": in_json}
        return self._target.write_request("POST", "", bundle)

    def _marked(self, body: Resource) -> tuple[Resource, str]:
        marker = f"{MARK}{new_unique()}"
        return _with_mark(body, self._bench.kind, marker), marker


def _with_mark(body: Resource, kind: ResourceKind, marker: str) -> Resource:
    for pointer in kind.marks_to_set(body):
        body = put(body, pointer, marker)
    return body


def _entry(subject: Subject, body: Resource, tag: str) -> Entry:
    return Entry("PUT", _path(subject), body, {"ifMatch": tag} if tag else {})


def _match(found: Answer, resource_id: str) -> Answer:
    """What a search shows of one resource, as if it had been read; 404 where it does not show it."""
    if found.effect is not Effect.ACCEPTED:
        return found
    shown = next((one for one in matches(found) if one.get("id") == resource_id), None)
    status, content = (404, b"") if shown is None else (200, json.dumps(shown).encode())
    return Answer(status, content=content, url=found.url, exchange=found.exchange)


def _path(subject: Subject) -> str:
    return f"{subject.type}/{subject.id}"
