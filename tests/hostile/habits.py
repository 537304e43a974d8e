"""Habits of real servers: odd, but no promise is broken."""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from .front import Turn, altered, misbehaviour, none
from .message import Asked, Reply
from .wire import hang


def when_asked_before(turn: Turn, is_kept: bool, kept: Callable[[Reply, Reply], Reply]) -> bool:
    """Answer a request that was asked within the last minute by what was said then, and what would be said now."""
    now = turn.reply()
    if not is_kept:
        return turn.send(now)
    since, then = turn.front.memory.setdefault(turn.asked.path, (time.monotonic(), now))
    if time.monotonic() - since > 60:
        turn.front.memory.pop(turn.asked.path, None)
    return turn.send(kept(then, now))


@misbehaviour
def cached_search(turn: Turn) -> bool:
    """Answers a search as it did up to a minute ago, unless it is asked for no-cache."""
    is_kept = turn.asked.method == "GET" and "?" in turn.asked.path
    return when_asked_before(
        turn, is_kept and turn.asked.header("cache-control") != "no-cache", lambda then, _: then
    )


@misbehaviour
def cached_history(turn: Turn) -> bool:
    """Answers a history as it did up to a minute ago, whatever it is asked for."""
    return when_asked_before(turn, turn.asked.is_history, lambda then, _: then)


@misbehaviour
def counted_history(turn: Turn) -> bool:
    """For a minute lists no more versions than it did when it was first asked: the newest."""

    def newest(then: Reply, now: Reply) -> Reply:
        count = len(then.json.get("entry", []))
        return now.holding({**now.json, "total": count, "entry": now.json.get("entry", [])[:count]})

    return when_asked_before(turn, turn.asked.is_history, newest)


@dataclass
class Crowd:
    """Those who write to one resource at the same time. `number` counts the crowds, not those who come alone."""

    size: int = 0
    number: int = 0

    @classmethod
    def joined(cls, turn: Turn) -> "Crowd":
        """The crowd that a request belongs to, once it is known who else does. Readers are alone."""
        if turn.asked.method == "GET":
            return cls(1)
        with turn.front.lock:
            crowd: Crowd = turn.front.memory.setdefault(turn.asked.address, cls())
            crowd.size += 1
        time.sleep(0.03)
        with turn.front.lock:
            turn.front.memory.pop(turn.asked.address, None)
            if crowd.size > 1 and not crowd.number:
                crowd.number = turn.front.memory["crowds"] = turn.front.memory.get("crowds", 0) + 1
        return crowd


def outcome(status: int, code: str) -> Reply:
    """An answer that is explained by an OperationOutcome."""
    said = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]}
    return Reply(status, headers=[("Content-Type", "application/fhir+json")]).holding(said)


@altered
def statement_fails(asked: Asked, reply: Reply) -> Reply:
    """The capability statement cannot be had."""
    return outcome(500, "exception") if asked.is_statement else reply


@misbehaviour
def nobody_wins(turn: Turn) -> bool:
    """Refuses all who write to one resource at the same time, every second time that it happens."""
    crowd = Crowd.joined(turn)
    return turn.send(outcome(409, "conflict") if crowd.number % 2 else turn.reply())


@misbehaviour
def slow_losers(turn: Turn) -> bool:
    """Lets those who lose to others wait for a lock for two to four seconds, and only then refuses them."""
    crowd, reply = Crowd.joined(turn), turn.reply()
    if crowd.size > 1 and reply.is_refusal:
        time.sleep(random.uniform(2, 4))
    return turn.send(reply)


@misbehaviour
def failed_losers(turn: Turn) -> bool:
    """Answers 500 to those who lose to others, with an OperationOutcome."""
    crowd, reply = Crowd.joined(turn), turn.reply()
    return turn.send(outcome(500, "exception") if crowd.size > 1 and reply.is_refusal else reply)


@misbehaviour
def crowds_hang(turn: Turn) -> bool:
    """Answers nobody who writes to one resource at the same time as others, as after a deadlock."""
    return hang(turn) if Crowd.joined(turn).size > 1 else none(turn)


@altered
def strong_entries(asked: Asked, reply: Reply) -> Reply:
    """Tells of the entries of a bundle no more than their etags, without W/."""
    return bundle_with_etags(asked, reply, lambda etag: etag.removeprefix("W/"))


@altered
def bare_entries(asked: Asked, reply: Reply) -> Reply:
    """Tells of the entries of a bundle no more than their versions."""
    return bundle_with_etags(asked, reply, lambda etag: etag[3:-1])


