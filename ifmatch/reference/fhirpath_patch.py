"""FHIRPath Patch: a Parameters resource whose operations name elements by FHIRPath (FHIR R4 fhirpatch.html)."""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ifmatch.reference.message import Json, Resource

#: Under this name each object of a labelled copy says where it lies; FHIRPath gives back copies, which say no more.
_PLACE = "ifmatchPlace"
_LAST_STEP = re.compile(r"(?P<parent>.+)\.(?P<name>[A-Za-z]+)(?:\[(?P<index>\d+)\])?")

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Operation:
    """One operation: add, insert, delete, replace or move, with its parameters."""

    type: str
    path: str
    name: str = ""
    value: Json = None
    index: int = 0
    source: int = 0
    destination: int = 0


def operations(parameters: Json) -> list[Operation]:
    """The operations of a patch. Raises ValueError when it is not a Parameters resource of operations."""
    entries = _entries(parameters)
    if {entry.get("name") for entry in entries} != {"operation"}:
        raise ValueError("each parameter of a FHIRPath Patch is an operation")
    return [Operation(**_parts(entry)) for entry in entries]


def _entries(parameters: Json) -> list[Json]:
    if not isinstance(parameters, dict) or parameters.get("resourceType") != "Parameters":
        raise ValueError("a FHIRPath Patch is a Parameters resource")
    return parameters.get("parameter") or []


def _parts(entry: Mapping[str, Json]) -> dict[str, Json]:
    return {part["name"]: _value(part) for part in entry.get("part", [])}


def apply_operation(resource: Resource, operation: Operation) -> Resource:
    """A copy of a resource with one operation done. Raises ValueError unless the path leads to one place."""
    if operation.type not in _DO:
        raise ValueError(f"there is no operation {operation.type!r}")
    changed = copy.deepcopy(resource)
    _DO[operation.type](changed, operation)
    return changed


def _add(resource: Resource, operation: Operation) -> None:
    parent = _at(resource, _one_place(resource, operation.path))
    if not isinstance(parent, dict):
        raise ValueError(f"{operation.path} is not an element that something can be added to")
    parent[operation.name] = _added_to(parent.get(operation.name), operation)


def _added_to(there: Json, operation: Operation) -> Json:
    """What an element holds after an addition to what is there. Raises ValueError when it can hold no more."""
    if isinstance(there, list):
        return [*there, operation.value]
    if there is not None:
        raise ValueError(f"{operation.path} has its {operation.name} already")
    return [operation.value] if operation.name in REPEATING else operation.value


def _insert(resource: Resource, operation: Operation) -> None:
    items = _list(resource, operation)
    if operation.index > len(items):
        raise ValueError(f"{operation.path} has {len(items)} items")
    items.insert(operation.index, operation.value)


def _replace(resource: Resource, operation: Operation) -> None:
    *parent, last = _one_place(resource, operation.path)
    _at(resource, tuple(parent))[last] = operation.value


def _delete(resource: Resource, operation: Operation) -> None:
    places = _places(resource, operation.path)
    if len(places) > 1:
        raise ValueError(f"{operation.path} names several elements")
    for place in places:
        _remove(resource, place)


def _remove(resource: Resource, place: Place) -> None:
    """Take out what lies at a place, and a list that becomes empty by it: FHIR has no empty lists."""
    *parent, last = place
    siblings = _at(resource, tuple(parent))
    del siblings[last]
    if siblings == [] and parent:
        _remove(resource, tuple(parent))


def _move(resource: Resource, operation: Operation) -> None:
    items = _list(resource, operation)
    items.insert(operation.destination, items.pop(operation.source))


_DO: Mapping[str, Callable[[Resource, Operation], None]] = {
    "add": _add,
    "insert": _insert,
    "replace": _replace,
    "delete": _delete,
    "move": _move,
}

#: Elements that are lists even when they hold the first of their kind.
REPEATING = frozenset({
    "identifier", "name", "given", "prefix", "suffix", "telecom", "address", "line", "contact", "communication", "link",
    "generalPractitioner", "photo", "extension", "modifierExtension", "contained", "note", "category", "coding", "tag",
    "profile", "security", "performer", "component", "participant", "input", "output", "basedOn", "partOf",
})  # fmt: skip


def _list(resource: Resource, operation: Operation) -> list[Json]:
    match = _LAST_STEP.fullmatch(operation.path)
    parent = _at(resource, _one_place(resource, match.group("parent"))) if match else {}
    items = parent.get(match.group("name")) if match and isinstance(parent, dict) else None
    if not isinstance(items, list):
        raise ValueError(f"{operation.path} is not a list")
    return items


def _one_place(resource: Resource, path: str) -> Place:
    places = _places(resource, path)
    if len(places) != 1:
        raise ValueError(f"{path} names {len(places)} elements, not one")
    return places[0]


def _places(resource: Resource, path: str) -> list[Place]:
    """Where the elements lie that a path names: an object says it, a simple value is found by its parent and name."""
    found = _evaluate(resource, path)
    if all(map(_is_labelled, found)):
        return [tuple(item[_PLACE]) for item in found]
    return _places_by_parent(resource, path)


def _is_labelled(item: Json) -> bool:
    return isinstance(item, dict) and _PLACE in item


def _places_by_parent(resource: Resource, path: str) -> list[Place]:
    match = _LAST_STEP.fullmatch(path)
    if match is None:
        raise ValueError(f"{path} is not a path that can be changed")
    parents = _places(resource, match["parent"])
    return list(_below(resource, parents, match["name"], match["index"]))


def _below(
    resource: Resource, parents: list[Place], name: str, index: str | None
) -> Iterator[Place]:
    for parent in parents:
        if name in _at(resource, parent):
            yield (*parent, name) if index is None else (*parent, name, int(index))


@lru_cache(maxsize=256)
def _compiled(path: str) -> Callable[[Json, Json], Json]:
    """Parsing is by far the slowest part, and clients send the same paths over and over."""
    # Imported here: with its parser it takes a tenth of a second to load, and few runs patch by FHIRPath.
    import fhirpathpy

    return fhirpathpy.compile(path)


def _evaluate(resource: Resource, path: str) -> list[Json]:
    try:
        return list(_compiled(path)(_labelled(resource), {}))
    except Exception as error:  # the library raises bare Exceptions and parser errors of its own
        raise ValueError(f"{path} cannot be evaluated: {error}") from None


def _labelled(node: Json, place: Place = ()) -> Json:
    if isinstance(node, dict):
        parts = {key: _labelled(value, (*place, key)) for key, value in node.items()}
        return {**parts, _PLACE: list(place)}
    if isinstance(node, list):
        return [_labelled(value, (*place, index)) for index, value in enumerate(node)]
    return node


def _at(resource: Resource, place: Place) -> Json:
    node: Json = resource
    for step in place:
        node = node[step]
    return node


def _value(part: Mapping[str, Json]) -> Json:
    """The value of a parameter: its value[x], or an object made of its own parts."""
    if "part" in part:
        return {inner["name"]: _value(inner) for inner in part["part"]}
    return next((value for key, value in part.items() if key.startswith("value")), None)
