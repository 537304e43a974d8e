"""What a server of a profile answers in each situation: what the profile promises, else what FHIR has by default."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ifmatch.reference.message import Refusal, Reply, Resource, http_date, outcome
from ifmatch.reference.store import Version
from ifmatch.rules.answer import Body, Effect
from ifmatch.rules.expectation import ANY, Expectation, NotApplicable
from ifmatch.rules.profile import Profile

#: The rules to ask when the profile is silent on a rule: what it says of the like.
LIKE: Mapping[str, tuple[str, ...]] = {
    "update.body-id.mismatched": ("update.body-id.ignored",),
    "update.unknown-id": ("update.as-create",),
    "update.if-match.missing": ("update.without-if-match",),
    "update.if-match.two-lines-stale": ("update.if-match.malformed",),
    "update.if-match.blank": ("update.if-match.malformed",),
    "update.if-match.star": ("update.if-match.malformed",),
    "update.if-match.strong": ("update.if-match.malformed",),
    "update.if-match.bare": ("update.if-match.malformed",),
    "update.body-type.mismatched": ("update.invalid-content",),
    "conditional-update.none-with-id": ("conditional-update.none",),
    "create.headers.location": (),
    "read.headers.location": (),
    "vread.headers.location": (),
    "create.prefer.default": ("create.valid", "update.prefer.default"),
    "update.prefer.default": ("update.if-match.current",),
    "patch.prefer.default": ("patch.if-match.current", "update.prefer.default"),
    "patch.invalid-content": ("create.invalid-content",),
    "patch.failing-test": ("patch.impossible-change",),
    "patch.unknown-id": ("read.unknown-id",),
    "conditional-patch.none": ("read.unknown-id",),
    "delete.if-match.missing": (),
    "delete.headers.location": (),
    "vread.unknown-id": ("read.unknown-id",),
    "history-instance.unknown-id": ("history.unknown-id", "read.unknown-id"),
    "vread.deleted": ("read.deleted",),
    "patch.deleted": ("read.deleted",),
}

#: The status where the profile is silent, by the end of the rule's id (FHIR R4 http.html, else RFC 9110).
STATUS: Mapping[str, int] = {
    "unsupported": 405,
    "unauthenticated": 401,
    "forbidden": 403,
    "unknown-id": 404,
    "unknown-type": 404,
    "not-an-end-point": 404,
    "deleted": 410,
    "unparsable": 400,
    "invalid-content": 422,
    "impossible-change": 422,
    "failing-test": 422,
    "unsupported-format": 415,
    "not-acceptable": 406,
    "status-only": 422,
    "removal-reason": 422,
    "absent": 400,
    "mismatched": 400,
    "malformed": 400,
    "if-none-match": 412,
    "criteria": 400,
    "many": 412,
    "conflict": 409,
    "none": 201,
    "none-with-id": 201,
    "one": 200,
    "one-with-other-id": 200,
    "missing": 200,
    "server-assigned": 201,
    "valid": 201,
}

#: The status of a refused version conflict: STU3 http.html#concurrency has 409, R4 and later 412.
STALE: Mapping[str, int] = {"DSTU2": 409, "STU3": 409, "R4": 412, "R4B": 412, "R5": 412, "R6": 412}

#: The headers of an answer that tells which version it is about.
_HEADERS = ("ETag", "Last-Modified", "Location")

#: The issue code that explains a status (FHIR value set issue-type).
ISSUE_CODE: Mapping[int, str] = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    410: "not-found",
    412: "conflict",
    415: "not-supported",
    422: "processing",
    428: "required",
    501: "not-supported",
}

#: What an answer with a status tells besides (RFC 9110 section 11.6.1, RFC 5789 section 2.2).
_HEADERS_BY_STATUS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": 'Bearer realm="ifmatch"'},
    415: {
        "Accept-Patch": "application/json-patch+json, application/xml-patch+xml, application/fhir+json"
    },
}

#: The rule that says how a refusal is explained, by the refusing rule's end.
_EXPLAINED: Mapping[str, str] = {
    "if-match.missing": "missing",
    "if-match.stale": "stale",
    "unparsable": "unparsable",
    "invalid-content": "invalid-content",
    "body-id.mismatched": "body-id",
    "unknown-id": "unknown-id",
    "unknown-type": "unknown-type",
}

#: What a client may prefer to get back, and the body that answers it (FHIR R4 http.html#ops).
PREFERENCES: Mapping[str, tuple[str, Body]] = {
    "minimal": ("minimal", Body.EMPTY),
    "representation": ("representation", Body.RESOURCE),
    "OperationOutcome": ("operation-outcome", Body.OPERATION_OUTCOME),
}


@dataclass(frozen=True)
class Dialect:
    """The answers of one profile. A rule is asked by its id; the profile's own id is never looked at."""

    profile: Profile

    @classmethod
    def of(cls, profile: Profile) -> "Dialect":
        """The dialect that a resolved profile speaks."""
        return cls(profile)

    def status(self, rule: str, resource_type: str = "") -> int:
        """The status to answer with: the first promised one, else the embedded server's own, else FHIR's default."""
        return next(self._statuses(rule, resource_type))

    def refusal_status(self, rule: str, resource_type: str = "") -> int:
        """The first status of a rule that is a refusal."""
        refusals = (status for status in self._statuses(rule, resource_type) if status >= 400)
        return next(refusals, 412 if rule.endswith("if-match.missing") else 400)

    def refuses(self, rule: str, resource_type: str = "") -> bool:
        """Whether the situation that a rule describes is refused: a promise may say so without naming a code."""
        promise = next(self._promises(rule, resource_type), None)
        if promise is not None and promise.outcome is not None and not promise.status:
            return promise.outcome is Effect.REFUSED
        return self.status(rule, resource_type) >= 400

    def promises(self, rule: str, resource_type: str = "") -> bool:
        """Whether the profile holds its system to a rule."""
        return self._expectation(rule, resource_type) is not None

    def honours(self, form: str, resource_type: str = "") -> bool:
        """Whether a further form of If-Match (star, strong, bare, list) names a version here."""
        rules = (f"update.if-match.{form}", f"door.update.{form}.exists")
        promises = (self._expectation(rule, resource_type) for rule in rules)
        return form in self.profile.embedded.accepts or any(map(_lets_pass, promises))

    def refuse(self, refusal: Refusal, resource_type: str = "") -> Reply:
        """The answer that puts a refusal into this dialect: status, kind of body, issue, text."""
        status = self.refusal_status(refusal.rule, resource_type)
        wordings = list(self._wordings(refusal.rule, resource_type))
        body = self._refusal_body(wordings, status, refusal.reason)
        return Reply(refusal.rule, status, body, _HEADERS_BY_STATUS.get(status, {}))

    def _refusal_body(
        self, wordings: list[Expectation], status: int, reason: str
    ) -> Resource | str | None:
        kinds = (wording.body[0] for wording in wordings if wording.body)
        kind = next(kinds, Body.OPERATION_OUTCOME)
        if kind is Body.EMPTY:
            return None
        if kind is Body.TEXT:
            return _text(wordings) or reason
        return self._refusal_issue(wordings, status, reason)

    def success(
        self, interaction: str, status: int, version: Version, base: str, prefer: str = ""
    ) -> Reply:
        """The answer to an accepted write: the preferred body, and the headers that the profile speaks of."""
        body = self._success_body(interaction, prefer, version)
        return Reply(
            interaction,
            status,
            body,
            self.headers(interaction, version, base, created=status == 201),
        )

    def headers(
        self, interaction: str, version: Version, base: str, *, created: bool = False
    ) -> dict[str, str]:
        """ETag, Last-Modified and Location of an answer about a version, in the promised forms."""
        done = "create" if created else interaction
        forms = self._forms_of_headers(done, version.type)
        values = {
            "ETag": f'W/"{version.version}"',
            "Last-Modified": http_date(version.time),
        }
        if created or forms["Location"]:
            values["Location"] = _location(version, base, forms["Location"])
        return {name: value for name, value in values.items() if "absent" not in forms[name]}

    def _forms_of_headers(self, interaction: str, resource_type: str) -> dict[str, tuple[str, ...]]:
        rules = {name: f"{interaction}.headers.{name.lower()}" for name in _HEADERS}
        return {name: self._forms(rule, name, resource_type) for name, rule in rules.items()}

    def _success_body(self, interaction: str, prefer: str, version: Version) -> Resource | None:
        name, wished = PREFERENCES.get(prefer, ("default", Body.RESOURCE))
        promises = [
            p for p in self._promises(f"{interaction}.prefer.{name}", version.type) if p.body
        ][:1]
        kind = promises[0].body[0] if promises else wished
        bodies = {
            Body.EMPTY: None,
            Body.OPERATION_OUTCOME: _success_issue(
                promises, f"{interaction} of {version.type}/{version.id} done"
            ),
        }
        return bodies.get(kind, version.resource)

    def _refusal_issue(self, wordings: list[Expectation], status: int, reason: str) -> Resource:
        code = ISSUE_CODE.get(status, "processing")
        usual = {
            "severity": self.profile.embedded.issue_severity,
            "code": code,
            "details": _details_if_demanded(wordings, code),
        }
        return outcome(**_firsts(wordings, usual), diagnostics=reason)

    def _wordings(self, rule: str, resource_type: str) -> Iterator[Expectation]:
        """The promises that say how a refusal is worded: the rule's own, then what is said of explaining it."""
        yield from self._promises(rule, resource_type)
        interaction, _, situation = rule.partition(".")
        yield from self._promises(
            f"{interaction}.error.operation-outcome.{_EXPLAINED.get(situation)}", resource_type
        )

    def _statuses(self, rule: str, resource_type: str) -> Iterator[int]:
        answers = self.profile.embedded.answers
        for asked in self._asked(rule):
            promise = self._expectation(asked, resource_type)
            yield from promise.status if promise else ()
            if asked in answers:
                yield answers[asked]
        yield self._default(rule)

    def _default(self, rule: str) -> int:
        if rule.endswith(("if-match.stale", "if-match.two-lines-stale")):
            return STALE[self.profile.fhir]
        return STATUS.get(rule.rpartition(".")[2], 400)

    def _asked(self, rule: str) -> Iterator[str]:
        """A rule and then those that speak of the like: what holds for an update holds for the other writes."""
        yield rule
        interaction, _, situation = rule.partition(".")
        usual = () if interaction == "update" else (f"update.{situation}",)
        for like in LIKE.get(rule, usual):
            yield from self._asked(like)

    def _promises(self, rule: str, resource_type: str) -> Iterator[Expectation]:
        for asked in self._asked(rule):
            if (promise := self._expectation(asked, resource_type)) is not None:
                yield promise

    def _expectation(self, rule: str, resource_type: str) -> Expectation | None:
        promise = self.profile.promise(rule, resource_type)
        return promise if isinstance(promise, Expectation) else None

    def _forms(self, rule: str, header: str, resource_type: str) -> tuple[str, ...]:
        """The forms that a header must have. A rule on a header that has no meaning here means that it is not sent."""
        if isinstance(self.profile.promise(rule, resource_type), NotApplicable):
            return ("absent",)
        promised = (promise.headers for promise in self._promises(rule, resource_type))
        return next((headers[header] for headers in promised if header in headers), ())


