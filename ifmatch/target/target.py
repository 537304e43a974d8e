"""The target: FHIR interactions as calls, each one recorded, labelled and journalled."""

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from ifmatch.errors import OutcomeUnknown, TargetUnusable
from ifmatch.rules.answer import Answer, Effect, Resource
from ifmatch.rules.content import fill
from ifmatch.rules.profile import Profile, ResourceKind
from ifmatch.target.exchange import Exchange, Failure, Request
from ifmatch.target.http import Wire
from ifmatch.target.ledger import Item, Ledger
from ifmatch.target.redaction import Redactor
from ifmatch.target.settings import Identity, Settings
from ifmatch.target.statement import Statement

LABEL_SYSTEM = "urn:ifmatch:run"
JSON_PATCH, XML_PATCH = "application/json-patch+json", "application/xml-patch+xml"

#: Seconds: the longest single wait that a Retry-After may ask of us, and how often in a row we wait for one request.
_LONGEST_WAIT, _MOST_WAITS = 60.0, 5

#: So many time-outs in a row, or one refused connection that a second try confirms, end the run.
_TIMEOUTS_TO_GIVE_UP = 3

#: Takes the name of an event and its fields.
Record = Callable[..., None]


class Target:
    """A FHIR server under test, reached over HTTP in the names of one or two identities.

    `record` is given every exchange and journal entry as an event, with secrets already removed.
    """

    def __init__(self, settings: Settings, profile: Profile, run_id: str, record: Record, prefix: str = "") -> None:
        self.settings, self.profile, self.run_id = settings, profile, run_id
        self.redactor = Redactor(settings.secrets)
        self.ledger = Ledger(lambda **fields: record("journal", **fields))
        self.statement = Statement({}, "the capability statement was not read")
        self._record, self._prefix = record, prefix
        self._wire = Wire(settings.tls(), settings.timeout, settings.through_proxy)
        self._count = self._timeouts = 0
        self.rule: str | None = None
        self.exchanges: list[str] = []

    # ------------------------------------------------------------ interactions

    def read(self, resource_type: str, resource_id: str, *, seen: str = "", identity: Identity = Identity.FIRST) -> Answer:
        """GET [base]/[type]/[id]; `seen` is an entity tag for If-None-Match."""
        headers = {"If-None-Match": seen} if seen else {}
        return self.send("GET", f"{resource_type}/{resource_id}", headers=headers, identity=identity)

    def history(self, resource_type: str, resource_id: str) -> Answer:
        """GET [base]/[type]/[id]/_history, past any cache that a server may keep for it."""
        return self.send("GET", f"{resource_type}/{resource_id}/_history", headers={"Cache-Control": "no-cache"})

    def search(self, resource_type: str, criteria: str) -> Answer:
        """GET [base]/[type]?[criteria], past any cache that a server may keep for it."""
        return self.send("GET", f"{resource_type}?{_query(criteria)}", headers={"Cache-Control": "no-cache"})

    def create(self, body: Resource | bytes, *, resource_type: str = "", unique: str = "", **options: Any) -> Answer:
        """POST [base]/[type], journalled; the new resource is removed at the end of the run."""
        kind = resource_type or (body["resourceType"] if isinstance(body, dict) else "")
        item = self.ledger.intend(kind, unique)
        answer = self._write("POST", kind, body, **options)
        return self._settle(item, answer, answer.location_id or (answer.resource or {}).get("id", ""))

    def update(self, resource_type: str, resource_id: str, body: Resource | bytes, *, if_match: str | Sequence[str] = (), **options: Any) -> Answer:
        """PUT [base]/[type]/[id]; `if_match` is the header's value, or several values for several header lines."""
        item = None
        if self.ledger.find(resource_type, resource_id) is None:
            item = self.ledger.intend(resource_type, "", resource_id)
        answer = self._write("PUT", f"{resource_type}/{resource_id}", body, if_match=if_match, **options)
        return self._settle(item, answer, resource_id) if item else answer

    def conditional_update(self, resource_type: str, criteria: str, body: Resource, *, unique: str, **options: Any) -> Answer:
        """PUT [base]/[type]?[criteria], journalled as a possible create."""
        item = self.ledger.intend(resource_type, unique)
        answer = self._write("PUT", f"{resource_type}?{_query(criteria)}", body, **options)
        resource_id = answer.location_id or (answer.resource or {}).get("id", "")
        if resource_id and self.ledger.find(resource_type, resource_id):
            self.ledger.never_made(item)
            return answer
        return self._settle(item, answer, resource_id)

    def patch(self, resource_type: str, resource_id: str, body: bytes, media_type: str, *, if_match: str | Sequence[str] = (), **options: Any) -> Answer:
        """PATCH [base]/[type]/[id] with a patch document in one of the three formats."""
        return self._write("PATCH", f"{resource_type}/{resource_id}", body, if_match=if_match, media_type=media_type, **options)

    def update_beside(self, body: Resource, *, if_match: str | Sequence[str] = ()) -> Answer:
        """PUT to an address of the same host that is certainly no FHIR end-point."""
        path = f"ifmatch-is-no-end-point/{body['resourceType']}/{uuid.uuid4()}"
        return self._write("PUT", path, body, if_match=if_match, outside=True)

    def delete(self, resource_type: str, resource_id: str, *, if_match: str = "") -> Answer:
        """DELETE [base]/[type]/[id]; what is deleted need not be removed at the end."""
        headers = [("If-Match", if_match)] if if_match else []
        answer = self.send("DELETE", f"{resource_type}/{resource_id}", headers=headers)
        item = self.ledger.find(resource_type, resource_id)
        if item and (answer.effect is Effect.ACCEPTED or answer.status in (404, 410)):
            self.ledger.removed(item)
        return answer

    def labelled(self, kind: ResourceKind, body: Resource) -> Resource:
        """The body with the label of this run, so that whoever finds it knows whose it is."""
        if kind.label == "identifier":
            given = body.get("identifier", [])
            label = {"system": LABEL_SYSTEM, "value": self.run_id}
            return {**body, "identifier": [*(given if isinstance(given, list) else [given]), label]}
        meta = body.get("meta", {})
        return {**body, "meta": {**meta, "tag": [*meta.get("tag", []), {"system": LABEL_SYSTEM, "code": self.run_id}]}}

    # ------------------------------------------------------------ the wire

    def write_request(
        self, method: str, path: str, body: Resource | bytes, *, if_match: str | Sequence[str] = (), prefer: str | None = None,
        media_type: str = "", identity: Identity = Identity.FIRST, outside: bool = False,
    ) -> Request:
        """A write as it would be sent, complete: for those who send it themselves."""
        tags = [if_match] if isinstance(if_match, str) else if_match
        preference = self.profile.prefer if prefer is None else prefer
        headers = [("Content-Type", media_type or self.profile.media_type), *(("If-Match", tag) for tag in tags)]
        headers += [("Prefer", preference)] if preference else []
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        return self.request(method, path, headers=headers, body=content, identity=identity, outside=outside)

    def request(
        self, method: str, path: str, *, headers: Mapping[str, str] | Sequence[tuple[str, str]] = (), body: bytes = b"",
        identity: Identity = Identity.FIRST, outside: bool = False,
    ) -> Request:
        """A request as it would be sent, with the headers that every request of ours carries."""
        return Request(method, self._url(path, outside), self._headers(headers, identity), body)

    def _write(self, method: str, path: str, body: Resource | bytes, **options: Any) -> Answer:
        return self._sent(self.write_request(method, path, body, **options))

    def _settle(self, item: Item, answer: Answer, resource_id: str) -> Answer:
        if answer.effect is Effect.ACCEPTED and resource_id:
            self.ledger.created(item, resource_id)
        elif answer.effect is Effect.REFUSED:
            self.ledger.never_made(item)
        return answer

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str] | Sequence[tuple[str, str]] = (), body: bytes = b"",
        identity: Identity = Identity.FIRST, outside: bool = False,
    ) -> Answer:
        """One request and its answer, recorded. 429, and 503 with Retry-After, are waited out; connect errors of reads tried again.

        `outside` takes the path from the root of the host instead of the base URL.
        Raises OutcomeUnknown when no usable answer came, TargetUnusable when the target is gone.
        """
        return self._sent(self.request(method, path, headers=headers, body=body, identity=identity, outside=outside))

    def _sent(self, request: Request) -> Answer:
        method = request.method
        for _ in range(_MOST_WAITS):
            exchange, answer = self._once(request)
            if exchange.failure is not None:
                answer = self._after_failure(exchange)
            self._timeouts = 0
            wait = _asked_to_wait(answer)
            if wait is None:
                return answer
            time.sleep(min(wait, _LONGEST_WAIT))
        raise OutcomeUnknown(f"{method} {request.url} was put off {_MOST_WAITS} times with {answer.status}; the target is too busy to judge")

    def _once(self, request: Request) -> tuple[Exchange, Answer]:
        exchange = self._wire.send(request)
        return exchange, self.noted(exchange)

    def noted(self, exchange: Exchange, event: str = "exchange", **more: Any) -> Answer:
        """Put an exchange into the evidence, and read its answer."""
        self._count += 1
        exchange_id = f"{self._prefix}{self._count}"
        if event == "exchange":
            self.exchanges.append(exchange_id)
        self._record(event, id=exchange_id, rule=self.rule, **self._evidence(exchange), **more)
        return exchange.answer(exchange_id)

    def _after_failure(self, exchange: Exchange) -> Answer:
        failure, request = exchange.failure or Failure.RESET, exchange.request
        if failure.never_sent:
            time.sleep(0.5)
            again, answer = self._once(request)
            if again.failure is None:
                return answer
            raise TargetUnusable(unreachable(again.failure, self.settings.base_url, self.redactor.text(again.detail)))
        self._timeouts = self._timeouts + 1 if failure is Failure.TIMEOUT else 0
        if self._timeouts >= _TIMEOUTS_TO_GIVE_UP:
            raise TargetUnusable(
                f"{self.settings.base_url} has not answered {self._timeouts} requests in a row within {self.settings.timeout:g} s each. "
                "It hangs, or needs more time: set timeout in the target file."
            )
        raise OutcomeUnknown(self.redactor.text(f"{request.method} {request.url}: {failure}: {exchange.detail}"))

    def _url(self, path: str, outside: bool) -> str:
        base = "/".join(self.settings.base_url.split("/")[:3]) if outside else self.settings.base_url
        return f"{base}/{path}" if path else base

    def _headers(self, headers: Mapping[str, str] | Sequence[tuple[str, str]], identity: Identity) -> tuple[tuple[str, str], ...]:
        unique = {"unique": str(uuid.uuid4())}
        fixed = {"Accept": self.profile.media_type, **self.profile.headers, **self.settings.headers}
        credential = self.settings.credentials.get(identity)
        given = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        authorization = [("Authorization", credential)] if credential else []
        return (*((n, fill(v, unique)) for n, v in fixed.items()), *authorization, *given)

    def _evidence(self, exchange: Exchange) -> dict[str, Any]:
        # Texts are cleared of secrets by the log; the values of headers that carry credentials go whole, here.
        response = exchange.response
        return {
            "started": exchange.started.isoformat(),
            "duration_ms": exchange.duration_ms,
            "request": {
                "method": exchange.request.method,
                "url": exchange.request.url,
                "headers": self.redactor.headers(exchange.request.headers),
                "body": exchange.request.body.decode("utf-8", "replace"),
            },
            "response": response and {
                "status": response.status,
                "reason": response.reason,
                "http_version": response.http_version,
                "headers": self.redactor.headers(response.headers),
                "body": response.body.decode("utf-8", "replace"),
            },
            "failure": f"{exchange.failure}: {exchange.detail}" if exchange.failure else None,
        }

    def close(self) -> None:
        """Close all connections."""
        self._wire.close()


