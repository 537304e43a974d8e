"""What a profile's server demands and adds beyond FHIR: all of it read from the profile."""

import copy
import re
from collections.abc import Iterator

from ifmatch.reference.exchange import Exchange
from ifmatch.reference.message import Json, Resource

_ADDITION = re.compile(r"(?P<element>\w+)\[(?P<key>\w+)=(?P<value>[^\]]+)\]")

#: What every server adds or may rewrite, so never a change of the client's.
_SERVER_OWNED = frozenset({"id", "meta", "text"})


def check_update(exchange: Exchange, stored: Resource, body: Resource) -> None:
    """Hold an update to the business rules that the profile promises for its type."""
    kind = exchange.world.profile.resources.get(exchange.type)
    if kind is None or not kind.change:
        return
    dialect = exchange.world.dialect
    if dialect.promises("update.status-only", exchange.type):
        changed = sorted(_changed(_own(exchange, stored), _own(exchange, body)) - set(kind.change))
        if changed:
            exchange.refuse("update.status-only", f"this must not change: {', '.join(changed)}")
    if dialect.promises("update.removal-reason", exchange.type):
        missing = sorted(set(_extension_urls(kind.change)) - set(_extension_urls(body)))
        if missing:
            exchange.refuse("update.removal-reason", f"these extensions are missing: {', '.join(missing)}")


def with_additions(exchange: Exchange, resource: Resource) -> Resource:
    """A resource with what the server adds to those of its type, such as where it came from, once each."""
    kind = exchange.world.profile.resources.get(exchange.type)
    added = copy.deepcopy(_own(exchange, resource))
    for addition in kind.server_adds if kind else ():
        if match := _ADDITION.fullmatch(addition):
            element, key, value = match.group("element", "key", "value")
            added[element] = [*added.get(element, []), _addition(element, key, value, resource)]
    return added


def _own(exchange: Exchange, resource: Resource) -> Resource:
    """A resource without the server's additions."""
    kind = exchange.world.profile.resources.get(exchange.type)
    own = dict(resource)
    for addition in kind.server_adds if kind else ():
        if match := _ADDITION.fullmatch(addition):
            element, key, value = match.group("element", "key", "value")
            kept = [item for item in own.get(element, []) if not (isinstance(item, dict) and item.get(key) == value)]
            own = {name: part for name, part in own.items() if name != element} | ({element: kept} if kept else {})
    return own


def _addition(element: str, key: str, value: str, resource: Resource) -> Resource:
    if element == "extension":
        return {key: value, "valueReference": {"reference": "Device/ifmatch-reference-server", "type": "Device"}}
    address = f"{resource['resourceType']}/{resource['id']}"
    return {
        key: value,
        "id": "server-provenance",
        "target": [{"reference": f"{address}/_history/{resource['meta']['versionId']}"}],
        "recorded": resource["meta"]["lastUpdated"],
        "agent": [{"who": {"display": "ifmatch reference server"}}],
    }


def _changed(stored: Resource, body: Resource) -> set[str]:
    names = (stored.keys() | body.keys()) - _SERVER_OWNED
    return {name for name in names if stored.get(name) != body.get(name)}


def _extension_urls(node: Json) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _extension_urls(item)
    elif isinstance(node, dict):
        for name, part in node.items():
            if name in ("extension", "modifierExtension") and isinstance(part, list):
                yield from (item["url"] for item in part if isinstance(item, dict) and "url" in item)
            yield from _extension_urls(part)
