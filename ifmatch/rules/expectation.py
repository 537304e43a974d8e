"""What a system promises for a rule, and how an answer is held against it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ifmatch.rules.answer import Answer, Body, Effect, http_date, objects_in
from ifmatch.rules.version import is_weak


class Level(StrEnum):
    """How strongly a promise binds. A broken SHALL fails a server, a broken SHOULD warns, a MAY is only noted."""

    SHALL = "SHALL"
    SHOULD = "SHOULD"
    MAY = "MAY"


@dataclass(frozen=True)
class Source:
    """The text that a promise is read from: its title and address.

    `document` is its number where it is one of the documents listed in docs/sources.md, whose sections have no anchors.
    """

    title: str
    url: str = ""
    document: str = ""

    def at(self, anchor: str) -> "Source":
        """The same source at one place: an anchor of the page, or a named section of the document."""
        if not anchor:
            return self
        if self.document:
            return replace(self, title=f"{self.title}, {anchor}")
        return replace(self, url=f"{self.url}#{anchor}" if self.url else "")


#: Stands for any code: the element must be there, whatever it says.
ANY = "*"


@dataclass(frozen=True)
class Expectation:
    """What a system promises: every part that is given must hold.

    `status` lists the allowed codes; empty means any code of the outcome's class. `body` lists the allowed kinds.
    `headers` maps a header to the forms it must have, `issue` an element of an OperationOutcome's issue to its codes
    (`ANY`: whatever it says). `says` is what the source says of it, in our words.
    `server_error` is how strongly a 5xx that is not among the codes is ruled out: some texts let a refusal be one.
    """

    level: Level
    source: Source
    says: str = ""
    outcome: Effect | None = None
    status: tuple[int, ...] = ()
    body: tuple[Body, ...] = ()
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    issue: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    text: str = ""
    server_error: Level = Level.SHALL


@dataclass(frozen=True)
class Surveyed:
    """The system is silent: what the server does is recorded, and only the universal invariants can fail it."""

    note: str = ""


@dataclass(frozen=True)
class NotApplicable:
    """The rule has no meaning for this system or this target, for the reason given."""

    reason: str


Promise = Expectation | Surveyed | NotApplicable


@dataclass(frozen=True)
class Finding:
    """One fact that is not as it should be.

    An `invariant` holds for every server, whatever its profile says; `state` means that the resource itself is wrong,
    which outweighs any wrong answer.
    """

    expected: str
    got: str
    level: Level = Level.SHALL
    invariant: bool = False
    state: bool = False


def _location_has(history: bool) -> Callable[[str, Answer], bool]:
    return lambda value, _: ("/_history/" in value) is history


def _is_text_plain(value: str, _: Answer) -> bool:
    return value.split(";")[0].strip() == "text/plain"


#: The forms that a profile may demand of a header. `present` and `absent` are decided before these are asked.
HEADER_FORMS: Mapping[str, Callable[[str, Answer], bool]] = {
    "present": lambda value, _: bool(value),
    "weak": lambda value, _: is_weak(value),
    "http-date": lambda value, _: http_date(value) is not None,
    "absolute": lambda value, _: value.startswith(("http://", "https://")),
    "versioned": _location_has(True),
    "versionless": _location_has(False),
    "text/plain": _is_text_plain,
}

#: Where an OperationOutcome keeps what a profile may speak of (R4 OperationOutcome.issue).
_ISSUE_ELEMENTS: Mapping[str, Callable[[Mapping[str, object]], set[str]]] = {
    "severity": lambda issue: {str(issue.get("severity"))},
    "code": lambda issue: {str(issue.get("code"))},
    "details": lambda issue: _codings(issue),
}


def _codings(issue: Mapping[str, object]) -> set[str]:
    details = issue.get("details")
    codings = details.get("coding") if isinstance(details, dict) else None
    return {str(coding.get("code")) for coding in objects_in(codings)}


def compare(expectation: Expectation, answer: Answer) -> Iterator[Finding]:
    """Everything in which an answer differs from what was promised, the status first."""
    for compare_part in (_status_and_body, _headers, _issue, _text):
        for expected, got in compare_part(expectation, answer):
            yield Finding(expected, got, expectation.level)


#: What was expected of one part of an answer, and what came instead.
_Difference = tuple[str, str]


def _status_and_body(expectation: Expectation, answer: Answer) -> Iterator[_Difference]:
    if not _status_is_right(expectation, answer):
        yield promised_status(expectation), describe(answer)
    elif expectation.body and answer.body not in expectation.body:
        yield f"a body that is {_either(expectation.body)}", _body(answer)


def _headers(expectation: Expectation, answer: Answer) -> Iterator[_Difference]:
    for name, forms in expectation.headers.items():
        yield from _header(name, forms, answer)


def _issue(expectation: Expectation, answer: Answer) -> Iterator[_Difference]:
    for element, allowed in expectation.issue.items():
        seen = set().union(*map(_ISSUE_ELEMENTS[element], answer.issues))
        if allowed == (ANY,):
            yield from _lacking(element, answer)
        elif not seen & set(allowed):
            yield f"an issue with {element} {_either(allowed)}", _either(sorted(seen)) or "none"


def _lacking(element: str, answer: Answer) -> Iterator[_Difference]:
    if not any(issue.get(element) for issue in answer.issues):
        yield f"an issue with {element}", f"{_body(answer)} without any"


def _text(expectation: Expectation, answer: Answer) -> Iterator[_Difference]:
    if expectation.text and not re.search(expectation.text, answer.text):
        yield f'the text "{expectation.text}"', f'"{answer.text[:200]}"'


def _status_is_right(expectation: Expectation, answer: Answer) -> bool:
    if expectation.status:
        return answer.status in expectation.status
    return expectation.outcome is None or answer.effect is expectation.outcome


def _header(name: str, forms: tuple[str, ...], answer: Answer) -> list[_Difference]:
    value = answer.header(name)
    if value is None:
        return [] if "absent" in forms else [(f"a {name} header", f"no {name} header")]
    if "absent" in forms:
        return [(f"no {name} header", f"{name}: {value}")]
    return [
        (f"a {name} header that is {form}", f"{name}: {value}")
        for form in _broken_forms(forms, value, answer)
    ]


def _broken_forms(forms: tuple[str, ...], value: str, answer: Answer) -> list[str]:
    return [form for form in forms if not HEADER_FORMS[form](value, answer)]


def promised_status(expectation: Expectation) -> str:
    """The promised answer in words: `409 with an OperationOutcome`, or its class when no code is promised."""
    classes = {Effect.ACCEPTED: "2xx", Effect.UNMODIFIED: "304", Effect.REFUSED: "4xx"}
    code = " or ".join(map(str, expectation.status)) or classes.get(
        expectation.outcome or Effect.UNKNOWN, "any answer"
    )
    return f"{code} with {_either(expectation.body)}" if expectation.body else code


def describe(answer: Answer) -> str:
    """An answer in words: `412 with an OperationOutcome`."""
    if answer.failure:
        return answer.failure
    return f"{answer.status} with {_body(answer)}"


_BODY_WORDS = {
    Body.EMPTY: "an empty body",
    Body.RESOURCE: "a resource",
    Body.OPERATION_OUTCOME: "an OperationOutcome",
    Body.TEXT: "text",
}


def _body(answer: Answer) -> str:
    return _BODY_WORDS[answer.body]


def _either(values: Iterable[str]) -> str:
    return " or ".join(_BODY_WORDS[v] if isinstance(v, Body) else v for v in values)
