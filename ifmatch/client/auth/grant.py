"""The client credentials grant: what is asked of a token endpoint, and what it answered. Pure.

The parameters of OAuth 2 are the library's; what of an answer is a token is looked at more closely than it does.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error

from ifmatch.client.auth.credentials import Authentication, ClientGrant
from ifmatch.client.auth.table import is_token
from ifmatch.client.exchange import Headers, Request, Response

#: How a client says that what it shows is a JWT (RFC 7523 section 2.2).
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

#: Seconds that an assertion is valid. SMART App Launch allows five minutes, by the clock of the server.
_ASSERTION_LIFETIME = 240

#: Of the time that a token lasts, the last quarter is left to what is under way; seconds, and never more than these.
_LONGEST_MARGIN = 60.0

_FORM: Headers = (
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("Accept", "application/json"),
)

#: What to do about a refusal whose cause is with us, by the error code of RFC 6749 section 5.2.
_ADVICE: Mapping[str, str] = {
    "invalid_client": "Check client_id and the secret or the key with its kid, and that the server knows them",
    "invalid_scope": "Check scopes, and which of them the server lets the client have",
    "unauthorized_client": "The server must allow the client the client credentials grant",
    "unsupported_grant_type": "Check token_url: this server issues no token for client credentials",
    "invalid_request": "Check authentication and claims against what the server expects",
    "invalid_grant": "Check client_id, key and claims against what the server expects",
}


@dataclass(frozen=True)
class Token:
    """An access token. `obtained` is an instant, and it lasts `lifetime` seconds from then; None: nobody said."""

    value: str = field(repr=False)
    obtained: float
    lifetime: float | None

    @property
    def due(self) -> float | None:
        """From when another one is to be had, while this one is still valid."""
        if self.lifetime is None:
            return None
        return self.obtained + self.lifetime - min(_LONGEST_MARGIN, self.lifetime / 4)


class TokenRefused(Exception):
    """The server knows what was asked, and says no; the message says why and what to do."""


class NoToken(Exception):
    """What came is neither a token nor a refusal; the message ends a sentence about the server."""


def assertion(grant: ClientGrant, token_url: str, now: int) -> str:
    """The JWT by which a client shows who it is (RFC 7523, SMART Backend Services); empty where it has a secret."""
    if grant.key is None:
        return ""
    # Imported here: whoever signs nothing need not wait until cryptography is loaded.
    from ifmatch.client.auth.jose import signed

    claims: dict[str, Any] = {
        "iss": grant.client_id,
        "sub": grant.client_id,
        "aud": token_url,
        "jti": str(uuid.uuid4()),
        "iat": now,
        "exp": now + _ASSERTION_LIFETIME,
    }
    return signed({**claims, **grant.claims}, grant.key)


def token_request(grant: ClientGrant, token_url: str, shown: str) -> Request:
    """The request for a token; `shown` is the assertion, where there is one."""
    posted: dict[str, str] = {}
    headers = _FORM
    match grant.authentication:
        case Authentication.BASIC:
            headers = (*_FORM, ("Authorization", grant.basic))
        case Authentication.POST:
            posted = {"client_secret": grant.secret}
        case Authentication.PRIVATE_KEY:
            posted = {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": shown}
    form = BackendApplicationClient(grant.client_id).prepare_request_body(
        scope=list(grant.scopes),
        include_client_id=grant.authentication is Authentication.POST,
        **posted,
    )
    return Request("POST", token_url, headers, form.encode())


def token_in(response: Response, obtained: float) -> Token:
    """The token that a server issued. Raises TokenRefused when it refuses one, NoToken for anything else."""
    document = _document(response)
    if "error" in document:
        raise TokenRefused(_refusal(document))
    if response.status != 200:
        raise NoToken(f"answers {response.status}, and names no error of OAuth")
    # The library takes no lifetime that is written as a text, as some servers do.
    lifetime = _lifetime(document.pop("expires_in", None))
    try:
        answer = BackendApplicationClient("").parse_request_body_response(json.dumps(document))
    except (OAuth2Error, ValueError, TypeError) as error:
        raise NoToken(f"answers 200 without a token: {error}") from None
    return Token(_value(answer), obtained, lifetime)


def _refusal(document: Mapping[str, Any]) -> str:
    code, description = str(document["error"]), document.get("error_description")
    why = f"{code} ({description})" if description else code
    return f"{why}. {_ADVICE.get(code, 'Look into its log')}."


def _value(answer: Mapping[str, Any]) -> str:
    value, kind = answer.get("access_token"), answer.get("token_type")
    if not isinstance(value, str) or not is_token(value):
        raise NoToken("issues an access_token that no header may carry")
    if not isinstance(kind, str):
        raise NoToken("issues a token without its token_type")
    if kind.lower() != "bearer":
        raise NoToken(
            f"issues a token of the token_type {kind}, and only Bearer is understood here"
        )
    return value


def _lifetime(given: Any) -> float | None:
    if given is None:
        return None
    try:
        seconds = float(given)
    except (ValueError, TypeError):
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise NoToken("issues a token whose expires_in is no number of seconds")
    return seconds


def token_url_in(response: Response) -> str:
    """The token endpoint that a smart-configuration names. Raises NoToken when it names none."""
    if response.status != 200:
        raise NoToken(f"answers {response.status}")
    url = _document(response).get("token_endpoint")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise NoToken("names no token_endpoint")
    return url


def _document(response: Response) -> dict[str, Any]:
    try:
        document = json.loads(response.body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise NoToken(f"answers {response.status} with what is no JSON object")
    return document
