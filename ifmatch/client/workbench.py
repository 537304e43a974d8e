"""Resources of ours to test on: how they are had, changed, looked at, and removed again."""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ifmatch.client.ledger import Item
from ifmatch.client.redaction import REDACTED
from ifmatch.client.target import Target
from ifmatch.errors import ConfigurationError, OutcomeUnknown, RuleNotApplicable, SetupFailed, TargetUnusable
from ifmatch.rules.answer import Answer, Effect, Resource, instant
from ifmatch.rules.case import Case
from ifmatch.rules.content import at, differences, fill, merge, placeholders_in, put
from ifmatch.rules.expectation import Expectation, describe
from ifmatch.rules.profile import ResourceKind
from ifmatch.rules.version import weak

#: The system of the identifiers by which the profiles' templates make each resource unique.
IDENTIFIER_SYSTEM = "urn:ifmatch:identifier"


@dataclass(frozen=True)
class Snapshot:
    """A resource as a reader saw it: content, version, time, and the versions its history lists (None: no history)."""

    answer: Answer
    resource: Resource
    history: tuple[str, ...] | None

    @property
    def version(self) -> str:
        """The version, for comparison only. Empty when the server reveals none."""
        return self.answer.version or ""

    @property
    def tag(self) -> str:
        """The entity tag for an If-Match: the server's own, else made from meta.versionId.

        Raises SetupFailed when the server reveals no version at all.
        """
        if self.answer.etag:
            return self.answer.etag
        if self.version:
            return weak(self.version)
        raise SetupFailed(
            "the read reveals no version: it has neither an ETag nor a meta.versionId to base an update on"
        )

    @property
    def last_updated(self) -> object:
        """meta.lastUpdated as sent."""
        return self.answer.meta.get("lastUpdated")

    def changes_to(self, later: "Snapshot") -> list[str]:
        """What is different in a later snapshot, in words; empty when nothing happened in between."""
        found = differences(self.resource, later.resource)
        if self.version != later.version:
            found.append(f"the version is {later.version}, not {self.version}")
        if self.last_updated != later.last_updated:
            found.append(f"lastUpdated is {later.last_updated}, not {self.last_updated}")
        # The order of a history, and how much of it is listed, may change with nothing written: what is new counts.
        known = {*(self.history or ()), self.version}
        more = tuple(version for version in later.history or () if version not in known)
        if self.history is not None and more:
            found.append(f"the history has {_listed(more)} besides {_listed(self.history)}")
        return found


@dataclass
class Subject:
    """A resource of ours on the target: as it was first read (`read`), and as it was when last looked at (`now`)."""

    kind: ResourceKind
    id: str
    unique: str
    sent: Resource
    read: Snapshot
    now: Snapshot = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.read

    @property
    def type(self) -> str:
        """The resource type."""
        return self.kind.type


@dataclass(frozen=True)
class Attempt:
    """A write that was tried: what was sent and what the server answered."""

    answer: Answer
    sent: Resource

    @property
    def id(self) -> str:
        """The id of what was written: as the answer tells it, else as it was sent. Empty when neither does."""
        return self.answer.named_id or self.sent.get("id", "")


