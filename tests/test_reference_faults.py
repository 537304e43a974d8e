"""The faults of the embedded server: each is known, names real rules, and shows."""

import ast
import asyncio
import functools
import itertools
import json
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from ifmatch import reference
from ifmatch.errors import ConfigurationError, did_you_mean
from ifmatch.reference.cut_short import mended
from ifmatch.reference.dialect import Dialect
from ifmatch.reference.exchange import World
from ifmatch.reference.fault_list import ALL
from ifmatch.reference.faults import FAULTS, Faults
from ifmatch.reference.handling import respond
from ifmatch.reference.message import Request
from ifmatch.reference.server import EmbeddedServer
from ifmatch.reference.store import Store
from ifmatch.rules.catalogue import hint, ids
from ifmatch.rules.content import fill, merge, put, without_extensions
from ifmatch.rules.patches import FORMATS, json_patch_between, patch_document
from ifmatch.rules.profile import load as load_afresh

load = functools.cache(load_afresh)
BASE = "http://reference.test/fhir"


def test_an_unknown_fault_is_told_with_a_suggestion():
    with pytest.raises(ConfigurationError, match='Did you mean "if-match-ignored"'):
        EmbeddedServer(load("fhir-r4"), faults=["if-match-ignore"])


def test_every_fault_has_a_name_and_a_sentence_of_its_own():
    assert len({fault.sentence for fault in FAULTS.values()}) == len(FAULTS) == len(ALL)
    assert not [name for name, fault in FAULTS.items() if not fault.sentence.endswith(".")]


def test_every_fault_breaks_rules_of_the_catalogue():
    strange = [
        f'the fault {fault.name} breaks "{rule}", which is no rule.{hint(rule)}'
        for fault in FAULTS.values()
        for rule in fault.breaks
        if rule not in ids()
    ]
    assert not strange, "\n".join(strange)
    assert all(
        fault.breaks and len(set(fault.breaks)) == len(fault.breaks) for fault in FAULTS.values()
    )


def test_a_fault_that_is_asked_for_must_exist():
    with pytest.raises(
        ConfigurationError, match=r'no fault "if-match-ignore"\. Did you mean "if-match-ignored"'
    ):
        Faults().on("if-match-ignore")


