"""Makes the resources that a scenario works on, changes them, and looks at what became of them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ifmatch.client.subject import (
    IDENTIFIER_SYSTEM,
    Attempt,
    Snapshot,
    Subject,
    entries,
    identifiers,
    is_bundle,
    version_of,
)
from ifmatch.client.target import Target
from ifmatch.client.template import changed_body, filled, fresh_body
from ifmatch.client.unique import new_unique
from ifmatch.errors import OutcomeUnknown, RuleNotApplicable, SetupFailed
from ifmatch.rules.answer import Answer, Body, Effect, Resource, instant
from ifmatch.rules.expectation import Expectation, describe
from ifmatch.rules.profile import ResourceKind
from ifmatch.rules.version import weak

__all__ = ["Attempt", "Snapshot", "Subject", "Workbench", "new_unique"]


#: What is answered of a resource that is not there, or not any more (FHIR R4 http.html#read).
_GONE = (404, 410)


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
            raise SetupFailed(
                f"the profile {self.target.profile.id} has no template for {resource_type}"
            )
        return kind

    # ------------------------------------------------------------ bodies

    def body(self, kind: ResourceKind | None = None, unique: str = "") -> tuple[Resource, str]:
        """A fresh valid body of a kind, labelled, and the text that is unique to it."""
        unique = unique or new_unique()
        return fresh_body(self.target, kind or self.kind, unique), unique

    def changed(self, subject: Subject, base: Resource | None = None) -> Resource:
        """The resource as an ordinary update would send it: its content with a new mark in it."""
        return changed_body(self.target, subject, base or subject.now.resource)

    def filled(self, template: Resource, unique: str, kind: ResourceKind | None = None) -> Resource:
        """A part of a template with its placeholders filled."""
        part: Resource = filled(self.target, kind or self.kind, template, unique)
        return part

    def criteria(self, name: str, unique: str) -> str:
        """The criteria of that name, which find the resource with a unique text.

        Raises RuleNotApplicable when the profile knows none.
        """
        template = self.kind.criteria.get(name)
        if template is None:
            raise RuleNotApplicable(f"the profile finds no {self.kind.type} by {name}")
        found: str = filled(self.target, self.kind, template, unique)
        return found

    def some_tag(self) -> str | tuple[()]:
        """An entity tag for a write to what does not exist, where the system demands one of every write; else none.

        Without it a refusal would be about the missing tag, not about the address.
        """
        promise = self.target.profile.promise("update.if-match.missing")
        is_demanded = isinstance(promise, Expectation) and promise.outcome is Effect.REFUSED
        return weak("1") if is_demanded else ()

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
            raise OutcomeUnknown(
                f"the create of a {kind.type} gives no id: neither in Location nor in a body"
            )
        return self._subject(kind, resource_id, unique, body)

    def _put(self, kind: ResourceKind, unique: str) -> Subject:
        body, unique = self.body(kind, unique)
        resource_id = new_unique()
        body = {**body, "id": resource_id}
        self._set_up(lambda: self.target.update(kind.type, resource_id, body))
        return self._subject(kind, resource_id, unique, body)

    def _borrow(self, kind: ResourceKind, unique: str) -> Subject:
        resource_id = self._next_lent(kind)
        seen = self._look(kind.type, resource_id)
        ledger = self.target.ledger
        if ledger.find(kind.type, resource_id) is None:
            item = ledger.intend(kind.type, "", resource_id, original=seen.resource)
            ledger.created(item, resource_id)
        return Subject(kind, resource_id, unique or new_unique(), seen.resource, seen)

    def _next_lent(self, kind: ResourceKind) -> str:
        """Two of one scenario must be two: else a write to the one would be taken for a change of the other."""
        free = [name for name in kind.ids if name not in self._lent]
        if not free:
            many = len(kind.ids) or "no"
            raise RuleNotApplicable(
                f"the target file lends {many} {kind.type}, and this rule needs one more"
            )
        self._lent.add(free[0])
        return free[0]

    def _subject(
        self, kind: ResourceKind, resource_id: str, unique: str, body: Resource
    ) -> Subject:
        return Subject(kind, resource_id, unique, body, self._look(kind.type, resource_id))

    def _set_up(self, request: Callable[[], Answer]) -> Answer:
        """The answer to what only the configuration can have wrong. Raises SetupFailed when it is refused."""
        try:
            answer = request()
        except OutcomeUnknown as unknown:
            raise SetupFailed(f"set-up: {unknown}") from None
        if answer.effect is Effect.REFUSED:
            raise SetupFailed(_unlike_set_up(answer))
        return self._demand_accepted(answer)

    def _demand_accepted(self, answer: Answer) -> Answer:
        """An answer that is as it has to be on any server. Raises OutcomeUnknown when it is not."""
        if answer.effect is not Effect.ACCEPTED:
            raise OutcomeUnknown(_unlike_set_up(answer))
        return answer

    # ------------------------------------------------------------ changing and looking

    def update(self, subject: Subject, base: Snapshot | None = None) -> Attempt:
        """An ordinary update of set-up, from the current version; it must be accepted, and `now` follows it.

        Raises OutcomeUnknown when it is not.
        """
        seen = base or subject.now
        body = self.changed(subject, seen.resource)
        answer = self._demand_accepted(
            self.target.update(subject.type, subject.id, body, if_match=seen.base)
        )
        subject.now = self.look(subject)
        return Attempt(answer, body)

    def delete(self, subject: Subject) -> None:
        """A deletion of set-up, naming the version that was last seen.

        Raises RuleNotApplicable when the server refuses it, OutcomeUnknown when it is not known what came of it.
        """
        answer = self.target.delete(subject.type, subject.id, if_match=subject.now.base or "")
        if answer.effect is Effect.REFUSED:
            raise RuleNotApplicable(f"the server does not delete: {describe(answer)}")
        if answer.effect is not Effect.ACCEPTED:
            raise OutcomeUnknown(f"set-up: the delete was answered {describe(answer)}")

    def look(self, subject: Subject) -> Snapshot:
        """The resource as it is on the server at this moment."""
        return self._look(subject.type, subject.id)

    def look_for(self, subject: Subject) -> Snapshot | None:
        """The resource as it is on the server, None when the server says that it is not there any more.

        Raises OutcomeUnknown when it says neither, such as that it wants to be told who asks.
        """
        answer = self.target.read(subject.type, subject.id)
        if answer.status in _GONE:
            return None
        return self._seen(self._demand_accepted(answer), subject.type, subject.id)

    def _look(self, resource_type: str, resource_id: str) -> Snapshot:
        answer = self._demand_accepted(self.target.read(resource_type, resource_id))
        return self._seen(answer, resource_type, resource_id)

    def _seen(self, answer: Answer, resource_type: str, resource_id: str) -> Snapshot:
        versions = self._versions(resource_type, resource_id)
        versioned = self.target.statement.keeps_versions(resource_type)
        return Snapshot(answer, answer.resource, versions, versioned)

    def _versions(self, resource_type: str, resource_id: str) -> tuple[str, ...] | None:
        if not self._history or not self.offers("history-instance", resource_type):
            return None
        answer = self.target.history(resource_type, resource_id)
        if answer.status != 200 or answer.resource is None:
            return None
        return tuple(version_of(resource) or "" for resource in entries(answer))

    def made_of(self, attempt: Attempt) -> list[str]:
        """The ids of resources that came of an attempt, found by its unique identifier.

        What is found is entered into the ledger, so that it is removed. Raises as `found` does when nobody can look.
        """
        resource_type, uniques = attempt.sent["resourceType"], identifiers(attempt.sent)
        if not uniques:
            raise RuleNotApplicable(
                f"what was made cannot be looked for: the template of {resource_type} has no identifier of ours"
            )
        ids = self.found(resource_type, uniques[0])
        for resource_id in ids:
            self._enter(resource_type, uniques[0], resource_id)
        return ids

    def _enter(self, resource_type: str, unique: str, resource_id: str) -> None:
        ledger = self.target.ledger
        if ledger.find(resource_type, resource_id) is None:
            ledger.enter(resource_type, unique, resource_id)

    def found(self, resource_type: str, unique: str) -> list[str]:
        """The ids of the resources with a unique identifier, by a search.

        Raises RuleNotApplicable or OutcomeUnknown when it cannot be searched for them: see `searched`.
        """
        listed = self.searched(resource_type, f"identifier={IDENTIFIER_SYSTEM}|{unique}")
        # Some servers ignore what they cannot search by and list everything: count only what is ours.
        ours = (found for found in listed if unique in identifiers(found))
        return [str(found.get("id") or "without an id") for found in ours]

    def offers(self, interaction: str, resource_type: str = "") -> bool:
        """Whether neither the system's texts nor the target's statement rule an interaction out."""
        offered = self.target.profile.offers(interaction)
        claimed = self.target.statement.claims(interaction, resource_type or self.kind.type)
        return offered is not False and claimed is not False

    def claims(self, interaction: str) -> bool:
        """Whether the system's texts or the target's statement say that there is an interaction."""
        claimed = self.target.statement.claims(interaction, self.kind.type)
        return self.target.profile.offers(interaction) is True or claimed is True

    def version_by_search(self, subject: Subject) -> str:
        """The meta.versionId that a search by `_id` shows, once it shows none that an update has replaced.

        Raises OutcomeUnknown when the resource is not found, or found without a version, or as it was before.
        """
        replaced = {subject.read.version} - {subject.now.version}
        shown: Resource | None = None
        for shown in self._listings(subject):
            if version_of(shown) not in replaced:
                break
        if shown is None:
            raise OutcomeUnknown(f"a search by _id does not find {subject.type}/{subject.id}")
        version = version_of(shown)
        if version is None:
            raise OutcomeUnknown("a search shows no meta.versionId")
        if version in replaced:
            raise OutcomeUnknown(
                f"a search shows {subject.type}/{subject.id} in version {version} for seconds after an update has "
                f"replaced it by {subject.now.version}"
            )
        return version

    def _listings(self, subject: Subject) -> Iterator[Resource]:
        """The resource as searches by `_id` list it. A search index may lag, so it is asked for a few seconds."""
        for pause in (0, 0.5, 1, 2):
            self.target.pause(pause)
            found = self.searched(subject.type, f"_id={subject.id}")
            yield from (resource for resource in found if resource.get("id") == subject.id)

    def searched(self, resource_type: str, criteria: str) -> list[Resource]:
        """The resources that a search lists.

        Raises RuleNotApplicable when the server does not search, nor claims that it does, OutcomeUnknown when it
        claims so and refuses, or answers with no list.
        """
        if not self.offers("search-type", resource_type):
            raise RuleNotApplicable(f"the server does not search {resource_type}")
        answer = self.target.search(resource_type, criteria)
        if answer.effect is Effect.REFUSED:
            claimed = self.target.statement.claims("search-type", resource_type)
            kind = OutcomeUnknown if claimed else RuleNotApplicable
            raise kind(f"the server does not search {resource_type}: {describe(answer)}")
        if not is_bundle(answer):
            raise OutcomeUnknown(f"a search is answered with no Bundle: {describe(answer)}")
        return entries(answer)

    def let_the_clock_move(self, subject: Subject) -> None:
        """Wait until a time stamp of the server's can differ from the last one: servers may keep whole seconds only."""
        last = instant(subject.now.last_updated)
        self.target.pause(1.1 if last is None or last.microsecond == 0 else 0.02)


_HOW: dict[str, Callable[[Workbench, ResourceKind, str], Subject]] = {
    "create": Workbench._create,
    "create-by-put": Workbench._put,
    "existing": Workbench._borrow,
}


def _unlike_set_up(answer: Answer) -> str:
    return f"set-up: {answer.url} answered {describe(answer)}{_why(answer)}"


def _why(answer: Answer) -> str:
    """What a server says about its refusal, after a colon; empty when it says nothing."""
    said = "; ".join(filter(None, map(_words_of, answer.issues)))
    if not said and answer.body is Body.TEXT:
        said = answer.text
    return f": {said[:300]}" if said else ""


def _words_of(issue: Mapping[str, Any]) -> str:
    """What an issue says to a person; empty where it says it in no form that FHIR knows."""
    details = issue.get("details")
    text = details.get("text") if isinstance(details, dict) else None
    return str(issue.get("diagnostics") or text or "")
