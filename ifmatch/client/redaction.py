"""Secrets are replaced before the first byte is stored: in headers, in URLs, in bodies, in messages."""

import base64
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote, quote_plus

from ifmatch.client.exchange import Headers

REDACTED = "[redacted]"

#: Headers whose values carry credentials, whatever they are. WWW-Authenticate only asks for some.
_SECRET_HEADER = re.compile(r"(?i)authorization|cookie|token|secret|password|credential|api-?key")

#: What looks like a secret wherever it stands: parameters and JSON members named so, bearer values, JWTs, what a URL
#: tells of its user. The first group of each comes before the secret, and stays.
_NAMES = r"(?:access_token|refresh_token|id_token|client_secret|client_assertion|api_?key|password|passwd|secret|token)"
_PATTERNS = (
    re.compile(rf"(?i)((?:^|[?&;\s]){_NAMES}=)[^&;\s\"']+"),
    re.compile(rf"(?i)(\"{_NAMES}\"\s*:\s*\")[^\"]*(?=\")"),
    re.compile(r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?\w+\s+)[^\s\"']+"),
    re.compile(r"(?i)\b((?:bearer|basic)\s+)(?=[a-z._~+/-]*[0-9=])[a-z0-9._~+/=-]{8,}"),
    re.compile(r"\b()eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)?"),
    re.compile(r"(://)[^/\s:@]*:[^/\s@]+(?=@)"),
)

#: Of these, in whatever case, what matches any of the patterns holds one; looking for them is far quicker. None has an
#: i, which has relatives that only a pattern takes for it.
_CLUES = ("token", "secret", "assert", "key", "passw", "author", "bearer", "bas", "eyj", "@")

#: The header of a JWT with its dot. Tokens of one issuer have it in common, so it stands for all that come from it.
_JWT_HEADER = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.")

#: What follows the header of a JWT, in whatever spelling.
_REST_OF_JWT = r"[A-Za-z0-9+/=_.%\\-]*"

#: Events repeat ids, titles and headers over and over. So many texts, of so many characters at most, are remembered
#: with what became of them.
_REMEMBERED, _SHORT = 4096, 400

#: A shorter secret would take half of every text with it.
_SHORTEST = 4


class Redactor:
    """Removes the secrets it was given, in every spelling they may be echoed in, and whatever looks like a secret."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: list[str] = []
        self._known: set[str] = set()
        self._jwts: list[re.Pattern[str]] = []
        self._short = self._remembering()
        self.learn(*secrets)

    def learn(self, *secrets: str) -> None:
        """Remove these from now on, too; of a JWT all that have its header, for each request may have its own."""
        long_enough = (secret for secret in secrets if len(secret) >= _SHORTEST)
        fresh = set(map(_what_is_secret_of, long_enough)) - self._known
        if not fresh:
            return
        self._known |= fresh
        for secret in fresh:
            self._learn(secret)
        self._short = self._remembering()

    def _learn(self, secret: str) -> None:
        if _JWT_HEADER.fullmatch(secret):
            headers = "|".join(map(re.escape, _longest_first(_spellings(secret))))
            self._jwts.append(re.compile(f"(?:{headers}){_REST_OF_JWT}"))
        else:
            self._spellings = _longest_first({*self._spellings, *_spellings(secret)})

    def text(self, text: str) -> str:
        """The text without secrets."""
        return self._short(text) if len(text) <= _SHORT else self._without_secrets(text)

    def _remembering(self) -> Callable[[str], str]:
        # Anew with each secret that is learnt: what was remembered until then may hold it.
        return lru_cache(_REMEMBERED)(self._without_secrets)

    def _without_secrets(self, text: str) -> str:
        for secret in self._spellings:
            text = text.replace(secret, REDACTED)
        for jwt in self._jwts:
            text = jwt.sub(REDACTED, text)
        return _without_what_looks_secret(text) if _has_clue(text) else text

    def headers(self, headers: Headers) -> Headers:
        """The headers, the values of those that carry credentials replaced whole; cookies are learnt as secrets.

        What other headers hold is cleared with all other texts when it is written.
        """
        for name, value in headers:
            if name.lower() == "set-cookie":
                self.learn(value.partition(";")[0].partition("=")[2].strip().strip('"'))
        return tuple(
            (name, REDACTED if carries_credentials(name) else value) for name, value in headers
        )


def _has_clue(text: str) -> bool:
    folded = text.casefold()
    return any(clue in folded for clue in _CLUES)


def _without_what_looks_secret(text: str) -> str:
    for pattern in _PATTERNS:
        text = pattern.sub(_hidden, text)
    return text


def _what_is_secret_of(secret: str) -> str:
    """Of a JWT its header, for what follows it is another one each time; of others all."""
    jwt = _JWT_HEADER.match(secret)
    return jwt[0] if jwt else secret


def _longest_first(texts: Iterable[str]) -> list[str]:
    """So that a secret that contains another one leaves no remainder."""
    return sorted(texts, key=lambda text: (-len(text), text))


def _hidden(found: re.Match[str]) -> str:
    return f"{found[1]}{REDACTED}"


def carries_credentials(header: str) -> bool:
    """Whether the value of a header with such a name is a secret, whatever it is."""
    return _SECRET_HEADER.search(header) is not None


def _spellings(secret: str) -> set[str]:
    """A secret as it may be echoed: as it is, for a URL, in JSON, in HTML, in Python, in base64."""
    escaped = "".join(f"\\u{ord(c):04x}" for c in secret)
    percent = "".join(f"%{byte:02x}" for byte in secret.encode())
    in_json = json.dumps(secret)[1:-1]
    encoded = {
        quote(secret, safe=""), quote(secret), quote_plus(secret), percent, percent.upper(), html.escape(secret),
        escaped, escaped.upper().replace("\\U", "\\u"), in_json, in_json.replace("/", "\\/"), repr(secret)[1:-1],
    }  # fmt: skip
    lower = {
        re.sub(r"%[0-9A-F]{2}", lambda m: m.group().lower(), text)
        for text in encoded
        if "%" in text
    }
    return {secret, *encoded, *lower, *_in_base64(secret.encode())}


def _in_base64(secret: bytes) -> Iterator[str]:
    """What a secret looks like inside of something longer that was put into base64, at each of the three offsets."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(secret).decode()
        for offset in range(3):
            text = encode(b"\0" * offset + secret).decode().rstrip("=")
            # The first and the last character also hold bits of what stands beside the secret.
            core = text[(0, 2, 3)[offset] : len(text) if (offset + len(secret)) % 3 == 0 else -1]
            if len(core) >= 2 * _SHORTEST:
                yield core
