"""The ways in which faults change a reply, a version about to be stored, or what counts as the current version."""

import copy
import hashlib
import itertools
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from ifmatch.reference.message import Reply, Resource, instant, outcome
from ifmatch.reference.store import Draft, Store, Version

Tamper = Callable[[Reply], Reply]
Writer = Callable[[Draft], Draft]

HTML = "<html><body><h1>Something went wrong</h1></body></html>"

# ---------------------------------------------------------------- replies


def status(code: int) -> Tamper:
    """Another status, all else alike."""
    return lambda reply: replace(reply, status=code)


def header(name: str, value: str = "") -> Tamper:
    """A header with another value; without one it is not sent."""
    return lambda reply: reply.with_header(name, value)


def rewritten(name: str, rewrite: Callable[[str], str]) -> Tamper:
    """A header whose value is rewritten, if it is sent."""
    return lambda reply: (
        reply.with_header(name, rewrite(reply.headers[name])) if name in reply.headers else reply
    )


def body(content: Resource | str | None) -> Tamper:
    """Another body; None for an empty one."""
    return lambda reply: replace(reply, body=content)


def refusal_body(content: Resource | str | None) -> Tamper:
    """Another body, if the reply is a refusal."""
    return lambda reply: replace(reply, body=content) if reply.status >= 400 else reply


def issue_code(code: str) -> Tamper:
    """An OperationOutcome whose issues have another code."""
    return changed(
        lambda found: {
            **found,
            "issue": [{**issue, "code": code} for issue in found.get("issue", [])],
        }
    )


def without_details(outcome: Resource) -> Resource:
    """An OperationOutcome whose issues have no details."""
    issues = [without("details")(issue) for issue in outcome.get("issue", [])]
    return {**outcome, "issue": issues}


def changed(change: Callable[[Resource], Resource]) -> Tamper:
    """A resource in the body that is not quite what is stored."""
    return lambda reply: (
        replace(reply, body=change(copy.deepcopy(reply.body)))
        if isinstance(reply.body, dict)
        else reply
    )


def both(*tampers: Tamper) -> Tamper:
    """One change after the other."""

    def all_of_them(reply: Reply) -> Reply:
        for tamper in tampers:
            reply = tamper(reply)
        return reply

    return all_of_them


def accepted(reply: Reply) -> Reply:
    """A refusal that looks like a success, without a body."""
    return replace(reply, status=200, body=None)


def explained(reply: Reply) -> Reply:
    """An OperationOutcome where another body was promised."""
    return replace(reply, body=outcome("error", "conflict", diagnostics="refused"))


def hashed(etag: str) -> str:
    """A weak tag that is no version: a digest, as caches make them."""
    return f'W/"{hashlib.sha256(etag.encode()).hexdigest()[:12]}"'


def with_meta(resource: Resource, **elements: object) -> Resource:
    """A resource with other metadata."""
    return {**resource, "meta": {**resource.get("meta", {}), **elements}}


def if_empty(tamper: Tamper) -> Tamper:
    """A change to a reply without a body."""
    return lambda reply: tamper(reply) if reply.body is None else reply


def bare(reply: Reply) -> Reply:
    """A reply without headers."""
    return replace(reply, headers={})


def without(*elements: str) -> Callable[[Resource], Resource]:
    """A resource without some of its elements."""
    return lambda resource: {key: value for key, value in resource.items() if key not in elements}


# ---------------------------------------------------------------- what is stored


def on(interactions: str, change: Writer) -> Writer:
    """A change to what some interactions store, and no others."""
    return lambda draft: change(draft) if draft.interaction in interactions.split() else draft


def on_change(change: Callable[[Draft, Version], Draft]) -> Writer:
    """A change to a version that follows another one."""
    return lambda draft: (
        change(draft, draft.last) if draft.last and draft.last.resource is not None else draft
    )


def meta(draft: Draft, **elements: object) -> Draft:
    """A draft with other metadata."""
    return replace(
        draft, resource={**draft.resource, "meta": {**draft.resource["meta"], **elements}}
    )


def only_meta(draft: Draft, *names: str) -> Draft:
    """A draft with no other metadata than these."""
    return replace(
        draft,
        resource={**draft.resource, "meta": {name: draft.resource["meta"][name] for name in names}},
    )


def client_meta(element: str) -> Writer:
    """What the client put into meta is kept."""

    def keep(draft: Draft) -> Draft:
        value = draft.sent.get("meta", {}).get(element)
        return (
            draft
            if value is None or not _foreign(draft, value)
            else meta(draft, **{element: value})
        )

    return keep


def _foreign(draft: Draft, value: object) -> bool:
    """Whether a value of the client's never came from this server: what was read and is sent again must not stick."""
    past = [version.resource["meta"] for version in draft.history if version.resource]
    return value not in [known for each in past for known in each.values()]


def versioned(draft: Draft, version: str) -> Draft:
    """A draft under another version."""
    return replace(meta(draft, versionId=version), version=version)


def version_of_before(draft: Draft, steps: int) -> Draft:
    """A draft under the version that a resource had some steps ago, if it had that many."""
    return versioned(draft, draft.history[-steps].version) if len(draft.history) >= steps else draft


