"""The label that says of a resource that a run of ours made it: read from a resource, and searched for on a target."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from ifmatch.client.ledger import Item
from ifmatch.client.subject import IDENTIFIER_SYSTEM, entries, is_bundle
from ifmatch.client.target import FRESH, LABEL_SYSTEM, Target, by_criteria
from ifmatch.rules.answer import Answer, Resource, objects_in
from ifmatch.rules.expectation import describe

#: How many resources a page of a search is asked to hold.
_PAGE = 100


def labels(resource: Resource) -> list[str]:
    """The runs whose label a resource bears, as a tag or as an identifier."""
    meta = resource.get("meta")
    tags = _codings(meta.get("tag") if isinstance(meta, dict) else None)
    codings = [*tags, *_codings(resource.get("identifier"))]
    ours = [coding for coding in codings if coding.get("system") == LABEL_SYSTEM]
    return [str(coding.get("code") or coding.get("value")) for coding in ours]


def has_identifier_of_ours(resource: Resource) -> bool:
    """Whether a resource has an identifier that only we give."""
    listed = _codings(resource.get("identifier"))
    return any(identifier.get("system") == IDENTIFIER_SYSTEM for identifier in listed)


def _codings(value: Any) -> list[Resource]:
    return objects_in(value if isinstance(value, list) else [value])


# ---------------------------------------------------------------- searched for


@dataclass(frozen=True)
class Search:
    """What of one type bears a label. `gap` says why that may not be all, where the target does not let itself be
    searched to the end; empty where it is all.
    """

    type: str
    items: tuple[Item, ...]
    gap: str


def searches(target: Target, run: str = "") -> Iterator[Search]:
    """What bears our label, of one run or of any, type by type."""
    for resource_type in target.profile.resources:
        yield _searched(target, resource_type, run)


def _searched(target: Target, resource_type: str, run: str) -> Search:
    lists = [_listed(target, resource_type, criteria) for criteria in _criteria(run)]
    # Some servers ignore what they cannot search by, and list everything.
    ours = {
        str(resource["id"])
        for one in lists
        for resource in one.resources
        if _bears_label(resource, run)
    }
    items = tuple(Item(resource_type, one, "", created=True) for one in sorted(ours))
    is_there = resource_type in target.statement.types
    gap = lists[_BEARING.index(target.profile.resources[resource_type].label)].gap
    return Search(resource_type, items, gap if is_there else "")


#: What bears the label, in the order of the criteria by which it is found.
_BEARING = ("tag", "identifier")


def _criteria(run: str) -> Iterator[str]:
    """By the tag, by the label that is an identifier, and for servers that strip tags by the templates' identifiers."""
    yield f"_tag={LABEL_SYSTEM}|{run}"
    yield f"identifier={LABEL_SYSTEM}|{run}"
    if not run:
        yield f"identifier={IDENTIFIER_SYSTEM}|"


@dataclass(frozen=True)
class _Listed:
    """What a search lists, and why that may not be all; empty where it is."""

    resources: tuple[Resource, ...]
    gap: str = ""


def _listed(target: Target, resource_type: str, criteria: str) -> _Listed:
    """What a search lists, page by page."""
    path = f"{by_criteria(resource_type, criteria)}&_count={_PAGE}"
    known: dict[object, Resource] = {}
    while path:
        answer = target.send("GET", path, headers=FRESH)
        if not is_bundle(answer):
            gap = f"a search by {criteria.partition('=')[0]} is answered {describe(answer)}"
            return _Listed(tuple(known.values()), gap)
        page = {resource["id"]: resource for resource in entries(answer) if resource.get("id")}
        # A page with nothing new is the end, too: some servers lead to the same one for ever.
        is_new = bool(page.keys() - known.keys())
        known |= page
        following = _following(answer) if is_new else ""
        path = _path_of(target, following)
        if following and not path:
            return _Listed(
                tuple(known.values()),
                f"the next page of a search lies at {following}, not below the base",
            )
    return _Listed(tuple(known.values()))


def _following(answer: Answer) -> str:
    """The address of the next page, as it is written; empty when there is none."""
    links = objects_in((answer.resource or {}).get("link"))
    return next((str(link.get("url")) for link in links if link.get("relation") == "next"), "")


def _path_of(target: Target, address: str) -> str:
    """An address as a path below the base; empty where it is none.

    By its path alone, for a server behind a proxy may know itself by another name. What is asked is the target, always.
    """
    base = urlsplit(target.settings.base_url)
    url = urlsplit(urljoin(f"{target.settings.base_url}/", address))
    below, is_below = url.path.removeprefix(base.path), url.path.startswith(base.path)
    if not (is_below and below[:1] in ("", "/")):
        return ""
    query = f"?{url.query}" if url.query else ""
    return below.removeprefix("/") + query


def _bears_label(resource: Resource, run: str) -> bool:
    """Whether a resource has the label of a run, or of any, or an identifier that only we give."""
    found = labels(resource)
    return run in found if run else bool(found) or has_identifier_of_ours(resource)
