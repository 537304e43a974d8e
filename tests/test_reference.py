"""The embedded server over HTTP: it starts, speaks FHIR, and keeps the promises of each profile."""

import contextlib
import functools
import json
import socket
import threading

import httpx
import pytest

from ifmatch.errors import ConfigurationError
from ifmatch.reference import faults as catalogue
from ifmatch.reference.fault import Fault
from ifmatch.reference.gap import Gap
from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.content import fill, merge, put
from ifmatch.rules.profile import load, shipped

PROFILES = {name: load(name) for name in shipped()}


def client(server, **headers):
    media_type = server.world.profile.media_type
    return httpx.Client(base_url=server.base_url, headers={"Content-Type": media_type, **headers})


def body_of(profile, type_="", unique="u1"):
    kind = profile.resources[type_ or profile.subject]
    return fill(kind.body, {"unique": unique, **profile.embedded.placeholders})


def created(http, profile, type_="", unique="u1"):
    sent = body_of(profile, type_, unique)
    answer = http.post(f"/{sent['resourceType']}", json=sent, headers={"Prefer": "return=minimal"})
    assert answer.status_code == 201, answer.text
    address = (
        answer.headers["location"]
        .split("/_history/")[0]
        .removeprefix(str(http.base_url).rstrip("/"))
    )
    return address, http.get(address)


def changed(profile, seen, text="changed"):
    kind = profile.resources[seen["resourceType"]]
    return put(merge(seen, kind.change), kind.marker, text)


@pytest.fixture(scope="module")
def serving():
    """A client of a server of a profile, by the profile's id; each server is started once."""
    with contextlib.ExitStack() as running:

        @functools.cache
        def start(name):
            return running.enter_context(
                client(running.enter_context(EmbeddedServer(PROFILES[name])))
            )

        yield start


@pytest.fixture
def r4(serving):
    return serving("fhir-r4")


@pytest.fixture
def patient(r4):
    address, answer = created(r4, PROFILES["fhir-r4"])
    return address, answer


# ---------------------------------------------------------------- starting and stopping


def test_it_is_ready_at_once_and_gives_its_port_back():
    with EmbeddedServer(PROFILES["fhir-r4"]) as server:
        assert httpx.get(f"{server.base_url}/metadata").status_code == 200
        port = int(server.base_url.split(":")[2].split("/")[0])
    with EmbeddedServer(PROFILES["spine"], port=port) as server:
        assert server.base_url == f"http://127.0.0.1:{port}/fhir"


def test_a_taken_port_is_told_in_a_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigurationError, match="cannot listen on port"):
            EmbeddedServer(PROFILES["fhir-r4"], port=taken.getsockname()[1]).start()


def test_an_address_is_known_only_while_it_runs():
    server = EmbeddedServer(PROFILES["fhir-r4"])
    with pytest.raises(RuntimeError):
        _ = server.base_url
    server.start()
    server.stop()
    server.stop()


# ---------------------------------------------------------------- every profile


@pytest.fixture(params=sorted(PROFILES))
def any_profile(request, serving):
    return PROFILES[request.param], serving(request.param)


def test_the_capability_statement_says_what_the_profile_offers(any_profile):
    profile, http = any_profile
    statement = http.get("/metadata").json()
    assert statement["resourceType"] == (
        "Conformance" if profile.fhir == "DSTU2" else "CapabilityStatement"
    )
    assert ("acceptUnknown" in statement) is (profile.fhir in ("DSTU2", "STU3"))
    assert {"date", "kind", "format", "fhirVersion", "software", "status"} <= statement.keys()
    listed = {resource["type"]: resource for resource in statement["rest"][0]["resource"]}
    assert set(profile.resources) <= set(listed)
    codes = {interaction["code"] for interaction in listed[profile.subject]["interaction"]}
    for code in ("read", "update", "patch", "delete", "history-instance"):
        assert (code in codes) is (
            profile.offers(code) is not False and not (code == "patch" and profile.fhir == "DSTU2")
        )


