r"""A curl command that repeats one exchange: for a person who wants to see it happen.

The base URL and the credentials are shell variables, so that a command can be passed on and holds no secret.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from urllib.parse import quote as percent_encoded

from ifmatch.client.auth.table import TOKEN_VARIABLE
from ifmatch.client.redaction import REDACTED
from ifmatch.log.events import Headers, RequestSent, TargetDescribed

#: What curl or the connection adds by itself. It says nothing about the exchange.
_NOISE = frozenset(
    {"accept-encoding", "user-agent", "connection", "content-length", "host", "transfer-encoding"}
)

#: What may stand in a URL between double quotes as it is. Not brackets, braces and !, which curl or a shell would read.
_PLAIN_IN_URL = "/?&=:@+,;%~*'()$|#-._"

#: How a command takes a body that is too long to stand in it: from a file of this name.
BODY_FROM_FILE = "--data-binary @body"

_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "'": "\\'", "\\": "\\\\"}


def command(request: RequestSent, base_url: str, body_most: int | None = None) -> str:
    """The command on one line, ready to be pasted into a shell where BASE and IFMATCH_TOKEN are set.

    A body longer than `body_most` characters is read from a file `body` instead, so that the command stays readable.
    """
    return " ".join(words(request, TargetDescribed(base_url=base_url), body_most))


def folded(request: RequestSent, target: TargetDescribed, width: int = 100) -> list[str]:
    """The command over several lines, each as wide as `width` allows, still to be pasted whole."""
    first, *others = words(request, target)
    lines = [first]
    for word in others:
        if len(lines[-1]) + len(word) + 3 > width:
            lines[-1] += " \\"
            lines.append(f"  {word}")
        else:
            lines[-1] += f" {word}"
    return lines


def words(request: RequestSent, target: TargetDescribed, body_most: int | None = None) -> list[str]:
    """The command's parts, an option together with its value, each safe in a shell."""
    method = request.method or "GET"
    return [
        # With -X HEAD curl would wait for a body that never comes.
        "curl --head" if method == "HEAD" else f"curl -X {quoted(method)}",
        _url(request.url, target.base_url),
        *_headers(request.headers, bool(request.body), target.credential),
        *_broken_off(request.headers, request.body),
        *_body(request.body, body_most),
    ]


def quoted(text: str) -> str:
    """A text as one word of bash, in printable characters only: what is not printable is written as an escape."""
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(map(_escaped, text)) + "'"


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "replace"))


def _url(url: str, base_url: str) -> str:
    base = base_url.rstrip("/")
    inside = bool(base) and (url == base or url.startswith((f"{base}/", f"{base}?")))
    rest = url[len(base) :] if inside else url
    safe = "$IFMATCH_SECRET".join(_in_double_quotes(part) for part in rest.split(REDACTED))
    return f'"{"$BASE" if inside else ""}{safe}"'


def _in_double_quotes(part: str) -> str:
    return percent_encoded(part, safe=_PLAIN_IN_URL, errors="replace").replace("$", "\\$")


def authorization(credential: Mapping[str, str]) -> str:
    """What sends the credentials, which stand in the variables that the target file names, else in IFMATCH_TOKEN."""
    if "user" in credential:
        password = _name_or(credential.get("password_env", ""), "IFMATCH_PASSWORD")
        return f'-u {quoted(credential["user"])}:"${password}"'
    return (
        f'-H "Authorization: Bearer ${_name_or(credential.get("token_env", ""), TOKEN_VARIABLE)}"'
    )


def _name_or(name: str, usual: str) -> str:
    """A name that a shell takes for a variable: a log may come from anywhere, and nothing in it is carried out."""
    return name if _VARIABLE_NAME.fullmatch(name) else usual


def _headers(headers: Headers, has_body: bool, credential: Mapping[str, str]) -> Iterator[str]:
    for name, value in headers:
        if name.lower() == "authorization":
            yield authorization(credential)
        elif name.lower() not in _NOISE:
            yield f"-H {_header(name, value)}"
    if has_body and not _has_type(headers):
        yield "-H 'Content-Type:'"  # else curl would claim that the body is a form


def _has_type(headers: Headers) -> bool:
    return any(name.lower() == "content-type" for name, _ in headers)


def _header(name: str, value: str) -> str:
    if REDACTED in value:
        return f'"{re.sub(r"[^A-Za-z0-9-]", "", name)}: ${_variable(name)}"'
    # "Name:" would make curl leave the header out; "Name;" sends it empty.
    return quoted(f"{name}: {value}" if value.strip() else f"{name};")


def _broken_off(headers: Headers, body: str) -> Iterator[str]:
    """For a body that ends before its Content-Length does: curl sends what it has, and gives up after a while."""
    promised = next((value for name, value in headers if name.lower() == "content-length"), "")
    if promised.isdigit() and int(promised) > len(body.encode("utf-8", "replace")):
        yield f"-H 'Content-Length: {promised}' --max-time 2"


def _variable(name: str) -> str:
    return "IFMATCH_" + re.sub(r"[^A-Z0-9]", "_", name.upper())


def _body(body: str, most: int | None) -> Iterator[str]:
    if body:
        # Not -d, which would read a file when a body begins with @.
        yield f"--data-raw {quoted(body)}" if most is None or len(body) <= most else BODY_FROM_FILE
