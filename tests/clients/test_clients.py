"""The embedded server is a FHIR server to well-known clients: each does its interactions, and comes to what it should.

fhirpy is here twice, for it has two ways to the wire. What a client lacks is done by the nearest thing that it offers,
which the test says. Only HAPI's has an If-Match of its own, the version in a resource's id; the others send it as a
further header, fhirpy as one of a client made for it, fhirclient as one of its session, fhir-kit-client as one of the
request.
"""

import functools

import pytest
from built import or_skip
from client import CLIENTS

from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import load

pytestmark = pytest.mark.clients

_PATIENT = {
    "resourceType": "Patient",
    "name": [{"family": "Amari", "given": ["Idris"]}],
    "birthDate": "1970-03-01",
}


def _identified(value):
    return _PATIENT | {"identifier": [{"system": "urn:ifmatch:client", "value": value}]}


#: What every client sends, in the words of the programs.
SENT = {
    "patient": _identified("one"),
    "change": {"birthDate": "1970-03-02"},
    "late": {"birthDate": "1999-09-09"},
    "twin": _identified("two"),
    "condition": "identifier=urn:ifmatch:client|two",
    "patch": [{"op": "add", "path": "/active", "value": True}],
}

#: What a client makes of a refusal with a status.
REFUSED = {
    "fhirpy": {410: "ResourceNotFound", 412: "MultipleResourcesFound"},
    "fhirclient": {410: "HTTPError 410", 412: "HTTPError 412"},
    "hapi-fhir-client": {410: "ResourceGoneException", 412: "PreconditionFailedException"},
    "fhir-kit-client": {410: "HTTP 410", 412: "HTTP 412"},
}


@functools.cache
def story_of(client, *faults):
    """What a client tells of an embedded server with these faults."""
    with or_skip(), EmbeddedServer(load("fhir-r4"), faults=faults) as server:
        return client.story(server.base_url, SENT)


@pytest.fixture(params=CLIENTS, ids=lambda client: client.name)
def client(request):
    return request.param


@pytest.fixture
def story(client):
    return story_of(client)


def versions(story, *interactions):
    return [int(story[interaction].got["meta"]["versionId"]) for interaction in interactions]


def holds(told, content):
    """Whether a client was given a resource with this content."""
    return told.ok and told.got.items() >= content.items()


def is_refused(story, interaction, status):
    """Whether a client says that it was refused, and has the server's words for why."""
    told = story[interaction]
    words = {} if told.ok else told.got["outcome"]
    return (
        words.get("resourceType") == "OperationOutcome"
        and told.got["error"] == REFUSED[story.client][status]
    )


def test_capabilities(story):
    """fhirpy has no call for the statement and reads it as any address; the others understand it."""
    told = story["capabilities"]
    assert told.ok
    assert told.got["fhirVersion"] == "4.0.1"
    patients = next(
        resource for resource in told.got["rest"][0]["resource"] if resource["type"] == "Patient"
    )
    assert {"code": "update"} in patients["interaction"]


def test_create(story):
    assert holds(story["create"], SENT["patient"])
    assert story["create"].got["id"]
    assert versions(story, "create") == [1]


def test_read(story):
    assert story["read"].ok
    assert story["read"].got == story["create"].got


def test_update(story):
    """From the version that was read, which the client's own If-Match names."""
    assert holds(story["update"], SENT["patient"] | SENT["change"])
    assert versions(story, "read", "update") == [1, 2]
    assert story["reread"].got == story["update"].got


def test_stale_update(story):
    """fhirpy tells every 412 as MultipleResourcesFound; the text is the server's."""
    assert is_refused(story, "stale-update", 412)
    assert holds(story["reread"], SENT["patient"] | SENT["change"])
    assert versions(story, "reread") == [2]


def test_vread(story):
    """Only fhir-kit-client has a call for it; the others read the version by its address."""
    assert story["vread"].ok
    assert story["vread"].got == story["read"].got
    assert holds(story["vread"], SENT["patient"])


def test_conditional_create(story):
    """By If-None-Exist, a further header as well; fhirpy's get_or_create sends a query, which FHIR does not have."""
    first, second = story["conditional-create"], story["conditional-create-again"]
    assert holds(first, SENT["twin"])
    assert second.ok
    assert second.got == first.got
    assert story["count"].got == 2


def test_conditional_update():
    """Only HAPI's client has it; to the criteria it adds the format that it wants, as to those of a create."""
    story = story_of(next(client for client in CLIENTS if client.title == "hapi-fhir-client"))
    assert holds(story["conditional-update"], SENT["twin"])
    assert story["conditional-update"].got["id"] == story["conditional-create"].got["id"]


def test_search(story):
    """Page by page, with an _include that the server ignores; of fhir-kit-client the first page by POST."""
    assert story["search"].ok
    assert story["search"].got == [story["reread"].got, story["conditional-create"].got]
    assert story["count"].got == 2


def test_patch(story):
    """A JSON Patch. fhirpy sends it as any request, fhirclient by its session; fhirpy's own patch is not a FHIR one."""
    assert holds(story["patch"], SENT["patient"] | SENT["change"] | {"active": True})
    assert versions(story, "reread", "patch") == [2, 3]
    assert story["read-patched"].got == story["patch"].got


def test_delete(story):
    assert story["delete"].ok
    assert is_refused(story, "read-deleted", 410)


#: A fault that each test must see, on a server that has it.
SEEN = [
    (test_capabilities, "update-not-claimed"),
    (test_create, "create-loses-an-element"),
    (test_read, "read-hides-an-element"),
    (test_update, "update-not-stored"),
    (test_stale_update, "if-match-ignored"),
    (test_stale_update, "conflict-answered-200"),
    (test_stale_update, "conflict-answered-409"),
    (test_stale_update, "refused-update-applied"),
    (test_vread, "create-loses-an-element"),
    (test_conditional_create, "if-none-exist-ignored"),
    (test_search, "search-shows-version-0"),
    (test_patch, "patch-does-nothing"),
    (test_patch, "patch-loses-an-element"),
    (test_delete, "deleted-resource-readable"),
]


@pytest.mark.parametrize(("test", "fault"), SEEN, ids=lambda part: getattr(part, "__name__", part))
def test_a_fault_is_seen(test, fault, client):
    story = story_of(client, fault)
    with pytest.raises(AssertionError):
        test(story)
