"""Writes to a resource by any door: alone, by criteria, or as the entry of a Bundle, naming a version or none."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ifmatch.client.bundle import Entry, send
from ifmatch.client.subject import Attempt, Snapshot, Subject
from ifmatch.client.target import Target, by_criteria
from ifmatch.client.unique import new_unique
from ifmatch.client.workbench import Workbench
from ifmatch.errors import OutcomeUnknown, RuleNotApplicable
from ifmatch.rules.answer import Answer, Resource
from ifmatch.rules.content import at, put
from ifmatch.rules.doors import CASES, DOORS, Door
from ifmatch.rules.patches import patch_document
from ifmatch.rules.version import weak

#: Seconds between looks for what was just created: a condition may be looked up in an index that lags.
_LAGS = (0.0, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Content:
    """What a write sends, and `stored`, what should be there once it is carried out."""

    body: Resource | bytes
    stored: Resource
    media_type: str = ""


def tags_for(case: str, subject: Subject, other: str = "") -> list[str]:
    """The lines of If-Match in a case, for a resource as it was read and as it is now; `other` is another's version."""
    current, read = subject.now.tag, subject.read.tag
    names = {
        "current": current,
        "read": read,
        "current_version": subject.now.known_version,
        "read_version": subject.read.known_version,
        "other": other,
        "never": "987654321" if subject.now.version.isdigit() else new_unique(),
    }
    return [line.format(**names) for line in CASES[case]]


def unborn(bench: Workbench) -> Subject:
    """A resource that was never made, as if it had been read once, under an id that was never given out."""
    body, unique = bench.body()
    body["id"] = new_unique()
    seen = Snapshot(Answer(200, {"etag": weak("1")}), body, None)
    return Subject(bench.kind, body["id"], unique, body, seen)


def write(
    target: Target,
    bench: Workbench,
    door: Door,
    subject: Subject,
    tags: Sequence[str],
    is_there: bool = True,
) -> Attempt:
    """A write to a resource by a door; an entry is then the only one of its Bundle.

    By criteria it is sent as soon as a search finds the resource, or at once where it is not there.
    """
    if door.within:
        entry, content = _entry(target, bench, door, subject, tags)
        answer = send(target, door.within, [entry])[0]
        return Attempt(answer, content.stored, deletes=door.method == "DELETE")
    content = _CONTENT[door.method](target, bench, door, subject)
    if door.criteria and is_there:
        await_index(bench, subject)
    answer = _SEND[door.method, door.criteria](bench, subject, content, tags)
    return Attempt(answer, content.stored, deletes=door.method == "DELETE")


def write_beside(
    target: Target,
    bench: Workbench,
    door: Door,
    subject: Subject,
    tags: Sequence[str],
    other: Subject,
) -> Attempt:
    """A write to a resource as an entry of a Bundle that also updates another one, from its current version."""
    beside = DOORS[f"{door.within}-put"]
    first, first_sent = _entry(target, bench, beside, other, [other.now.tag])
    second, second_sent = _entry(target, bench, door, subject, tags)
    answers = send(target, door.within, [first, second])
    return Attempt(
        answers[1],
        second_sent.stored,
        deletes=door.method == "DELETE",
        beside=Attempt(answers[0], first_sent.stored),
    )


def _entry(
    target: Target, bench: Workbench, door: Door, subject: Subject, tags: Sequence[str]
) -> tuple[Entry, Content]:
    content = _CONTENT[door.method](target, bench, door, subject)
    resource = in_entry(content)
    conditions = {"ifMatch": ", ".join(tags)} if tags else {}
    entry = Entry(door.method, f"{subject.type}/{subject.id}", resource or None, conditions)
    return entry, content


def in_entry(content: Content) -> Resource:
    """What is sent as an entry holds it: a resource as it is, a patch that is none in a Binary (R5 http.html#patch)."""
    if not isinstance(content.body, bytes):
        return content.body
    if "patch" not in content.media_type:
        resource: Resource = json.loads(content.body)
        return resource
    data = base64.b64encode(content.body).decode()
    return {"resourceType": "Binary", "contentType": content.media_type, "data": data}


