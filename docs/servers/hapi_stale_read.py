"""Reads that stay at the old version after an update was accepted: HAPI FHIR JPA 8.8.0 on H2. No ifmatch in here.

    python docs/servers/hapi_stale_read.py http://127.0.0.1:8080/fhir [rounds, default 20000]

Two updates from one version and two reads are sent at once over kept-alive connections, as curl cannot; then the
resource is read again. Prints each round in which an accepted update is not to be seen, and stops after three.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import Barrier
from urllib.parse import urlsplit

base = urlsplit(sys.argv[1])
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
wires = [HTTPConnection(base.netloc, timeout=30) for _ in range(5)]
together = Barrier(4)


def send(wire, method, path, body=None, version=None, wait=False):
    """The status and the resource."""
    headers = {"Content-Type": "application/fhir+json"} | (
        {"If-Match": f'W/"{version}"'} if version else {}
    )
    if wait:
        together.wait()
    wire.request(method, f"{base.path}/{path}", json.dumps(body) if body else None, headers)
    answer = wire.getresponse()
    return answer.status, json.loads(answer.read())


def version_of(resource):
    return int(resource["meta"]["versionId"])


def current(place):
    return version_of(send(wires[4], "GET", place)[1])


found = 0
with ThreadPoolExecutor(4) as threads:
    for number in range(rounds):
        if number % 10 == 0:
            made = send(wires[4], "POST", "Patient", {"resourceType": "Patient"})[1]
            place, version = f"Patient/{made['id']}", version_of(made)
        bodies = [
            {"resourceType": "Patient", "id": made["id"], "language": f"{who}{number}"}
            for who in "ab"
        ]
        fired = [
            threads.submit(send, wires[i], "PUT", place, body, version, True)
            for i, body in enumerate(bodies)
        ]
        fired += [threads.submit(send, wires[i], "GET", place, wait=True) for i in (2, 3)]
        updates = [shot.result() for shot in fired][:2]
        accepted = max(
            (version_of(resource) for status, resource in updates if status == 200), default=version
        )
        if (seen := current(place)) < accepted:
            found += 1
            time.sleep(3)
            listed = send(wires[4], "GET", f"{place}/_history?_since=2000-01-01T00:00:00Z")[1][
                "entry"
            ]
            told = f"version {accepted} accepted; read {seen}, 3 s later {current(place)}"
            told += f"; the history ends with {version_of(listed[0]['resource'])}"
            refused = send(wires[4], "PUT", place, {**bodies[0], "active": True}, accepted)[0]
            print(
                f"{place}: {told}; PUT If-Match {accepted}: {refused}; read {current(place)}",
                flush=True,
            )
        version = current(place)
        if found == 3:
            break
print(f"{found} in {number + 1} rounds")