def _asked_for():
    """Every call of `faults.on` in the reference server: where it stands, and the name that it asks for."""
    for path in Path(reference.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("faults.on"):
                yield f"{path.name}:{node.lineno}", node.args[0]


def test_every_fault_that_the_server_asks_for_exists():
    """Written out, so that it can be found by its name, and spelt as in the list."""
    strange = []
    for place, name in _asked_for():
        if not isinstance(name, ast.Constant):
            strange.append(f"{place}: write the name of the fault out, not {ast.unparse(name)}")
        elif name.value not in FAULTS:
            strange.append(
                f'{place}: there is no fault "{name.value}".{did_you_mean(name.value, FAULTS)}'
            )
    assert not strange, "\n".join(strange)


def test_every_fault_does_something():
    """What a fault cannot say in its parts, some place in the server asks for by its name."""
    asked = {name.value for _, name in _asked_for()}
    acting = ("ignores", "refuses", "applies", "tampers", "writes", "matches", "gap", "cell")
    idle = [
        name
        for name, fault in FAULTS.items()
        if name not in asked and not any(getattr(fault, p) for p in acting)
    ]
    assert not idle, f"these faults do nothing: {', '.join(idle)}"


class Visitor:
    """Asks a server of one profile about everything, and writes down all that it says.

    Versions, ids and times are drawn from counters, so two servers without a fault say just the same.
    """

    def __init__(self, profile, faults=()):
        clock = itertools.count()
        store = Store()
        store.time_after = lambda _: (
            datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(clock))
        )
        versions, ids = itertools.count(1), itertools.count(1)
        style = {"counter": lambda n: str(n + 1), "global": lambda _: str(next(versions) * 3)}
        self.profile = profile
        self.world = World(
            profile, Dialect.of(profile), store, Faults(faults),
            style.get(profile.embedded.versions, lambda _: f"v{next(versions)}"),
            lambda: f"id{next(ids)}", {"w": "write", "r": "read"},
        )  # fmt: skip
        self.said = []
        self.uniques = map("unique{}".format, itertools.count())

    def ask(self, method, path, body=None, token="w", **headers):
        path, _, query = path.partition("?")
        lines = {
            name.replace("_", "-"): (value,) if isinstance(value, str) else value
            for name, value in headers.items()
        }
        lines |= {"authorization": (f"Bearer {token}",)} if token else {}
        lines.setdefault("content-type", (self.profile.media_type,))
        content = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        criteria = tuple(tuple(part.split("=", 1)) for part in query.split("&") if part)
        segments = tuple(path.split("/")) if path else ()
        reply = respond(self.world, Request(method, segments, BASE, criteria, lines, content))
        self.said.append((method, path, reply.status, reply.body, sorted(reply.headers.items())))
        return reply

    def body(self, type_, unique=""):
        return fill(
            self.profile.resources[type_].body,
            {"unique": unique or next(self.uniques), **self.profile.embedded.placeholders},
        )

    def in_another_system(self, type_, unique):
        """One whose identifier has the value in a system that nobody asks for."""
        text = json.dumps(self.body(type_, unique))
        return json.loads(text.replace("urn:ifmatch:identifier", "urn:ifmatch:identifier:other"))

    def changed(self, seen, text):
        kind = self.profile.resources[seen["resourceType"]]
        return put(merge(seen, kind.change), kind.marker, text)

    def make(self, type_, unique=""):
        self.ask("POST", type_, self.body(type_, unique))
        newest = self.world.store.all_versions(type_)[-1]
        address = f"{type_}/{newest.id}"
        return address, self.seen(address)

    def seen(self, address):
        """What a read shows; where a fault has it show nothing, what could be there."""
        return self.ask("GET", address).body or self.body(address.split("/")[0])

    def tag(self, address):
        return dict(self.ask("GET", address).headers).get("ETag", "")

    def update(self, address, text, **headers):
        headers.setdefault("if_match", self.tag(address))
        return self.ask("PUT", address, self.changed(self.seen(address), text), **headers)

    def visit(self):
        for step in (
            self.creates,
            self.reads,
            self.preconditions,
            self.a_dozen,
            self.contents,
            self.addresses,
            self.patches,
            self.conditionals,
            self.by_criteria,
            self.versions,
            self.patches_in_detail,
            self.bundles,
        ):
            for type_ in (
                self.profile.resources if step == self.contents else (self.profile.subject,)
            ):
                step(type_)
        return self.said

    def creates(self, type_):
        for prefer in ("return=minimal", "return=representation", "return=OperationOutcome"):
            self.ask("POST", type_, self.body(type_), prefer=prefer)
        body = self.body(type_)
        self.ask("POST", type_, body | {"id": "mine"})
        self.ask("POST", type_, merge(body, {"meta": {"tag": [{"code": "t"}]}}))
        self.ask(
            "POST",
            type_,
            merge(body, {"meta": {"versionId": "mine", "lastUpdated": "1999-01-01T00:00:00Z"}}),
        )
        self.ask("POST", type_, merge(body, self.profile.resources[type_].invalid))
        self.ask("POST", type_, b"{")
        self.ask("POST", type_, body, token="")
        self.ask("POST", "Unicorn", {"resourceType": "Unicorn"})
        self.ask("GET", f"{type_}?_id=mine")

    def reads(self, type_):
        address, _ = self.make(type_)
        old = self.tag(address)
        self.ask("GET", address, if_none_match=old)
        self.update(address, "changed")
        self.ask("GET", address, if_none_match=old)
        self.ask("GET", f"{address}/_history")
        self.ask("GET", f"{address}/_history/1")
        self.ask("GET", address, token="")
        self.ask("GET", f"{type_}/nobody")
        self.ask("GET", "Unicorn/1")
        self.ask("GET", "metadata")
        self.ask("DELETE", address, if_match=self.tag(address))
        self.ask("GET", address)
        self.ask("PUT", address, self.body(type_) | {"id": address.rpartition("/")[2]})
        self.ask("GET", address)

    def preconditions(self, type_):
        address, _ = self.make(type_)
        other, _ = self.make(type_)
        for number in range(3):
            self.update(other, f"other {number}")
        first = self.tag(address)
        self.update(address, "as ahead", if_match=self.tag(other))
        self.update(address, "as later", if_match='W/"987654321"')
        self.update(address, "as id", if_match=f'W/"{address.split("/")[1]}"')
        self.update(address, "changed")
        self.ask("PUT", address, self.seen(address), if_match=first)
        self.update(address, "stale", if_match=first)
        self.update(address, "changed again")
        self.update(address, "stale by two", if_match=first)
        for form in ("not-a-version", 'W/"1', "", "*", '"1"', "1", (first, 'W/"other"')):
            self.update(address, f"by {form}", if_match=form)
        self.ask("PUT", address, self.changed(self.seen(address), "unnamed"))
        own = dict(self.update(address, "once").headers).get("ETag", "")
        self.update(address, "by own tag", if_match=own)
        self.ask("GET", f"{type_}?_id={address.split('/')[1]}")

    def a_dozen(self, type_):
        address, seen = self.make(type_)
        tags = [self.tag(address)]
        for number in range(12):
            body = self.changed(seen, f"many {number}")
            done = self.ask("PUT", address, body, if_match=tags[-1])
            tags.append(dict(done.headers).get("ETag", ""))
        for tag in (tags[0], tags[8]):
            self.ask("PUT", address, self.changed(seen, "stale by many"), if_match=tag)

    def contents(self, type_):
        kind = self.profile.resources[type_]
        address, _ = self.make(type_)
        for prefer in ("return=minimal", "return=representation", "return=OperationOutcome"):
            self.update(address, prefer, prefer=prefer)
        for patch in (
            {"meta": {"tag": [{"code": "t"}]}},
            {"meta": {"versionId": "mine"}},
            {kind.optional: None},
            kind.invalid,
            kind.other,
        ):
            tag, body = self.tag(address), merge(self.changed(self.seen(address), "more"), patch)
            self.ask("PUT", address, body, if_match=tag)
            self.seen(address)
        tag, seen = self.tag(address), self.seen(address)
        self.ask(
            "PUT",
            address,
            merge(seen, {"meta": {"lastUpdated": "1999-01-01T00:00:00Z"}} | kind.change),
            if_match=tag,
        )
        self.ask(
            "PUT",
            address,
            without_extensions(merge(self.seen(address), kind.change), ["supportingComment"]),
            if_match=self.tag(address),
        )
        self.ask("PUT", address, b"{", if_match=self.tag(address))
        for token in ("", "r"):
            self.update(address, f"token {token}", token=token)
            self.seen(address)

    def addresses(self, type_):
        address, _ = self.make(type_)
        other, _ = self.make(type_)
        for id_ in (None, other.split("/")[1], "never-given"):
            self.ask(
                "PUT",
                address,
                merge(self.changed(self.seen(address), "x"), {"id": id_}),
                if_match=self.tag(address),
            )
            self.seen(address)
            self.seen(other)
        self.ask("PUT", f"{type_}/unknown", self.body(type_) | {"id": "unknown"})
        self.ask("PUT", f"{type_}/named", self.body(type_) | {"id": "named"}, if_match='W/"1"')
        basic = {"resourceType": "Basic", "id": address.split("/")[1], "code": {"text": "x"}}
        self.ask("PUT", address, basic, if_match=self.tag(address))
        self.ask("PUT", "Unicorn/1", {"resourceType": "Unicorn", "id": "1"})

    def patches(self, type_):
        address, _ = self.make(type_)
        marker = self.profile.resources[type_].marker
        for form, possible in itertools.product(FORMATS, (True, False)):
            document = patch_document(
                form, type_, {marker: f"{form}"}, self.profile.media_type, possible
            )
            for tag in ({"if_match": self.tag(address)}, {"if_match": 'W/"no"'}, {}, {"token": ""}):
                self.ask(
                    "PATCH", address, document.content, content_type=document.media_type, **tag
                )
                self.seen(address)
        self.ask("PATCH", "Unicorn/1", document.content, content_type=document.media_type)

    def conditionals(self, type_):
        for criteria in self.profile.resources[type_].criteria.values():
            self.ask(
                "PUT",
                f"{type_}?{fill(criteria, {'unique': 'without-id'})}",
                self.body(type_, "without-id"),
            )
            where = f"{type_}?{fill(criteria, {'unique': 'cond'})}"
            body = self.body(type_, "cond")
            self.ask("PUT", where, body | {"id": f"by-{criteria[:4]}"})
            self.ask("PUT", where, body)
            self.ask("PUT", where, body | {"id": "another"})
            self.make(type_, "cond")
            self.ask("PUT", where, put(body, self.profile.resources[type_].marker, "many"))
            self.ask("GET", where)

    def by_criteria(self, type_):
        where = "identifier=urn:ifmatch:identifier|{}".format
        patch = [{"op": "replace", "path": self.profile.resources[type_].marker, "value": "x"}]
        json_patch = {"content_type": "application/json-patch+json"}
        for number in range(3):
            address = f"{type_}?{where('shared')}"
            content = json.dumps(patch).encode()
            self.ask("PATCH", address, content, **json_patch)
            for left in ("nobody", "left"):
                self.ask("DELETE", f"{type_}?{where(left)}")
            self.ask("GET", address)
            self.make(type_, "shared")
            self.ask("POST", type_, self.body(type_, "once"), if_none_exist=where("once"))
            self.ask("POST", type_, self.body(type_, f"{number}"), if_none_exist=where("shared"))
        for near in (self.body(type_, "near0"), self.in_another_system(type_, "near")):
            self.ask("POST", type_, near)
        self.ask("POST", type_, self.body(type_, "other"), if_none_exist=where("near"))
        self.ask("DELETE", f"{type_}?{where('once')}")
        self.ask("GET", f"{type_}?{where('once')}")
        self.ask("DELETE", f"{type_}?{where('shared')}&ifmatch-unknown=1")
        self.ask("DELETE", f"{type_}?{where('shared')}")
        self.ask("GET", f"{type_}?{where('shared')}")
        body = self.body(type_)
        self.ask("PUT", f"{type_}?ifmatch-unknown=1", body)
        self.ask("PUT", type_, body)
        taken, _ = self.make(type_)
        id_ = taken.split("/")[1]
        self.ask("PUT", f"{type_}?{where('nobody')}", body | {"id": id_})
        self.ask("PUT", taken, body | {"id": id_}, if_none_match="*")

    def versions(self, type_):
        address, seen = self.make(type_)
        first = (seen or {}).get("meta", {}).get("versionId", "1")
        self.update(address, "changed")
        patch = [{"op": "replace", "path": self.profile.resources[type_].marker, "value": "x"}]
        content = json.dumps(patch).encode()
        json_patch = {"content_type": "application/json-patch+json"}
        self.ask("PATCH", address, content, if_match=self.tag(address), **json_patch)
        for version in (first, "never"):
            self.ask("GET", f"{address}/_history/{version}")
        for _ in range(2):
            self.ask("DELETE", address)
            self.ask("GET", f"{address}/_history")

    def patches_in_detail(self, type_):
        kind = self.profile.resources[type_]
        change = {"op": "replace", "path": kind.marker, "value": "x"}
        address, seen = self.make(type_)
        broken = json_patch_between(seen, merge(seen, kind.invalid)) if seen else []
        for steps in (
            [change, {"op": "test", "path": kind.marker, "value": "y"}],
            [change, {"op": "ifmatch", "path": kind.marker}],
            broken,
            [{"op": "replace", "path": "/id", "value": "other"}],
            [{"op": "add", "path": "/meta/versionId", "value": "mine"}],
            [{"op": "replace", "path": "/resourceType", "value": "Basic"}],
        ):
            content, tag = json.dumps(steps).encode(), self.tag(address)
            self.ask(
                "PATCH", address, content, if_match=tag, content_type="application/json-patch+json"
            )
            self.seen(address)
        self.ask("PATCH", address, b"x", if_match=self.tag(address), content_type="text/plain")

    def bundles(self, type_):
        address, seen = self.make(type_)
        nothing = {"reference": "Organization?identifier=urn:ifmatch:identifier|nothing"}
        create = {"resource": self.body(type_), "request": {"method": "POST", "url": type_}}
        update = {
            "resource": seen,
            "request": {"method": "PUT", "url": address, "ifMatch": 'W/"no"'},
        }
        refers = {**create, "resource": self.body(type_) | {"managingOrganization": nothing}}
        for flawed in (update, refers):
            bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [create, flawed]}
            self.ask("POST", "", bundle)
            self.ask("GET", type_)


