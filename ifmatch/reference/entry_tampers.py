"""The ways in which faults change the entries of a Bundle: of a search, of a history, or of the answer to one."""

from collections.abc import Callable

from ifmatch.reference.message import Resource
from ifmatch.reference.tampers import Tamper, changed, without


def without_versions(bundle: Resource) -> Resource:
    """A Bundle whose resources all show the version 0."""
    for entry in bundle.get("entry", []):
        entry["resource"]["meta"]["versionId"] = "0"
    return bundle


def each_entry(bundle: Resource, change: Callable[[Resource], Resource]) -> Resource:
    """A Bundle with each resource in it changed."""
    entries = bundle.get("entry", [])
    changed_entries = [{**entry, "resource": change(entry["resource"])} for entry in entries]
    return {**bundle, "entry": changed_entries}


def entries_changed(change: Callable[[Resource], Resource]) -> Tamper:
    """A Bundle with each of its entries changed."""
    return changed(lambda found: {**found, "entry": list(map(change, found.get("entry", [])))})


def entries_reversed(bundle: Resource) -> Resource:
    """A Bundle whose entries stand in another order."""
    return {**bundle, "entry": bundle.get("entry", [])[::-1]}


def responses(**elements: object) -> Tamper:
    """A Bundle whose entries have other elements in their responses."""
    return entries_changed(lambda entry: {**entry, "response": {**entry["response"], **elements}})


def requests(**elements: object) -> Tamper:
    """A Bundle whose entries have other elements in their requests."""
    return entries_changed(lambda entry: {**entry, "request": {**entry["request"], **elements}})


def entries_without(element: str) -> Tamper:
    """A Bundle whose entries lack an element."""
    return entries_changed(without(element))


def full_urls_with(end: str) -> Tamper:
    """A Bundle whose entries have a fullUrl that goes on."""
    return entries_changed(lambda entry: {**entry, "fullUrl": entry["fullUrl"] + end})


def without_ids(bundle: Resource) -> Resource:
    """A Bundle whose resources have no id."""
    return each_entry(bundle, without("id"))
