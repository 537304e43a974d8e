"""Given and When of what the capability statement says of versions."""

from pytest_bdd import given, when

from ifmatch.client.workbench import Attempt
from ifmatch.errors import RuleNotApplicable


@given("the capability statement says that versions are heeded")
def versions_heeded(target, resource):
    says = target.statement.versioning(resource.type)
    if says != "versioned-update":
        raise RuleNotApplicable(f"the capability statement says of versioning: {says or 'nothing'}")


@given("the capability statement says that past versions can be read")
def past_versions_readable(target, resource):
    if not target.statement.reads_history(resource.type):
        raise RuleNotApplicable("the capability statement does not say readHistory")


@when("the version that was read is read again", target_fixture="attempt")
def read_past(target, resource):
    return Attempt(target.vread(resource.type, resource.id, resource.read.version), {})