def test_an_update_from_the_current_version_makes_a_new_one(any_profile):
    profile, http = any_profile
    for type_ in profile.resources:
        address, before = created(http, profile, type_)
        etag = before.headers["etag"]
        assert etag == f'W/"{before.json()["meta"]["versionId"]}"'
        answer = http.put(address, json=changed(profile, before.json()), headers={"If-Match": etag})
        assert answer.status_code == 200, answer.text
        after = http.get(address)
        assert after.headers["etag"] != etag
        assert after.json()["meta"]["lastUpdated"] > before.json()["meta"]["lastUpdated"]


def test_a_superseded_version_is_refused_with_the_promised_code(any_profile):
    profile, http = any_profile
    address, before = created(http, profile)
    tag = {"If-Match": before.headers["etag"]}
    assert (
        http.put(address, json=changed(profile, before.json(), "first"), headers=tag).status_code
        == 200
    )
    first = http.get(address)
    refused = http.put(address, json=changed(profile, before.json(), "second"), headers=tag)
    assert refused.status_code == profile.promise("update.if-match.stale").status[0]
    assert http.get(address).json() == first.json()


def test_content_that_the_profile_calls_invalid_is_refused(any_profile):
    profile, http = any_profile
    for type_, kind in profile.resources.items():
        answer = http.post(f"/{type_}", json=merge(body_of(profile, type_), kind.invalid))
        assert answer.status_code in (400, 422), f"{type_}: {answer.text}"


def test_other_types_than_those_of_fhir_are_unknown(any_profile):
    profile, http = any_profile
    for method, rule in (("GET", "read"), ("PUT", "update")):
        answer = http.request(method, "/Unicorn/1", json={"resourceType": "Unicorn", "id": "1"})
        assert answer.status_code == profile.promise(f"{rule}.unknown-type").status[0]


# ---------------------------------------------------------------- dialects


def _without_if_match(http, profile, type_=""):
    address, seen = created(http, profile, type_)
    return http.put(address, json=changed(profile, seen.json()))


@pytest.mark.parametrize(
    ("name", "type_", "status"),
    [
        ("fhir-r4", "", 200),
        ("spine", "", 412),
        ("koppeltaal", "", 412),
        ("aidbox", "", 200),
        ("cerner-dstu2", "", 412),
        ("cerner-r4", "", 412),
        ("cerner-r4", "FamilyMemberHistory", 200),
    ],
)
def test_a_missing_if_match_is_answered_as_each_system_does(serving, name, type_, status):
    assert _without_if_match(serving(name), PROFILES[name], type_).status_code == status


def test_cerner_refuses_in_plain_text(serving):
    answer = _without_if_match(serving("cerner-dstu2"), PROFILES["cerner-dstu2"])
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == "no If-Match or invalid If-Match header provided"