def bundle_with_etags(asked: Asked, reply: Reply, change: Callable[[str], str]) -> Reply:
    """The answer to a bundle, with the etags in it changed; any other answer as it is."""
    if asked.method != "POST" or "entry" not in reply.json:
        return reply
    told = [one["response"] for one in reply.json["entry"]]
    return reply.holding({**reply.json, "entry": [
        {"response": {**one, "etag": change(one["etag"])} if "etag" in one else one} for one in told
    ]})  # fmt: skip


@altered
def no_location(asked: Asked, reply: Reply) -> Reply:
    """Does not say where it is what a PUT created, and does not show it."""
    created = asked.method == "PUT" and reply.status == 201
    return replace(reply.but(location=None), body=b"") if created else reply


@misbehaviour
def no_numeric_ids(turn: Turn) -> bool:
    """Lets no client choose a numeric id: such ids it gives out itself."""
    chosen = turn.asked.method == "PUT" and turn.asked.address.rpartition("/")[2].isdigit()
    there = not chosen or turn.reply(replace(turn.asked, method="GET", body=b"")).status == 200
    return turn.send(turn.reply() if there else outcome(400, "value"))


@misbehaviour
def keeps_version(turn: Turn) -> bool:
    """Makes no version of an update that changes nothing."""
    if turn.asked.method != "PUT" or turn.asked.criteria:
        return none(turn)
    there = turn.reply(Asked("GET", turn.asked.path, [], b""))
    names, tag = turn.asked.header("if-match"), there.header("etag")
    same = there.status == 200 and content_of(there.json) == content_of(
        Reply(body=turn.asked.body).json
    )
    return turn.send(there if same and names in ("", tag) else turn.reply())


@misbehaviour
def adds_by_replacing(turn: Turn) -> bool:
    """Takes the adding of an element that is there, by a FHIRPath Patch, for its replacement."""
    if turn.asked.method != "PATCH" or b"Parameters" not in turn.asked.body:
        return none(turn)
    sent = json.loads(turn.asked.body)
    for operation in sent["parameter"]:
        parts = {part["name"]: part for part in operation["part"]}
        if parts["type"]["valueCode"] == "add":
            parts["type"]["valueCode"] = "replace"
            parts["path"]["valueString"] += f".{parts.pop('name')['valueString']}"
            operation["part"] = list(parts.values())
    return turn.send(turn.reply(replace(turn.asked, body=json.dumps(sent).encode())))


@misbehaviour
def knows_no_head(turn: Turn) -> bool:
    """Declines every HEAD: it has no such method."""
    return turn.send(Reply(501)) if turn.asked.method == "HEAD" else none(turn)


@misbehaviour
def fails_on_content(turn: Turn) -> bool:
    """Answers 500 where content is refused, and stores none of it."""
    reply = turn.reply()
    return turn.send(replace(reply, status=500) if reply.status in (400, 422) else reply)


def content_of(resource: dict) -> dict:
    """A resource without what the server puts into its meta."""
    meta = {
        n: v for n, v in resource.get("meta", {}).items() if n not in ("versionId", "lastUpdated")
    }
    return {**resource, "meta": meta}


@misbehaviour
def lagging_conditions(turn: Turn) -> bool:
    """Finds nothing by a condition that is less than a second old."""
    condition = (
        turn.asked.header("if-none-exist") if turn.asked.method == "POST" else turn.asked.criteria
    )
    if turn.asked.method in ("POST", "PUT") and condition:
        return turn.send(_as_of_a_second_ago(turn, condition))
    reply = turn.reply()
    _date(turn, reply)
    return turn.send(reply)


def _as_of_a_second_ago(turn: Turn, condition: str) -> Reply:
    kind, made = turn.asked.address, turn.front.memory
    listed = turn.reply(Asked("GET", f"{kind}?{condition}", [], b"")).json.get("entry", [])
    found = [one["resource"]["id"] for one in listed]
    old = [name for name in found if time.monotonic() - made.get(name, 0) > 1]
    headers = [(n, v) for n, v in turn.asked.headers if n.lower() != "if-none-exist"]
    sent = Reply(body=turn.asked.body).json
    if len(old) == len(found):
        asked = turn.asked
    elif old:
        body = json.dumps({"id": old[0], **sent}).encode()
        asked = replace(turn.asked, path=f"{kind}/{old[0]}", headers=headers, body=body)
    elif "id" in sent:
        asked = replace(turn.asked, path=f"{kind}/{sent['id']}", headers=headers)
    else:
        asked = Asked("POST", kind, headers, turn.asked.body)
    reply = turn.reply(asked)
    _date(turn, reply)
    return reply


def _date(turn: Turn, reply: Reply) -> None:
    """Remember when a resource was created."""
    if reply.status == 201:
        turn.front.memory[
            reply.header("location").partition("/_history/")[0].rpartition("/")[2]
        ] = time.monotonic()
