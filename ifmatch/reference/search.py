"""Searching by the simple parameters that conditional writes and cleaning up need (FHIR R4 search.html)."""

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from ifmatch.reference.message import Json, Refusal, Resource
from ifmatch.reference.store import Store, Version

Criteria = Iterable[tuple[str, str]]

#: Where the values of a parameter lie, when that is not the element of the same name.
_ELEMENTS: dict[str, tuple[str, ...]] = {
    "_id": ("id",),
    "_tag": ("meta.tag",),
    "_profile": ("meta.profile",),
    "family": ("name.family",),
    "given": ("name.given",),
    "phone": ("telecom",),
    "email": ("telecom",),
    "birthdate": ("birthDate",),
    "address-city": ("address.city",),
    "patient": ("subject", "patient", "for"),
    "url": ("url",),
    "clinical-status": ("clinicalStatus",),
    "questionnaire": ("questionnaire",),
}
_STRINGS = frozenset({"name", "family", "given", "address", "address-city", "title", "description"})

#: How a text compares with what is wanted, by the modifier: from the beginning unless told otherwise (R4 search.html).
_COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    "": lambda text, wanted: text.casefold().startswith(wanted.casefold()),
    "contains": lambda text, wanted: wanted.casefold() in text.casefold(),
    "exact": operator.eq,
}

#: What a token or a reference may be modified by: nothing, or the type that is referred to.
_TYPE = re.compile(r"([A-Z][A-Za-z]*)?")

_PAGING = ("_count", "_offset")


def heeded(query: Criteria) -> tuple[tuple[str, str], ...]:
    """The parameters that a search goes by, for its self link to show.

    What begins with an underscore and is not known here speaks of the search as a whole (`_include`, `_elements`): it
    is ignored, as FHIR would have it, and narrows nothing.
    """
    known = (*_ELEMENTS, *_PAGING)
    return tuple((name, value) for name, value in query if name[:1] != "_" or name.partition(":")[0] in known)


def find(store: Store, type_: str, criteria: Criteria) -> list[Version]:
    """The resources of a type that meet every criterion, oldest first. Raises Refusal when one cannot be understood."""
    tests = [_test(name, value) for name, value in criteria if name not in ("_count", "_offset", "_sort", "_total")]
    return [version for version in store.all_current(type_) if all(test(version.resource or {}) for test in tests)]


def _test(name: str, value: str) -> Callable[[Resource], bool]:
    name, _, modifier = name.partition(":")
    camel = re.sub(r"-(\w)", lambda match: match.group(1).upper(), name)
    paths = _ELEMENTS.get(name, (camel,))
    wanted = value.split(",")
    if not (modifier in _COMPARE if name in _STRINGS else _TYPE.fullmatch(modifier)):
        raise Refusal("search-type.criteria", f"this server does not know {name}:{modifier}")

    def test(resource: Resource) -> bool:
        found = [item for path in paths for item in _at(resource, path.split("."))]
        if name in _STRINGS:
            return any(_has_text(item, text, _COMPARE[modifier]) for item in found for text in wanted)
        return any(_has_token(item, token) for item in found for token in wanted)

    return test


def _at(node: Json, path: list[str]) -> Iterator[Json]:
    if isinstance(node, list):
        for item in node:
            yield from _at(item, path)
    elif not path:
        yield node
    elif isinstance(node, dict) and path[0] in node:
        yield from _at(node[path[0]], path[1:])


def _has_text(item: Json, wanted: str, compare: Callable[[str, str], bool]) -> bool:
    """Whether a text compares; of an object or a list any part will do."""
    if isinstance(item, (dict, list)):
        parts = item.values() if isinstance(item, dict) else item
        return any(_has_text(part, wanted, compare) for part in parts)
    return compare(str(item), wanted)


def _has_token(item: Json, wanted: str) -> bool:
    """A code, Coding, CodeableConcept, Identifier, ContactPoint or Reference, as `value` or `system|value`."""
    if not isinstance(item, dict):
        return str(item).lower() == wanted.lower() if isinstance(item, bool) else str(item) == wanted
    if "coding" in item:
        return any(_has_token(coding, wanted) for coding in item["coding"])
    if "reference" in item:
        return str(item["reference"]) == wanted or str(item["reference"]).endswith(f"/{wanted}")
    system, bar, value = wanted.rpartition("|")
    if bar and system != item.get("system", ""):
        return False
    return not value or value in (item.get("value"), item.get("code"))