class Workbench:
    """Makes and keeps the resources of one scenario."""

    def __init__(self, target: Target, resource_type: str, history: bool = True) -> None:
        """With `history` a snapshot has the versions that the history lists.

        A race leaves that to its end: some servers keep the length of a history for a while once it was asked for.
        """
        self.target, self._history = target, history
        self.kind = self.kind_of(resource_type)
        self._lent: set[str] = set()

    def kind_of(self, resource_type: str) -> ResourceKind:
        """The profile's template for a type. Raises SetupFailed when it has none."""
        kind = self.target.profile.resources.get(resource_type)
        if kind is None:
            raise SetupFailed(f"the profile {self.target.profile.id} has no template for {resource_type}")
        return kind

    # ------------------------------------------------------------ bodies

    def body(self, kind: ResourceKind | None = None, unique: str = "") -> tuple[Resource, str]:
        """A fresh valid body of a kind, labelled, and the text that is unique to it."""
        kind = kind or self.kind
        unique = unique or new_unique()
        return self.target.labelled(kind, self._filled(kind.body, unique)), unique

    def changed(self, subject: Subject, base: Resource | None = None) -> Resource:
        """The resource as an ordinary update would send it: its content with a new mark in it."""
        seen = merge(base or subject.now.resource, {"meta": {"versionId": None, "lastUpdated": None}})
        changed: Resource = merge(seen, self._filled(subject.kind.change, subject.unique))
        mark = f"ifmatch {new_unique()}"
        for pointer in subject.kind.marks_to_set(changed):
            changed = put(changed, pointer, mark)
        return changed

    def _filled(self, template: Any, unique: str) -> Any:
        values = {"unique": unique, "run": self.target.run_id, **self.target.settings.placeholders}
        missing = _unfilled(template, self.target)
        if missing:
            raise SetupFailed(f"the template of {self.kind.type} needs {missing}")
        return fill(template, values)

    def some_tag(self) -> str | tuple[()]:
        """An entity tag for a write to what does not exist, where the system demands one of every write; else none.

        Without it a refusal would be about the missing tag, not about the address.
        """
        promise = self.target.profile.promise("update.if-match.missing")
        return weak("1") if isinstance(promise, Expectation) and promise.outcome is Effect.REFUSED else ()

    # ------------------------------------------------------------ making

    def make(self, kind: ResourceKind | None = None, unique: str = "") -> Subject:
        """A resource on the target, had as the profile says: created, put under an id of ours, or lent to us."""
        kind = kind or self.kind
        return _HOW[kind.how](self, kind, unique)

    def _create(self, kind: ResourceKind, unique: str) -> Subject:
        body, unique = self.body(kind, unique)
        answer = self._set_up(lambda: self.target.create(body, unique=unique))
        resource_id = answer.named_id
        if not resource_id:
            raise SetupFailed(f"the create of a {kind.type} tells no id: neither in Location nor in a body")
        return self._subject(kind, resource_id, unique, body)

    def _put(self, kind: ResourceKind, unique: str) -> Subject:
        body, unique = self.body(kind, unique)
        resource_id = new_unique()
        body = {**body, "id": resource_id}
        self._set_up(lambda: self.target.update(kind.type, resource_id, body))
        return self._subject(kind, resource_id, unique, body)

    def _borrow(self, kind: ResourceKind, unique: str) -> Subject:
        # Two of one scenario must be two: else a write to the one would be taken for a change of the other.
        free = [name for name in kind.ids if name not in self._lent]
        if not free:
            lent = f"{len(kind.ids)} {kind.type}" if kind.ids else f"no {kind.type}"
            raise RuleNotApplicable(f"the target file lends {lent}, and this rule needs one more")
        resource_id = free[0]
        self._lent.add(resource_id)
        seen = self._look(kind.type, resource_id)
        if self.target.ledger.find(kind.type, resource_id) is None:
            item = self.target.ledger.intend(kind.type, "", resource_id, original=seen.resource)
            self.target.ledger.created(item, resource_id)
        return Subject(kind, resource_id, unique or new_unique(), seen.resource, seen)

    def _subject(self, kind: ResourceKind, resource_id: str, unique: str, body: Resource) -> Subject:
        return Subject(kind, resource_id, unique, body, self._look(kind.type, resource_id))

    def _set_up(self, request: Callable[[], Answer]) -> Answer:
        try:
            answer = request()
        except OutcomeUnknown as unknown:
            raise SetupFailed(f"set-up: {unknown}") from None
        if answer.effect is not Effect.ACCEPTED:
            raise SetupFailed(f"set-up: {answer.url} answered {describe(answer)}{_why(answer)}")
        return answer

    # ------------------------------------------------------------ changing and looking

    def update(self, subject: Subject, base: Snapshot | None = None) -> Attempt:
        """An ordinary update of set-up, from the current version; it must be accepted, and `now` follows it.

        Raises SetupFailed when it is not.
        """
        seen = base or subject.now
        body = self.changed(subject, seen.resource)
        answer = self._set_up(lambda: self.target.update(subject.type, subject.id, body, if_match=seen.tag))
        subject.now = self.look(subject)
        return Attempt(answer, body)

    def look(self, subject: Subject) -> Snapshot:
        """The resource as it is on the server at this moment."""
        return self._look(subject.type, subject.id)

    def _look(self, resource_type: str, resource_id: str) -> Snapshot:
        answer = self._set_up(lambda: self.target.read(resource_type, resource_id))
        if answer.resource is None:
            raise SetupFailed(f"a read of {resource_type}/{resource_id} gave {describe(answer)} instead of a resource")
        return Snapshot(answer, answer.resource, self._versions(resource_type, resource_id))

    def _versions(self, resource_type: str, resource_id: str) -> tuple[str, ...] | None:
        if not self._history or not self.offers("history-instance", resource_type):
            return None
        answer = self.target.history(resource_type, resource_id)
        if answer.status != 200 or answer.resource is None:
            return None
        return tuple(_version_of(resource) or "" for resource in entries(answer))

    def made_of(self, attempt: Attempt) -> list[str]:
        """The ids of resources that came of an attempt, found by its unique identifier where the target can search.

        What is found is entered into the ledger, so that it is removed.
        """
        resource_type, uniques = attempt.sent["resourceType"], _identifiers(attempt.sent)
        ids = self.found(resource_type, uniques[0]) if uniques else []
        for resource_id in ids:
            if self.target.ledger.find(resource_type, resource_id) is None:
                self.target.ledger.created(
                    self.target.ledger.intend(resource_type, uniques[0], resource_id), resource_id
                )
        return ids

    def found(self, resource_type: str, unique: str) -> list[str]:
        """The ids of the resources with a unique identifier, as a search tells; none where the target cannot search."""
        if not self.offers("search-type", resource_type):
            return []
        answer = self.target.search(resource_type, f"identifier={IDENTIFIER_SYSTEM}|{unique}")
        # Some servers ignore what they cannot search by and list everything: count only what is ours.
        return [resource["id"] for resource in entries(answer) if unique in _identifiers(resource)]

    def offers(self, interaction: str, resource_type: str = "") -> bool:
        """Whether neither the system's texts nor the target's statement rule an interaction out."""
        kind = resource_type or self.kind.type
        return (
            self.target.profile.offers(interaction) is not False
            and self.target.statement.claims(interaction, kind) is not False
        )

    def version_by_search(self, subject: Subject) -> str:
        """The meta.versionId that a search by `_id` shows. A search index may lag, so it is asked for a few seconds.

        Raises SetupFailed when the resource is not found, or found without a version.
        """
        for pause in (0, 0.5, 1, 2):
            time.sleep(pause)
            for resource in entries(self.target.search(subject.type, f"_id={subject.id}")):
                if resource.get("id") == subject.id:
                    version = _version_of(resource)
                    if version is None:
                        raise SetupFailed("a search shows no meta.versionId")
                    return version
        raise SetupFailed(f"a search by _id does not find {subject.type}/{subject.id}")

    def let_the_clock_move(self, subject: Subject) -> None:
        """Wait until a time stamp of the server's can differ from the last one: servers may keep whole seconds only."""
        last = instant(subject.now.last_updated)
        time.sleep(1.1 if last is None or last.microsecond == 0 else 0.02)

    # ------------------------------------------------------------ demanding

    def demand_unchanged(self, case: Case, subject: Subject) -> None:
        """The resource must be as it was when last looked at: content, version, time and history."""
        changes = subject.now.changes_to(self.look(subject))
        case.state(not changes, "resource unchanged", f"resource changed ({'; '.join(changes)})")

    def demand_mark(self, case: Case, subject: Subject, attempt: Attempt) -> None:
        """What an accepted write sent must be there; a refused one is for others to judge."""
        if attempt.answer.effect is not Effect.ACCEPTED:
            return
        stored = self.look(subject).resource
        marker = subject.kind.marker
        held = (
            at(stored, marker) == at(attempt.sent, marker) if marker else not self.holds(subject, attempt.sent, stored)
        )
        case.state(
            held, "what was sent is stored", f"{marker} is {at(stored, marker)!r}, not {at(attempt.sent, marker)!r}"
        )

    def demand_consistent(self, case: Case, subject: Subject, attempt: Attempt) -> None:
        """The resource must tell the same story as the answer: changed when accepted, untouched when refused."""
        demand = {
            Effect.ACCEPTED: lambda: self.demand_mark(case, subject, attempt),
            Effect.REFUSED: lambda: self.demand_unchanged(case, subject),
        }.get(attempt.answer.effect)
        if demand:
            demand()

    # ------------------------------------------------------------ comparing

    def holds(self, subject: Subject, sent: Resource, stored: Resource) -> list[str]:
        """In what a stored resource differs from what was sent, but for the additions that the profile names."""
        return differences(sent, stored, subject.kind.server_adds)


