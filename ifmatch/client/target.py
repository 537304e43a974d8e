"""The target: FHIR interactions as calls, each one recorded, labelled and journalled."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ifmatch.client.access import authorizer_for, wire_to
from ifmatch.client.courier import Carrier, Courier
from ifmatch.client.exchange import Request
from ifmatch.client.freshness import Freshness
from ifmatch.client.identity import Identity
from ifmatch.client.ledger import Item, Ledger
from ifmatch.client.quota import Quota
from ifmatch.client.recorder import Recorder
from ifmatch.client.settings import Settings
from ifmatch.client.statement import Statement
from ifmatch.client.unique import new_uuid
from ifmatch.errors import RuleNotApplicable
from ifmatch.rules.answer import Answer, Effect, Resource
from ifmatch.rules.content import fill, placeholders_in
from ifmatch.rules.fhir_json import pruned
from ifmatch.rules.profile import Profile, ResourceKind

LABEL_SYSTEM = "urn:ifmatch:run"
#: What asks a server for an answer that comes from no cache (RFC 9111 section 5.2.1.4).
FRESH = {"Cache-Control": "no-cache"}


class Target:
    """A FHIR server under test, reached over HTTP in the names of one or two identities.

    `recorder` is given every exchange and journal entry. `wire` carries the requests; by default that is HTTP.
    """

    def __init__(
        self,
        settings: Settings,
        profile: Profile,
        run_id: str,
        recorder: Recorder,
        wire: Carrier | None = None,
    ) -> None:
        self.settings, self.profile = settings, profile
        self.run_id, self.recorder = run_id, recorder
        self.ledger = Ledger(recorder.journal)
        self.statement = Statement({}, "the capability statement was not read")
        self.canary: Answer | None = None
        self.patch_format = ""  # not known yet
        self.authorizer = authorizer_for(settings, recorder.redactor.learn, recorder.notice)
        self.freshness = Freshness(settings.base_url)
        self.quota = Quota(settings.limits, lambda: len(self.ledger), recorder.notice)
        self._courier = Courier(
            wire or wire_to(settings.base_url, settings),
            settings.base_url,
            recorder.exchange,
            recorder.notice,
            self.quota.take,
            self.authorizer,
        )

    def tell(self, text: str) -> None:
        """Say why it takes so long."""
        self.recorder.notice(text)

    # ------------------------------------------------------------ interactions

    def read(
        self,
        resource_type: str,
        resource_id: str,
        *,
        seen: str = "",
        compressed: bool = False,
        identity: Identity = Identity.FIRST,
    ) -> Answer:
        """GET [base]/[type]/[id]; `seen` is an entity tag for If-None-Match, `compressed` asks for gzip."""
        headers = {"If-None-Match": seen} if seen else {}
        headers |= {"Accept-Encoding": "gzip"} if compressed else {}
        return self.send(
            "GET", f"{resource_type}/{resource_id}", headers=headers, identity=identity
        )

    def vread(self, resource_type: str, resource_id: str, version: str) -> Answer:
        """GET [base]/[type]/[id]/_history/[vid]."""
        return self.send("GET", f"{resource_type}/{resource_id}/_history/{version}")

    def history(self, resource_type: str, resource_id: str) -> Answer:
        """GET [base]/[type]/[id]/_history, past any cache that a server may keep for it."""
        return self.send("GET", f"{resource_type}/{resource_id}/_history", headers=FRESH)

    def search(self, resource_type: str, criteria: str) -> Answer:
        """GET [base]/[type]?[criteria], past any cache that a server may keep for it."""
        return self.send("GET", f"{resource_type}?{query(criteria)}", headers=FRESH)

    def create(
        self, body: Resource | bytes, *, resource_type: str = "", unique: str = "", **options: Any
    ) -> Answer:
        """POST [base]/[type], journalled; the new resource is removed at the end of the run."""
        kind = resource_type or (body["resourceType"] if isinstance(body, dict) else "")
        item = self.ledger.intend(kind, unique)
        answer = self._write("POST", kind, body, **options)
        return self.settle_new(item, answer)

    def update(
        self,
        resource_type: str,
        resource_id: str,
        body: Resource | bytes,
        *,
        if_match: str | Sequence[str] = (),
        **options: Any,
    ) -> Answer:
        """PUT [base]/[type]/[id]; `if_match` is the header's value, or several values for several header lines."""
        item = None
        if self.ledger.find(resource_type, resource_id) is None:
            item = self.ledger.intend(resource_type, "", resource_id)
        answer = self._write(
            "PUT", f"{resource_type}/{resource_id}", body, if_match=if_match, **options
        )
        return self.settle(item, answer, resource_id) if item else answer

    def conditional_update(
        self, resource_type: str, criteria: str, body: Resource, *, unique: str, **options: Any
    ) -> Answer:
        """PUT [base]/[type]?[criteria], journalled as a possible create."""
        item = self.ledger.intend(resource_type, unique)
        answer = self._write("PUT", by_criteria(resource_type, criteria), body, **options)
        return self.settle_new(item, answer)

    def patch(
        self,
        resource_type: str,
        resource_id: str,
        body: bytes,
        media_type: str,
        *,
        if_match: str | Sequence[str] = (),
        **options: Any,
    ) -> Answer:
        """PATCH [base]/[type]/[id] with a patch document in one of the three formats."""
        address = f"{resource_type}/{resource_id}"
        return self.patch_at(address, body, media_type, if_match=if_match, **options)

    def patch_at(
        self, address: str, body: Resource | bytes, media_type: str, **options: Any
    ) -> Answer:
        """PATCH to an address below the base: of one resource, or criteria that find it."""
        return self._write("PATCH", address, body, media_type=media_type, **options)

    def post_bundle(self, body: Resource, **options: Any) -> Answer:
        """POST [base] with a Bundle. What it may create is for the caller to journal."""
        return self._write("POST", "", body, **options)

    def update_beside(self, body: Resource, *, if_match: str | Sequence[str] = ()) -> Answer:
        """PUT to an address of the same host that is certainly no FHIR end-point."""
        path = f"ifmatch-is-no-end-point/{body['resourceType']}/{new_uuid()}"
        return self._write("PUT", path, body, if_match=if_match, outside=True)

    def delete(
        self, resource_type: str, resource_id: str, *, if_match: str | Sequence[str] = ()
    ) -> Answer:
        """DELETE [base]/[type]/[id]; what is deleted need not be removed at the end.

        Raises RuleNotApplicable for a resource that is not ours: what is only lent to us is never deleted.
        """
        item = self.ledger.find(resource_type, resource_id)
        if item and item.original is not None:
            raise RuleNotApplicable(
                f"{resource_type}/{resource_id} is only lent to the run, so it is not deleted"
            )
        address = f"{resource_type}/{resource_id}"
        answer = self.send("DELETE", address, headers=_if_match(if_match))
        if item and (answer.effect is Effect.ACCEPTED or answer.status in (404, 410)):
            self.ledger.removed(item)
        return answer

    def conditional_delete(
        self, resource_type: str, criteria: str, *, if_match: str | Sequence[str] = ()
    ) -> Answer:
        """DELETE [base]/[type]?[criteria]. What is gone by it is not missed at the end."""
        address = by_criteria(resource_type, criteria)
        return self.send("DELETE", address, headers=_if_match(if_match))

    def labelled(self, kind: ResourceKind, body: Resource) -> Resource:
        """The body with the label of this run, so that whoever finds it knows whose it is."""
        if kind.label == "identifier":
            given = body.get("identifier", [])
            label = {"system": LABEL_SYSTEM, "value": self.run_id}
            return {**body, "identifier": [*(given if isinstance(given, list) else [given]), label]}
        meta = body.get("meta", {})
        return {
            **body,
            "meta": {
                **meta,
                "tag": [*meta.get("tag", []), {"system": LABEL_SYSTEM, "code": self.run_id}],
            },
        }

    # ------------------------------------------------------------ the wire

    def write_request(
        self,
        method: str,
        path: str,
        body: Resource | bytes,
        *,
        if_match: str | Sequence[str] = (),
        prefer: str | None = None,
        media_type: str = "",
        conditions: Sequence[tuple[str, str]] = (),
        identity: Identity = Identity.FIRST,
        outside: bool = False,
        as_it_is: bool = False,
    ) -> Request:
        """A write as it would be sent, complete: for those who send it themselves.

        `conditions` are headers that it depends on besides If-Match. A resource leaves as FHIR JSON allows it;
        `as_it_is` is for one that is meant to be wrong. Raises ValueError for one that holds a placeholder without a
        value.
        """
        preference = self.profile.prefer if prefer is None else prefer
        headers = [
            ("Content-Type", media_type or self.profile.media_type),
            *_if_match(if_match),
            *conditions,
        ]
        headers += [("Prefer", preference)] if preference else []
        content = body if isinstance(body, bytes) else self._as_json(body, as_it_is)
        return self.request(
            method, path, headers=headers, body=content, identity=identity, outside=outside
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        identity: Identity = Identity.FIRST,
        outside: bool = False,
    ) -> Request:
        """A request as it would be sent, with the headers that every request of ours carries, but for the identity's.

        `outside` takes the path from the root of the host instead of the base URL.
        """
        return Request(method, self._url(path, outside), self._headers(headers), body, identity)

    def _as_json(self, body: Resource, as_it_is: bool) -> bytes:
        left = placeholders_in(body) & self._placeholders
        if left:
            raise ValueError(f"a resource was to be sent with {{{min(left)}}} in place of a value")
        return _as_json(body if as_it_is else pruned(body))

    @property
    def _placeholders(self) -> set[str]:
        """The placeholders of all templates."""
        return set().union(*(kind.placeholders for kind in self.profile.resources.values()))

    def _write(self, method: str, path: str, body: Resource | bytes, **options: Any) -> Answer:
        return self._sent(self.write_request(method, path, body, **options))

    def _sent(self, request: Request) -> Answer:
        """The answer to a request. A look is repeated while it shows less than was acknowledged (see freshness.py)."""
        fresh, behind = self.freshness, 0
        if due := fresh.due(request):
            self.pause(due)
        answer = self._courier.send(request)
        for pause in fresh.patience:
            if request.is_write or not fresh.is_behind(request, answer):
                break
            behind += 1
            self.pause(pause)
            answer = self._courier.send(request)
        fresh.note(request, answer, behind)
        return answer

    def settle_new(self, item: Item, answer: Answer) -> Answer:
        """Note what became of what a request was to make, which may have found what we made before."""
        resource_id = item.id or answer.named_id
        known = self.ledger.find(item.type, resource_id) if resource_id else None
        if known not in (None, item):
            self.ledger.never_made(item)
            return answer
        return self.settle(item, answer, resource_id)

    def settle(self, item: Item, answer: Answer, resource_id: str) -> Answer:
        """Note what became of what a request was to make."""
        if answer.effect is Effect.ACCEPTED and resource_id:
            self.ledger.created(item, resource_id)
        elif answer.effect is Effect.REFUSED:
            self.ledger.never_made(item)
        return answer

    def send(self, method: str, path: str, **options: Any) -> Answer:
        """One request (see `request`) and its answer, recorded.

        Raises OutcomeUnknown when no usable answer came, TargetUnusable when the target is gone.
        """
        return self._sent(self.request(method, path, **options))

    def _url(self, path: str, outside: bool) -> str:
        base = (
            "/".join(self.settings.base_url.split("/")[:3]) if outside else self.settings.base_url
        )
        return f"{base}/{path}" if path else base

    def _headers(
        self, headers: Mapping[str, str] | Sequence[tuple[str, str]]
    ) -> tuple[tuple[str, str], ...]:
        unique = {"unique": new_uuid()}
        fixed = {"Accept": self.profile.media_type, **self.profile.headers, **self.settings.headers}
        given = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        replaced = {name.lower() for name, _ in given}
        fixed = {name: value for name, value in fixed.items() if name.lower() not in replaced}
        return (*((n, fill(v, unique)) for n, v in fixed.items()), *given)

    def pause(self, seconds: float) -> None:
        """Give the target time."""
        self._courier.pause(seconds)

    def close(self) -> None:
        """Close all connections."""
        self._courier.close()


def _if_match(tags: str | Sequence[str]) -> list[tuple[str, str]]:
    """The If-Match lines for one tag or several; an empty text is a header without a value."""
    return [("If-Match", tag) for tag in ([tags] if isinstance(tags, str) else tags)]


def _as_json(body: Resource) -> bytes:
    """A resource as UTF-8. Half of a surrogate pair, as a server may have it, can only be sent escaped."""
    try:
        return json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(body).encode()


def by_criteria(resource_type: str, criteria: str) -> str:
    """The address of whatever meets the criteria, below the base."""
    return f"{resource_type}?{query(criteria)}" if criteria else resource_type


def query(criteria: str) -> str:
    """The criteria of a search as they stand in a URL."""
    return "&".join(
        f"{n}={quote(v, safe='|')}"
        for n, _, v in (part.partition("=") for part in criteria.split("&"))
    )