def counted_since_the_delete(draft: Draft) -> Draft:
    """A draft whose version is counted from the last deletion on."""
    since = list(
        itertools.takewhile(lambda version: version.resource is not None, reversed(draft.history))
    )
    return versioned(draft, str(len(since) + 1)) if len(since) < len(draft.history) else draft


def timed(draft: Draft, last: Version) -> Draft:
    """A draft with the time of the version before."""
    return replace(
        meta(draft, lastUpdated=(last.resource or {})["meta"]["lastUpdated"]), time=last.time
    )


def earlier(draft: Draft, last: Version) -> Draft:
    """A draft with a time a minute before that of the version before."""
    time = last.time - timedelta(minutes=1)
    return replace(meta(draft, lastUpdated=instant(time)), time=time)


def old_element(name: str) -> Callable[[Draft, Version], Draft]:
    """A new version in which one element is as it was."""

    def kept(draft: Draft, last: Version) -> Draft:
        old = last.resource or {}
        element = {name: old[name]} if name in old else {}
        return replace(draft, resource={**draft.resource, **element})

    return kept


def old_content(draft: Draft, last: Version) -> Draft:
    """A new version with the old content."""
    return replace(draft, resource={**(last.resource or {}), "meta": draft.resource["meta"]})


def merged(draft: Draft, last: Version) -> Draft:
    """A new version that keeps every element which the body leaves out."""
    return replace(draft, resource={**(last.resource or {}), **draft.resource})


def without_elements(draft: Draft, *elements: str) -> Draft:
    """A version without some elements."""
    return replace(draft, resource=without(*elements)(draft.resource))


def without_extension(draft: Draft, url: str) -> Draft:
    """A version without an extension, whoever put it there."""
    kept = [
        extension for extension in draft.resource.get("extension", []) if extension["url"] != url
    ]
    others = without("extension")(draft.resource)
    return replace(draft, resource={**others, "extension": kept} if kept else others)


def under(draft: Draft, id_: str) -> Draft:
    """A version of another resource."""
    return replace(draft, id=id_, resource={**draft.resource, "id": id_})


def under_body_id(draft: Draft) -> Draft:
    """A version of the resource that the body names, whatever the address names."""
    return under(draft, draft.sent.get("id", draft.id))


def under_new_id(draft: Draft) -> Draft:
    """A version under an id of the server's, where the client's was to be used."""
    return under(draft, str(uuid.uuid4())) if "id" in draft.sent else draft


def garbled(draft: Draft) -> Draft:
    """A version whose texts were taken for Latin-1, as a wrong decoder does with UTF-8."""
    content = json.dumps(draft.resource, ensure_ascii=False).encode().decode("latin-1")
    return replace(draft, resource=json.loads(content))


def lost(draft: Draft) -> Draft:
    """Nothing is stored, whatever the answer says."""
    return replace(draft, kept=False)


# ---------------------------------------------------------------- what counts as the current version


def known_elsewhere(store: Store, current: Version, named: str) -> bool:
    """Whether another resource of the type has had this version, and this one has not."""
    others = [version for version in store.all_versions(current.type) if version.id != current.id]
    ours = [version.version for version in store.history(current.type, current.id)]
    return named not in ours and any(version.version == named for version in others)


def had_this_content(store: Store, current: Version, named: str) -> bool:
    """Whether a past version of the resource held what it holds again."""
    past = store.version(current.type, current.id, named)
    if past is None or past.resource is None or current.resource is None:
        return False
    return without("meta")(past.resource) == without("meta")(current.resource)


def is_past(store: Store, current: Version, named: str, back: int = 1) -> bool:
    """Whether the resource had this version, at least so many steps ago."""
    return named in [version.version for version in store.history(current.type, current.id)[:-back]]


def only_patched_since(store: Store, current: Version, named: str, content: bytes) -> bool:
    """Whether an update names a version after which the resource was changed by patches alone."""
    since = _versions_after(named, store.history(current.type, current.id))
    is_update = f'"resourceType": "{current.type}"'.encode() in content
    return is_update and bool(since) and all(version.method == "PATCH" for version in since)


def _versions_after(named: str, history: list[Version]) -> list[Version]:
    """What followed a version in a history, nothing where that has no such version."""
    versions = [version.version for version in history]
    return history[versions.index(named) + 1 :] if named in versions else []


def has_content(current: Version, content: bytes) -> bool:
    """Whether a body says just what is stored, its metadata aside."""
    try:
        sent = json.loads(content)
    except ValueError:
        return False
    return isinstance(sent, dict) and without("meta", "id")(sent) == without("meta", "id")(
        current.resource or {}
    )


def is_digest(current: Version, named: str) -> bool:
    """Whether the digest of the current version is named, as by a server whose ETags are digests throughout."""
    return hashed(f'W/"{current.version}"') == f'W/"{named}"'


def begins(store: Store, current: Version, named: str) -> bool:
    """Whether the resource had this version, and the current one begins with it."""
    return is_past(store, current, named) and current.version.startswith(named)


def sorts_later(store: Store, current: Version, named: str) -> bool:
    """Whether the resource had this version, and as a text it comes after the current one."""
    return is_past(store, current, named) and named > current.version


def is_later(current: Version, named: str) -> bool:
    """Whether both are numbers and the one named is the greater."""
    return named.isdecimal() and current.version.isdecimal() and int(named) > int(current.version)