@pytest.fixture(scope="module")
def rightly():
    """What a server without a fault says, by profile."""
    return {
        name: Visitor(load(name)).visit() for name in {fault.profile for fault in FAULTS.values()}
    }


def test_two_servers_without_a_fault_say_the_same(rightly):
    for name, said in rightly.items():
        assert Visitor(load(name)).visit() == said
        assert all(status < 500 or status == 501 for _, _, status, _, _ in said)


#: What happens before a request is understood, so that only the whole server shows it.
_AT_THE_DOOR = {"any-address-is-an-end-point", "gzip-in-the-etag"}

#: What only who looks at once can see.
_SOON_OVER = {"reads-lag-behind"}

#: What leaves a visitor nothing to go on from.
_SHOWS_NOTHING = {"reads-show-nothing"}

#: What only a Bundle of several entries shows, and how a version is compared after a dozen updates.
_IN_BUNDLES = {
    name for name, fault in FAULTS.items() if all(rule.startswith("door.") for rule in fault.breaks)
}

#: Rules whose requests nobody else makes.
_ASKED_BY_ONE = (
    "batch.",
    "conditional-create.unknown-criterion",
    "conditional-create.with-type",
    "history.",
    "patch.fhirpath-patch.delete-nothing",
    "read.condition.",
    "read.head",
    "read.other-case",
    "transaction.",
    "create.audit-event.",
    "create.provenance.",
    "delete.audit-event.",
    "delete.provenance.",
    "patch.audit-event.",
    "patch.provenance.",
    "update.audit-event.",
    "update.if-match.content-returned",
    "update.if-match.current-and-date",
    "update.if-match.inexact.",
    "update.if-match.stale-and-new",
    "update.if-match.stale-as.",
    "update.not-acceptable",
    "update.prefer.other-case",
    "update.prefer.unknown",
    "update.provenance.",
    "update.unsupported-format",
    "vread.",
)

