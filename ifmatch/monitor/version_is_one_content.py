"""A version of a resource is the same wherever it is shown."""

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

from ifmatch.monitor.shown import Kept, Shown
from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.answer import Resource, is_same_instant
from ifmatch.rules.content import essence


def version_is_one_content(observed: Observed) -> Iterator[Fact]:
    """An answer to a write, a read, a search and a history show the same content and metadata of the same version.

    FHIR R4 resource.html#metadata: a versionId is never used for more than one version. So what is shown under it is
    held against what it was first shown as in the run. A resource that has versions is never shown without.
    """
    for shown in observed.shown:
        numbered = observed.seen.numbered.get(shown.name)
        known = observed.seen.versions.get(shown.key)
        if not shown.version and numbered:
            yield _unnumbered(shown, numbered)
        elif known is not None:
            yield _compared(shown, known)


def _unnumbered(shown: Shown, numbered: str) -> Fact:
    name = "/".join(shown.name)
    return Fact(
        False,
        f"a meta.versionId of {name}, as exchange {numbered} has one",
        "none",
        contradicts=numbered,
    )


def _compared(shown: Shown, known: Kept) -> Fact:
    found = [] if shown.text == known.text else _found(known.resource, shown.resource)
    name, version = "/".join(shown.name), shown.version
    return Fact(
        not found,
        f"{name} of version {version} as exchange {known.exchange} showed it",
        "; ".join(found),
        contradicts=known.exchange,
    )


def _found(before: Resource, now: Resource) -> list[str]:
    return [
        *_differences(essence(before), essence(now), ""),
        *_differences_of_metadata(before, now),
    ]


def _differences(before: object, now: object, path: str) -> Iterator[str]:
    """Where two showings of one version differ, in words. None stands for what is not there."""
    kinds = (kind for kind in _COMPARE if isinstance(before, kind) and isinstance(now, kind))
    yield from _COMPARE[next(kinds)](before, now, path)


def _in_objects(before: Resource, now: Resource, path: str) -> Iterator[str]:
    for key in {**before, **now}:
        yield from _differences(before.get(key), now.get(key), f"{path}.{key}".lstrip("."))


def _in_lists(before: list[object], now: list[object], path: str) -> Iterator[str]:
    for index, (was, is_now) in enumerate(zip_longest(before, now)):
        yield from _differences(was, is_now, f"{path}[{index}]")


def _in_values(before: object, now: object, path: str) -> Iterator[str]:
    if json.dumps(before) != json.dumps(now):
        yield f"{path} is {_short(now)}, not {_short(before)}"


_COMPARE: Mapping[type, Callable[[Any, Any, str], Iterator[str]]] = {
    dict: _in_objects,
    list: _in_lists,
    object: _in_values,
}


def _short(value: object) -> str:
    return "absent" if value is None else json.dumps(value, ensure_ascii=False)[:60]


#: The metadata that say which version it is, and what the client gave it (R4 resource.html#metadata).
_ELEMENTS = ("versionId", "lastUpdated", "tag", "profile", "security")


def _differences_of_metadata(before: Resource, now: Resource) -> Iterator[str]:
    one, other = _meta(before), _meta(now)
    for element in _ELEMENTS:
        was, is_now = one.get(element), other.get(element)
        if not is_same_instant(was, is_now) and not _same_set(was, is_now):
            yield from _differences(was, is_now, f"meta.{element}")


def _meta(resource: Resource) -> Resource:
    meta = resource.get("meta")
    return meta if isinstance(meta, dict) else {}


def _same_set(one: object, other: object) -> bool:
    """Whether two lists hold the same: tags, profiles and labels have no order."""
    if not isinstance(one, list) or not isinstance(other, list):
        return False
    return all(part in other for part in one) and all(part in one for part in other)