_HOW: dict[str, Callable[[Workbench, ResourceKind, str], Subject]] = {
    "create": Workbench._create,
    "create-by-put": Workbench._put,
    "existing": Workbench._borrow,
}


def demand_template(target: Target) -> None:
    """See that the resource that most rules work on can be had, before a hundred scenarios fail of it.

    Raises ConfigurationError when the target file leaves out what only it can tell.
    """
    profile = target.profile
    kind = profile.resources[profile.subject]
    if kind.lent and not kind.ids:
        raise ConfigurationError(
            f"{profile.subject} is to be had as existing ones, but none is named: give ids under "
            f"[resources.{kind.type}] in the target file."
        )
    missing = _unfilled([kind.body, kind.change], target)
    if missing:
        raise ConfigurationError(f"The template of {kind.type} in the profile {profile.id} needs {missing}.")
    try:
        if kind.marker and not kind.lent:
            put(merge(kind.body, kind.change), kind.marker, "")
    except KeyError as error:
        raise ConfigurationError(
            f"resources.{kind.type}.marker: {error.args[0]}. It must lead to an element of the body."
        ) from None


def _unfilled(template: Any, target: Target) -> str:
    """The placeholder of a template that nobody has given a value for, and where to give it; else nothing."""
    missing = placeholders_in(template) - {"unique", "run", *target.settings.placeholders}
    name = min(missing, default="")
    return name and f"{{{name}}}: give it as {name} under [placeholders] in the target file"


