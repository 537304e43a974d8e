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
        """Ask for another token when this one ends soon. Raises TargetUnusable when none is issued and it has ended."""
        token = self._token
        if token is not None and (self._given_up or token.is_due(clock())):
            self._replace(token)

    def _replace(self, token: Token) -> None:
        try:
            self._renew()
        except (ConfigurationError, TargetUnusable) as none:
            has_ended = self._given_up or token.has_ended(clock())
            if has_ended:
                # What was right when the run began is not the user's mistake now.
                raise TargetUnusable(str(none)) from None

    def value(self, request: Request) -> str:
        """The token; the first request has it asked for. Raises ConfigurationError or TargetUnusable for none."""
        token = self._token or self._renew()
        return f"Bearer {token.value}"

    def blames_token(self, shown: str, answer: Answer) -> bool:
        """Whether a 401 says that a token has ended: that the clock, the server or the tokens before it make likely.

        Then the next request shows a new one. A token that never was accepted is not replaced by another of its kind.
        """
        token = self._token
        is_current = token is not None and shown == f"Bearer {token.value}"
        if answer.status != 401:
            self._accepted |= is_current
            return False
        if token is None or not is_current or self._given_up:
            return True
        self._given_up = self._may_have_ended(token, answer)
        if self._given_up:
            self._tell(
                "the target answers 401 to a token that it took before: another one is asked for"
            )
        return self._given_up

    def _may_have_ended(self, token: Token, answer: Answer) -> bool:
        is_old = token.is_due(clock())
        if not (self._accepted or is_old):
            self._new_ones_fail = True
            return False
        challenge = answer.header("www-authenticate") or ""
        is_named = "invalid_token" in challenge  # RFC 6750 section 3.1
        return is_old or is_named or token.lifetime is None or not self._new_ones_fail

    def _renew(self) -> Token:
        self._token = self._endpoint.token_for(self._grant)
        self._accepted = self._given_up = False
        return self._token


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
