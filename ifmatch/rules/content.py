"""Resource bodies: filling templates, marking a write, and comparing what was sent with what is stored."""

import copy
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonpointer import JsonPointer, JsonPointerException

from ifmatch.rules.answer import Resource

#: What a server may set or rewrite on any resource, so never part of a comparison (FHIR R4 http.html#update).
_SERVER_OWNED = frozenset({"id", "meta", "text"})
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_ADDED_ELEMENT = re.compile(r"(?P<element>\w+)\[(?P<key>\w+)=(?P<value>[^\]]+)\]")


def placeholders_in(template: object) -> set[str]:
    """The names of the placeholders, written `{name}`, in the strings of a template."""
    if isinstance(template, str):
        return set(_PLACEHOLDER.findall(template))
    return set().union(*map(placeholders_in, children_of(template)))


def children_of(node: object) -> Iterable[Any]:
    """The parts of an object or a list; none of a simple value."""
    if isinstance(node, Mapping):
        return node.values()
    return node if isinstance(node, list) else ()


def fill(template: Any, values: Mapping[str, str]) -> Any:
    """A copy of a template with each `{name}` replaced; a name without a value stays as it is."""

    def filled(text: str) -> str:
        return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)

    return mapped(template, lambda value: filled(value) if isinstance(value, str) else value)


def mapped(node: Any, change: Callable[[Any], Any]) -> Any:
    """A copy of a JSON value with each simple value in it changed."""
    if isinstance(node, dict):
        return {key: mapped(value, change) for key, value in node.items()}
    if isinstance(node, list):
        return [mapped(value, change) for value in node]
    return change(node)


def merge(resource: Any, patch: Any) -> Any:
    """A copy of a resource changed as a JSON merge patch says (RFC 7396): null removes, objects merge, else replace."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    old = resource if isinstance(resource, dict) else {}
    new = {key: merge(old.get(key), value) for key, value in patch.items()}
    return {key: value for key, value in {**old, **new}.items() if patch.get(key, ...) is not None}


def put(resource: Resource, pointer: str, value: object) -> Resource:
    """A copy of a resource with the element at a JSON Pointer set; the element's parent must exist (RFC 6901).

    Raises KeyError when the pointer leads nowhere.
    """
    changed = copy.deepcopy(resource)
    try:
        JsonPointer(pointer).set(changed, value)
    except JsonPointerException as error:
        raise KeyError(
            f"{pointer} leads nowhere in this {resource.get('resourceType')}: {error}"
        ) from None
    return changed


def at(resource: Resource | None, pointer: str) -> object:
    """The element at a JSON Pointer, or None where there is none."""
    return JsonPointer(pointer).resolve(resource, None) if resource is not None else None


def essence(resource: Resource, server_adds: Iterable[str] = ()) -> Resource:
    """A resource without what the server owns: id, meta, narrative, and the additions its profile names.

    An addition is written `extension[url=http://...]` or `contained[resourceType=Provenance]`.
    """
    kept = {
        key: copy.deepcopy(value) for key, value in resource.items() if key not in _SERVER_OWNED
    }
    for addition in map(_Addition.of, server_adds):
        kept = addition.taken_from(kept)
    return kept


def has_addition(resource: Resource | None, addition: str) -> bool:
    """Whether a resource carries an addition of the server's, written as for `essence`."""
    wanted = _Addition.of(addition)
    return any(map(wanted.is_in, (resource or {}).get(wanted.element, [])))


def place(resource: Resource | None, pointer: str, server_adds: Iterable[str] = ()) -> str:
    """Where the element that a template has at a JSON Pointer stands in a resource.

    The server may put its additions in front of what was sent, so the template's index counts only the other items.
    """
    first, *rest = JsonPointer(pointer).parts
    items = (resource or {}).get(first)
    names_an_item = bool(rest) and rest[0].isdigit()
    if not names_an_item or not isinstance(items, list):
        return pointer
    ours = _places_of_ours(first, items, server_adds)
    if int(rest[0]) >= len(ours):
        return pointer
    moved = JsonPointer.from_parts([first, ours[int(rest[0])], *rest[1:]])
    return str(moved.path)


def _places_of_ours(element: str, items: list[Any], server_adds: Iterable[str]) -> list[int]:
    """Where the items of a list element stand that are not the server's additions."""
    added = [wanted for wanted in map(_Addition.of, server_adds) if wanted.element == element]
    return [place for place, item in enumerate(items) if not any(one.is_in(item) for one in added)]


@dataclass(frozen=True)
class _Addition:
    """An item of a list element that the server adds, known by one of its own elements."""

    element: str
    key: str
    value: str

    @classmethod
    def of(cls, text: str) -> "_Addition":
        match = _ADDED_ELEMENT.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not of the form element[key=value]")
        return cls(match["element"], match["key"], match["value"])

    def is_in(self, item: object) -> bool:
        return isinstance(item, dict) and item.get(self.key) == self.value

    def taken_from(self, resource: Resource) -> Resource:
        others = [item for item in resource.get(self.element, []) if not self.is_in(item)]
        if others:
            return {**resource, self.element: others}
        return {key: value for key, value in resource.items() if key != self.element}


def extension_named(words: str) -> str:
    """The address of an extension within another one, from its name in words: `removal reason` is `removalReason`."""
    first, *others = words.split()
    return first + "".join(word.title() for word in others)


