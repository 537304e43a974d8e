"""The first look at a target: is it there, is it a FHIR server, which one, and may rules be judged on it?"""

import math
import time
from dataclasses import dataclass

from ifmatch.client.auth.table import TOKEN_VARIABLE
from ifmatch.client.courier import NoAnswer
from ifmatch.client.guard import demand_not_production
from ifmatch.client.identity import Identity
from ifmatch.client.statement import Statement
from ifmatch.client.target import Target
from ifmatch.client.unique import new_uuid
from ifmatch.client.unreachable import unreachable
from ifmatch.errors import ConfigurationError, TargetUnusable
from ifmatch.rules.answer import Answer
from ifmatch.rules.profile import FHIR_VERSIONS, Profile, base_for

#: Seconds between two looks whether a server has started, and what a gateway says until it has.
_BETWEEN_LOOKS = 0.5
_NOT_THERE_YET = (502, 503, 504)

_NOT_LET_IN = (401, 403)


@dataclass(frozen=True)
class Introduction:
    """What the target said of itself, and what of it should make a reader careful."""

    statement: Statement
    warnings: tuple[str, ...]


def demand_seconds(wait: float) -> None:
    """See that one can wait so long. Raises ConfigurationError."""
    if not 0 <= wait < math.inf:
        raise ConfigurationError(
            f"Nobody can wait {wait:g} seconds for a server that is starting. Give --wait 0 or more, such as 60."
        )


def await_start(target: Target, seconds: float) -> None:
    """Give a server that is starting so many seconds to answer; whether it does is for `introduce` to say."""
    ends, told = time.monotonic() + seconds, False
    while time.monotonic() < ends and not _answers(target):
        if not told:
            target.tell(f"waiting up to {seconds:g} s for {target.settings.base_url} to answer")
            told = True
        target.pause(_BETWEEN_LOOKS)


def _answers(target: Target) -> bool:
    """Whether something answers, other than a gateway whose server is not there yet."""
    try:
        return target.send("GET", "metadata").status not in _NOT_THERE_YET
    except (NoAnswer, TargetUnusable):
        return False


def read_statement(target: Target) -> Answer:
    """Read /metadata, which is the first that is sent; nothing else is when it says that the target is in production.

    Raises TargetUnusable when it is not answered, ConfigurationError when nobody has allowed to write to production.
    """
    metadata = _ask(target, "metadata")
    target.statement = Statement.read_from(metadata)
    demand_not_production(target.settings, target.statement.document, metadata)
    return metadata


def introduce(target: Target) -> Introduction:
    """Read /metadata once, and ask for something that cannot exist, to see that the target can say no.

    Raises TargetUnusable, with what to do, when no rule could be judged, and ConfigurationError when it says that it is
    in production and nobody has allowed it.
    """
    url = target.settings.base_url
    metadata = read_statement(target)
    statement = target.statement
    canary = _ask(target, _nobody(target))
    where = (
        "everything, metadata included"
        if metadata.status == canary.status
        else "everything but metadata"
    )
    _demand_consent(target, canary, where)
    _demand_no_redirect(url, metadata)
    _demand_no_redirect(url, canary)
    if statement.problem:
        _demand_a_fhir_server(url, metadata, canary)
    target.canary = canary
    return Introduction(statement, tuple(filter(None, (_unusable(statement), _open(target)))))


@dataclass(frozen=True)
class FirstLook:
    """What a target says of itself and of something that cannot exist, to whoever asks, let in or not."""

    statement: Statement
    metadata: Answer
    canary: Answer

    @property
    def wants_credentials(self) -> bool:
        """Whether it lets nobody in without any, or not with those that were given."""
        return self.canary.status in _NOT_LET_IN


def look_at(target: Target) -> FirstLook:
    """Look at a target of which nothing is known. Raises TargetUnusable when it is no FHIR server, or not there."""
    url = target.settings.base_url
    metadata = _ask(target, "metadata")
    canary = _ask(target, _nobody(target))
    _demand_no_redirect(url, metadata)
    _demand_no_redirect(url, canary)
    look = FirstLook(Statement.read_from(metadata), metadata, canary)
    if look.statement.problem and not look.wants_credentials:
        _demand_a_fhir_server(url, metadata, canary)
    return look


def _unusable(statement: Statement) -> str:
    if not statement.problem:
        return ""
    return f"{statement.problem}: no rule is left out for want of a claim"


def _open(target: Target) -> str:
    """What to say of a target that asks nobody who they are, though credentials were given for it."""
    if Identity.FIRST not in target.settings.credentials:
        return ""
    try:
        answer = target.send("GET", _nobody(target), identity=Identity.NOBODY)
    except NoAnswer:
        return ""
    known = target.canary
    if known is None or answer.status != known.status:
        return ""
    return (
        f"the target is open: it answers {answer.status} without the credentials that were given, too, so whoever "
        "reaches it can read it"
    )