def test_a_refusal_carries_the_promised_issue_and_body(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text("""
id = "mine"
title = "Mine"
extends = "spine"

[rules."update.error.operation-outcome.missing"]
body = "OperationOutcome"
issue = { severity = ["fatal"], details = ["NO_VERSION"] }
level = "SHALL"
source = "update"
""")
    profile = load(str(mine))
    with EmbeddedServer(profile) as server, client(server) as http:
        issue = _without_if_match(http, profile).json()["issue"][0]
    assert (issue["severity"], issue["details"]["coding"][0]["code"]) == ("fatal", "NO_VERSION")


def test_spine_answers_a_preference_for_an_operation_outcome_with_its_code(serving):
    profile, http = PROFILES["spine"], serving("spine")
    answer = http.post(
        "/Flag", json=body_of(profile), headers={"Prefer": "return=OperationOutcome"}
    )
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "RESOURCE_CREATED"
    assert http.post("/Flag", json=body_of(profile)).content == b""
    assert (
        http.patch(f"/Flag/{answer.headers['location'].rsplit('/', 1)[1]}", json=[]).status_code
        == 405
    )


def test_koppeltaal_adds_the_origin_once(serving):
    profile, http = PROFILES["koppeltaal"], serving("koppeltaal")
    address, seen = created(http, profile)
    body, tag = changed(profile, seen.json()), seen.headers["etag"]
    stored = http.put(address, json=body, headers={"If-Match": tag}).json()
    origins = [e for e in stored["extension"] if e["url"].endswith("resource-origin")]
    assert len(origins) == 1
    assert "reference" in origins[0]["valueReference"]


def test_reasonable_adjustments_are_only_withdrawn(serving):
    profile, http = PROFILES["reasonable-adjustments"], serving("reasonable-adjustments")
    address, seen = created(http, profile)
    kind, tag = profile.resources["Flag"], {"If-Match": seen.headers["etag"]}
    beside = merge(changed(profile, seen.json()), kind.other)
    assert http.put(address, json=beside, headers=tag).status_code == 400
    bare = merge(seen.json(), {"status": "inactive"})
    assert http.put(address, json=bare, headers=tag).status_code == 400
    stored = http.put(address, json=changed(profile, seen.json()), headers=tag).json()
    assert stored["contained"][0]["resourceType"] == "Provenance"


def test_aidbox_goes_by_the_address_and_creates_what_is_not_there(serving):
    profile, http = PROFILES["aidbox"], serving("aidbox")
    body = body_of(profile) | {"id": "from-the-body"}
    assert http.put("/Patient/from-the-address", json=body).status_code == 201
    assert http.get("/Patient/from-the-address").json()["id"] == "from-the-address"
    assert http.get("/Patient/from-the-body").status_code == 404
    version = http.get("/Patient/from-the-address").json()["meta"]["versionId"]
    for form, status in ((version, 200), ("*", 200), ("12", 412), ('"12"', 400)):
        assert (
            http.put("/Patient/from-the-address", json=body, headers={"If-Match": form}).status_code
            == status
        )


# ---------------------------------------------------------------- If-Match


@pytest.mark.parametrize(
    "form",
    [
        "not-a-version",
        'W/"1',
        "W/”1”".encode(),
        'W/""',
        'w/"1"',
        "",
        "*",
        '"1"',
    ],
)
def test_an_if_match_that_is_not_one_weak_tag_is_refused(r4, patient, form):
    address, seen = patient
    answer = r4.put(address, json=seen.json(), headers={"If-Match": form})
    assert (answer.status_code, r4.get(address).json()) == (400, seen.json())


@pytest.mark.parametrize(("first", "status"), [('W/"1"', 200), ('W/"2"', 412)])
def test_two_if_match_lines_are_one_list(r4, patient, first, status):
    address, seen = patient
    lines = [
        ("Content-Type", "application/fhir+json"),
        ("If-Match", first),
        ("If-Match", 'W/"other"'),
    ]
    assert r4.put(address, json=seen.json(), headers=lines).status_code == status


def test_of_many_writers_from_one_version_just_one_wins(r4, patient):
    address, seen = patient
    statuses = []

    def write(number):
        with httpx.Client(base_url=r4.base_url, headers={"If-Match": seen.headers["etag"]}) as http:
            statuses.append(
                http.put(address, json=seen.json() | {"birthDate": f"19{number}-01-01"}).status_code
            )

    threads = [threading.Thread(target=write, args=(number,)) for number in range(50, 66)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [412] * 15
    assert r4.get(f"{address}/_history").json()["total"] == 2


def test_a_fault_can_open_a_gap_between_check_and_write(monkeypatch):
    gap = Fault("gap", "Another write fits between check and write.", (), gap=Gap(seconds=0.5))
    monkeypatch.setitem(catalogue.FAULTS, "gap", gap)
    with EmbeddedServer(PROFILES["fhir-r4"], faults=["gap"]) as server, client(server) as http:
        address, seen = created(http, PROFILES["fhir-r4"])
        statuses = []

        def write():
            tag = {"If-Match": seen.headers["etag"]}
            statuses.append(
                httpx.put(server.base_url + address, json=seen.json(), headers=tag).status_code
            )

        threads = [threading.Thread(target=write) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200, 200]


# ---------------------------------------------------------------- the other interactions


def test_a_read_can_be_conditional(r4, patient):
    address, seen = patient
    current = {"If-None-Match": seen.headers["etag"]}
    assert r4.get(address, headers=current).status_code == 304
    assert r4.get(address, headers={"If-None-Match": 'W/"0"'}).status_code == 200
    assert (
        r4.get(address, headers={"If-Modified-Since": seen.headers["last-modified"]}).status_code
        == 304
    )
    head = r4.head(address)
    assert (head.status_code, head.content, head.headers["etag"]) == (
        200,
        b"",
        seen.headers["etag"],
    )


def test_a_deleted_resource_is_gone_but_its_history_stays(r4, patient):
    address, seen = patient
    assert r4.delete(address, headers={"If-Match": 'W/"no"'}).status_code == 412
    assert r4.delete(address).status_code == 204
    assert r4.delete(address).status_code == 204
    assert r4.get(address).status_code == 410
    assert r4.get(f"{address}/_history/1").json() == seen.json()
    assert r4.get(f"{address}/_history/2").status_code == 410
    entries = r4.get(f"{address}/_history").json()["entry"]
    assert [entry["request"]["method"] for entry in entries] == ["DELETE", "POST"]
    assert "resource" not in entries[0]
    revived = r4.put(address, json=seen.json())
    assert (revived.status_code, revived.headers["etag"]) == (201, 'W/"3"')


def test_a_history_comes_in_pages_newest_first(r4, patient):
    address, seen = patient
    for number in range(4):
        assert r4.put(address, json=seen.json() | {"birthDate": f"199{number}"}).status_code == 200
    page, versions = r4.get(f"{address}/_history?_count=2").json(), []
    while page:
        versions += [entry["resource"]["meta"]["versionId"] for entry in page["entry"]]
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        page = r4.get(following[0]).json() if following else None
    assert versions == ["5", "4", "3", "2", "1"]
    assert r4.get("/Patient/_history").json()["total"] >= 5


@pytest.fixture(scope="module")
def searched():
    profile = PROFILES["fhir-r4"]
    with EmbeddedServer(profile) as server, client(server) as http:
        http.post(
            "/Patient",
            json=body_of(profile, unique="s1")
            | {"meta": {"tag": [{"system": "urn:x", "code": "t"}]}},
        )
        created(http, profile, unique="other")
        yield http


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ("identifier=urn:ifmatch:identifier|s1", 1),
        ("identifier=s1", 1),
        ("identifier=other|s1", 0),
        ("family=S1", 1),
        ("name=zoë&identifier=s1", 1),
        ("gender=male&identifier=s1", 0),
        ("_tag=urn:x|t", 1),
        ("_id=nobody", 0),
        ("unheard-of=1", 0),
        ("identifier=s1&_elements=id&_include=Patient:organization&_totalMethod=count", 1),
        ("family:contains=1&identifier=s1", 1),
        ("family:exact=s", 0),
    ],
)
def test_a_search_finds_by_simple_criteria(searched, criteria, found):
    assert searched.get(f"/Patient?{criteria}").json()["total"] == found
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (
        searched.post("/Patient/_search", content=criteria, headers=form).json()["total"] == found
    )


