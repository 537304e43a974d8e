"""Searching by the simple parameters that conditional writes and cleaning up need (FHIR R4 search.html)."""

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, product, starmap

from ifmatch.reference.message import Json, Refusal, Resource, parts_of
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
    "entity": ("entity.what", "entity.reference"),
    "reference": ("object.reference",),
}
_STRINGS = frozenset({"name", "family", "given", "address", "address-city", "title", "description"})

#: How a text compares with what is wanted, by the modifier (R4 search.html): without one, from the beginning.
_COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    "": lambda text, wanted: text.casefold().startswith(wanted.casefold()),
    "contains": lambda text, wanted: wanted.casefold() in text.casefold(),
    "exact": operator.eq,
}

#: What a token or a reference may be modified by: nothing, or the type that is referred to.
_TYPE = re.compile(r"([A-Z][A-Za-z]*)?")

_PAGING = ("_count", "_offset")

#: Parameters that speak of the answer, not of what is looked for (R4 http.html#parameters, search.html#Parameters).
_OF_THE_ANSWER = frozenset(
    {
        "_format", "_pretty", "_summary", "_elements", "_count", "_offset", "_sort", "_total", "_include",
        "_revinclude", "_contained", "_containedType",
    }
)  # fmt: skip

#: What a conditional write may go by besides: elements that many types have under the same name.
_TOKENS = frozenset(
    {
        "identifier", "active", "gender", "status", "code", "category", "type", "intent", "subject", "owner",
        "performer", "encounter", "version",
    }
)  # fmt: skip


def conditions(query: Criteria) -> tuple[tuple[str, str], ...]:
    """What a conditional write goes by, without what a client asks of the answer.

    Raises Refusal for a criterion that means nothing here: to pass it over would write what nobody meant.
    """
    criteria = tuple((name, value) for name, value in query if _plain(name) not in _OF_THE_ANSWER)
    for name, _ in criteria:
        if _plain(name) not in {*_ELEMENTS, *_STRINGS, *_TOKENS}:
            raise Refusal("search-type.criteria", f"this server does not search by {name}")
    return criteria


def _plain(name: str) -> str:
    """The name of a parameter without its modifier."""
    return name.partition(":")[0]


def heeded(query: Criteria) -> tuple[tuple[str, str], ...]:
    """The parameters that a search goes by, for its self link to show.

    What begins with an underscore and is not known here speaks of the search as a whole (`_include`, `_elements`): it
    is ignored, as FHIR would have it, and narrows nothing.
    """
    return tuple(
        (name, value) for name, value in query if not name.startswith("_") or _is_known(name)
    )


def _is_known(name: str) -> bool:
    return _plain(name) in (*_ELEMENTS, *_PAGING)


def _camel(name: str) -> str:
    """The element that a parameter is named after: `birth-place` becomes `birthPlace`."""
    return re.sub(r"-(\w)", lambda match: match.group(1).upper(), name)


def find(store: Store, type_: str, criteria: Criteria) -> list[Version]:
    """The resources of a type that meet every criterion, oldest first. Raises Refusal when one cannot be understood."""
    tests = [_test(name, value) for name, value in criteria if _plain(name) not in _OF_THE_ANSWER]
    return [version for version in store.all_current(type_) if _meets(version, tests)]


def _meets(version: Version, tests: Iterable[Callable[[Resource], bool]]) -> bool:
    resource = version.resource or {}
    return all(test(resource) for test in tests)


def _test(name: str, value: str) -> Callable[[Resource], bool]:
    name, _, modifier = name.partition(":")
    paths = [path.split(".") for path in _ELEMENTS.get(name, (_camel(name),))]
    has, wanted = _comparison(name, modifier), value.split(",")

    def test(resource: Resource) -> bool:
        found = chain.from_iterable(_at(resource, path) for path in paths)
        return any(starmap(has, product(found, wanted)))

    return test


def _comparison(name: str, modifier: str) -> Callable[[Json, str], bool]:
    """How a value compares with what is wanted. Raises Refusal when the modifier means nothing here."""
    if name in _STRINGS and modifier in _COMPARE:
        return lambda item, text: _has_text(item, text, _COMPARE[modifier])
    if name not in _STRINGS and _TYPE.fullmatch(modifier):
        return _has_token
    raise Refusal("search-type.criteria", f"this server does not know {name}:{modifier}")


def _at(node: Json, path: list[str]) -> Iterator[Json]:
    if isinstance(node, list):
        yield from (found for item in node for found in _at(item, path))
    elif not path:
        yield node
    elif isinstance(node, dict) and path[0] in node:
        yield from _at(node[path[0]], path[1:])


def _has_text(item: Json, wanted: str, compare: Callable[[str, str], bool]) -> bool:
    """Whether a text compares; of an object or a list any part will do."""
    if isinstance(item, (dict, list)):
        return any(_has_text(part, wanted, compare) for part in parts_of(item))
    return compare(str(item), wanted)


def _has_token(item: Json, wanted: str) -> bool:
    """A code, Coding, CodeableConcept, Identifier, ContactPoint or Reference, as `value` or `system|value`."""
    if isinstance(item, dict):
        return _object_has_token(item, wanted)
    if isinstance(item, bool):
        return str(item).lower() == wanted.lower()
    return str(item) == wanted


def _object_has_token(item: Resource, wanted: str) -> bool:
    if "coding" in item:
        return any(_has_token(coding, wanted) for coding in item["coding"])
    if "reference" in item:
        return f"/{item['reference']}".endswith(f"/{wanted}")
    return _has_code(item, wanted)


def _has_code(item: Resource, wanted: str) -> bool:
    """A code as `value`, `system|value`, `|value` (of no system) or `system|` (any of the system)."""
    system, bar, value = wanted.rpartition("|")
    if bar and system != item.get("system", ""):
        return False
    return not value or value in (item.get("value"), item.get("code"))