#: What it means when no connection can be had, and what to do.
_UNREACHABLE: Mapping[Failure, str] = {
    Failure.NO_HOST: "There is no host for {url} ({detail}). Check the address, or the network and its proxy settings.",
    Failure.REFUSED: "Nothing answers at {url} ({detail}). Start the server, or check host and port.",
    Failure.TLS: "No TLS connection to {url} can be had ({detail}). If its certificate is from an authority of your own, name it as ca_file under [tls] in the target file.",
    Failure.TIMEOUT: "{url} did not answer in time ({detail}). It hangs, or needs more time: set timeout in the target file.",
    Failure.RESET: "{url} breaks off the connection ({detail}). It may not speak HTTP there, or a proxy stands between.",
    Failure.TOO_LARGE: "{url} sends {detail} in one answer, which no FHIR answer to these requests needs. Check the address.",
}


def unreachable(failure: Failure, url: str, detail: str) -> str:
    """The sentence for a target that gives no usable answer at all."""
    return _UNREACHABLE[failure].format(url=url, detail=detail)


def _query(criteria: str) -> str:
    return "&".join(f"{n}={quote(v, safe='|')}" for n, _, v in (part.partition("=") for part in criteria.split("&")))


def _asked_to_wait(answer: Answer) -> float | None:
    """Seconds that the target asks us to wait before it takes the request, None when it took it (RFC 6585, RFC 9110 section 10.2.3)."""
    asked = answer.header("retry-after")
    if answer.status == 429 or (answer.status == 503 and asked is not None):
        return _seconds(asked or "1")
    return None


def _seconds(value: str) -> float:
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return 1.0


def with_overrides(profile: Profile, resources: Mapping[str, Mapping[str, Any]]) -> Profile:
    """The profile with the resource kinds changed as the target file says."""
    kinds = dict(profile.resources)
    for name, override in resources.items():
        parts = {k: json.loads(v) if k in ("body", "change") else tuple(v) if k == "ids" else v for k, v in override.items()}
        kinds[name] = replace(kinds[name], **parts) if name in kinds else ResourceKind(type=name, **parts)
    return replace(profile, resources=kinds)
