"""The interactions that only read: read, vread, history, search (FHIR R4 http.html)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlencode

from ifmatch.reference.exchange import Decision, Exchange, World
from ifmatch.reference.gap import mixed
from ifmatch.reference.message import Refusal, Reply, Resource, bundle, instant
from ifmatch.reference.preconditions import is_unmodified
from ifmatch.reference.search import find, heeded
from ifmatch.reference.store import Version

PAGE = 50

#: How far reads are behind, where a fault has them lag.
_LAG = timedelta(milliseconds=60)


def read(exchange: Exchange) -> Decision:
    """The current version of a resource, or 304 when the client has it already."""
    version = _shown(exchange, existing(exchange))
    world = exchange.world
    headers = world.dialect.headers("read", version, exchange.request.base)
    fresh = world.dialect.status("read.if-none-match.current", exchange.type)
    if fresh == HTTPStatus.NOT_MODIFIED and is_unmodified(exchange, version):
        return Reply("read.unmodified", fresh, None, headers)
    return Reply("read", HTTPStatus.OK, version.resource, headers)


def _shown(exchange: Exchange, version: Version) -> Version:
    """The version that a reader is shown: the current one, unless races make it another."""
    faults, key = exchange.world.faults, (exchange.type, exchange.id)
    if faults.on("reads-lag-behind"):
        return _arrived(exchange)
    if faults.on("reads-mix-two-versions") and faults.traces.busy(key):
        return mixed(exchange.world.store.history(*key))
    return faults.traces.put_back.pop(key, version)


def _arrived(exchange: Exchange) -> Version:
    """The version that a copy which lags behind holds. Raises Refusal when it has none yet."""
    before = datetime.now(UTC) - _LAG
    versions = exchange.world.store.history(exchange.type, exchange.id)
    arrived = [version for version in versions if version.time <= before and version.resource]
    if not arrived:
        raise Refusal("read.unknown-id", f"there is no {exchange.type}/{exchange.id}")
    return arrived[-1]


def existing(exchange: Exchange) -> Version:
    """The current version of the resource that was asked for. Raises Refusal when it never was, or is deleted."""
    world, rule = exchange.world, exchange.interaction
    if world.faults.on("ids-without-case"):
        exchange.id = exchange.id.lower()
    versions = world.store.history(exchange.type, exchange.id)
    if not versions:
        raise Refusal(f"{rule}.unknown-id", f"there is no {exchange.type}/{exchange.id}")
    if versions[-1].resource is not None:
        return versions[-1]
    if world.faults.on("deleted-resource-readable"):
        return versions[-2]
    raise Refusal(f"{rule}.deleted", f"{exchange.type}/{exchange.id} was deleted")


def vread(exchange: Exchange) -> Decision:
    """One version of a resource, as it was."""
    world, found = exchange.world, _version_shown(exchange)
    if found.resource is None:
        raise Refusal(
            "vread.deleted", f"the version {exchange.version} is the deletion of the resource"
        )
    headers = world.dialect.headers("vread", found, exchange.request.base)
    shown: Resource | None = found.resource
    if world.faults.on("every-version-shows-the-newest"):
        shown = world.store.history(exchange.type, exchange.id)[-1].resource
    return Reply("vread", HTTPStatus.OK, shown, headers)


def _version_shown(exchange: Exchange) -> Version:
    """The version that was asked for, or the one that a fault puts in its place. Raises Refusal when it never was."""
    store, faults = exchange.world.store, exchange.world.faults
    found = store.version(exchange.type, exchange.id, exchange.version)
    if found is None:
        raise Refusal(
            "vread.unknown-id",
            f"{exchange.type}/{exchange.id} never had the version {exchange.version}",
        )
    history = store.history(found.type, found.id)
    if faults.on("vread-shows-the-newest"):
        live = [version for version in history if version.resource is not None]
        return live[-1]
    if found.resource is None and faults.on("deletion-shows-the-last-content"):
        return history[-2]
    return found


def history(exchange: Exchange) -> Decision:
    """The versions of a resource, or of all resources of a type: newest first, deletions included."""
    versions = (
        _history_of_one(exchange)
        if exchange.id
        else exchange.world.store.all_versions(exchange.type)
    )
    versions = _since(exchange.world, versions, dict(exchange.request.query).get("_since"))
    page, links = _page(exchange, versions[::-1])
    entries = [_history_entry(version, exchange.request.base) for version in page]
    return Reply(
        exchange.interaction, HTTPStatus.OK, bundle("history", entries, links, len(versions))
    )


def _since(world: World, versions: list[Version], text: str | None) -> list[Version]:
    if not text or world.faults.on("since-ignored"):
        return versions
    start = _time(text)
    if world.faults.on("since-is-exclusive"):
        return [version for version in versions if version.time > start]
    return [version for version in versions if version.time >= start]


def _history_of_one(exchange: Exchange) -> list[Version]:
    world, key = exchange.world, (exchange.type, exchange.id)
    versions = world.store.history(*key)
    if not versions:
        raise Refusal("history-instance.unknown-id", f"there is no {exchange.type}/{exchange.id}")
    if world.faults.on("history-loses-a-version") and world.faults.traces.busy(key):
        del versions[-2:-1]
    return _listed(world, versions)


def _listed(world: World, versions: list[Version]) -> list[Version]:
    """The versions that a history lists: all of them, unless a fault has it leave some out."""
    if world.faults.on("history-without-patches"):
        return [version for version in versions if version.method != "PATCH"]
    if world.faults.on("history-without-deletions"):
        return [version for version in versions if version.resource is not None]
    if world.faults.on("history-lists-one-deletion"):
        return _with_one_deletion(versions)
    return versions


def _with_one_deletion(versions: list[Version]) -> list[Version]:
    """The versions without all but the first of the deletions."""
    deletions = [version for version in versions if version.resource is None]
    return [version for version in versions if version not in deletions[1:]]


def search(exchange: Exchange) -> Decision:
    """The resources of a type that meet all criteria; an element that a type does not have meets none."""
    exchange.request = replace(exchange.request, query=heeded(exchange.request.query))
    found = find(exchange.world.store, exchange.type, exchange.request.criteria)
    page, links = _page(exchange, found)
    entries: list[Resource] = [
        {
            "fullUrl": exchange.request.url(version.type, version.id),
            "resource": version.resource,
            "search": {"mode": "match"},
        }
        for version in page
    ]
    return Reply(
        exchange.interaction, HTTPStatus.OK, bundle("searchset", entries, links, len(found))
    )


def _page(
    exchange: Exchange, versions: Sequence[Version]
) -> tuple[Sequence[Version], dict[str, str]]:
    """One page of a list, and the links to itself and to the next."""
    query, faults = dict(exchange.request.query), exchange.world.faults
    if faults.on("count-ignored"):
        query = {}
    size, start = _number(query.get("_count"), PAGE), _number(query.get("_offset"), 0)
    end = start + size
    address = exchange.request.url(*exchange.request.path)
    links = {"self": _with_query(address, exchange.request.query)}
    if size and end < len(versions):
        paging = {"_count": str(size), "_offset": str(end + faults.on("pages-lose-a-version"))}
        others = [(name, value) for name, value in exchange.request.query if name not in paging]
        links["next"] = _with_query(address, [*others, *paging.items()])
    return versions[start:end], links


def _with_query(address: str, query: Sequence[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(query)}" if query else address


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal("history-instance.unparsable", f"_since is not an instant: {text}") from None
    return time.astimezone()


def _history_entry(version: Version, base: str) -> Resource:
    address = f"{version.type}/{version.id}"
    status = {"POST": "201 Created", "DELETE": "204 No Content"}.get(version.method, "200 OK")
    return {
        "fullUrl": f"{base}/{address}",
        **({"resource": version.resource} if version.resource is not None else {}),
        "request": {
            "method": version.method,
            "url": version.type if version.method == "POST" else address,
        },
        "response": {
            "status": status,
            "etag": f'W/"{version.version}"',
            "lastModified": instant(version.time),
        },
    }