def without_extensions(part: Any, names: Collection[str]) -> Any:
    """A copy of a resource, or a part of one, without extensions of these addresses, and those that held only them."""
    if isinstance(part, list):
        return [without_extensions(item, names) for item in part]
    return _object_without_extensions(part, names) if isinstance(part, dict) else part


def _object_without_extensions(part: Resource, names: Collection[str]) -> Resource:
    rest = {key: without_extensions(value, names) for key, value in part.items()}
    if isinstance(rest.get("extension"), list):
        rest["extension"] = [item for item in rest["extension"] if _says_more(item, names)]
    return rest


def _says_more(extension: Any, names: Collection[str]) -> bool:
    """Whether an extension is none of these, and has anything in it."""
    if not isinstance(extension, dict):
        return True
    return extension.get("url") not in names and extension.get("extension") != []


def differences(sent: Resource, stored: Resource, server_adds: Iterable[str] = ()) -> list[str]:
    """The elements in which a stored resource differs from what was sent, in words; empty when it holds just that."""
    return list(_differences(essence(sent, server_adds), essence(stored, server_adds), ""))


def _differences(ours: Any, theirs: Any, path: str) -> Iterator[str]:
    kind = next(kind for kind in _COMPARE if isinstance(ours, kind) and isinstance(theirs, kind))
    return _COMPARE[kind](ours, theirs, path)


def _compare_objects(ours: Resource, theirs: Resource, path: str) -> Iterator[str]:
    for key in {**ours, **theirs}:
        place = f"{path}.{key}".lstrip(".")
        if key not in theirs:
            yield f"{place} is missing"
        elif key not in ours:
            yield f"{place} was not sent"
        else:
            yield from _differences(ours[key], theirs[key], place)


def _compare_lists(ours: list[Any], theirs: list[Any], path: str) -> Iterator[str]:
    if len(ours) != len(theirs):
        yield from _compare_values(ours, theirs, path)
        return
    for index, mine in enumerate(ours):
        yield from _differences(mine, theirs[index], f"{path}[{index}]")


def _compare_values(ours: object, theirs: object, path: str) -> Iterator[str]:
    if not _is_same(ours, theirs):
        yield f"{path} is {_short(theirs)}, not {_short(ours)}"


_COMPARE: Mapping[type, Callable[[Any, Any, str], Iterator[str]]] = {
    dict: _compare_objects,
    list: _compare_lists,
    object: _compare_values,
}


def losses(sent: Resource, stored: Resource) -> list[str]:
    """What a stored resource lacks, or has otherwise, of what was sent, in words. What a server adds is no loss."""
    return list(_losses(essence(sent), essence(stored), ""))


def _losses(ours: Any, theirs: Any, path: str) -> Iterator[str]:
    kind = next(kind for kind in _LOSSES if isinstance(ours, kind) and isinstance(theirs, kind))
    return _LOSSES[kind](ours, theirs, path)


def _lost_members(ours: Resource, theirs: Resource, path: str) -> Iterator[str]:
    for key, mine in ours.items():
        place = f"{path}.{key}".lstrip(".")
        if key in theirs:
            yield from _losses(mine, theirs[key], place)
        else:
            yield f"{place} is missing"


def _lost_items(ours: list[Any], theirs: list[Any], path: str) -> Iterator[str]:
    """The order of a list has a meaning: items may come in between, but none may be moved."""
    if len(ours) == len(theirs):
        for index, mine in enumerate(ours):
            yield from _losses(mine, theirs[index], f"{path}[{index}]")
        return
    kept = _places(ours, theirs)
    yield from (f"{path}[{index}] is missing" for index in range(len(kept), len(ours)))


def _places(ours: list[Any], theirs: list[Any]) -> list[int]:
    """Where items stand in a longer list that keeps their order; it ends before the first that is not found."""
    places: list[int] = []
    for index, item in enumerate(theirs):
        is_next = len(places) < len(ours) and not any(_losses(ours[len(places)], item, ""))
        places += [index] if is_next else []
    return places


_LOSSES: Mapping[type, Callable[[Any, Any, str], Iterator[str]]] = {
    dict: _lost_members,
    list: _lost_items,
    object: _compare_values,
}


def without_added(later: Any, sent: Any, shown: Any) -> Any:
    """A later state of a resource without what a server had added to it by the time that it was first shown.

    Who writes back what was read sends such additions, too, and a server may renew them as it likes.
    """
    kinds = {type(later), type(sent), type(shown)}
    if kinds == {dict}:
        return _members_without_added(later, sent, shown)
    return _items_without_added(later, sent, shown) if kinds == {list} else later


def _members_without_added(later: Resource, sent: Resource, shown: Resource) -> Resource:
    kept = later.keys() - (shown.keys() - sent.keys())
    return {
        key: without_added(value, sent.get(key), shown.get(key))
        for key, value in later.items()
        if key in kept
    }


def _items_without_added(later: list[Any], sent: list[Any], shown: list[Any]) -> list[Any]:
    places = _places(sent, shown)
    added = [item for index, item in enumerate(shown) if index not in places]
    kept = [item for item in later if item not in added]
    if not len(places) == len(sent) == len(kept):
        return kept
    return [
        without_added(item, mine, shown[place])
        for item, mine, place in zip(kept, sent, places, strict=True)
    ]


def _is_same(ours: Any, theirs: Any) -> bool:
    """Whether two values are one in JSON: to Python, but not there, 1 is true."""
    return bool(ours == theirs) and isinstance(ours, bool) == isinstance(theirs, bool)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
