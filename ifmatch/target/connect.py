"""The first look at a target: is it there, is it a FHIR server, which one, and may rules be judged on it?"""

import uuid
from dataclasses import dataclass

from ifmatch.errors import ConfigurationError, OutcomeUnknown, TargetUnusable
from ifmatch.rules.answer import Answer, Body
from ifmatch.rules.profile import FHIR_VERSIONS, Profile, base_for
from ifmatch.target.exchange import Failure
from ifmatch.target.settings import TOKEN_VARIABLE, Identity
from ifmatch.target.statement import Statement
from ifmatch.target.target import Target, unreachable


@dataclass(frozen=True)
class Introduction:
    """What the target said of itself, and what of it should make a reader careful."""

    statement: Statement
    warnings: tuple[str, ...]


def introduce(target: Target) -> Introduction:
    """Read /metadata once, and ask for something that cannot exist, to see that the target tells yes from no.

    Raises TargetUnusable, with what to do, when no rule could be judged.
    """
    url = target.settings.base_url
    metadata = _ask(target, "metadata")
    canary = _ask(target, f"{target.profile.subject}/ifmatch-{uuid.uuid4()}")
    statement = Statement.read_from(metadata)
    _demand_a_fhir_server(url, metadata, canary, statement, Identity.FIRST in target.settings.credentials)
    target.statement = statement
    warnings = []
    if statement.problem:
        warnings.append(f"{statement.problem}: no rule is left out for want of a claim")
    return Introduction(statement, tuple(warnings))


def check_version(profile: Profile, statement: Statement) -> None:
    """Raises ConfigurationError when the target states another FHIR version than the profile speaks of."""
    stated = statement.fhir_version
    if stated and not stated.startswith(FHIR_VERSIONS[profile.fhir]):
        hint = base_for(stated)
        instead = f" Choose a profile for it, such as -p {hint}." if hint else " ifmatch has no profile for that version."
        raise ConfigurationError(
            f"The profile {profile.id} is about FHIR {profile.fhir}, but the target says that it is FHIR {stated}: "
            f"its answers would be judged by the wrong text.{instead}"
        )


def profile_id_for(statement: Statement) -> str:
    """The FHIR base profile for the version that the target states.

    Raises ConfigurationError when it states none, or one that there is no profile for.
    """
    base = base_for(statement.fhir_version)
    if base is None:
        said = f"FHIR {statement.fhir_version}" if statement.fhir_version else "no FHIR version"
        raise ConfigurationError(f"The target states {said} in /metadata, so no profile can be chosen for it. Name one with -p.")
    return base


def _ask(target: Target, path: str) -> Answer:
    try:
        return target.send("GET", path)
    except OutcomeUnknown as unknown:
        text = str(unknown)
        failure = next((f for f in Failure if f in text), Failure.RESET)
        raise TargetUnusable(unreachable(failure, target.settings.base_url, text)) from None


def _demand_a_fhir_server(url: str, metadata: Answer, canary: Answer, statement: Statement, credentials: bool) -> None:
    if canary.status in (401, 403):
        asked = f" It asks for: {canary.header('www-authenticate')}." if canary.header("www-authenticate") else ""
        where = "everything, metadata included" if metadata.status == canary.status else "everything but metadata"
        token = (
            "The credentials that were given are not accepted: check that they are valid for this server and not expired."
            if credentials
            else f"Put a bearer token into {TOKEN_VARIABLE}, or name the variable in target.toml under [auth]."
        )
        raise TargetUnusable(f"{url} answers {canary.status} to {where}, so no rule can be judged.{asked} {token}")
    for answer in (metadata, canary):
        if 300 <= answer.status < 400 and answer.status != 304:
            raise TargetUnusable(
                f"{url} redirects to {answer.header('location')}. ifmatch follows no redirects, for a write could end up elsewhere: "
                "give the address that it leads to."
            )
    if statement.problem and b"<html" in (metadata.content + canary.content)[:2000].lower():
        raise TargetUnusable(f"{url} answers with HTML: it is a web page, not a FHIR end-point. Check the path, often /fhir or /fhir/R4.")
    if statement.problem and 200 <= canary.status < 300:
        raise TargetUnusable(
            f"{url} answers {canary.status} even to an id that was never given out, and has no capability statement: "
            "it says yes to everything, so no rule can be judged. Check the address."
        )
    if statement.problem and canary.body is Body.TEXT and canary.status >= 500:
        raise TargetUnusable(f"{url} answers {canary.status} to a plain read: the server is not working. Start it, or look into its log.")
