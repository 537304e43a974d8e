"""What the user says of the target: options and `target.toml`, with secrets only as names of environment variables."""

import base64
import json
import os
import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from ifmatch.errors import ConfigurationError

TOKEN_VARIABLE = "IFMATCH_TOKEN"
SECOND_TOKEN_VARIABLE = "IFMATCH_SECOND_TOKEN"

_SCHEMA = Path(__file__).with_name("target.schema.json")


class Identity(StrEnum):
    """In whose name a request is sent."""

    FIRST = "first"
    SECOND = "second"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Settings:
    """Where the target is, how it is reached, who we are to it, and what of ours it must be given.

    `timeout` is in seconds. `credentials` maps an identity to the value of its Authorization header. `resources`
    overrides parts of the profile's resource kinds, `placeholders` fills their templates.
    """

    base_url: str
    profile: str = ""
    timeout: float = 30.0
    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
    credentials: Mapping[Identity, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    placeholders: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    through_proxy: bool = True

    @property
    def secrets(self) -> list[str]:
        """Every value that must never be stored or shown."""
        values = []
        for credential in self.credentials.values():
            scheme, _, value = credential.partition(" ")
            values += [credential, value]
            if scheme == "Basic":
                values.append(base64.b64decode(value).decode().partition(":")[2])
        url = urlsplit(self.base_url)
        return [*values, url.password or "", *(v for n, v in self.headers.items() if "key" in n.lower() or "token" in n.lower())]

    def tls(self) -> ssl.SSLContext | bool:
        """The TLS settings: the system's authorities, or the user's own, with the client certificate if there is one.

        Raises ConfigurationError when a file cannot be used.
        """
        if not self.base_url.startswith("https:"):
            return False
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
            if self.client_certificate:
                context.load_cert_chain(self.client_certificate, self.client_key or None)
        except (OSError, ssl.SSLError) as error:
            files = " or ".join(filter(None, (self.ca_file, self.client_certificate, self.client_key)))
            raise ConfigurationError(f"{files} cannot be used for TLS: {error}. It must be a readable PEM file.") from None
        return context


def settings_for(base_url: str, target_file: str, profile: str = "") -> Settings:
    """The settings from the command line, over those of the target file, over the environment's token.

    Raises ConfigurationError when the file, the URL or a named variable is not as it should be.
    """
    data = _read(Path(target_file)) if target_file else {}
    url, userinfo = _normalise(base_url or data.get("base_url", ""))
    credentials = _credentials(data.get("auth", {}), userinfo)
    tls = data.get("tls", {})
    folder = Path(target_file).parent
    return Settings(
        base_url=url,
        profile=profile or data.get("profile", ""),
        timeout=data.get("timeout", 30.0),
        ca_file=_beside(folder, tls.get("ca_file", "")),
        client_certificate=_beside(folder, tls.get("certificate", "")),
        client_key=_beside(folder, tls.get("key", "")),
        credentials=credentials,
        headers=data.get("headers", {}),
        placeholders=data.get("placeholders", {}),
        resources=data.get("resources", {}),
    )


def embedded_settings(base_url: str, tokens: Mapping[Identity, str], placeholders: Mapping[str, str]) -> Settings:
    """The settings for a server of our own on loopback."""
    bearers = {identity: f"Bearer {token}" for identity, token in tokens.items()}
    return replace(Settings(base_url), credentials=bearers, placeholders=placeholders, through_proxy=False)


def _beside(folder: Path, name: str) -> str:
    return str(folder / name) if name else ""


def _normalise(base_url: str) -> tuple[str, str]:
    """The base URL without a trailing slash and without credentials, and the credentials as `user:password`."""
    url = urlsplit(base_url)
    if not base_url:
        return "", ""
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ConfigurationError(
            f'"{base_url}" is not a base URL. Give the address of the FHIR end-point, such as https://staging.example/fhir.'
        )
    if url.query or url.fragment:
        raise ConfigurationError(f'The base URL "{base_url}" must end with its path: leave out what follows "?" or "#".')
    userinfo = f"{url.username}:{url.password or ''}" if url.username else ""
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    netloc = f"{host}:{url.port}" if url.port else host
    return urlunsplit((url.scheme, netloc, url.path.rstrip("/"), "", "")), userinfo


def _credentials(auth: Mapping[str, Any], userinfo: str) -> dict[Identity, str]:
    found = {
        Identity.FIRST: _credential(auth, TOKEN_VARIABLE) or (_basic(*userinfo.split(":", 1)) if userinfo else ""),
        Identity.SECOND: _credential(auth.get("second", {}), SECOND_TOKEN_VARIABLE),
    }
    return {identity: value for identity, value in found.items() if value}


def _credential(auth: Mapping[str, Any], default_variable: str) -> str:
    if "user" in auth:
        return _basic(auth["user"], _from_environment(auth["password_env"]))
    if "token_env" in auth:
        return f"Bearer {_from_environment(auth['token_env'])}"
    return f"Bearer {_from_environment(default_variable)}" if os.environ.get(default_variable, "").strip() else ""


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _from_environment(variable: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value:
        raise ConfigurationError(
            f"The target file names the environment variable {variable}, which is not set. Set it and run again."
        )
    if not value.isascii() or any(c.isspace() for c in value):
        raise ConfigurationError(f"The value of {variable} holds characters that no header may carry. Check how it was set.")
    return value


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(_SCHEMA.read_text(encoding="utf-8")))


def _read(path: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"The target file {path} cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"The target file {path} is not valid TOML: {error}. Correct that place.") from None
    error = best_match(_validator().iter_errors(data))
    if error is not None:
        place = ".".join(map(str, error.absolute_path)) or "top level"
        raise ConfigurationError(f"The target file {path} is not valid, at {place}: {_without_values(error.message, data)}")
    return data


def _without_values(message: str, data: Mapping[str, Any]) -> str:
    """A schema message without the values it quotes: a secret put there by mistake must not be shown."""
    for value in _strings(data):
        if len(value) >= 4:
            message = message.replace(repr(value), "that value").replace(value, "that value")
    return message + "."


def _strings(data: object) -> list[str]:
    if isinstance(data, str):
        return [data]
    children = data.values() if isinstance(data, Mapping) else data if isinstance(data, list) else ()
    return sorted((s for child in children for s in _strings(child)), key=len, reverse=True)
