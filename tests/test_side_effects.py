"""What a server keeps of a write besides the resource is found, understood in each version of FHIR, and left alone."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from ifmatch.client.recorder import Recorder
from ifmatch.client.redaction import Redactor
from ifmatch.client.settings import Settings
from ifmatch.client.side_effects import (
    PATIENCE,
    awaited,
    demand_refused,
    present,
    records_of,
    settled,
    tells_of,
)
from ifmatch.client.target import Target
from ifmatch.client.workbench import Workbench
from ifmatch.errors import OutcomeUnknown, RuleNotApplicable
from ifmatch.log.events import Journalled
from ifmatch.rules.answer import Answer, Effect
from ifmatch.rules.catalogue import rules
from ifmatch.rules.profile import load
from ifmatch.suite.embedded import embedded_server
from ifmatch.suite.gates import why_not

TRAIL = ("AuditEvent", "Provenance")
KINDS = ("audit event", "provenance")


@pytest.fixture
def reached():
    """The embedded server of a profile that keeps what is asked for: a target, and its journal."""
    opened = []

    def reach(name, trail=TRAIL):
        profile = load(name)
        profile = replace(profile, embedded=replace(profile.embedded, trail=trail))
        journal = []
        server, settings = embedded_server(profile, (), Settings(""))
        target = Target(settings, profile, "run-1", Recorder(journal.append, Redactor()))
        opened.append((target, server))
        return target, journal

    yield reach
    for target, server in opened:
        target.close()
        server.stop()


@pytest.mark.parametrize(
    "name", ["fhir-dstu2", "fhir-stu3", "fhir-r4", "fhir-r4b", "fhir-r5", "fhir-r6"]
)
def test_what_is_kept_of_an_update_is_found_in_each_version(reached, name):
    """One record of each kind of what was accepted, none of what was refused; none is taken for ours."""
    target, journal = reached(name)
    bench = Workbench(target, target.profile.subject)
    subject = bench.make()
    for if_match, effect in (
        (subject.now.tag, Effect.ACCEPTED),
        (subject.now.tag, Effect.REFUSED),
    ):
        body = bench.changed(subject)
        answer = target.update(subject.type, subject.id, body, if_match=if_match)
        assert answer.effect is effect
        assert [len(present(target, records_of(target, kind), subject)) for kind in KINDS] == [1, 1]
    assert len(target.ledger) == 1
    assert {entry.type for entry in journal if isinstance(entry, Journalled)} == {subject.type}


@pytest.mark.parametrize(("trail", "offered"), [((), []), (TRAIL[:1], ["audit-event"])])
def test_a_rule_applies_where_the_statement_claims_the_search(reached, trail, offered):
    target, _ = reached("fhir-r4", trail)
    target.statement = target.statement.read_from(target.send("GET", "metadata"))
    told = {rule.id: why_not(target, rule) for rule in rules() if rule.id.startswith(OURS)}
    assert {rule.split(".")[1] for rule, reason in told.items() if not reason} == set(offered)
    assert {reason for reason in told.values() if reason} <= {
        f"the capability statement does not claim search-type for {name}" for name in TRAIL
    }


#: The rules that look for what is kept.
OURS = tuple(
    f"{write}.{kind}."
    for write in ("create", "update", "patch", "delete")
    for kind in ("audit-event", "provenance")
)


# ---------------------------------------------------------------- what a search may answer

SUBJECT = SimpleNamespace(type="Patient", id="7")
PROFILE = SimpleNamespace(fhir="R4")


def event(id_, reference="Patient/7", **parts):
    """An AuditEvent of R4, of an update that was done unless it is said otherwise."""
    kept = {"action": "U", "outcome": "0", "entity": [{"what": {"reference": reference}}], **parts}
    return {"resourceType": "AuditEvent", "id": id_} | kept


def bundle(*found):
    """The answer to a search."""
    entries = [{"resource": one} for one in found]
    return Answer(
        200,
        content=json.dumps(
            {"resourceType": "Bundle", "type": "searchset", "entry": entries}
        ).encode(),
    )


def answering(*answers):
    """A target that answers searches with these, the last of them for ever; it keeps the pauses that it is given."""
    left, pauses = list(answers), []
    return SimpleNamespace(
        profile=PROFILE,
        search=lambda *_: left.pop(0) if len(left) > 1 else left[0],
        pause=pauses.append,
        pauses=pauses,
    )


def looked(target):
    """The ids that are found now."""
    return present(target, records_of(target, "audit event"), SUBJECT)


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        (event("a"), True),
        (event("a", "http://x/fhir/Patient/7/_history/2"), True),
        (event("a", "Patient/70"), False),
        (event("a", outcome="4"), False),
        (event("a", outcome=None), False),
        (event("a", action="R"), False),
        (event("a", action=None, subtype=[{"code": "update"}]), True),
        (event("a", action=None, subtype="update"), False),
        ({"resourceType": "OperationOutcome", "id": "a"}, False),
    ],
)
def test_which_audit_events_say_that_an_update_was_done(found, counts):
    """Those about the resource, and about an update of it, with a success."""
    assert looked(answering(bundle(found))) == ({"a"} if counts else set())


@pytest.mark.parametrize(
    ("status", "error"), [(403, RuleNotApplicable), (500, OutcomeUnknown), (200, OutcomeUnknown)]
)
def test_a_search_that_shows_nothing(status, error):
    """What we may not see is not judged; what claims to search, and cannot, might have failed the rule."""
    with pytest.raises(error, match=r"^a search for AuditEvent is answered"):
        looked(answering(Answer(status)))


def test_what_comes_late_is_waited_for_a_while():
    """Until it is there, and no longer than is said."""
    records = records_of(answering(bundle()), "audit event")
    late = answering(bundle(event("old")), bundle(event("old"), event("new")))
    assert awaited(late, records, SUBJECT, frozenset({"old"})) == {"new"}
    never = answering(bundle(event("old")))
    assert awaited(never, records, SUBJECT, frozenset({"old"})) == frozenset()
    assert (len(late.pauses), sum(never.pauses)) == (2, PATIENCE)


def test_what_a_server_tells_in_parts_is_known_before_a_refusal():
    """What came a little later is not taken for what is told of the refused write."""
    target = answering(bundle(event("one")), bundle(event("one"), event("two")))
    records = records_of(target, "audit event")
    assert settled(target, records, SUBJECT) == {"one", "two"}
    assert settled(answering(bundle()), records, SUBJECT) == frozenset()


def test_what_is_not_refused_shows_nothing_of_refusals():
    demand_refused(Answer(412))
    with pytest.raises(RuleNotApplicable, match=r"^the server does not refuse this: 200"):
        demand_refused(Answer(200))


@pytest.mark.parametrize(
    ("activity", "counts"),
    [
        (None, {"create", "update", "patch", "delete"}),
        ({"coding": [{"code": "UPDATE"}]}, {"update", "patch"}),
        ({"code": "DELETE"}, {"delete"}),
        ({"text": "imported"}, {"create", "update", "patch", "delete"}),
        ("UPDATE", {"create", "update", "patch", "delete"}),
    ],
)
def test_of_which_write_a_provenance_tells(activity, counts):
    """Of the one that its activity names; of any where it names none."""
    provenance = {"resourceType": "Provenance", "activity": activity}
    assert {
        one for one in ("create", "update", "patch", "delete") if tells_of(provenance, one)
    } == counts
