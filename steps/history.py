"""Given, When and Then of versions and histories."""

from datetime import timedelta

import pytest
from pytest_bdd import given, parsers, then, when

from ifmatch.client.past import (
    history_with,
    versions_listed,
    write_to_past,
)
from ifmatch.client.versions import Versions, unlike_version, write_versions
from ifmatch.client.workbench import Attempt, new_unique
from ifmatch.race.reader import Reader
from ifmatch.rules.answer import Effect, instant


@pytest.fixture
def versions():
    """The versions that a scenario has seen."""
    return Versions()


@given("a resource that is written to by every door", target_fixture="resource")
def written_by_every_door(case, target, bench, glancing, versions):
    subject = write_versions(target, glancing, versions, with_vread=bench.offers("vread"))
    if any(answer.effect is Effect.ACCEPTED for answer in versions.at_once):
        case.has_shown("vread")
    return subject


@when("a version of it is read that never was", target_fixture="attempt")
def read_unknown_version(target, resource):
    never = "987654321" if resource.now.version.isdigit() else new_unique()
    return Attempt(target.vread(resource.type, resource.id, never), {})


@then("each version could be read at once, as it was")
def read_at_once(case, versions):
    _demand_alike(case, versions, versions.at_once)


@then("each version can still be read, as it was")
def still_read(case, target, resource, versions):
    _demand_alike(
        case, versions, [target.vread(resource.type, resource.id, name) for name in versions.names]
    )


def _demand_alike(case, versions, answers):
    case.demand_offered(answers)
    found = [
        text
        for seen, answer in zip(versions.read, answers, strict=True)
        for text in unlike_version(seen, answer)
    ]
    case.fact(not found, f"{len(answers)} versions as they were", "; ".join(found))


@then("its history lists each version once, the oldest last")
def lists_each_once(case, target, glancing, resource, versions):
    listed = [entry.version for entry in _entries(case, target, glancing, resource)]
    case.fact(listed == versions.names, _listed(versions.names), _listed(listed))


@then("its history lists the deletion before each of its versions")
def lists_deletion(case, target, glancing, resource, versions):
    entries = _entries(case, target, glancing, resource)
    kept = [entry.version for entry in entries if entry.method != "DELETE"]
    case.fact(kept == versions.names, _listed(versions.names), _listed(kept))
    methods = [entry.method for entry in entries]
    last_only = methods[-1:] == ["DELETE"] and methods.count("DELETE") == 1
    case.fact(last_only, "one deletion, the newest entry", f"the entries {', '.join(methods)}")


@then(parsers.re("its history lists (?P<expected>one deletion|two deletions)"))
def lists_deletions(case, target, glancing, resource, expected):
    methods = [entry.method for entry in _entries(case, target, glancing, resource)]
    count = {"one deletion": 1, "two deletions": 2}[expected]
    case.fact(methods.count("DELETE") == count, expected, f"the entries {', '.join(methods)}")


def _entries(case, target, bench, resource):
    """The history, oldest first; none where it cannot be read to its end."""
    if case.unclaimed:
        case.demand_offered([target.history(resource.type, resource.id)])
    return Reader(target, bench).history(resource) or ()


def _listed(versions):
    return f"the versions {', '.join(versions) or 'of no history that can be read'}"


@when(
    parsers.parse("the version that was read is written to by {method}"), target_fixture="attempt"
)
def write_to_version(target, bench, resource, method):
    return write_to_past(target, bench, resource, method)


@when("it is deleted, and the version of the deletion is read", target_fixture="attempt")
def read_deletion(case, target, bench, resource):
    answer = target.delete(resource.type, resource.id, if_match=resource.now.base)
    case.shown(answer if answer.effect is Effect.ACCEPTED else None, "a deletion")
    listed = Reader(target, bench).history(resource) or ()
    named = answer.version or next((entry.version for entry in listed if entry.deleted), None)
    version = case.shown(named or None, "the version of the deletion")
    return Attempt(target.vread(resource.type, resource.id, version), {})


@when("the history of an id is read that was never given out", target_fixture="attempt")
def read_unknown_history(target, bench):
    return Attempt(target.history(bench.kind.type, new_unique()), {})


@then("its history says of each version how it was written")
def says_how(case, target, glancing, resource):
    methods = [entry.method for entry in _entries(case, target, glancing, resource)]
    first = "POST" if glancing.kind.how == "create" else "PUT"
    earliest, *later = case.shown(
        methods if methods and all(methods) else None, "the methods in a history"
    )
    case.fact(earliest == first, f"{first} of the first version", f"{earliest}")
    others = [method for method in later if method not in ("PUT", "PATCH")]
    case.fact(not others, "PUT or PATCH of the others", ", ".join(others))


@then("its history since the last update lists that update")
def lists_since(case, target, glancing, resource):
    since = case.shown(resource.now.last_updated, "the time of the last update")
    listed = versions_listed(history_with(case, target, glancing, resource, _since=since))
    version = resource.now.version
    case.fact(version in listed, f"the version {version}", _listed(listed))


@then("its history since a day later lists nothing")
def lists_nothing(case, target, glancing, resource):
    written = case.shown(instant(resource.now.last_updated), "the time of the last update")
    since = (written + timedelta(days=1)).isoformat(timespec="seconds")
    listed = versions_listed(history_with(case, target, glancing, resource, _since=since))
    case.fact(not listed, "no versions", _listed(listed))


@then("its history in pages of one lists each version once")
def lists_in_pages(case, target, glancing, resource, versions):
    first = history_with(case, target, glancing, resource, _count="1")
    case.fact(len(versions_listed(first)) <= 1, "a page of one", _listed(versions_listed(first)))
    listed = Reader(target, glancing).entries(resource, first)
    names = [entry.version for entry in listed or ()]
    case.fact(names == versions.names, _listed(versions.names), _listed(names))


@then("the total of its history counts each version")
def total_counts(case, target, glancing, resource, versions):
    answer = target.history(resource.type, resource.id)
    total = case.shown((answer.resource or {}).get("total"), "the total of a history")
    case.fact(total == len(versions.names), f"a total of {len(versions.names)}", f"{total}")