def test_a_modifier_that_it_does_not_know_is_refused(searched):
    for criteria in ("family:sounds-like=s1", "identifier:not=s1"):
        assert searched.get(f"/Patient?{criteria}").status_code == 400


@pytest.mark.parametrize("by_post", [False, True])
def test_a_search_says_what_it_went_by_and_leads_to_its_further_pages(searched, by_post):
    asked = {"family": "", "_count": "1", "_elements": "id"}
    page = (
        searched.post("/Patient/_search", data=asked)
        if by_post
        else searched.get("/Patient", params=asked)
    ).json()
    links = {link["relation"]: link["url"] for link in page["link"]}
    assert links["self"] == f"{searched.base_url}Patient?family=&_count=1"
    following = searched.get(links["next"]).json()
    assert len(page["entry"]) == len(following["entry"]) == 1
    assert page["entry"][0]["fullUrl"] != following["entry"][0]["fullUrl"]


def test_a_create_can_be_conditional(r4):
    body = body_of(PROFILES["fhir-r4"], unique="c1")
    for condition, status in (
        ("identifier=c1", 201),
        ("identifier=c1", 200),
        (f"{r4.base_url}Patient?identifier=c1", 200),
    ):
        assert (
            r4.post("/Patient", json=body, headers={"If-None-Exist": condition}).status_code
            == status
        )
    r4.post("/Patient", json=body)
    assert (
        r4.post("/Patient", json=body, headers={"If-None-Exist": "identifier=c1"}).status_code
        == 412
    )


