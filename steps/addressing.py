"""When: updates that the address, the body or the sender make special."""

from pytest_bdd import when

from ifmatch.client.identity import Identity
from ifmatch.client.workbench import Attempt, new_unique
from ifmatch.rules.version import weak

from .updates import send_update, unicorn

# ---------------------------------------------------------------- what it is addressed to


@when("it is updated with no id in the body", target_fixture="attempt")
def update_without_id(target, bench, resource):
    return send_update(
        target, bench, resource, {k: v for k, v in bench.changed(resource).items() if k != "id"}
    )


@when("it is updated with the id of the other resource in the body", target_fixture="attempt")
def update_with_other_id(target, bench, resource, other):
    return send_update(target, bench, resource, {**bench.changed(resource), "id": other.id})


@when("it is updated with an id in the body that was never given out", target_fixture="attempt")
def update_with_unknown_body_id(target, bench, resource):
    return send_update(target, bench, resource, {**bench.changed(resource), "id": new_unique()})


@when("an id that was never given out is updated", target_fixture="attempt")
def update_unknown_id(target, bench):
    body, _ = bench.body()
    body["id"] = new_unique()
    return Attempt(
        target.update(bench.kind.type, body["id"], body, if_match=bench.some_tag()), body
    )


@when("an id that was never given out is updated from a version", target_fixture="attempt")
def update_unknown_id_from_version(target, bench):
    body, _ = bench.body()
    body["id"] = new_unique()
    return Attempt(target.update(bench.kind.type, body["id"], body, if_match=weak("1")), body)


@when("it is updated with a body of another type", target_fixture="attempt")
def update_wrong_type(target, bench, resource):
    other = {
        "resourceType": "Basic" if resource.type != "Basic" else "Patient",
        "id": resource.id,
        "code": {"text": "ifmatch"},
    }
    return send_update(target, bench, resource, other)


@when("a resource of a type that does not exist is updated", target_fixture="attempt")
def update_unknown_type(target, bench):
    body = unicorn()
    return Attempt(target.update("Unicorn", body["id"], body, if_match=bench.some_tag()), body)


@when("an update is sent to an address that is not a FHIR end-point", target_fixture="attempt")
def update_beside(target, bench):
    body, _ = bench.body()
    return Attempt(target.update_beside(body, if_match=bench.some_tag()), body)


# ---------------------------------------------------------------- in whose name


@when("it is updated without credentials", target_fixture="attempt")
def update_without_credentials(target, bench, resource):
    return send_update(target, bench, resource, identity=Identity.NOBODY)


@when("it is updated by someone who may not", target_fixture="attempt")
def update_forbidden(target, bench, resource):
    return send_update(target, bench, resource, identity=Identity.SECOND)
