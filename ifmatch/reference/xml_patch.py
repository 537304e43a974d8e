"""XML Patch (RFC 5261) for a server that keeps JSON: the resource is put into XML, patched there, and read back.

The XML carries notes on what FHIR's own XML leaves to the definitions: which elements are lists, and what type a value
has. So nothing that the patch does not touch can change on the way.
"""

import json
import re
from collections.abc import Callable, Mapping

from lxml import etree

from ifmatch.reference.fhirpath_patch import REPEATING
from ifmatch.reference.message import Json, Resource

_LIST, _JSON = "list-item", "json-type"
_PREFIX = re.compile(r"\b[A-Za-z][\w-]*:(?=[A-Za-z*])(?!:)")
_ATTRIBUTES = frozenset({"url", "id"})


def operations(content: bytes) -> list[Json]:
    """The add, replace and remove elements of a patch. Raises ValueError when it is not XML of that kind."""
    diff = _parsed(content)
    if etree.QName(diff).localname != "diff":
        raise ValueError("an XML Patch is a diff element")
    steps = list(diff)
    if not steps or any(etree.QName(step).localname not in _DO for step in steps):
        raise ValueError("a diff holds add, replace and remove elements")
    return steps


def _parsed(content: bytes) -> Json:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_blank_text=True
    )
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"the patch is not XML: {error}") from None


def apply_operation(resource: Resource, step: Json) -> Resource:
    """A copy of a resource with one operation done. Raises ValueError unless its selector names just one node."""
    root = _to_xml(resource["resourceType"], resource)
    found = _select(root, step.get("sel", ""))
    if len(found) != 1:
        raise ValueError(f"{step.get('sel')} names {len(found)} nodes, not one")
    _DO[etree.QName(step).localname](found[0], step)
    return {"resourceType": root.tag, **_to_json(root)}


def _select(root: Json, selector: str) -> Json:
    """Namespaces are left out on both sides: a resource has only one, whatever its prefix in the patch."""
    path = _PREFIX.sub("", selector)
    try:
        return etree.ElementTree(root).xpath(path if path.startswith("/") else f"/{path}")
    except etree.XPathError as error:
        raise ValueError(f"{selector} is not a path: {error}") from None


def _add(target: Json, step: Json) -> None:
    kind = step.get("type", "")
    if kind.startswith("@"):
        target.set(kind[1:], step.text or "")
        return
    add = _ADD_AT.get(step.get("pos", ""), _append)
    add(target, [_plain(child) for child in step])


def _before(target: Json, added: list[Json]) -> None:
    parent, index = target.getparent(), target.getparent().index(target)
    parent[index:index] = added


def _after(target: Json, added: list[Json]) -> None:
    parent, index = target.getparent(), target.getparent().index(target) + 1
    parent[index:index] = added


def _prepend(target: Json, added: list[Json]) -> None:
    target[0:0] = added


def _append(target: Json, added: list[Json]) -> None:
    target.extend(added)


#: Where an addition goes (RFC 5261 section 4.3): without a position, at the end.
_ADD_AT: Mapping[str, Callable[[Json, list[Json]], None]] = {
    "before": _before,
    "after": _after,
    "prepend": _prepend,
}


def _replace(target: Json, step: Json) -> None:
    if isinstance(target, str):
        owner, name = target.getparent(), target.attrname  # type: ignore[attr-defined]
        owner.set(name, (step.text or "").strip())
        return
    (new,) = map(_plain, step)
    _keep_notes(target, new)
    target.getparent().replace(target, new)


def _remove(target: Json, step: Json) -> None:
    if isinstance(target, str):
        del target.getparent().attrib[target.attrname]  # type: ignore[attr-defined]
    else:
        target.getparent().remove(target)


_DO: Mapping[str, Callable[[Json, Json], None]] = {
    "add": _add,
    "replace": _replace,
    "remove": _remove,
}


def _plain(element: Json) -> Json:
    """A copy of an element of the patch without its namespace."""
    plain = etree.Element(etree.QName(element).localname, dict(element.attrib))
    plain.extend(_plain(child) for child in element)
    return plain


def _keep_notes(old: Json, new: Json) -> None:
    for note in (_LIST, _JSON):
        if old.get(note) is not None:
            new.set(note, old.get(note))


def _to_xml(name: str, value: Json) -> Json:
    """An element for a JSON value: an object has children, a simple value has an attribute; notes say what it was."""
    if isinstance(value, dict):
        return _object_to_xml(name, value)
    text = value if isinstance(value, str) else json.dumps(value)
    return etree.Element(name, {"value": text, _JSON: type(value).__name__})


def _object_to_xml(name: str, value: Resource) -> Json:
    attributes = {key: part for key, part in value.items() if _is_attribute(name, key, part)}
    element = etree.Element(name, attributes)
    for key, part in value.items():
        if key not in attributes and (key, part) != ("resourceType", name):
            element.extend(_children(key, part))
    return element


def _is_attribute(owner: str, key: str, part: Json) -> bool:
    return (
        owner in ("extension", "modifierExtension") and key in _ATTRIBUTES and isinstance(part, str)
    )


def _children(name: str, part: Json) -> list[Json]:
    """The elements for one member of an object: as many as a list has items, each with a note that it is of a list."""
    if not isinstance(part, list):
        return [_to_xml(name, part)]
    return [_with_note(_to_xml(name, item)) for item in part]


def _with_note(child: Json) -> Json:
    child.set(_LIST, "")
    return child


def _to_json(element: Json) -> Json:
    """The JSON value of an element, by its notes; a new element, without notes, is judged by its name and its look."""
    if "value" in element.attrib and not len(element):
        return _value(element.get("value"), element.get(_JSON))
    found = _attributes_of(element)
    for child in element:
        _enter(found, child)
    return found


def _attributes_of(element: Json) -> dict[str, Json]:
    return {key: element.get(key) for key in sorted(_ATTRIBUTES) if key in element.attrib}


def _enter(found: dict[str, Json], child: Json) -> None:
    """Put the value of a child element into the object that its parent is."""
    if _is_list_item(child) or isinstance(found.get(child.tag), list):
        found.setdefault(child.tag, []).append(_to_json(child))
    else:
        found[child.tag] = _to_json(child)


def _is_list_item(element: Json) -> bool:
    return element.get(_LIST) is not None or element.tag in REPEATING


def _value(text: str, noted: str | None) -> Json:
    if noted in (None, "str"):
        return text if noted or text not in ("true", "false") else text == "true"
    return json.loads(text)