def new_unique() -> str:
    """A text that stands nowhere else: 32 hexadecimal digits, so also a valid FHIR id."""
    return uuid.uuid4().hex


def entries(answer: Answer) -> list[Resource]:
    """The resources in a Bundle; entries without one, such as deletes in a history, are left out."""
    listed = (answer.resource or {}).get("entry")
    found = [entry.get("resource") for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return [resource for resource in found if isinstance(resource, dict)]


def _listed(versions: tuple[str, ...] | None) -> str:
    return ", ".join(versions or ()) or "nothing"


def _identifiers(resource: Resource) -> list[str]:
    """The values of the identifiers that the suite gave to a resource."""
    listed = resource.get("identifier")
    listed = listed if isinstance(listed, list) else [listed]
    return [str(i.get("value")) for i in listed if isinstance(i, dict) and i.get("system") == IDENTIFIER_SYSTEM]


def _version_of(resource: Resource) -> str | None:
    meta = resource.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return None if version is None else str(version)


def _why(answer: Answer) -> str:
    texts = [str(i.get("diagnostics") or (i.get("details") or {}).get("text") or "") for i in answer.issues]
    said = "; ".join(filter(None, texts)) or ("" if answer.body.value != "text" else answer.text)
    return f": {said[:300]}" if said else ""


#: Seconds after which tidying up says how far it is.
_TOLD_EVERY = 2.0


#: Why something stays when the user did not wait for the end.
INTERRUPTED = "tidying up was interrupted"


def sweep(target: Target) -> bool:
    """Remove what the run made, the newest first, and restore what it borrowed. Never judges.

    What stays goes into the journal with the reason. Ctrl-C ends it; returns whether that happened.
    """
    items, end, told = target.ledger.open_items(), "", time.monotonic()
    for number, item in enumerate(items):
        if not end and time.monotonic() - told > _TOLD_EVERY:
            target.tell(f"tidying up: {number} of {len(items)} done; Ctrl-C leaves the rest")
            told = time.monotonic()
        try:
            reason = end or _put_right_twice(target, item)
        except OutcomeUnknown as error:
            reason = str(error)
        except TargetUnusable:
            reason = end = "the target does not answer any more"
        except KeyboardInterrupt:
            reason = end = INTERRUPTED
        if reason:
            target.ledger.left(item, reason)
    return end is INTERRUPTED


def _put_right_twice(target: Target, item: Item) -> str:
    """A connection may be dropped under a removal, and unlike a test, a removal may be sent again."""
    try:
        return _put_right(target, item)
    except OutcomeUnknown:
        return _put_right(target, item)


def _put_right(target: Target, item: Item) -> str:
    """Restore or remove one item; the reason why it stays, or nothing."""
    if item.original is not None:
        return _restore(target, item)
    if target.profile.offers("delete") is False:
        return f"{target.profile.title} has no delete"
    return _remove(target, item) if item.id else _find_and_remove(target, item)


def _find_and_remove(target: Target, item: Item) -> str:
    """Remove what a request without a usable answer may have made, by the identifier that only it carries."""
    if not item.unique or target.profile.offers("search-type") is False:
        return "it may exist: the request that may have made it was answered without an id"
    for pause in (0, 1):  # the index of a search may lag behind
        time.sleep(pause)
        answer = target.search(item.type, f"identifier={IDENTIFIER_SYSTEM}|{item.unique}")
        if answer.effect is not Effect.ACCEPTED or answer.resource is None:
            return f"it may exist, and the search for its identifier was answered {describe(answer)}"
        found = [
            resource for resource in entries(answer) if item.unique in _identifiers(resource) and resource.get("id")
        ]
        if found:
            target.ledger.created(item, str(found[0]["id"]))
            return _remove(target, item)
    target.ledger.removed(item, "not found")
    return ""


def _remove(target: Target, item: Item) -> str:
    answer = target.delete(item.type, item.id)
    if target.ledger.find(item.type, item.id):
        seen = target.read(item.type, item.id)
        if seen.status in (404, 410):
            target.ledger.removed(item)
            return ""
        # Some servers delete only the version that is named.
        answer = target.delete(item.type, item.id, if_match=seen.etag or (weak(seen.version) if seen.version else "*"))
    return f"its delete was answered {describe(answer)}" if target.ledger.find(item.type, item.id) else ""


def _restore(target: Target, item: Item) -> str:
    if REDACTED in json.dumps(item.original):
        return "its content could not be restored: what is known of it has a secret taken out"
    seen = target.read(item.type, item.id)
    body = {**(item.original or {}), "id": item.id}
    answer = target.update(item.type, item.id, body, if_match=seen.etag or (weak(seen.version) if seen.version else ()))
    if answer.effect is not Effect.ACCEPTED:
        return f"its content could not be restored: {describe(answer)}"
    target.ledger.removed(item, "restored")
    return ""