#: What shows only in requests that one rule makes, and nobody else: that these show it, the faults' own lane sees.
_IN_ITS_OWN_RULE = {
    name
    for name, fault in FAULTS.items()
    if all(rule.startswith(_ASKED_BY_ONE) for rule in fault.breaks)
}

#: What no request shows that comes alone, and waits for its answer.
_IN_RACES = {
    name for name, fault in FAULTS.items() if all(rule.startswith("race.") for rule in fault.breaks)
}


#: What is made from the table of doors shows in its one cell, which only the rule of that cell visits.
_IN_ONE_CELL = {name for name, fault in FAULTS.items() if fault.cell is not None}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    sorted(
        FAULTS.keys()
        - _AT_THE_DOOR
        - _SHOWS_NOTHING
        - _SOON_OVER
        - _IN_RACES
        - _IN_ONE_CELL
        - _IN_BUNDLES
        - _IN_ITS_OWN_RULE
    ),
)
def test_a_fault_shows_in_what_the_server_says(name, rightly):
    profile = FAULTS[name].profile
    assert Visitor(load(profile), [name]).visit() != rightly[profile]


def test_a_server_with_a_fault_shows_it_beside_its_end_point():
    with EmbeddedServer(load("koppeltaal"), faults=["any-address-is-an-end-point"]) as server:
        beside = server.base_url.removesuffix("/fhir") + "/elsewhere/Task/1"
        assert httpx.put(beside, json={}).status_code == 200