@pytest.mark.parametrize(
    "condition",
    [
        "_format=json&identifier=g1",
        "identifier=g1&_pretty=true&_summary=false",
        "_elements=id&identifier=g1",
    ],
)
def test_what_a_client_asks_of_the_answer_is_no_criterion(r4, condition):
    """HAPI's client, for one, adds `_format` to its conditions."""
    body = body_of(PROFILES["fhir-r4"], unique="g1")
    made = r4.post("/Patient", json=body).json()["id"]
    again = r4.post(
        "/Patient", json=body, headers={"If-None-Exist": f"{r4.base_url}Patient?{condition}"}
    )
    assert (again.status_code, again.json()["id"]) == (200, made)
    updated = r4.put(f"/Patient?{condition}", json=body)
    assert (updated.status_code, updated.json()["id"]) == (200, made)
    assert r4.delete(f"/Patient?{condition}").status_code == 204


@pytest.mark.parametrize(
    "condition", ["unheard-of=1", "identifier=g2&unheard-of=1", "_format=json"]
)
def test_a_condition_that_it_does_not_know_is_refused(r4, condition):
    """To go by the rest, or by nothing, would write what nobody meant."""
    body = body_of(PROFILES["fhir-r4"], unique="g2")
    assert r4.post("/Patient", json=body, headers={"If-None-Exist": condition}).status_code == 400
    assert r4.put(f"/Patient?{condition}", json=body).status_code == 400
    assert r4.delete(f"/Patient?{condition}").status_code == 400
    assert r4.get("/Patient?identifier=g2").json()["total"] == 0


def test_a_conditional_update_creates_updates_or_is_refused(r4):
    body = body_of(PROFILES["fhir-r4"], unique="cu")
    where = "/Patient?identifier=cu"
    assert r4.put(where, json=body).status_code == 201
    assert r4.put(where, json=body).status_code == 200
    assert r4.put(where, json=body | {"id": "another"}).status_code == 400
    assert r4.put(where, json=body, headers={"If-Match": 'W/"1"'}).status_code == 412
    assert r4.put("/Patient", json=body).status_code == 400
    r4.post("/Patient", json=body)
    assert r4.put(where, json=body).status_code == 412
    assert r4.delete(where).status_code == 412
    assert r4.put("/Patient?identifier=cu2", json=body | {"id": "mine"}).status_code == 201
    assert r4.get("/Patient/mine").status_code == 200
    assert r4.delete("/Patient?family=nobody").status_code == 204


def test_the_server_owns_the_metadata_but_keeps_tags_and_profiles(r4):
    meta = {
        "versionId": "mine",
        "lastUpdated": "1999-12-31T00:00:00Z",
        "tag": [{"code": "t"}],
        "profile": ["urn:p"],
    }
    sent = body_of(PROFILES["fhir-r4"]) | {"id": "mine-too", "meta": meta}
    stored = r4.post("/Patient", json=sent).json()
    assert stored["id"] != "mine-too"
    assert (
        stored["meta"].items()
        >= {"tag": [{"code": "t"}], "profile": ["urn:p"], "versionId": "1"}.items()
    )
    assert stored["meta"]["lastUpdated"][:4] != "1999"


