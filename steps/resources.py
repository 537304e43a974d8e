"""Given: the resources that a scenario is about, and what others did to them meanwhile."""

from pytest_bdd import given, parsers

from ifmatch.client.workbench import new_unique
from ifmatch.errors import OutcomeUnknown, RuleNotApplicable


@given("a resource on the server", target_fixture="resource")
def a_resource(bench):
    return bench.make()


@given(parsers.re(r"a (?P<resource_type>[A-Z]\w+) on the server"), target_fixture="resource")
def a_resource_of_type(bench, resource_type):
    return bench.make(bench.kind_of(resource_type))


@given("another resource of the same type", target_fixture="other")
def another_resource(bench):
    return bench.make()


@given("another resource whose version this one never had", target_fixture="other")
def another_version(bench, resource):
    other = bench.make()
    for _ in range(3):
        if other.now.version != resource.now.version:
            return other
        bench.update(other)
    raise OutcomeUnknown("another resource has the same version even after three updates of it")


@given(parsers.parse("two resources that share their {criterion}"), target_fixture="resources")
def two_alike(bench, criterion):
    if criterion not in bench.kind.criteria:
        raise RuleNotApplicable(f"the profile finds no {bench.kind.type} by {criterion}")
    unique = new_unique()
    return [bench.make(unique=unique), bench.make(unique=unique)]


@given("someone else has updated it since it was read")
@given("someone else has updated it again")
@given("it has been updated", target_fixture="last_update")
def updated_by_someone(bench, resource):
    return bench.update(resource)


@given("it has been updated a dozen times", target_fixture="past")
def updated_often(bench, glancing, resource):
    """What was seen of it before each of the updates, the oldest first. Of the last its history is seen, too."""
    past = [resource.now]
    for _ in range(11):
        glancing.update(resource)
        past.append(resource.now)
    bench.update(resource)
    return past


@given("it has been deleted")
def deleted(case, bench, resource):
    bench.delete(resource)
    case.has_shown("delete")