def test_a_server_whose_reads_show_nothing():
    with EmbeddedServer(load("fhir-r4"), faults=["reads-show-nothing"]) as server:
        address = f"{server.base_url}/Patient/p"
        httpx.put(address, json={"resourceType": "Patient", "id": "p"})
        answer = httpx.get(address)
        assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(("faults", "tag"), [((), 'W/"1"'), (("gzip-in-the-etag",), 'W/"1-gzip"')])
def test_a_server_compresses_when_it_is_asked_to(faults, tag):
    """And with the fault the ETag says so."""
    with EmbeddedServer(load("fhir-r4"), faults=faults) as server:
        httpx.put(f"{server.base_url}/Patient/p", json={"resourceType": "Patient", "id": "p"})
        address = f"{server.base_url}/Patient/p"
        answer = httpx.get(address, headers={"Accept-Encoding": "gzip"})
        assert (answer.headers["content-encoding"], answer.headers["etag"]) == ("gzip", tag)
        plain = httpx.get(address, headers={"Accept-Encoding": "identity"})
        assert ("content-encoding" in plain.headers, plain.headers["etag"]) == (False, 'W/"1"')


def test_several_faults_add_up():
    with EmbeddedServer(
        load("fhir-r4"), faults=["update-without-etag", "update-without-date"]
    ) as server:
        body = {"resourceType": "Patient", "id": "p"}
        httpx.put(f"{server.base_url}/Patient/p", json=body)
        answer = httpx.put(f"{server.base_url}/Patient/p", json=body)
        assert answer.status_code == 200
        assert {"etag", "date"}.isdisjoint(answer.headers)