# ---------------------------------------------------------------- transactions


def _entry(method, url, resource=None, **request):
    entry = {"request": {"method": method, "url": url, **request}}
    return entry | ({"resource": resource} if resource else {})


def _bundle(*entries, kind="transaction"):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def test_a_transaction_is_ordered_and_its_references_lead_to_what_it_made(r4, patient):
    address, seen = patient
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": "urn:uuid:1"},
    }
    answer = r4.post("", json=_bundle(
        _entry("GET", address[1:]),
        _entry("PUT", address[1:], seen.json() | {"birthDate": "2001"}, ifMatch=seen.headers["etag"]),
        _entry("POST", "Observation", observation),
        _entry("POST", "Patient", body_of(PROFILES["fhir-r4"], unique="t1")) | {"fullUrl": "urn:uuid:1"},
    )).json()  # fmt: skip
    assert answer["type"] == "transaction-response"
    read, put_, made, patient_made = answer["entry"]
    assert read["resource"]["birthDate"] == "2001"
    assert put_["response"]["status"].startswith("200")
    assert made["resource"]["subject"]["reference"] == f"Patient/{patient_made['resource']['id']}"


def test_a_transaction_that_fails_leaves_no_trace(r4, patient):
    address, seen = patient
    answer = r4.post("", json=_bundle(
        _entry("POST", "Patient", body_of(PROFILES["fhir-r4"], unique="t2")),
        _entry("PUT", address[1:], seen.json(), ifMatch='W/"99"'),
    ))  # fmt: skip
    assert answer.status_code == 412
    assert r4.get("/Patient?identifier=t2").json()["total"] == 0


def test_a_batch_goes_entry_by_entry(r4):
    answer = r4.post("/", json=_bundle(
        _entry("GET", "Patient/nobody"),
        _entry("POST", "Patient", body_of(PROFILES["fhir-r4"], unique="b1")),
        kind="batch",
    ))  # fmt: skip
    assert [entry["response"]["status"][:3] for entry in answer.json()["entry"]] == ["404", "201"]
    assert r4.post("", json={"resourceType": "Patient"}).status_code == 400


# ---------------------------------------------------------------- content, addresses, credentials


def test_content_is_negotiated(r4, patient):
    address, seen = patient
    for accept in (
        "application/json",
        "application/fhir+xml, application/fhir+json;q=0.9",
        "application/json+fhir",
        "*/*",
    ):
        assert r4.get(address, headers={"Accept": accept}).status_code == 200
    assert r4.get(address, headers={"Accept": "application/fhir+xml"}).status_code == 406
    assert (
        r4.get(f"{address}?_format=json", headers={"Accept": "application/fhir+xml"}).status_code
        == 200
    )
    for media_type, status in (
        ("application/json", 200),
        ("application/json+fhir", 200),
        ("text/csv", 415),
    ):
        assert (
            r4.put(address, json=seen.json(), headers={"Content-Type": media_type}).status_code
            == status
        )


def test_an_address_must_be_below_the_base(r4, patient):
    address, seen = patient
    host = str(r4.base_url).removesuffix("/fhir/")
    assert httpx.put(f"{host}/elsewhere{address}", json=seen.json()).status_code == 404
    assert httpx.get(f"{host}/fhir/metadata/").status_code == 200
    assert r4.get(f"{address}/$everything").status_code == 404
    assert r4.put("/metadata", json={}).status_code == 405


