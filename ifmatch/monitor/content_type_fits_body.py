"""The Content-Type of an answer is that of its body."""

from collections.abc import Iterator

from ifmatch.monitor.watch import Fact, Observed
from ifmatch.rules.answer import Answer, Body

#: FHIR resources in JSON, from STU3 on and in DSTU2 (http.html#mime-type).
_FHIR_JSON = frozenset({"application/fhir+json", "application/json+fhir"})


def content_type_fits_body(observed: Observed) -> Iterator[Fact]:
    """A FHIR resource in JSON has the media type that was asked for, and nothing else has one of FHIR's.

    FHIR R4 http.html#mime-type. Where the request names no media type of FHIR, any of them will do.
    """
    answer = observed.answer
    if _is_fhir_json(answer):
        yield _fits(answer, _asked_for(observed) or _FHIR_JSON)
    elif answer.body is not Body.EMPTY and _media_type(answer) in _FHIR_JSON:
        yield Fact(
            False,
            f"a FHIR resource in a body of {_media_type(answer)}",
            f"a body that begins {answer.text[:40]!r}",
        )


def _fits(answer: Answer, allowed: frozenset[str]) -> Fact:
    return Fact(
        _media_type(answer) in allowed,
        f"a Content-Type of {' or '.join(sorted(allowed))}",
        f"Content-Type: {answer.header('content-type') or 'none'}",
    )


def _media_type(answer: Answer) -> str:
    return (answer.header("content-type") or "").partition(";")[0].strip().lower()


def _is_fhir_json(answer: Answer) -> bool:
    return answer.body in (Body.RESOURCE, Body.OPERATION_OUTCOME) and answer.json is not None


def _asked_for(observed: Observed) -> frozenset[str]:
    accepted = (value for name, value in observed.request.headers if name.lower() == "accept")
    named = {part.partition(";")[0].strip() for value in accepted for part in value.split(",")}
    return _FHIR_JSON & named
