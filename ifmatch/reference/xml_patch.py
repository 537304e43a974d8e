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
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_blank_text=True)
    try:
        diff = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"the patch is not XML: {error}") from None
    if etree.QName(diff).localname != "diff":
        raise ValueError("an XML Patch is a diff element")
    steps = list(diff)
    if not steps or any(etree.QName(step).localname not in _DO for step in steps):
        raise ValueError("a diff holds add, replace and remove elements")
    return steps


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
    added = [_plain(child) for child in step]
    position = step.get("pos", "")
    if position in ("before", "after"):
        parent, index = target.getparent(), target.getparent().index(target)
        parent[index + (position == "after") : index + (position == "after")] = added
    elif position == "prepend":
        target[0:0] = added
    else:
        target.extend(added)


def _replace(target: Json, step: Json) -> None:
    if isinstance(target, str):
        owner, name = target.getparent(), target.attrname  # type: ignore[attr-defined]
        owner.set(name, (step.text or "").strip())
    else:
        (new,) = (_plain(child) for child in step)
        _keep_notes(target, new)
        target.getparent().replace(target, new)


def _remove(target: Json, step: Json) -> None:
    if isinstance(target, str):
        del target.getparent().attrib[target.attrname]  # type: ignore[attr-defined]
    else:
        target.getparent().remove(target)


_DO: Mapping[str, Callable[[Json, Json], None]] = {"add": _add, "replace": _replace, "remove": _remove}


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
    element = etree.Element(name)
    if not isinstance(value, dict):
        element.set("value", value if isinstance(value, str) else json.dumps(value))
        element.set(_JSON, type(value).__name__)
        return element
    for key, part in value.items():
        if key in _ATTRIBUTES and isinstance(part, str) and name in ("extension", "modifierExtension"):
            element.set(key, part)
        elif key != "resourceType" or name not in (value["resourceType"], ""):
            for item in part if isinstance(part, list) else [part]:
                child = _to_xml(key, item)
                if isinstance(part, list):
                    child.set(_LIST, "")
                element.append(child)
    return element


def _to_json(element: Json) -> Json:
    """The JSON value of an element, by its notes; a new element, without notes, is judged by its name and its look."""
    if "value" in element.attrib and not len(element):
        return _value(element.get("value"), element.get(_JSON))
    found: dict[str, Json] = {key: element.get(key) for key in sorted(_ATTRIBUTES) if key in element.attrib}
    for child in element:
        value = _to_json(child)
        if child.get(_LIST) is not None or child.tag in REPEATING or isinstance(found.get(child.tag), list):
            found.setdefault(child.tag, []).append(value)
        else:
            found[child.tag] = value
    return found


def _value(text: str, noted: str | None) -> Json:
    if noted in (None, "str"):
        return text if noted or text not in ("true", "false") else text == "true"
    return json.loads(text)
