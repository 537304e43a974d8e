"""The base URL as the user gives it: checked, brought into one form, and parted from credentials in it."""

import re
from typing import NoReturn
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from ifmatch.errors import ConfigurationError
from ifmatch.rules.profile_file import profile_meant

#: A user name and a password.
UserInfo = tuple[str, str]

_EXAMPLE = "Give the address of the FHIR end-point, such as https://staging.example/fhir."

_WITH_CREDENTIALS = re.compile(r"(^|//)[^/@\s]*@")

#: What looks like an address whose scheme was forgotten: `localhost:8080/fhir`, `staging.example/fhir`.
_LIKE_A_HOST = re.compile(r"(?i)^(localhost|[\w-]+(\.[\w-]+)+|\[[0-9a-f:]+\])(:\d+)?(/|$)")


def normalised(base_url: str) -> tuple[str, UserInfo | None]:
    """The base URL without a trailing slash and without credentials, and the credentials if it had any.

    Raises ConfigurationError, without showing the credentials, when it is not a base URL.
    """
    if not base_url:
        return "", None
    url, origin = _parsed(base_url)
    _demand_http(url, base_url)
    _demand_no_blanks(base_url)
    _demand_no_query(url, base_url)
    path = quote(url.path.rstrip("/"), safe="/%:@!$&'()*+,;=~")
    return urlunsplit((url.scheme, origin, path, "", "")), _userinfo(url)


def _parsed(base_url: str) -> tuple[SplitResult, str]:
    """A URL and its host with the port, in the form that goes over the network."""
    try:
        url = urlsplit(base_url)
        return url, _origin(url)
    except UnicodeError:
        _refuse(base_url, ": its host cannot be a name on the network")
    except ValueError as error:
        _refuse(base_url, f": {str(error).lower()}")


def _origin(url: SplitResult) -> str:
    host = (url.hostname or "").encode("idna").decode()
    bracketed = f"[{host}]" if ":" in host else host
    return f"{bracketed}:{url.port}" if url.port else bracketed


def _userinfo(url: SplitResult) -> UserInfo | None:
    given = (unquote(url.username or ""), unquote(url.password or ""))
    return given if any(given) else None


def _demand_http(url: SplitResult, base_url: str) -> None:
    if url.scheme in ("http", "https") and url.hostname:
        return
    shown = _shown(base_url)
    if _LIKE_A_HOST.match(shown):
        raise ConfigurationError(f'"{shown}" is not a base URL. Did you mean "http://{shown}"?')
    _refuse(base_url)


def _demand_no_blanks(base_url: str) -> None:
    if any(c.isspace() or not c.isprintable() for c in base_url):
        _refuse(base_url, ": it has blanks in it")


def _demand_no_query(url: SplitResult, base_url: str) -> None:
    if url.query or url.fragment:
        shown = _shown(base_url)
        raise ConfigurationError(
            f'A base URL ends with its path, as in {shown}: leave out what follows "?" or "#".'
        )


def _refuse(base_url: str, why: str = "") -> NoReturn:
    shown = _shown(base_url)
    raise ConfigurationError(
        f'"{shown}" is not a base URL{why}.{profile_meant(shown)} {_EXAMPLE}'
    ) from None


def _shown(base_url: str) -> str:
    """The address as a message shows it. Whatever is wrong with it, credentials in it are not shown."""
    return _WITH_CREDENTIALS.sub(r"\1", base_url).split("?")[0].split("#")[0]
