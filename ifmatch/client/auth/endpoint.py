"""Asks token endpoints for tokens."""

import time
from collections.abc import Callable

from ifmatch.client.auth.credentials import ClientGrant
from ifmatch.client.auth.grant import (
    NoToken,
    Token,
    TokenRefused,
    assertion,
    token_in,
    token_request,
    token_url_in,
)
from ifmatch.client.exchange import Exchange, Request, Response
from ifmatch.client.http import Wire
from ifmatch.client.unreachable import unreachable
from ifmatch.errors import ConfigurationError, TargetUnusable

#: Where a FHIR server says how one gets in (SMART App Launch, Conformance).
_WELL_KNOWN = ".well-known/smart-configuration"

#: Seconds before what was not answered, or answered by a server in trouble, is asked again. Asking changes nothing.
_PAUSES = (0.5, 2.0)

#: What a server says that is in trouble, or has too much to do.
_IN_TROUBLE = frozenset({429, 500, 502, 503, 504})


class TokenEndpoint:
    """Where the tokens of a target are had.

    `reach` gives the wire to an address; `learn` is shown each secret before it is sent or kept.
    """

    def __init__(
        self, base_url: str, reach: Callable[[str], Wire], learn: Callable[[str], None]
    ) -> None:
        self._base_url, self._reach, self._learn = base_url, reach, learn

    def token_for(self, grant: ClientGrant) -> Token:
        """A new token.

        Raises ConfigurationError when the server refuses one, TargetUnusable when it gives no usable answer.
        """
        url = grant.token_url or self._found()
        shown = assertion(grant, url, int(time.time()))
        self._learn(shown)
        # From before it was asked for: it lasts no longer than that.
        obtained = time.monotonic()
        response = self._answer(token_request(grant, url, shown))
        try:
            token = token_in(response, obtained)
        except TokenRefused as refused:
            raise ConfigurationError(f"{url} refuses a token: {refused}") from None
        except NoToken as none:
            raise TargetUnusable(
                f"{url} {none}, so no rule can be judged. Check token_url in the target file, or look into its log."
            ) from None
        self._learn(token.value)
        return token

    def _found(self) -> str:
        """The token endpoint that the target itself names. Raises ConfigurationError when it names none."""
        url = f"{self._base_url}/{_WELL_KNOWN}"
        response = self._answer(Request("GET", url, (("Accept", "application/json"),)))
        try:
            return token_url_in(response)
        except NoToken as none:
            raise ConfigurationError(
                f"Where tokens are issued is not known: {url} {none}. Give token_url in the target file."
            ) from None

    def _answer(self, request: Request) -> Response:
        """The answer to a request, which is asked again when the server is in trouble.

        Raises TargetUnusable when there is none.
        """
        wire = self._reach(request.url)
        try:
            exchange = wire.send(request)
            for pause in _PAUSES:
                if not _is_in_trouble(exchange):
                    break
                time.sleep(pause)
                exchange = wire.send(request)
        finally:
            wire.close()
        if exchange.response is not None:
            return exchange.response
        assert exchange.failure is not None
        why = unreachable(exchange.failure, request.url, exchange.detail)
        raise TargetUnusable(f"No token can be had, so no rule can be judged. {why}")


def _is_in_trouble(exchange: Exchange) -> bool:
    return exchange.response is None or exchange.response.status in _IN_TROUBLE
