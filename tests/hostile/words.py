"""Misbehaviours in what is said: wrong answers, wrong shapes, refusals for ever, secrets that are echoed."""

import base64
import gzip
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from urllib.parse import quote

from .front import Turn, altered, misbehaviour
from .message import Asked, Reply


@altered
def html(asked: Asked, reply: Reply) -> Reply:
    """Answers 200 with a web page to everything."""
    return Reply(
        200, b"<!DOCTYPE html><html><body>Welcome</body></html>", [("Content-Type", "text/html")]
    )


@altered
def yes(asked: Asked, reply: Reply) -> Reply:
    """Answers 200 with an empty object to everything."""
    return Reply(200, b"{}", [("Content-Type", "application/json")])


@altered
def redirects(asked: Asked, reply: Reply) -> Reply:
    """Sends everybody elsewhere, secrets included."""
    return Reply(
        302,
        headers=[("Location", f"https://elsewhere.example{asked.path}?token={secret_of(asked)}")],
    )


@altered
def unauthorized(asked: Asked, reply: Reply) -> Reply:
    """Asks for a token and accepts none."""
    return Reply(401, headers=[("WWW-Authenticate", 'Bearer realm="fhir"')])


@altered
def unavailable(asked: Asked, reply: Reply) -> Reply:
    """Answers 503 to everything, without saying how long."""
    return Reply(503, b"Service Unavailable", [("Content-Type", "text/plain")])


@altered
def nothing_there(asked: Asked, reply: Reply) -> Reply:
    """Answers 404 to everything, as a web server does behind a path that is not there."""
    return Reply(404, b"Not Found", [("Content-Type", "text/plain")])


@altered
def always_busy(asked: Asked, reply: Reply) -> Reply:
    """Answers 429 for ever."""
    return Reply(429, headers=[("Retry-After", "1")])


@misbehaviour
def busy(turn: Turn) -> bool:
    """Puts off one request by three seconds."""
    due = turn.number == turn.front.after + 1
    return turn.send(Reply(429, headers=[("Retry-After", "3")]) if due else turn.reply())


@altered
def no_statement(asked: Asked, reply: Reply) -> Reply:
    """Has no capability statement."""
    return Reply(404) if asked.is_statement else reply


@altered
def broken_statement(asked: Asked, reply: Reply) -> Reply:
    """Has a capability statement of the wrong shape everywhere."""
    broken = {
        "resourceType": "CapabilityStatement",
        "fhirVersion": 4,
        "software": [],
        "rest": [{"resource": "Patient"}, 7],
    }
    return reply.holding({**broken, "patchFormat": "json"}) if asked.is_statement else reply


@altered
def other_version(asked: Asked, reply: Reply) -> Reply:
    """States to be FHIR 3.0.2."""
    return reply.holding({**reply.json, "fhirVersion": "3.0.2"}) if asked.is_statement else reply


@altered
def no_etag(asked: Asked, reply: Reply) -> Reply:
    """Gives no ETag."""
    return reply.but(etag=None)


@altered
def other_etag(asked: Asked, reply: Reply) -> Reply:
    """Gives an ETag that has nothing to do with the version."""
    return (
        reply.but(etag='W/"abc"') if any(n.lower() == "etag" for n, _ in reply.headers) else reply
    )


@altered
def no_meta(asked: Asked, reply: Reply) -> Reply:
    """Shows no meta in any resource."""
    return (
        reply.holding({k: v for k, v in reply.json.items() if k != "meta"})
        if "meta" in reply.json
        else reply
    )


@altered
def odd_shapes(asked: Asked, reply: Reply) -> Reply:
    """Sends members of the wrong type: meta is a list, identifier a number, entry a text."""
    odd = {"meta": [1], "identifier": 5, "entry": "none", "issue": {}}
    return (
        reply.holding({k: odd.get(k, v) for k, v in reply.json.items()})
        if reply.json and not asked.is_statement
        else reply
    )


@misbehaviour
def strips_tags(turn: Turn) -> bool:
    """Stores no tags."""
    body = turn.asked.body
    with suppress(ValueError, AttributeError):
        resource = json.loads(body)
        resource.get("meta", {}).pop("tag", None)
        body = json.dumps(resource).encode()
    return turn.send(turn.reply(replace(turn.asked, body=body)))