# ---------------------------------------------------------------- what is sent


def _whole(target: Target, bench: Workbench, door: Door, subject: Subject) -> Content:
    body = bench.changed(subject)
    sent = {k: v for k, v in body.items() if k != "id"} if door.criteria else body
    return Content(sent, sent)


def _patch(target: Target, bench: Workbench, door: Door, subject: Subject) -> Content:
    text, seen = f"ifmatch {new_unique()}", subject.now.resource
    marker = subject.marker
    document = patch_document(door.patch, subject.type, {marker: text}, target.profile.media_type)
    stored = seen if at(seen, marker) is None else put(seen, marker, text)
    return Content(document.content, stored, document.media_type)


def _nothing(target: Target, bench: Workbench, door: Door, subject: Subject) -> Content:
    """A deletion sends nothing."""
    demand_own(subject)
    return Content({}, {})


def demand_own(subject: Subject) -> None:
    """Raises RuleNotApplicable for what is only lent to the run: that is never deleted."""
    if subject.kind.lent:
        raise RuleNotApplicable(
            f"{subject.type}/{subject.id} is only lent to the run, so it is not deleted"
        )


_CONTENT: Mapping[str, Callable[[Target, Workbench, Door, Subject], Content]] = {
    "PUT": _whole,
    "PATCH": _patch,
    "DELETE": _nothing,
}

# ---------------------------------------------------------------- how it is sent

Send = Callable[[Workbench, Subject, Content, Sequence[str]], Answer]


def _update(bench: Workbench, subject: Subject, content: Content, tags: Sequence[str]) -> Answer:
    return bench.target.update(subject.type, subject.id, content.body, if_match=tags)


def _update_found(
    bench: Workbench, subject: Subject, content: Content, tags: Sequence[str]
) -> Answer:
    return bench.target.conditional_update(
        subject.type,
        criteria_for(bench, subject.unique),
        content.stored,
        unique=subject.unique,
        if_match=tags,
    )


def _patch_by_id(
    bench: Workbench, subject: Subject, content: Content, tags: Sequence[str]
) -> Answer:
    address = f"{subject.type}/{subject.id}"
    return bench.target.patch_at(address, content.body, content.media_type, if_match=tags)


def _patch_found(
    bench: Workbench, subject: Subject, content: Content, tags: Sequence[str]
) -> Answer:
    address = by_criteria(subject.type, criteria_for(bench, subject.unique))
    return bench.target.patch_at(address, content.body, content.media_type, if_match=tags)


def _delete(bench: Workbench, subject: Subject, content: Content, tags: Sequence[str]) -> Answer:
    return bench.target.delete(subject.type, subject.id, if_match=tags)


def _delete_found(
    bench: Workbench, subject: Subject, content: Content, tags: Sequence[str]
) -> Answer:
    criteria = criteria_for(bench, subject.unique)
    return bench.target.conditional_delete(subject.type, criteria, if_match=tags)


_SEND: Mapping[tuple[str, bool], Send] = {
    ("PUT", False): _update,
    ("PUT", True): _update_found,
    ("PATCH", False): _patch_by_id,
    ("PATCH", True): _patch_found,
    ("DELETE", False): _delete,
    ("DELETE", True): _delete_found,
}


def criteria_for(bench: Workbench, unique: str) -> str:
    """The criteria for what has a unique text, as the profile has them first.

    Raises RuleNotApplicable when the profile knows none for the type.
    """
    return bench.criteria(next(iter(bench.kind.criteria), "criteria"), unique)


def await_index(bench: Workbench, subject: Subject) -> None:
    """See that a search finds a resource before it is written to by criteria.

    Raises OutcomeUnknown when it does not: a condition would not match it either.
    """
    if not bench.offers("search-type", subject.type):
        return
    for pause in _LAGS:
        bench.target.pause(pause)
        if subject.id in bench.found(subject.type, subject.unique):
            return
    raise OutcomeUnknown(f"a search does not find {subject.type}/{subject.id}, which is there")
