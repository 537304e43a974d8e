"""What fhirclient (SMART) does with a server, a line of JSON for each interaction: `program.py BASE_URL SENT`."""

import json
import sys
from contextlib import contextmanager

import requests
from fhirclient.client import FHIRClient
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRNotFoundException


def tell(interaction, ask):
    """Carry out an interaction, print what came of it, and return that."""
    try:
        ok, got = True, ask()
    except (requests.HTTPError, FHIRNotFoundException) as error:
        name = f"{type(error).__name__} {error.response.status_code}"
        ok, got = False, {"error": name, "outcome": error.response.json()}
    print(json.dumps({"interaction": interaction, "ok": ok, "got": got}), flush=True)
    return got


def tag(resource):
    return f'W/"{resource["meta"]["versionId"]}"'


@contextmanager
def sending(server, **headers):
    """The client's session with further headers for as long as this lasts."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    server.session.headers.update(named)
    yield
    for name in named:
        del server.session.headers[name]


def patched(server, address, patch):
    """A patch by the client's session: it has none of its own."""
    headers = {"Content-Type": "application/json-patch+json", "Accept": "application/fhir+json"}
    answer = server.session.patch(f"{server.base_uri}{address}", json=patch, headers=headers)
    server.raise_for_status(answer)
    return Patient(answer.json()).as_json()


def main(base_url, sent):
    smart = FHIRClient(settings={"app_id": "ifmatch", "api_base": base_url})
    server, patient = smart.server, sent["patient"]
    tell("capabilities", lambda: smart.prepare() and server.capabilityStatement.as_json())

    made = tell("create", lambda: Patient(patient).create(server))
    address = f"Patient/{made['id']}"
    seen = tell("read", lambda: Patient.read(made["id"], server).as_json())

    with sending(server, If_Match=tag(seen)):
        tell("update", lambda: Patient(seen | sent["change"]).update(server))
        tell("stale-update", lambda: Patient(seen | sent["late"]).update(server))
    current = tell("reread", lambda: Patient.read(made["id"], server).as_json())
    version = seen["meta"]["versionId"]
    tell("vread", lambda: Patient.read_from(f"{address}/_history/{version}", server).as_json())

    with sending(server, If_None_Exist=sent["condition"]):
        for name in ("conditional-create", "conditional-create-again"):
            tell(name, lambda: Patient(sent["twin"]).create(server))
    found = Patient.where({"family": patient["name"][0]["family"], "_count": "1"}).include(
        "managingOrganization"
    )
    tell("search", lambda: [one.as_json() for one in found.perform_resources_iter(server)])
    tell("count", lambda: next(found.perform_iter(server)).total)

    with sending(server, If_Match=tag(current)):
        tell("patch", lambda: patched(server, address, sent["patch"]))
    tell("read-patched", lambda: Patient.read(made["id"], server).as_json())
    tell("delete", lambda: Patient(current).delete(server))
    tell("read-deleted", lambda: Patient.read(made["id"], server).as_json())


main(sys.argv[1], json.loads(sys.argv[2]))