def _lets_pass(promise: Expectation | None) -> bool:
    """Whether what a rule is about is promised to be accepted."""
    if promise is None:
        return False
    return promise.status[0] < 400 if promise.status else promise.outcome is Effect.ACCEPTED


def _text(wordings: Iterable[Expectation]) -> str:
    """The first text that is promised for a refusal, empty when none is."""
    return next((wording.text for wording in wordings if wording.text), "")


def _location(version: Version, base: str, forms: tuple[str, ...]) -> str:
    address = f"{base}/{version.type}/{version.id}"
    return address if "versionless" in forms else f"{address}/_history/{version.version}"


def _success_issue(promises: Iterable[Expectation], what: str) -> Resource:
    usual = {"severity": "information", "code": "informational", "details": ""}
    return outcome(**_firsts(promises, usual), diagnostics=what)


def _firsts(promises: Iterable[Expectation], usual: Mapping[str, str]) -> dict[str, str]:
    """For each element of an issue the first code that a promise names, else the usual one."""
    promised = [pair for promise in promises for pair in promise.issue.items()]
    named = {element: codes[0] for element, codes in reversed(promised) if codes != (ANY,)}
    return {**usual, **named}


def _details_if_demanded(promises: Iterable[Expectation], code: str) -> str:
    """The code in capitals, as in NOT_FOUND, where details are promised whatever they say; else none."""
    demanded = [promise.issue.get("details") == (ANY,) for promise in promises]
    return code.replace("-", "_").upper() if any(demanded) else ""
