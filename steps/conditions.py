"""When and Then of conditional reads, and of reads that ask for the headers alone."""

from pytest_bdd import parsers, then, when

from ifmatch.client.conditions import headers_for
from ifmatch.client.workbench import Attempt
from ifmatch.rules.answer import Body, Effect
from ifmatch.rules.expectation import describe
from ifmatch.rules.version import version_in


@when(
    parsers.re(r"it is read on the condition (?P<condition>[\w-]+)"),
    target_fixture="attempt",
)
def read_on_condition(target, resource, condition):
    headers = headers_for(condition, resource)
    answer = target.send("GET", f"{resource.type}/{resource.id}", headers=headers)
    return Attempt(answer, resource.sent)


@when("its head is read", target_fixture="attempt")
def read_head(target, resource):
    return Attempt(target.send("HEAD", f"{resource.type}/{resource.id}"), resource.sent)


@then("the answer that nothing changed is as promised")
def not_modified(case, resource, attempt):
    answer = attempt.answer
    case.shown(
        answer if answer.effect is Effect.UNMODIFIED else None, "an answer that nothing has changed"
    )
    case.fact(answer.body is Body.EMPTY, "no body", describe(answer))
    expected = resource.now.answer.etag
    if expected is not None:
        case.fact(answer.etag == expected, f"the ETag {expected}", f"ETag: {answer.etag}")


@then("the head names the version that a read shows")
def head_names_version(case, resource, attempt):
    answer = attempt.answer
    if answer.effect is Effect.ACCEPTED:
        case.fact(answer.body is Body.EMPTY, "no body", describe(answer))
        tag = resource.now.answer.etag
        case.fact(answer.etag == tag, f"the ETag {tag} of a read", f"ETag: {answer.etag}")


@then("an ETag of what is gone is a new one")
def new_etag(case, resource, attempt):
    etag = case.shown(attempt.answer.etag, "an ETag of what is gone")
    last = resource.now.version
    case.fact(version_in(etag) != last, "a version that it never had alive", f"ETag: {etag}")