@pytest.mark.parametrize("name", ["fhir-r4", "spine", "koppeltaal"])
def test_credentials_decide_who_may_read_and_write(name):
    profile = PROFILES[name]
    with EmbeddedServer(profile, tokens={"w": "write", "r": "read"}) as server:
        with client(server, Authorization="Bearer w") as writer:
            address, seen = created(writer, profile)
        writes = {
            "json": changed(profile, seen.json()),
            "headers": {"If-Match": seen.headers["etag"]},
        }
        with client(server) as nobody:
            assert nobody.get("/metadata").status_code == 200
            assert (
                nobody.get(address).status_code == profile.promise("read.unauthenticated").status[0]
            )
            assert (
                nobody.put(address, **writes).status_code
                == profile.promise("update.unauthenticated").status[0]
            )
        with client(server, Authorization="Bearer r") as reader:
            assert reader.get(address).json() == seen.json()
            assert reader.put(address, **writes).status_code == 403
            assert reader.post(f"{address.rsplit('/', 1)[0]}/_search").status_code == 200
        with client(server, Authorization="Bearer w") as writer:
            assert writer.put(address, **writes).status_code == 200


# ---------------------------------------------------------------- what clients get wrong


def _hostile(address, tag):
    json_patch, xml_patch = "application/json-patch+json", "application/xml-patch+xml"
    transaction = {"resourceType": "Bundle", "type": "transaction"}
    binary = {"resourceType": "Binary", "contentType": json_patch, "data": "%"}
    yield "PUT", address, b"[]", {}
    yield "PUT", address, b"[" * 100_000, {}
    yield "PUT", address, b'{"resourceType": 1}', {}
    yield "PUT", address, b'{"resourceType": "Patient", "meta": []}', {}
    yield "PUT", address, b'{"resourceType": "Patient", "id": 5}', {}
    yield "PUT", address, b'{"resourceType": "Patient", "id": "' + b"x" * 65 + b'"}', {}
    yield "PUT", address, b"{}", {"If-Match": "W/" * 1000}
    yield "PUT", f"/Patient/{'x' * 65}", b'{"resourceType": "Patient"}', {}
    for patch in (
        b"{}",
        b"[1]",
        b'[{"op": "replace", "path": "", "value": 1}]',
        b'[{"op": "remove", "path": "/id"}]',
    ):
        yield "PATCH", address, patch, {"Content-Type": json_patch, "If-Match": tag}
    for patch in (
        b"<diff/>",
        b'<diff><remove sel="/Patient"/></diff>',
        b'<diff><remove sel="count(/*)"/></diff>',
    ):
        yield "PATCH", address, patch, {"Content-Type": xml_patch, "If-Match": tag}
    for operation in (
        [],
        [{"name": "type"}],
        [{"name": "path", "valueInteger": 1}],
        [{"name": "type", "valueCode": "add"}],
    ):
        patch = {
            "resourceType": "Parameters",
            "parameter": [{"name": "operation", "part": operation}],
        }
        yield "PATCH", address, json.dumps(patch).encode(), {"If-Match": tag}
    yield "PATCH", address, b"x", {"Content-Type": "text/plain"}
    for entries in (
        {},
        [1],
        [{}],
        [{"request": {"method": "PATCH", "url": address[1:]}, "resource": binary}],
    ):
        yield "POST", "/", json.dumps(transaction | {"entry": entries}).encode(), {}
    yield "POST", "/Patient/1", b"{}", {}
    yield "GET", "/Patient/_history?_since=yesterday", b"", {}


def test_no_mistake_of_a_client_is_a_server_error(r4, patient):
    address, seen = patient
    for method, path, content, headers in _hostile(address, seen.headers["etag"]):
        answer = r4.request(method, path, content=content, headers=headers)
        assert 400 <= answer.status_code < 500, (
            f"{method} {path} {content[:80]!r}: {answer.status_code} {answer.text}"
        )
        assert answer.json()["resourceType"] == "OperationOutcome"
    assert r4.get(address).json() == seen.json()


def test_an_update_can_demand_that_nothing_is_there(r4, patient):
    address, seen = patient
    new = {"resourceType": "Patient", "id": "surely-new"}
    assert r4.put(address, json=seen.json(), headers={"If-None-Match": "*"}).status_code == 412
    assert (
        r4.put("/Patient/surely-new", json=new, headers={"If-None-Match": "*"}).status_code == 201
    )
