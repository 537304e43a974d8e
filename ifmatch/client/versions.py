"""The versions of a resource as they are written one after the other, each looked at as soon as it is there."""

from dataclasses import dataclass, field

from ifmatch.client.doors import tags_for, write
from ifmatch.client.subject import Snapshot, Subject
from ifmatch.client.target import Target
from ifmatch.client.workbench import Workbench
from ifmatch.errors import SetupFailed
from ifmatch.rules.answer import Answer, Effect
from ifmatch.rules.doors import DOORS, Door
from ifmatch.rules.expectation import describe

#: The doors by which the versions are written, where a target offers them.
_WRITERS = ("update", "json-patch", "transaction-put")


@dataclass
class Versions:
    """The versions of one resource, oldest first: each as a read showed it, and as a vread did at once."""

    read: list[Snapshot] = field(default_factory=list)
    at_once: list[Answer] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """What the server calls them."""
        return [seen.version for seen in self.read]


def write_versions(
    target: Target, bench: Workbench, versions: Versions, with_vread: bool
) -> Subject:
    """A resource that is written to by each door that there is, and once refused. Raises SetupFailed if one fails."""
    subject = bench.make()
    _note(target, versions, subject, with_vread)
    for name in _WRITERS:
        door = DOORS[name]
        if all(bench.offers(need) for need in door.needs):
            attempt = write(target, bench, door, subject, tags_for("current", subject))
            if _is_no_door(bench, door, attempt.answer):
                continue
            _demand_accepted(name, attempt.answer)
            subject.now = bench.look(subject)
            _note(target, versions, subject, with_vread)
    refused = write(target, bench, DOORS["update"], subject, tags_for("never-existed", subject))
    if (
        refused.answer.effect is Effect.ACCEPTED
    ):  # that is for other rules to say: here it is one version more
        subject.now = bench.look(subject)
        _note(target, versions, subject, with_vread)
    return subject


def _note(target: Target, versions: Versions, subject: Subject, with_vread: bool) -> None:
    versions.read.append(subject.now)
    if with_vread:
        versions.at_once.append(target.vread(subject.type, subject.id, subject.now.version))


def _is_no_door(bench: Workbench, door: Door, answer: Answer) -> bool:
    """Whether a refusal may say that there is no such door, because nobody claims one."""
    is_claimed = all(map(bench.claims, door.needs))
    return answer.effect is Effect.REFUSED and not is_claimed


def _demand_accepted(name: str, answer: Answer) -> None:
    if answer.effect is not Effect.ACCEPTED:
        raise SetupFailed(f"set-up: the write by {name} was answered {describe(answer)}")


def unlike_version(seen: Snapshot, answer: Answer) -> list[str]:
    """In what the answer to a vread differs from the version as a read showed it."""
    if answer.resource is None:
        return [f"the version {seen.version} is answered {describe(answer)}"]
    shown = Snapshot(answer, answer.resource, None)
    identity = [] if answer.resource.get("id") == seen.resource.get("id") else ["another id"]
    return [*identity, *Snapshot(seen.answer, seen.resource, None).changes_to(shown)]
