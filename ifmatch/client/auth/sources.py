"""Where the Authorization header of one identity comes from: each kind of credential has a source of its own."""

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ifmatch.client.auth.credentials import ClientGrant, Credential, Fixed, RequestJwt
from ifmatch.client.auth.endpoint import TokenEndpoint
from ifmatch.client.auth.grant import Token
from ifmatch.client.exchange import Request
from ifmatch.errors import ConfigurationError, TargetUnusable
from ifmatch.rules.answer import Answer
from ifmatch.rules.content import fill

clock = time.monotonic


class Source(Protocol):
    """The Authorization header of one identity."""

    def renew_if_due(self) -> None:
        """See that what is shown next lasts for a while."""

    def value(self, request: Request) -> str:
        """The header's value for a request that is about to leave."""

    def blames_token(self, shown: str, answer: Answer) -> bool:
        """Whether an answer is about the token that was shown, and not about the request."""


class FixedSource:
    """Shows the same value always."""

    def __init__(self, credential: Fixed) -> None:
        self._value = credential.value

    def renew_if_due(self) -> None:
        """There is nothing to renew."""

    def value(self, request: Request) -> str:
        """The value that was given."""
        return self._value

    def blames_token(self, shown: str, answer: Answer) -> bool:
        """What was given is all there is."""
        return False


class JwtSource:
    """Shows a JWT of its own with each request, with what is asked in its claims.

    `{access}` is read or write, `{type}` the type of resource, `{unique}` new for each.
    """

    def __init__(self, credential: RequestJwt, base_url: str, learn: Callable[[str], None]) -> None:
        self._credential, self._base_url, self._learn = credential, base_url, learn

    def renew_if_due(self) -> None:
        """Each request has a new one anyway."""

    def value(self, request: Request) -> str:
        """A JWT for just this request, valid from now on."""
        # Imported here: whoever signs nothing need not wait until cryptography is loaded.
        from ifmatch.client.auth.jose import signed

        now = int(time.time())
        claims: dict[str, Any] = {"iat": now, "exp": now + self._credential.lifetime}
        claims |= fill(self._credential.claims, self._asked(request))
        token = signed(claims, self._credential.key)
        self._learn(token)
        return f"Bearer {token}"

    def _asked(self, request: Request) -> Mapping[str, str]:
        below = request.url.removeprefix(self._base_url).lstrip("/")
        return {
            "access": "write" if request.is_write else "read",
            "type": below.partition("?")[0].partition("/")[0] or "*",
            "unique": str(uuid.uuid4()),
        }

    def blames_token(self, shown: str, answer: Answer) -> bool:
        """None was ever older than its request."""
        return False


class TokenSource:
    """Shows a token that is asked for when it is first needed, and again before it ends.

    `tell` is told when a target ends one earlier.
    """

    def __init__(
        self, grant: ClientGrant, endpoint: TokenEndpoint, tell: Callable[[str], None]
    ) -> None:
        self._grant, self._endpoint, self._tell = grant, endpoint, tell
        self._token: Token | None = None
        self._accepted = False  # whether a target has let this token in
        self._given_up = False  # whether it has ended, whatever was said of its life
        self._new_ones_fail = False  # whether a target refuses those that are new, too

    def renew_if_due(self) -> None:
        """Ask for another token when this one ends soon. Raises TargetUnusable when none is issued any more."""
        if self._token is not None and (self._given_up or self._is_due(self._token)):
            try:
                self._renew()
            except ConfigurationError as refused:
                # What was right when the run began is not wrong now.
                raise TargetUnusable(str(refused)) from None

    def value(self, request: Request) -> str:
        """The token; the first request has it asked for. Raises ConfigurationError or TargetUnusable for none."""
        token = self._token or self._renew()
        return f"Bearer {token.value}"

    def blames_token(self, shown: str, answer: Answer) -> bool:
        """Whether a 401 says that a token has ended: that the clock, the server or the tokens before it make likely.

        Then the next request shows a new one. A token that never was accepted is not replaced by another of its kind.
        """
        is_current = self._token is not None and shown == f"Bearer {self._token.value}"
        if answer.status != 401:
            self._accepted |= is_current
            return False
        if not is_current or self._given_up:
            return True
        assert self._token is not None
        if not self._accepted and not self._is_due(self._token):
            self._new_ones_fail = True
            return False
        if not self._has_ended(self._token, answer):
            return False
        self._given_up = True
        self._tell(
            "the target answers 401 to a token that it took before: another one is asked for"
        )
        return True

    def _has_ended(self, token: Token, answer: Answer) -> bool:
        named = "invalid_token" in (answer.header("www-authenticate") or "")  # RFC 6750 section 3.1
        may_have = token.due is None or clock() >= token.due
        return named or may_have or not self._new_ones_fail

    def _renew(self) -> Token:
        self._token = self._endpoint.token_for(self._grant)
        self._accepted = self._given_up = False
        return self._token

    def _is_due(self, token: Token) -> bool:
        return token.due is not None and clock() >= token.due


def source_of(
    credential: Credential,
    endpoint: TokenEndpoint,
    base_url: str,
    learn: Callable[[str], None],
    tell: Callable[[str], None],
) -> Source:
    """The source for a credential."""
    match credential:
        case Fixed():
            return FixedSource(credential)
        case RequestJwt():
            return JwtSource(credential, base_url, learn)
        case ClientGrant():
            return TokenSource(credential, endpoint, tell)
