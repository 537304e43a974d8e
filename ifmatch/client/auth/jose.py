"""JSON Web Tokens and the keys that sign them (RFC 7515 to 7519). The only module that knows the JOSE library."""

import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from joserfc import jwk, jwt
from joserfc.errors import JoseError

from ifmatch.client.auth.credentials import SigningKey

#: The algorithms that a key may sign by, the usual one of each kind first. SMART App Launch demands RS384 and ES384.
ALGORITHMS = (
    "RS384", "ES384", "ES256", "ES512", "RS256", "RS512", "PS256", "PS384", "PS512"
)  # fmt: skip

#: What an unsecured token says in place of an algorithm (RFC 7519 section 6).
UNSECURED = "none"

_Key = jwk.RSAKey | jwk.ECKey


class KeyUnusable(ValueError):
    """A key that cannot sign; the message says why, and shows nothing of it."""


def signing_key(text: str, algorithm: str = "", kid: str = "") -> SigningKey:
    """A key from PEM or JWK; what is not given is what a JWK says of itself, or what is usual for its kind.

    Raises KeyUnusable when it does not sign by the algorithm.
    """
    key = _loaded(text)
    if not key.is_private:
        raise KeyUnusable("it is a public key, and only a private one can sign")
    chosen = algorithm or key.alg or _usual_for(key)
    signing = SigningKey(text, chosen, kid or key.kid or "")
    _demand_that_it_signs(signing)
    return signing


def signed(claims: Mapping[str, Any], key: SigningKey | None) -> str:
    """A JWT in its compact form, unsecured without a key."""
    if key is None:
        return f"{_encoded({'alg': UNSECURED, 'typ': 'JWT'})}.{_encoded(claims)}."
    header = {"alg": key.algorithm} | ({"kid": key.kid} if key.kid else {})
    return jwt.encode(header, dict(claims), _loaded(key.text), algorithms=[key.algorithm])


def _encoded(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


@lru_cache
def _loaded(text: str) -> _Key:
    data = _parsed(text)
    for kind in (jwk.RSAKey, jwk.ECKey):
        with suppress(JoseError, ValueError, TypeError):
            return kind.import_key(data)
    if "ENCRYPTED" in text:
        raise KeyUnusable("it is protected by a passphrase; give it without one")
    raise KeyUnusable("it is no RSA or EC key as PEM or JWK")


def _parsed(text: str) -> Any:
    """A JWK as the object that it is; PEM stays text."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        raise KeyUnusable("it begins like a JWK and is not JSON") from None


def _usual_for(key: _Key) -> str:
    """The first of the algorithms that a key signs by."""
    return next((name for name in ALGORITHMS if _signs(key, name)), ALGORITHMS[0])


def _signs(key: _Key, algorithm: str) -> bool:
    try:
        jwt.encode({"alg": algorithm}, {}, key, algorithms=[algorithm])
    except (JoseError, ValueError):
        return False
    return True


def _demand_that_it_signs(key: SigningKey) -> None:
    if key.algorithm not in ALGORITHMS or not _signs(_loaded(key.text), key.algorithm):
        usual = _usual_for(_loaded(key.text))
        raise KeyUnusable(f"it does not sign by {key.algorithm}; {usual} would be usual for it")
