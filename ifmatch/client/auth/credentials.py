"""What an identity shows to a target, as the target file says it, with the secrets fetched."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import quote_plus

#: The parts of a JWK that nobody else may know (RFC 7518 section 6).
_PRIVATE_PARTS = ("d", "p", "q", "dp", "dq", "qi", "k")


class Authentication(StrEnum):
    """How a client shows a token endpoint who it is (OpenID Connect Core 1.0 section 9)."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    PRIVATE_KEY = "private_key_jwt"


@dataclass(frozen=True)
class SigningKey:
    """A private key, as PEM or JWK, with the algorithm that it signs by and the id under which others know it."""

    text: str = field(repr=False)
    algorithm: str
    kid: str = ""

    @property
    def secrets(self) -> Iterator[str]:
        """The key, and of a JWK its private parts."""
        yield self.text
        if self.text.lstrip().startswith("{"):
            parts = json.loads(self.text)
            yield from (str(parts[name]) for name in _PRIVATE_PARTS if name in parts)


@dataclass(frozen=True)
class Fixed:
    """The value of the Authorization header, which stays as it is: a bearer token, or user and password."""

    value: str = field(repr=False)

    @property
    def secrets(self) -> Iterator[str]:
        """The value, what follows the scheme in it, and a password in that."""
        scheme, _, token = self.value.partition(" ")
        yield from (self.value, token)
        if scheme == "Basic":
            yield base64.b64decode(token).decode().partition(":")[2]


@dataclass(frozen=True)
class ClientGrant:
    """OAuth 2 client credentials (RFC 6749 section 4.4), SMART Backend Services among them: tokens are asked for.

    Without a `token_url` the target's `.well-known/smart-configuration` says where. `claims` are added to the
    assertion that is signed with the `key`, or stand in place of its own.
    """

    client_id: str
    authentication: Authentication
    token_url: str = ""
    scopes: tuple[str, ...] = ()
    secret: str = field(default="", repr=False)
    key: SigningKey | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def basic(self) -> str:
        """Client id and secret for HTTP Basic, each encoded as in a form (RFC 6749 section 2.3.1)."""
        return basic(quote_plus(self.client_id), quote_plus(self.secret))

    @property
    def secrets(self) -> Iterator[str]:
        """The client's secret, in the spelling of the header, too, or its key."""
        if self.secret:
            yield from (self.secret, *Fixed(self.basic).secrets)
        if self.key:
            yield from self.key.secrets


@dataclass(frozen=True)
class RequestJwt:
    """A bearer token that we make ourselves for each request: a JWT, signed or, without a `key`, unsecured.

    `claims` may hold placeholders for what is asked (see jose.py). `lifetime` is in seconds.
    """

    claims: Mapping[str, Any]
    key: SigningKey | None = None
    lifetime: int = 300

    @property
    def secrets(self) -> Iterator[str]:
        """The key."""
        if self.key:
            yield from self.key.secrets


Credential = Fixed | ClientGrant | RequestJwt


def basic(user: str, password: str) -> str:
    """The header's value for HTTP Basic (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
