"""A Bundle of interactions: its entries as they are sent, and the answer to each (FHIR R4 http.html#transaction)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ifmatch.client.ledger import Item
from ifmatch.client.subject import identifiers
from ifmatch.client.target import Target
from ifmatch.rules.answer import Answer, Effect, Resource, objects_in
from ifmatch.rules.version import weak


@dataclass(frozen=True)
class Entry:
    """One interaction of a Bundle. `conditions` are the elements that stand for headers: ifMatch, ifNoneExist."""

    method: str
    url: str
    resource: Resource | None = None
    conditions: Mapping[str, str] = field(default_factory=dict)
    full_url: str = ""

    @property
    def may_create(self) -> bool:
        """Whether it may make a resource that was not there."""
        return self.method in ("POST", "PUT")

    @property
    def unique(self) -> str:
        """What makes the resource in it unique, where it has such an identifier."""
        return next(iter(identifiers(self.resource or {})), "")

    @property
    def as_json(self) -> Resource:
        """The entry as it stands in the Bundle."""
        content = {} if self.resource is None else {"resource": self.resource}
        name = {"fullUrl": self.full_url} if self.full_url else {}
        asked = {"method": self.method, "url": self.url, **self.conditions}
        return {**name, **content, **({"request": asked} if self.method else {})}


def send(target: Target, kind: str, entries: Sequence[Entry]) -> list[Answer]:
    """Send a batch or a transaction; the answer to each entry."""
    whole = send_whole(target, kind, entries)
    return [answer_to_entry(whole, place) for place in range(len(entries))]


def send_whole(target: Target, kind: str, entries: Sequence[Entry], **options: Any) -> Answer:
    """Send a batch or a transaction; the answer to all of it. What it may create is journalled first."""
    items = [_journalled(target, entry) for entry in entries]
    body = {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [entry.as_json for entry in entries],
    }
    whole = target.post_bundle(body, **options)
    for place, (item, entry) in enumerate(zip(items, entries, strict=True)):
        _settle(target, item, entry, answer_to_entry(whole, place))
    return whole


def _journalled(target: Target, entry: Entry) -> Item | None:
    """The item of the ledger for what an entry may make, change or delete; None for what was not ours to begin with."""
    address = entry.url.partition("?")[0]
    resource_type, _, resource_id = address.partition("/")
    known = target.ledger.find(resource_type, resource_id) if resource_id else None
    if known is not None or not entry.may_create:
        return known
    return target.ledger.intend(resource_type, entry.unique, resource_id)


def _settle(target: Target, item: Item | None, entry: Entry, answer: Answer) -> None:
    """Note what became of an item: made, never made, or deleted."""
    if item is None:
        return
    accepted = answer.effect is Effect.ACCEPTED
    if entry.method == "DELETE" and accepted:
        target.ledger.removed(item)
        return
    if not item.created:
        target.settle_new(item, answer)


def answer_to_entry(whole: Answer, place: int) -> Answer:
    """The answer to one entry of a Bundle. A refused Bundle is the answer to each."""
    if whole.effect is not Effect.ACCEPTED:
        return whole
    response = _response_at(whole, place)
    if response is None:
        return Answer(0, url=whole.url, exchange=whole.exchange, failure="no answer to this entry")
    status = str(response.get("status", ""))[:3]
    content = _content_at(whole, place)
    return Answer(
        status=int(status) if status.isdecimal() else 0,
        headers=_headers_of(response),
        content=b"" if content is None else json.dumps(content).encode(),
        url=whole.url,
        exchange=whole.exchange,
        failure="" if status.isdecimal() else "an entry without a status",
        is_entry=True,
    )


def _entry_at(whole: Answer, place: int) -> Resource:
    entries = objects_in((whole.resource or {}).get("entry"))
    return entries[place] if place < len(entries) else {}


def _response_at(whole: Answer, place: int) -> Resource | None:
    response = _entry_at(whole, place).get("response")
    return response if isinstance(response, dict) else None


def _content_at(whole: Answer, place: int) -> Resource | None:
    """What an entry shows: the resource, or the OperationOutcome of its response."""
    entry = _entry_at(whole, place)
    shown = entry.get("resource") or (_response_at(whole, place) or {}).get("outcome")
    return shown if isinstance(shown, dict) else None


def _headers_of(response: Mapping[str, Any]) -> dict[str, str]:
    """The headers that an entry would have had as an answer of its own. Some servers leave the quotes off an ETag."""
    etag, location = response.get("etag"), response.get("location")
    headers = {"etag": _quoted(str(etag)) if etag else "", "location": str(location or "")}
    return {name: value for name, value in headers.items() if value}


def _quoted(etag: str) -> str:
    return etag if etag.endswith('"') else weak(etag)
