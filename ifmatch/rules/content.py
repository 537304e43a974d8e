"""Resource bodies: filling templates, marking a write, and comparing what was sent with what is stored."""

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
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
    children = template.values() if isinstance(template, dict) else template if isinstance(template, list) else ()
    return set().union(*map(placeholders_in, children))


def fill(template: Any, values: Mapping[str, str]) -> Any:
    """A copy of a template with each `{name}` replaced; a name without a value stays as it is."""
    if isinstance(template, str):
        return _PLACEHOLDER.sub(lambda m: values.get(m.group(1), m.group(0)), template)
    if isinstance(template, dict):
        return {key: fill(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    return template


def merge(resource: Any, patch: Any) -> Any:
    """A copy of a resource changed as a JSON merge patch says (RFC 7396): null removes, objects merge, else replace."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(resource) if isinstance(resource, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def put(resource: Resource, pointer: str, value: object) -> Resource:
    """A copy of a resource with the element at a JSON Pointer set; the element's parent must exist (RFC 6901).

    Raises KeyError when the pointer leads nowhere.
    """
    changed = copy.deepcopy(resource)
    try:
        JsonPointer(pointer).set(changed, value)
    except JsonPointerException as error:
        raise KeyError(f"{pointer} leads nowhere in this {resource.get('resourceType')}: {error}") from None
    return changed


def at(resource: Resource | None, pointer: str) -> object:
    """The element at a JSON Pointer, or None where there is none."""
    return JsonPointer(pointer).resolve(resource, None) if resource is not None else None


def essence(resource: Resource, server_adds: Iterable[str] = ()) -> Resource:
    """A resource without what the server owns: id, meta, narrative, and the additions its profile names.

    An addition is written `extension[url=http://...]` or `contained[resourceType=Provenance]`.
    """
    kept = {key: copy.deepcopy(value) for key, value in resource.items() if key not in _SERVER_OWNED}
    for addition in server_adds:
        element, key, value = _parts(addition)
        others = [item for item in kept.get(element, []) if not (isinstance(item, dict) and item.get(key) == value)]
        if others:
            kept[element] = others
        else:
            kept.pop(element, None)
    return kept


def has_addition(resource: Resource | None, addition: str) -> bool:
    """Whether a resource carries an addition of the server's, written as for `essence`."""
    element, key, value = _parts(addition)
    return any(isinstance(item, dict) and item.get(key) == value for item in (resource or {}).get(element, []))


def _parts(addition: str) -> tuple[str, str, str]:
    match = _ADDED_ELEMENT.fullmatch(addition)
    if match is None:
        raise ValueError(f"{addition!r} is not of the form element[key=value]")
    return match["element"], match["key"], match["value"]


def without_extensions(part: Any) -> Any:
    """A copy of a resource, or a part of one, with every extension left out."""
    if isinstance(part, dict):
        return {key: without_extensions(value) for key, value in part.items() if key != "extension"}
    return [without_extensions(item) for item in part] if isinstance(part, list) else part


def differences(sent: Resource, stored: Resource, server_adds: Iterable[str] = ()) -> list[str]:
    """The elements in which a stored resource differs from what was sent, in words; empty when it holds just that."""
    return list(_differences(essence(sent, server_adds), essence(stored, server_adds), ""))


def _differences(ours: Any, theirs: Any, path: str) -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in [*ours, *(key for key in theirs if key not in ours)]:
            place = f"{path}.{key}".lstrip(".")
            if key not in theirs:
                yield f"{place} is missing"
            elif key not in ours:
                yield f"{place} was not sent"
            else:
                yield from _differences(ours[key], theirs[key], place)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _differences(mine, other, f"{path}[{index}]")
    elif ours != theirs or isinstance(ours, bool) != isinstance(theirs, bool):  # to Python, but not in JSON, 1 is true
        yield f"{path} is {_short(theirs)}, not {_short(ours)}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
