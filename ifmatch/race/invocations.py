"""What a writer can do in a race, as requests ready to be sent, with what the history needs to know of each."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ifmatch.client.exchange import Request
from ifmatch.client.target import FRESH, Target
from ifmatch.client.workbench import Snapshot, Subject, Workbench, new_unique
from ifmatch.errors import RuleNotApplicable
from ifmatch.judge.history import ANY, Kind
from ifmatch.rules.answer import Answer, Resource
from ifmatch.rules.content import at, put
from ifmatch.rules.patches import FORMATS, patch_document

#: How every mark of ours begins, so that it is told from what else stands in a resource.
MARK = "ifmatch "


@dataclass(frozen=True, slots=True)
class Invocation:
    """One operation before it is sent. `read` turns the answer of a bundle into that of its only entry."""

    kind: Kind
    request: Request
    base: str | None = None
    marker: str | None = None
    read: Callable[[Answer], Answer] = lambda answer: answer


def marks_in(resource: Resource | None, pointers: tuple[str, ...]) -> tuple[str, ...]:
    """The distinct marks of ours in a resource: more than one is a torn one."""
    found = (at(resource, pointer) for pointer in pointers)
    return tuple(dict.fromkeys(text for text in found if isinstance(text, str) and text.startswith(MARK)))


class Invocations:
    """Prepares invocations on the resources of one scenario."""

    def __init__(self, target: Target, bench: Workbench) -> None:
        self._target, self._bench = target, bench

    def update(self, subject: Subject, seen: Snapshot, named: bool = True) -> Invocation:
        """PUT of the resource with a mark of its own, from the version seen or naming none."""
        return self._of(subject, seen, named, Kind.UPDATE, lambda body, tag: self._put(subject, body, tag))

    def update_any(self, subject: Subject, seen: Snapshot) -> Invocation:
        """PUT of whatever version is current (If-Match: *)."""
        invocation = self._of(subject, seen, False, Kind.UPDATE, lambda body, _: self._put(subject, body, "*"))
        return Invocation(invocation.kind, invocation.request, ANY, invocation.marker)

    def transaction(self, subject: Subject, seen: Snapshot) -> Invocation:
        """The same update as the only entry of a transaction."""
        return self._bundled(subject, seen, Kind.TRANSACTION, "transaction")

    def batch(self, subject: Subject, seen: Snapshot) -> Invocation:
        """The same update as the only entry of a batch."""
        return self._bundled(subject, seen, Kind.BATCH, "batch")

    def patch(self, subject: Subject, seen: Snapshot, named: bool = True) -> Invocation:
        """PATCH of the mark alone, in the first format that the target offers."""
        marker = f"{MARK}{new_unique()}"
        chosen = next((f for f in FORMATS if self._bench.offers(f)), next(iter(FORMATS)))
        media_type = self._target.profile.media_type
        changes = dict.fromkeys(subject.kind.marks_to_set(seen.resource), marker)
        document = patch_document(chosen, subject.type, changes, media_type)
        request = self._target.write_request(
            "PATCH", _path(subject), document.content,
            if_match=seen.tag if named else (), media_type=document.media_type,
        )  # fmt: skip
        return Invocation(Kind.PATCH, request, seen.version if named else None, marker)

    def patch_own_element(self, subject: Subject, element: Mapping[str, Any]) -> Invocation:
        """PATCH that adds one identifier, naming no version: others may add theirs at the same time."""
        content = json.dumps([{"op": "add", "path": "/identifier/-", "value": dict(element)}]).encode()
        media_type = FORMATS["json-patch"][1] or ""
        request = self._target.write_request("PATCH", _path(subject), content, media_type=media_type)
        return Invocation(Kind.PATCH, request)

    def delete(self, subject: Subject, seen: Snapshot, named: bool = False) -> Invocation:
        """DELETE of the resource. Raises RuleNotApplicable for what is only lent to the run: that is never deleted."""
        if subject.kind.lent:
            raise RuleNotApplicable(f"{_path(subject)} is only lent to the run, so it is not deleted")
        headers = [("If-Match", seen.tag)] if named else []
        request = self._target.request("DELETE", _path(subject), headers=headers)
        return Invocation(Kind.DELETE, request, seen.version if named else None)

    def read(self, subject: Subject) -> Invocation:
        """GET of the resource."""
        return Invocation(Kind.READ, self._target.request("GET", _path(subject)))

    def history(self, subject: Subject) -> Invocation:
        """GET of the resource's history. No operation on the resource: its page is compared with the last one."""
        return Invocation(Kind.SEARCH, self._target.request("GET", f"{_path(subject)}/_history", headers=FRESH))

    def create_if_none(self, unique: str, criteria: str) -> Invocation:
        """POST on the condition that nothing matches the criteria."""
        body, marker = self._marked(self._bench.body(unique=unique)[0])
        request = self._target.write_request("POST", self._bench.kind.type, body)
        conditional = (*request.headers, ("If-None-Exist", _query(criteria)))
        return Invocation(Kind.CREATE, Request(request.method, request.url, conditional, request.body), marker=marker)

    def conditional_update(self, unique: str, criteria: str) -> Invocation:
        """PUT to whatever matches the criteria."""
        body, marker = self._marked(self._bench.body(unique=unique)[0])
        request = self._target.write_request("PUT", f"{self._bench.kind.type}?{_query(criteria)}", body)
        return Invocation(Kind.CONDITIONAL_UPDATE, request, marker=marker)

    def put_new(self, resource_id: str) -> Invocation:
        """PUT to an id that was never given out."""
        body, marker = self._marked(self._bench.body()[0])
        path = f"{self._bench.kind.type}/{resource_id}"
        request = self._target.write_request("PUT", path, {**body, "id": resource_id})
        return Invocation(Kind.UPDATE, request, marker=marker)

    # ------------------------------------------------------------ how they are made

    def _of(
        self, subject: Subject, seen: Snapshot, named: bool, kind: Kind, send: Callable[[Resource, str], Request]
    ) -> Invocation:
        body = self._bench.changed(subject, seen.resource)
        marker = at(body, subject.kind.marker)
        return Invocation(kind, send(body, seen.tag if named else ""), seen.version if named else None, str(marker))

    def _put(self, subject: Subject, body: Resource, tag: str) -> Request:
        return self._target.write_request("PUT", _path(subject), body, if_match=tag or ())

    def _bundled(self, subject: Subject, seen: Snapshot, kind: Kind, bundle_type: str) -> Invocation:
        def send(body: Resource, tag: str) -> Request:
            entry = {"resource": body, "request": {"method": "PUT", "url": _path(subject), "ifMatch": tag}}
            bundle = {"resourceType": "Bundle", "type": bundle_type, "entry": [entry]}
            return self._target.write_request("POST", "", bundle)

        invocation = self._of(subject, seen, True, kind, send)
        return Invocation(invocation.kind, invocation.request, invocation.base, invocation.marker, only_entry)

    def _marked(self, body: Resource) -> tuple[Resource, str]:
        marker = f"{MARK}{new_unique()}"
        for pointer in self._bench.kind.marks_to_set(body):
            body = put(body, pointer, marker)
        return body, marker


def only_entry(answer: Answer) -> Answer:
    """The answer to the only entry of a bundle (FHIR R4 http.html#transaction-response).

    A refused bundle speaks for itself.
    """
    entries: Any = (answer.resource or {}).get("entry")
    first = entries[0] if isinstance(entries, list) and entries and isinstance(entries[0], dict) else {}
    response = first.get("response")
    if not isinstance(response, dict):
        return answer
    status = str(response.get("status", ""))[:3]
    etag, location = response.get("etag"), response.get("location")
    headers = {"etag": etag if str(etag).endswith('"') else f'W/"{etag}"'} if etag else {}
    headers |= {"location": str(location)} if location else {}
    resource = first.get("resource")
    content = json.dumps(resource).encode() if isinstance(resource, dict) else b""
    return Answer(int(status) if status.isdigit() else answer.status, headers, content, answer.url, answer.exchange)


def _path(subject: Subject) -> str:
    return f"{subject.type}/{subject.id}"


def _query(criteria: str) -> str:
    pairs = (part.partition("=") for part in criteria.split("&"))
    return "&".join(f"{name}={quote(value, safe='|')}" for name, _, value in pairs)
