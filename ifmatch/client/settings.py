"""What the user says of the target: options and `target.toml`, with secrets only as names of environment variables."""

import base64
import json
import os
import re
import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from ifmatch.client.redaction import carries_credentials
from ifmatch.errors import ConfigurationError
from ifmatch.rules.waiver import Waiver, demand_known

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

    `timeout` is in seconds. `credentials` maps an identity to the value of its Authorization header. `secret_headers`
    names the fixed headers whose values came from the environment. `resources` overrides parts of the profile's
    resource kinds, `placeholders` fills their templates. `waivers` are by the id of a rule.
    """

    base_url: str
    profile: str = ""
    timeout: float = 30.0
    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
    credentials: Mapping[Identity, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret_headers: frozenset[str] = frozenset()
    placeholders: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    through_proxy: bool = True

    @property
    def secrets(self) -> list[str]:
        """Every value that must never be stored or shown."""
        values = [
            value for name, value in self.headers.items() if name in self.secret_headers or carries_credentials(name)
        ]
        for credential in self.credentials.values():
            scheme, _, value = credential.partition(" ")
            values += [credential, value]
            if scheme == "Basic":
                values.append(base64.b64decode(value).decode().partition(":")[2])
        return values

    def tls(self) -> ssl.SSLContext | None:
        """The TLS settings: the system's authorities, or the user's own, with the client certificate if there is one.

        None without TLS. Raises ConfigurationError when a file cannot be used.
        """
        if not self.base_url.startswith("https:"):
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
            if self.client_certificate:
                context.load_cert_chain(self.client_certificate, self.client_key or None, _no_passphrase)
        except (OSError, ssl.SSLError, ValueError) as error:
            files = " or ".join(filter(None, (self.ca_file, self.client_certificate, self.client_key)))
            why = getattr(error, "strerror", "") or str(error)
            raise ConfigurationError(
                f"{files} cannot be used for TLS: {why}. Each must be a readable PEM file."
            ) from None
        return context


def settings_for(base_url: str, target_file: str, profile: str = "") -> Settings:
    """The settings from the command line, over those of the target file, over the environment's token.

    Raises ConfigurationError when the file, the URL or a named variable is not as it should be.
    """
    data = _read(Path(target_file)) if target_file else {}
    url, userinfo = _normalise((base_url or data.get("base_url", "")).strip())
    headers, from_environment = _headers(data.get("headers", {}))
    credentials = _credentials(data.get("auth", {}), userinfo)
    tls, waivers = data.get("tls", {}), data.get("waivers", {})
    demand_known(waivers)
    folder = Path(target_file).parent
    return Settings(
        base_url=url,
        profile=profile or data.get("profile", ""),
        timeout=data.get("timeout", 30.0),
        ca_file=_beside(folder, tls.get("ca_file", "")),
        client_certificate=_beside(folder, tls.get("certificate", "")),
        client_key=_beside(folder, tls.get("key", "")),
        credentials=credentials,
        headers=headers,
        secret_headers=from_environment,
        placeholders=data.get("placeholders", {}),
        resources=_resources(data.get("resources", {}), target_file),
        waivers=waivers,
    )


def embedded_settings(
    given: Settings, base_url: str, tokens: Mapping[Identity, str], placeholders: Mapping[str, str]
) -> Settings:
    """The settings for a server of our own on loopback, with what else was given."""
    bearers = {identity: f"Bearer {token}" for identity, token in tokens.items()}
    return replace(given, base_url=base_url, credentials=bearers, placeholders=placeholders, through_proxy=False)


def _beside(folder: Path, name: str) -> str:
    return str(folder / name) if name else ""


_EXAMPLE = "Give the address of the FHIR end-point, such as https://staging.example/fhir."


def _normalise(base_url: str) -> tuple[str, tuple[str, str] | None]:
    """The base URL without a trailing slash and without credentials, and the credentials as user and password."""
    if not base_url:
        return "", None
    # Whatever is wrong with an address, credentials in it are not shown.
    shown = _WITH_CREDENTIALS.sub(r"\1", base_url).split("?")[0].split("#")[0]
    try:
        url = urlsplit(base_url)
        host, port = (url.hostname or "").encode("idna").decode(), url.port
    except UnicodeError:
        raise ConfigurationError(
            f'"{shown}" is not a base URL: its host cannot be a name on the network. {_EXAMPLE}'
        ) from None
    except ValueError as error:
        raise ConfigurationError(f'"{shown}" is not a base URL: {str(error).lower()}. {_EXAMPLE}') from None
    if url.scheme not in ("http", "https") or not host:
        hint = f' Did you mean "http://{shown}"?' if _LIKE_A_HOST.match(shown) else ""
        raise ConfigurationError(f'"{shown}" is not a base URL.{hint or f" {_EXAMPLE}"}')
    if any(c.isspace() or not c.isprintable() for c in base_url):
        raise ConfigurationError(f'"{shown}" is not a base URL: it has blanks in it. {_EXAMPLE}')
    if url.query or url.fragment:
        raise ConfigurationError(f'A base URL ends with its path, as in {shown}: leave out what follows "?" or "#".')
    host = f"[{host}]" if ":" in host else host
    path = quote(url.path.rstrip("/"), safe="/%:@!$&'()*+,;=~")
    user = (unquote(url.username or ""), unquote(url.password or "")) if url.username or url.password else None
    return urlunsplit((url.scheme, f"{host}:{port}" if port else host, path, "", "")), user


_WITH_CREDENTIALS = re.compile(r"(^|//)[^/@\s]*@")

#: What looks like an address whose scheme was forgotten: `localhost:8080/fhir`, `staging.example/fhir`.
_LIKE_A_HOST = re.compile(r"(?i)^(localhost|[\w-]+(\.[\w-]+)+|\[[0-9a-f:]+\])(:\d+)?(/|$)")


def _headers(given: Mapping[str, Any]) -> tuple[dict[str, str], frozenset[str]]:
    """The fixed headers, and the names of those whose values came from the environment."""
    values = {
        name: _from_environment(value["env"]) if isinstance(value, dict) else value for name, value in given.items()
    }
    for name, value in values.items():
        if not _HEADER_NAME.fullmatch(name) or not value.isprintable():
            raise ConfigurationError(
                f"The target file gives a header {name!r} that HTTP does not allow. Correct its name or its value."
            )
    return values, frozenset(name for name, value in given.items() if isinstance(value, dict))


_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def _resources(given: Mapping[str, Mapping[str, Any]], file: str) -> dict[str, dict[str, Any]]:
    """The resources of the target file with the JSON in them read."""
    return {
        name: {part: _part(name, part, value, file) for part, value in kind.items()} for name, kind in given.items()
    }


def _part(name: str, part: str, value: Any, file: str) -> Any:
    if part not in ("body", "change"):
        return value
    try:
        resource = json.loads(value)
    except ValueError as error:
        raise ConfigurationError(
            f"The target file {file} is not valid, at resources.{name}.{part}: it is not JSON: {error}."
        ) from None
    if not isinstance(resource, dict) or (part == "body" and resource.get("resourceType") != name):
        what = f"a {name} as JSON, its resourceType included" if part == "body" else "a JSON object"
        raise ConfigurationError(f"The target file {file} is not valid, at resources.{name}.{part}: it must be {what}.")
    return resource


def _no_passphrase() -> str:
    # Without this OpenSSL would ask on the terminal, and a CI job would wait for ever.
    raise ValueError("the key is protected by a passphrase; give it without one")


def _credentials(auth: Mapping[str, Any], user: tuple[str, str] | None) -> dict[Identity, str]:
    found = {
        Identity.FIRST: _credential(auth, TOKEN_VARIABLE) or (_basic(*user) if user else ""),
        Identity.SECOND: _credential(auth.get("second", {}), SECOND_TOKEN_VARIABLE),
    }
    return {identity: value for identity, value in found.items() if value}


def _credential(auth: Mapping[str, Any], default_variable: str) -> str:
    if "user" in auth:
        return _basic(auth["user"], _from_environment(auth["password_env"]))
    if "token_env" in auth:
        return f"Bearer {_token(auth['token_env'])}"
    return f"Bearer {_token(default_variable)}" if os.environ.get(default_variable, "").strip() else ""


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _from_environment(variable: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value:
        state = "is empty" if variable in os.environ else "is not set"
        raise ConfigurationError(
            f"The environment variable {variable}, which the target file names, {state}. Set it and run again."
        )
    return value


def _token(variable: str) -> str:
    value = _from_environment(variable)
    if value.lower().startswith("bearer "):
        raise ConfigurationError(f'{variable} begins with "Bearer": put the token alone into it.')
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ConfigurationError(
            f"The value of {variable} holds blanks, line breaks or other characters that no header may carry. Check "
            "how it was set."
        )
    return value


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(_SCHEMA.read_text(encoding="utf-8")))


def _read(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = _with_dates_as_text(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigurationError(
            f"The target file {path} cannot be read: {error.strerror}. Check the name given with -t."
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"The target file {path} is not valid TOML: {error}. Correct that place.") from None
    wrong = best_match(_validator().iter_errors(data))
    if wrong is not None:
        place = ".".join(map(str, wrong.absolute_path)) or "top level"
        raise ConfigurationError(
            f"The target file {path} is not valid, at {place}: {_without_values(wrong.message, data)}"
        )
    return data


def _with_dates_as_text(value: Any) -> Any:
    """TOML has dates, and JSON Schema has none."""
    if isinstance(value, dict):
        return {name: _with_dates_as_text(part) for name, part in value.items()}
    return value.isoformat() if isinstance(value, date) else value


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
