"""What fhirpy does with a server, a line of JSON for each interaction: `program.py BASE_URL SENT async|sync`."""

import asyncio
import inspect
import json
import sys

from fhirpy import AsyncFHIRClient, SyncFHIRClient
from fhirpy.base.exceptions import BaseFHIRError

KINDS = {"async": AsyncFHIRClient, "sync": SyncFHIRClient}


async def tell(interaction, ask):
    """Carry out an interaction, print what came of it, and return that."""
    try:
        answer = ask()
        ok, got = True, await answer if inspect.isawaitable(answer) else answer
    except BaseFHIRError as error:
        ok, got = False, {"error": type(error).__name__, "outcome": json.loads(str(error))}
    print(json.dumps({"interaction": interaction, "ok": ok, "got": got}), flush=True)
    return got


def tag(resource):
    return f'W/"{resource["meta"]["versionId"]}"'


async def main(base_url, sent, kind):
    def client(**headers):
        """A client that sends further headers; a header for one request only is not to be had."""
        return KINDS[kind](
            base_url,
            extra_headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    plain, patient, twin = client(), sent["patient"], sent["twin"]
    await tell("capabilities", lambda: plain.execute("metadata", "get"))

    made = await tell("create", lambda: plain.resource(**resource(patient)).save())
    address = f"Patient/{made['id']}"
    seen = await tell("read", lambda: plain.get(address))

    naming = client(If_Match=tag(seen))
    await tell("update", lambda: naming.resource(**resource(seen | sent["change"])).save())
    await tell("stale-update", lambda: naming.resource(**resource(seen | sent["late"])).save())
    current = await tell("reread", lambda: plain.get(address))
    await tell(
        "vread", lambda: plain.execute(f"{address}/_history/{seen['meta']['versionId']}", "get")
    )

    unless = client(If_None_Exist=sent["condition"])
    for name in ("conditional-create", "conditional-create-again"):
        await tell(name, lambda: unless.resource(**resource(twin)).save())
    found = plain.resources("Patient").search(family=patient["name"][0]["family"])
    await tell("search", found.include("Patient", "organization").limit(1).fetch_all)
    await tell("count", found.count)

    patching = client(If_Match=tag(current), Content_Type="application/json-patch+json")
    await tell("patch", lambda: patching.execute(address, "patch", sent["patch"]))
    await tell("read-patched", lambda: plain.get(address))
    await tell("delete", lambda: plain.delete(address))
    await tell("read-deleted", lambda: plain.get(address))


def resource(content):
    """A resource as the arguments that make one."""
    return {
        "resource_type" if name == "resourceType" else name: value
        for name, value in content.items()
    }


asyncio.run(main(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]))