@misbehaviour
def keeps(turn: Turn) -> bool:
    """Refuses every delete."""
    return turn.send(Reply(405) if turn.asked.method == "DELETE" else turn.reply())


@altered
def talkative_delete(asked: Asked, reply: Reply) -> Reply:
    """Answers a delete with 200 and a body."""
    said = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "information", "code": "deleted"}],
    }
    return Reply(200).holding(said) if asked.method == "DELETE" and reply.status < 300 else reply


@misbehaviour
def ignores_search(turn: Turn) -> bool:
    """Ignores what it is asked to search by, and lists everything."""
    ignored = (
        replace(turn.asked, path=turn.asked.path.split("?")[0])
        if turn.asked.method == "GET"
        else turn.asked
    )
    return turn.send(turn.reply(ignored))


@misbehaviour
def searches_by_nothing(turn: Turn) -> bool:
    """Refuses every search by criteria."""
    is_search = turn.asked.method == "GET" and "?" in turn.asked.path
    return turn.send(Reply(400) if is_search else turn.reply())


def paged(turn: Turn, lead: Callable[[str], str]) -> bool:
    """Lists two resources a page, and leads to the next one by another address."""
    if turn.asked.method != "GET" or "?" not in turn.asked.path:
        return turn.send(turn.reply())
    reply = turn.reply(replace(turn.asked, path=re.sub(r"_count=\d+", "_count=2", turn.asked.path)))
    links = [
        {**link, "url": lead(link["url"])} if link["relation"] == "next" else link
        for link in reply.json.get("link", [])
    ]
    return turn.send(reply.holding({**reply.json, "link": links}) if links else reply)


@misbehaviour
def pages(turn: Turn) -> bool:
    """Lists two resources a page."""
    return paged(turn, str)


@misbehaviour
def pages_relatively(turn: Turn) -> bool:
    """Says where the next page is from where the base is."""
    return paged(turn, lambda url: url.partition("/fhir/")[2])


@misbehaviour
def pages_by_another_name(turn: Turn) -> bool:
    """Knows itself by another name than its clients, as behind a proxy."""
    return paged(turn, lambda url: "http://inside.example:8080/fhir" + url.partition("/fhir")[2])


@misbehaviour
def pages_elsewhere(turn: Turn) -> bool:
    """Has its pages where no client is let."""
    return paged(turn, lambda url: "http://inside.example/pages" + url.partition("/fhir")[2])


@altered
def compresses(asked: Asked, reply: Reply) -> Reply:
    """Compresses bodies though nobody asked for it."""
    return (
        replace(reply.but(content_encoding="gzip"), body=gzip.compress(reply.body))
        if reply.body
        else reply
    )


@altered
def echoes(asked: Asked, reply: Reply) -> Reply:
    """Tells the client's secrets to everybody, in headers and bodies, in many spellings, with cookies on top."""
    secret, told = secret_of(asked), reply.json
    spellings = [
        secret,
        quote(secret, safe=""),
        quote(secret),
        json.dumps(secret)[1:-1],
        escaped(secret),
        asked.header("authorization"),
    ]
    spellings += [
        encode(secret.encode()).decode() for encode in (base64.b64encode, base64.urlsafe_b64encode)
    ]
    if told.get("resourceType") == "OperationOutcome" or asked.is_statement:
        told = {
            **told,
            "text": {"status": "generated", "div": f"<div>you sent {spellings}</div>"},
            "software": {"name": f"echo {secret}"},
        }
        reply = reply.holding(told)
    headers = [(f"X-Echo-{number}", text) for number, text in enumerate(spellings)]
    cookies = [
        ("Set-Cookie", "JSESSIONID=cookie-of-the-server; Path=/"),
        ("Set-Cookie", f"token={secret}"),
    ]
    seen = [("X-Cookie", asked.header("cookie"))] if asked.header("cookie") else []
    return replace(reply, headers=[*reply.headers, *headers, *cookies, *seen])


def secret_of(asked: Asked) -> str:
    """The token or the password that a request carries."""
    scheme, _, value = asked.header("authorization").partition(" ")
    return base64.b64decode(value).decode().partition(":")[2] if scheme == "Basic" else value


def escaped(text: str) -> str:
    """A text as a JSON writer may escape it that trusts nothing."""
    return "".join(f"\\u{ord(c):04x}" for c in text)
