"""Given, When and Then of versions and histories."""

import pytest
from pytest_bdd import given, then, when

from ifmatch.client.versions import Versions, unlike_version, write_versions
from ifmatch.client.workbench import Attempt, new_unique
from ifmatch.race.reader import Reader


@pytest.fixture
def versions():
    """The versions that a scenario has seen."""
    return Versions()


@given("a resource that is written to by every door", target_fixture="resource")
def written_by_every_door(target, bench, glancing, versions):
    return write_versions(target, glancing, versions, with_vread=bench.offers("vread"))


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
def lists_each_once(case, target, bench, resource, versions):
    listed = [entry.version for entry in _entries(case, target, bench, resource)]
    case.fact(listed == versions.names, _listed(versions.names), _listed(listed))


@then("its history lists the deletion before each of its versions")
def lists_deletion(case, target, bench, resource, versions):
    entries = _entries(case, target, bench, resource)
    kept = [entry.version for entry in entries if entry.method != "DELETE"]
    case.fact(kept == versions.names, _listed(versions.names), _listed(kept))
    methods = [entry.method for entry in entries]
    last_only = methods[-1:] == ["DELETE"] and methods.count("DELETE") == 1
    case.fact(last_only, "one deletion, the newest entry", f"the entries {', '.join(methods)}")


@then("its history lists one deletion")
def lists_one_deletion(case, target, bench, resource):
    methods = [entry.method for entry in _entries(case, target, bench, resource)]
    case.fact(methods.count("DELETE") == 1, "one deletion", f"the entries {', '.join(methods)}")


def _entries(case, target, bench, resource):
    """The history, oldest first; none where it cannot be read to its end."""
    if case.unclaimed:
        case.demand_offered([target.history(resource.type, resource.id)])
    return Reader(target, bench).history(resource) or ()


def _listed(versions):
    return f"the versions {', '.join(versions) or 'of no history that can be read'}"
