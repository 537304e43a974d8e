"""What a profile's server demands and adds beyond FHIR: all of it read from the profile."""

import copy
import re
from collections.abc import Iterator

from ifmatch.reference.exchange import Exchange
from ifmatch.reference.message import Json, Resource, parts_of

_ADDITION = re.compile(r"(?P<element>\w+)\[(?P<key>\w+)=(?P<value>[^\]]+)\]")

#: An item that the server adds to a list: the list's element, and the element of the item with its value.
Addition = tuple[str, str, str]

#: What every server adds or may rewrite, so never a change of the client's.
_SERVER_OWNED = frozenset({"id", "meta", "text"})


def check_update(exchange: Exchange, stored: Resource, body: Resource) -> None:
    """Hold an update to the business rules that the profile promises for its type."""
    kind = exchange.world.profile.resources.get(exchange.type)
    if kind is None or not kind.change:
        return
    _check_status_only(
        exchange, kind.change, _changed(_own(exchange, stored), _own(exchange, body))
    )
    _check_removal_reason(exchange, kind.change, body)


def _check_status_only(exchange: Exchange, allowed: Resource, changed: set[str]) -> None:
    forbidden = sorted(changed - allowed.keys())
    if forbidden and exchange.world.dialect.promises("update.status-only", exchange.type):
        exchange.refuse("update.status-only", f"this must not change: {', '.join(forbidden)}")


def _check_removal_reason(exchange: Exchange, change: Resource, body: Resource) -> None:
    if not exchange.world.dialect.promises("update.removal-reason", exchange.type):
        return
    missing = sorted(set(_extension_urls(change)) - set(_extension_urls(body)))
    if missing:
        exchange.refuse(
            "update.removal-reason", f"these extensions are missing: {', '.join(missing)}"
        )


def with_additions(exchange: Exchange, resource: Resource) -> Resource:
    """A resource with what the server adds to those of its type, such as where it came from, once each."""
    added = copy.deepcopy(_own(exchange, resource))
    for element, key, value in _additions(exchange):
        # In front, where no client may rely on the places of what it sent.
        added[element] = [_addition(element, key, value, resource), *added.get(element, [])]
    return added


def _additions(exchange: Exchange) -> Iterator[Addition]:
    kind = exchange.world.profile.resources.get(exchange.type)
    for text in kind.server_adds if kind else ():
        if match := _ADDITION.fullmatch(text):
            yield match["element"], match["key"], match["value"]


def _own(exchange: Exchange, resource: Resource) -> Resource:
    """A resource without the server's additions."""
    own = dict(resource)
    for addition in _additions(exchange):
        own = _without(own, addition)
    return own


def _without(resource: Resource, addition: Addition) -> Resource:
    element = addition[0]
    kept = [item for item in resource.get(element, []) if not _is(item, addition)]
    others = {name: part for name, part in resource.items() if name != element}
    return {**others, element: kept} if kept else others


def _is(item: Json, addition: Addition) -> bool:
    _, key, value = addition
    return isinstance(item, dict) and item.get(key) == value


def _addition(element: str, key: str, value: str, resource: Resource) -> Resource:
    if element == "extension":
        return {
            key: value,
            "valueReference": {"reference": "Device/ifmatch-reference-server", "type": "Device"},
        }
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
    """The addresses of all extensions in a resource, at any depth."""
    if isinstance(node, dict):
        for name in ("extension", "modifierExtension"):
            yield from _urls(node.get(name))
    for part in parts_of(node):
        yield from _extension_urls(part)


def _urls(extensions: Json) -> list[str]:
    listed = extensions if isinstance(extensions, list) else []
    return [item["url"] for item in listed if isinstance(item, dict) and "url" in item]