def check_version(profile: Profile, statement: Statement) -> None:
    """Raises ConfigurationError when the target states another FHIR version than the profile speaks of."""
    stated = statement.fhir_version
    if stated and not stated.startswith(FHIR_VERSIONS[profile.fhir]):
        base = base_for(stated)
        instead = (
            f"Choose a profile for it, such as -p {base}."
            if base
            else "ifmatch has no profile for that version."
        )
        raise ConfigurationError(
            f"The profile {profile.id} is about FHIR {profile.fhir}, but the target says that it is FHIR {stated}: "
            f"its answers would be judged by the wrong text. {instead}"
        )


#: What to do where an address may be that of no FHIR server.
CHECK_THE_PATH = "Check the path of the base URL, often /fhir or /fhir/R4."


def profile_id_for(statement: Statement) -> str:
    """The FHIR base profile for the version that the target states.

    Raises ConfigurationError when it states none, or one that there is no profile for.
    """
    base = base_for(statement.fhir_version)
    if base is None and statement.problem:
        raise ConfigurationError(
            f"{statement.problem}, so no profile can be chosen. {CHECK_THE_PATH} If it is right, name a profile by -p."
        )
    if base is None:
        said = f"FHIR {statement.fhir_version}" if statement.fhir_version else "no FHIR version"
        raise ConfigurationError(
            f"The target states {said} in /metadata, so no profile can be chosen for it. Name one with -p."
        )
    return base


def look_again(target: Target) -> None:
    """See that the target still answers as it did at the beginning: before a failure is put down to a rule.

    Raises TargetUnusable when it does not.
    """
    url, before = target.settings.base_url, target.canary
    try:
        now = target.send("GET", _nobody(target))
    except NoAnswer:
        return  # one more of those that end the run when they come in a row
    if before is None or now.status == before.status:
        return
    _demand_consent(target, now, "everything by now")
    _demand_no_redirect(url, now)
    if _is_html(now):
        raise TargetUnusable(
            f"{url} answers with HTML by now: it has become a web page. Look what happened to the server."
        )
    raise TargetUnusable(
        f"{url} answers {now.status} to an id that was never given out, where it answered {before.status} when the "
        "run began: it is no longer the server that it was, so no rule can be judged any more. Look into its log."
    )


def seems_absent(target: Target) -> bool:
    """Whether nothing that was asked for is found: no statement, no resource, no type.

    A server that offers neither statement nor search looks like that, too: only a write can tell.
    """
    if not target.statement.problem or target.canary is None or target.canary.status != 404:
        return False
    return _ask(target, target.profile.subject).status == 404


def _nobody(target: Target) -> str:
    """The address of something that cannot exist: a server that works says no."""
    return f"{target.profile.subject}/ifmatch-{new_uuid()}"


def _ask(target: Target, path: str) -> Answer:
    try:
        return target.send("GET", path)
    except NoAnswer as none:
        raise TargetUnusable(
            unreachable(none.failure, target.settings.base_url, none.detail)
        ) from None


def _demand_a_fhir_server(url: str, metadata: Answer, canary: Answer) -> None:
    """A server without a capability statement may still be one, unless its answers show that it is something else."""
    if _is_html(metadata) or _is_html(canary):
        raise TargetUnusable(
            f"{url} answers with HTML: it is a web page, not a FHIR end-point. Check the path, often /fhir or /fhir/R4."
        )
    if 200 <= canary.status < 300:
        raise TargetUnusable(
            f"{url} answers {canary.status} even to an id that was never given out, and has no capability statement: "
            "it says yes to everything, so no rule can be judged. Check the address."
        )
    if canary.status >= 500:
        raise TargetUnusable(
            f"{url} answers {canary.status} to a plain read: the server is not working. Start it, or look into its log."
        )


_NOT_ACCEPTED = (
    "The credentials that were given are not accepted: "
    "check that they are valid for this server and not expired."
)
_NOT_GIVEN = (
    f"Put a bearer token into {TOKEN_VARIABLE}, or name the variable in target.toml under [auth]."
)


def _demand_consent(target: Target, answer: Answer, where: str) -> None:
    if answer.status not in _NOT_LET_IN:
        return
    settings, challenge = target.settings, answer.header("www-authenticate")
    wish = f" It asks for: {challenge}." if challenge else ""
    advice = _NOT_ACCEPTED if Identity.FIRST in settings.credentials else _NOT_GIVEN
    raise TargetUnusable(
        f"{settings.base_url} answers {answer.status} to {where}, so no rule can be judged.{wish} {advice}"
    )


def _demand_no_redirect(url: str, answer: Answer) -> None:
    if 300 <= answer.status < 400 and answer.status != 304:
        raise TargetUnusable(
            f"{url} redirects, and ifmatch follows no redirects, for a write could end up elsewhere. "
            f"Give the address that it leads to: {answer.header('location')}"
        )


def _is_html(answer: Answer) -> bool:
    start = answer.content[:2000].lower()
    return b"<html" in start or b"<!doctype html" in start
