"""Writes that look for their resource in a drawn plan: what they are for the resource that the plan is about."""

import pytest

from ifmatch.client.exchange import Request
from ifmatch.client.subject import Snapshot, Subject
from ifmatch.judge.history import Kind, Operation, Outcome
from ifmatch.race.completion import Completion
from ifmatch.race.invocations import Invocation
from ifmatch.race.workloads.interleaved import _is_about, _on_the_resource
from ifmatch.rules.answer import Answer
from ifmatch.rules.profile import load


def _subject():
    kind = load("fhir-r4").resources["Patient"]
    return Subject(kind, "17", "17", {}, Snapshot(Answer(200), {}, None))


def _completion(kind, status, location):
    headers = {"etag": 'W/"5"', **({"location": location} if location else {})}
    outcome = Outcome.OK if status < 300 else Outcome.REFUSED
    operation = Operation(0, "A", kind, 0, 9, outcome, status, marker="a", version="5")
    request = Request("PUT", "http://x/Patient", (), b"")
    return Completion(Invocation(kind, request, marker="a"), Answer(status, headers), operation, 1)


@pytest.mark.parametrize(
    ("kind", "status", "location", "outcome", "version"),
    [
        (Kind.CONDITIONAL_UPDATE, 200, "Patient/17/_history/5", Outcome.OK, "5"),
        (Kind.CONDITIONAL_UPDATE, 200, "Patient/18/_history/5", Outcome.REFUSED, None),
        (Kind.CONDITIONAL_UPDATE, 201, "Patient/18/_history/5", Outcome.REFUSED, None),
        (Kind.CONDITIONAL_UPDATE, 200, "", Outcome.UNKNOWN, "5"),
        (Kind.CONDITIONAL_UPDATE, 412, "", Outcome.REFUSED, "5"),
        (Kind.CREATE, 200, "Patient/17/_history/5", Outcome.REFUSED, None),
        (Kind.CREATE, 201, "Patient/18/_history/1", Outcome.REFUSED, None),
    ],
)
def test_what_an_answer_means_for_the_resource(kind, status, location, outcome, version):
    """Whatever wrote elsewhere must leave no trace here; what names nothing says nothing."""
    meant = _on_the_resource(_subject(), _completion(kind, status, location))
    assert (meant.outcome, meant.version, meant.marker) == (outcome, version, "a")


def test_a_writer_learns_nothing_from_what_is_about_another_resource():
    subject = _subject()
    assert _is_about(subject, _completion(Kind.CONDITIONAL_UPDATE, 200, "Patient/17"))
    assert not _is_about(subject, _completion(Kind.CONDITIONAL_UPDATE, 201, "Patient/18"))
    assert _is_about(subject, _completion(Kind.UPDATE, 200, "Patient/18"))
