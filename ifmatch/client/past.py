"""The past of a resource: its history as parameters select from it, and writes to versions that are over."""

import json

from ifmatch.client.doors import demand_own
from ifmatch.client.subject import Attempt, Subject, entries, version_of
from ifmatch.client.target import FRESH, Target, query
from ifmatch.client.unique import new_unique
from ifmatch.client.workbench import Workbench
from ifmatch.errors import OutcomeUnknown
from ifmatch.rules.answer import Answer, Effect
from ifmatch.rules.case import Case
from ifmatch.rules.expectation import describe
from ifmatch.rules.patches import patch_document


def history_with(
    case: Case, target: Target, bench: Workbench, subject: Subject, **parameters: str
) -> Answer:
    """The history that parameters select. Raises when there is none, or the server does not know them."""
    criteria = query("&".join(f"{name}={value}" for name, value in parameters.items()))
    answer = target.send("GET", f"{subject.type}/{subject.id}/_history?{criteria}", headers=FRESH)
    case.demand_offered([answer])
    if answer.effect is not Effect.ACCEPTED:
        raise OutcomeUnknown(f"a history with {criteria} is answered {describe(answer)}")
    return answer


def versions_listed(history: Answer) -> list[str]:
    """The versions that have a resource on a page of history."""
    return [version_of(resource) or "" for resource in entries(history)]


def write_to_past(target: Target, bench: Workbench, subject: Subject, method: str) -> Attempt:
    """A write to the address of the version that was read, naming the current one as every write should."""
    if method == "DELETE":
        demand_own(subject)
    content, media_type = _content(target, bench, subject, method)
    headers = {"If-Match": subject.now.tag, **({"Content-Type": media_type} if media_type else {})}
    address = f"{subject.type}/{subject.id}/_history/{subject.read.version}"
    return Attempt(target.send(method, address, headers=headers, body=content), {})


def _content(target: Target, bench: Workbench, subject: Subject, method: str) -> tuple[bytes, str]:
    """What is sent, and its media type; nothing by a deletion."""
    fhir = target.profile.media_type
    if method == "PUT":
        return json.dumps(bench.changed(subject)).encode(), fhir
    if method == "DELETE":
        return b"", ""
    change = {subject.marker: f"ifmatch {new_unique()}"}
    document = patch_document("json-patch", subject.type, change, fhir)
    return document.content, document.media_type
