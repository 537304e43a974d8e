"""The `[auth]` table of a target file: for each identity what it shows, with every secret fetched by its name."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from ifmatch.client.address import UserInfo, normalised
from ifmatch.client.auth.credentials import (
    Authentication,
    ClientGrant,
    Credential,
    Fixed,
    RequestJwt,
    SigningKey,
    basic,
)
from ifmatch.client.auth.secret import from_environment, named, only
from ifmatch.client.identity import Identity
from ifmatch.errors import ConfigurationError

TOKEN_VARIABLE = "IFMATCH_TOKEN"
SECOND_TOKEN_VARIABLE = "IFMATCH_SECOND_TOKEN"

Table = Mapping[str, Any]


def credentials_in(auth: Table, user: UserInfo | None) -> dict[Identity, Credential]:
    """What each identity shows: by the table, else by the environment, else, the first, by the address itself.

    Raises ConfigurationError when a secret cannot be had or a key cannot sign.
    """
    first = _credential(auth, "auth", TOKEN_VARIABLE)
    if first is None and user:
        first = Fixed(basic(*user))
    second = _credential(auth.get("second", {}), "auth.second", SECOND_TOKEN_VARIABLE)
    found = {Identity.FIRST: first, Identity.SECOND: second}
    return {identity: credential for identity, credential in found.items() if credential}


def _credential(table: Table, place: str, variable: str) -> Credential | None:
    way = only(table, _WAYS, place)
    if way:
        return _WAYS[way](table, place)
    is_set = os.environ.get(variable, "").strip()
    return _bearer(from_environment(variable), variable) if is_set else None


def _token(table: Table, place: str) -> Fixed:
    name = table.get("token_env") or f"The file at {place}.token_file"
    return _bearer(named(table, "token", place), name)


def _bearer(value: str, name: str) -> Fixed:
    if value.lower().startswith("bearer "):
        raise ConfigurationError(f'{name} begins with "Bearer": put the token alone into it.')
    if not is_token(value):
        raise ConfigurationError(
            f"The value of {name} holds blanks, line breaks or other characters that no header may carry. "
            "Check how it was set."
        )
    return Fixed(f"Bearer {value}")


def is_token(value: str) -> bool:
    """Whether a text is made of the characters that a token in a header may have."""
    return value.isascii() and value.isprintable() and " " not in value and bool(value)


def _password(table: Table, place: str) -> Fixed:
    password = named(table, "password", place)
    if not password:
        raise ConfigurationError(
            f"The target file gives a user at {place} and no password. Name it by password_env or password_file."
        )
    return Fixed(basic(table["user"], password))


def _grant(table: Table, place: str) -> ClientGrant:
    oauth, place = table["oauth"], f"{place}.oauth"
    key = _key(oauth, place)
    secret = named(oauth, "client_secret", place)
    usual = Authentication.PRIVATE_KEY if key else Authentication.BASIC
    authentication = Authentication(oauth.get("authentication", usual))
    _demand_what_it_needs(authentication, key, secret, place)
    return ClientGrant(
        client_id=oauth["client_id"],
        authentication=authentication,
        token_url=_token_url(oauth, place),
        scopes=tuple(oauth.get("scopes", ())),
        secret=secret,
        key=key,
        claims=oauth.get("claims", {}),
    )


def _demand_what_it_needs(
    authentication: Authentication, key: SigningKey | None, secret: str, place: str
) -> None:
    by_key = authentication is Authentication.PRIVATE_KEY
    needed, other = ("key", "client_secret") if by_key else ("client_secret", "key")
    has_needed, has_other = (key, secret) if by_key else (secret, key)
    if not has_needed:
        raise ConfigurationError(
            f"At {place} the target file names no {needed}, which {authentication} needs. "
            f"Name it by {needed}_env or {needed}_file."
        )
    if has_other:
        raise ConfigurationError(
            f"At {place} the target file names a {other}, which {authentication} has no use for. Leave it out."
        )


def _token_url(oauth: Table, place: str) -> str:
    url = oauth.get("token_url", "")
    try:
        _, user = normalised(url.partition("?")[0])
    except ConfigurationError:
        user = ("", "")
    if user is not None:
        raise ConfigurationError(
            f"The token_url at {place} in the target file is not the address of a token end-point. "
            "Give it in full, without credentials, as in https://auth.example/token."
        )
    return str(url)


def _jwt(table: Table, place: str) -> RequestJwt:
    jwt, place = table["jwt"], f"{place}.jwt"
    key = _key(jwt, place)
    _demand_that_it_is_meant(jwt.get("algorithm", ""), key, place)
    return RequestJwt(jwt.get("claims", {}), key, jwt.get("lifetime", RequestJwt.lifetime))


def _demand_that_it_is_meant(algorithm: str, key: SigningKey | None, place: str) -> None:
    """See that no token is unsecured because a key was forgotten."""
    if (algorithm == "none") == (key is None):
        return
    what = "an unsecured token needs no key" if key else "a signed token needs a key"
    raise ConfigurationError(
        f"At {place} in the target file: {what}. "
        'Say algorithm = "none" or name a key by key_env or key_file, not both.'
    )


def _key(table: Table, place: str) -> SigningKey | None:
    text = named(table, "key", place)
    algorithm = table.get("algorithm", "")
    if not text:
        return None
    # Imported here: whoever signs nothing need not wait until cryptography is loaded.
    from ifmatch.client.auth.jose import KeyUnusable, signing_key

    try:
        return signing_key(text, algorithm, table.get("kid", ""))
    except KeyUnusable as error:
        raise ConfigurationError(
            f"The key that the target file names at {place} cannot be used: {error}."
        ) from None


#: The ways to say who an identity is, by the name that stands for each.
_WAYS: Mapping[str, Callable[[Table, str], Credential]] = {
    "token_env": _token,
    "token_file": _token,
    "user": _password,
    "oauth": _grant,
    "jwt": _jwt,
}
