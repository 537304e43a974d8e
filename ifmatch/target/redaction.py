"""Secrets are replaced before the first byte is stored: in headers, in URLs, in bodies, in messages."""

import base64
import re
from collections.abc import Iterable

from ifmatch.target.exchange import Headers

REDACTED = "[redacted]"

_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token", "www-authenticate-token"}
)

#: What looks like a secret wherever it stands: parameters named so, JSON members named so, bearer values, JWTs.
_NAMES = r"(?:access_token|refresh_token|id_token|client_secret|client_assertion|api_?key|password|passwd|secret|token)"
_PATTERNS = (
    (re.compile(rf"(?i)((?:^|[?&;\s]){_NAMES}=)[^&;\s\"']+"), rf"\g<1>{REDACTED}"),
    (re.compile(rf"(?i)(\"{_NAMES}\"\s*:\s*\")[^\"]*(\")"), rf"\g<1>{REDACTED}\g<2>"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\g<1> {REDACTED}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)?"), REDACTED),
    (re.compile(r"(://)[^/\s:@]+:[^/\s@]+@"), rf"\g<1>{REDACTED}@"),
)


class Redactor:
    """Removes the secrets it was given, in every spelling they may be echoed in, and whatever looks like a secret."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # Longest first, so that a secret that contains another one leaves no remainder.
        self._secrets = sorted({s for secret in secrets if len(secret) >= 4 for s in _spellings(secret)}, key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def headers(self, headers: Headers) -> list[list[str]]:
        """The headers, with the values of those that carry credentials replaced whole."""
        return [[n, REDACTED if n.lower() in _SECRET_HEADERS else self.text(v)] for n, v in headers]


def _spellings(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode()
    return {secret, encoded, encoded.rstrip("="), repr(secret)[1:-1]}