def _two_updates(*faults):
    """The statuses of two updates from the same version that are sent together, and what a read shows then."""

    async def send(server):
        async with httpx.AsyncClient(base_url=server.base_url) as client:
            await client.put("/Patient/p", json=_PATIENT)
            bodies = [_PATIENT | {"name": [{"family": family}]} for family in ("Able", "Baker")]
            asked = (
                client.put("/Patient/p", json=body, headers={"If-Match": 'W/"1"'})
                for body in bodies
            )
            answers = await asyncio.gather(*asked)
            return sorted(answer.status_code for answer in answers), (
                await client.get("/Patient/p")
            ).headers["etag"]

    with EmbeddedServer(load("fhir-r4"), faults=faults) as server:
        return asyncio.run(send(server))


_PATIENT = {"resourceType": "Patient", "id": "p"}


@pytest.mark.parametrize(
    ("fault", "statuses", "version"),
    [
        ((), [200, 412], 2),
        (("check-then-write",), [200, 200], 3),
        (("late-conflict-answered-500",), [200, 500], 2),
        (("crowds-refused",), [412, 412], 1),
        (("patches-checked-then-written",), [200, 412], 2),
    ],
)
def test_two_updates_that_meet(fault, statuses, version, monkeypatch):
    """Only a gap between check and write lets both pass, and only at the door that has it; here a wide one."""
    for name in fault:
        wide = replace(FAULTS[name].gap, seconds=0.5)
        monkeypatch.setitem(FAULTS, name, replace(FAULTS[name], gap=wide))
    assert _two_updates(*fault) == (statuses, f'W/"{version}"')


@pytest.mark.parametrize(("faults", "version"), [((), "1"), (("half-an-update-stored",), "2")])
def test_an_update_that_breaks_off(faults, version):
    body = json.dumps(_PATIENT | {"active": True, "gender": "female"}).encode()
    head = f"PUT /fhir/Patient/p HTTP/1.1\r\nHost: here\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with EmbeddedServer(load("fhir-r4"), faults=faults) as server:
        httpx.put(f"{server.base_url}/Patient/p", json=_PATIENT)
        address = httpx.URL(server.base_url)
        with socket.create_connection((address.host, address.port), timeout=5) as connection:
            connection.sendall(head + body[:-4])
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)
        stored = httpx.get(f"{server.base_url}/Patient/p").json()
    assert stored["meta"]["versionId"] == version
    assert ("active" in stored) == bool(faults)


@pytest.mark.parametrize(
    ("content", "whole"),
    [
        (b'{"a": [{"b": "x}"}, {"c": "y', {"a": [{"b": "x}"}, {}]}),
        (b'{"a": "\\"{", "b": 1', {"a": '"{', "b": 1}),
        (b'{"a": 1}', {"a": 1}),
        (b"", None),
    ],
)
def test_what_is_made_of_a_body_that_breaks_off(content, whole):
    assert (json.loads(mended(content) or "null")) == whole
