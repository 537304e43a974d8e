"""What the user says of the target: options and `target.toml`, with secrets only by name."""

import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ifmatch.client.address import normalised
from ifmatch.client.auth.credentials import Credential, Fixed
from ifmatch.client.auth.secret import from_environment
from ifmatch.client.auth.table import credentials_in
from ifmatch.client.identity import Identity
from ifmatch.client.quota import Limits
from ifmatch.client.redaction import REDACTED, carries_credentials
from ifmatch.client.target_file import read
from ifmatch.errors import ConfigurationError
from ifmatch.rules.waiver import Waiver, demand_known

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True)
class Settings:
    """Where the target is, how it is reached, who we are to it, and what of ours it must be given.

    `timeout` is in seconds. `credentials` says what each identity shows. `secret_headers` names the fixed headers whose
    values came from the environment. `resources` overrides parts of the profile's resource kinds, `placeholders` fills
    their templates. `waivers` are by the id of a rule. `credential` names the variables that hold the first identity's
    credentials, as the target file does. `limits` are what the owner lets a run cost. `vantages` are the other machines
    that writers of a race sit on, `source_address` the one of ours that racing connections come from.
    """

    base_url: str
    profile: str = ""
    timeout: float = 30.0
    ca_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
    credentials: Mapping[Identity, Credential] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret_headers: frozenset[str] = frozenset()
    placeholders: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    through_proxy: bool = True
    credential: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    vantages: tuple[str, ...] = ()
    source_address: str = ""

    @property
    def secrets(self) -> list[str]:
        """Every value that must never be stored or shown."""
        values = [value for name, value in self.headers.items() if self._is_secret(name)]
        for credential in self.credentials.values():
            values += credential.secrets
        return [value for value in values if value]

    def _is_secret(self, header: str) -> bool:
        return header in self.secret_headers or carries_credentials(header)

    @property
    def public(self) -> dict[str, Any]:
        """All that is no secret, as the log keeps it; `reopened` reads it."""
        headers = {
            name: REDACTED if self._is_secret(name) else value
            for name, value in self.headers.items()
        }
        return {
            "timeout": self.timeout,
            "identities": sorted(self.credentials),
            "headers": headers,
            "placeholders": dict(self.placeholders),
            "resources": dict(self.resources),
            "waivers": {rule: dict(waiver) for rule, waiver in self.waivers.items()},
        }

    def tls(self, url: str = "") -> ssl.SSLContext | None:
        """The TLS settings: the system's authorities, or the user's own, with the client certificate if there is one.

        For the target, or for another address. None without TLS. Raises ConfigurationError when a file cannot be used.
        """
        if not (url or self.base_url).startswith("https:"):
            return None
        try:
            return self._tls_context()
        except (OSError, ssl.SSLError, ValueError) as error:
            files = " or ".join(
                filter(None, (self.ca_file, self.client_certificate, self.client_key))
            )
            why = getattr(error, "strerror", "") or str(error)
            raise ConfigurationError(
                f"{files} cannot be used for TLS: {why}. Each must be a readable PEM file."
            ) from None

    def _tls_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file or None)
        if self.client_certificate:
            context.load_cert_chain(
                self.client_certificate, self.client_key or None, _no_passphrase
            )
        return context


def settings_for(
    base_url: str, target_file: str, profile: str = "", placeholders: Iterable[str] = ()
) -> Settings:
    """The settings from the command line, over those of the target file, over the environment's token.

    `placeholders` are written `name=value`. Raises ConfigurationError when the file, the URL or a named variable is not
    as it should be.
    """
    data = read(Path(target_file)) if target_file else {}
    url, userinfo = normalised((base_url or data.get("base_url", "")).strip())
    headers, from_environment = _headers(data.get("headers", {}))
    tls, waivers = data.get("tls", {}), data.get("waivers", {})
    demand_known(waivers)
    return Settings(
        base_url=url,
        profile=profile or data.get("profile", ""),
        timeout=data.get("timeout", 30.0),
        ca_file=tls.get("ca_file", ""),
        client_certificate=tls.get("certificate", ""),
        client_key=tls.get("key", ""),
        credentials=credentials_in(data.get("auth", {}), userinfo),
        headers=headers,
        secret_headers=from_environment,
        placeholders=data.get("placeholders", {}) | dict(map(_named_value, placeholders)),
        resources=data.get("resources", {}),
        waivers=waivers,
        limits=Limits.of(data.get("limits", {})),
        credential=_names_in(data.get("auth", {})),
    )


def reopened(base_url: str, public: Mapping[str, Any]) -> Settings:
    """The settings of a run as its log has them, with something illegible for each secret."""
    identities = public.get("identities", ())
    return Settings(
        base_url=base_url,
        timeout=public.get("timeout", 30.0),
        credentials={Identity(name): Fixed(REDACTED) for name in identities},
        headers=public.get("headers", {}),
        placeholders=public.get("placeholders", {}),
        resources=public.get("resources", {}),
        waivers=public.get("waivers", {}),
    )


def embedded_settings(
    given: Settings, base_url: str, tokens: Mapping[Identity, str], placeholders: Mapping[str, str]
) -> Settings:
    """The settings for a server of our own on loopback, with what else was given."""
    bearers = {identity: Fixed(f"Bearer {token}") for identity, token in tokens.items()}
    return replace(
        given,
        base_url=base_url,
        credentials=bearers,
        placeholders=placeholders,
        through_proxy=False,
        limits=replace(given.limits, hosts=()),
    )


def _named_value(text: str) -> tuple[str, str]:
    name, is_given, value = text.partition("=")
    if not (name and is_given):
        raise ConfigurationError(
            f'"{text}" gives no placeholder a value: write name=value, such as patient=Patient/123.'
        )
    return name, value


def _headers(given: Mapping[str, Any]) -> tuple[dict[str, str], frozenset[str]]:
    """The fixed headers, and the names of those whose values came from the environment."""
    fetched = {
        name: from_environment(value["env"])
        for name, value in given.items()
        if isinstance(value, dict)
    }
    values = {**given, **fetched}
    for name, value in values.items():
        _demand_header(name, value)
    return values, frozenset(fetched)


def _demand_header(name: str, value: str) -> None:
    if not _HEADER_NAME.fullmatch(name) or not value.isprintable():
        raise ConfigurationError(
            f"The target file gives a header {name!r} that HTTP does not allow. Correct its name or its value."
        )


def _no_passphrase() -> str:
    # Without this OpenSSL would ask on the terminal, and a CI job would wait for ever.
    raise ValueError("the key is protected by a passphrase; give it without one")


def _names_in(auth: Mapping[str, Any]) -> dict[str, str]:
    """What the target file says of the first identity's credentials, which are names alone; none of a file."""
    return {
        name: value
        for name, value in auth.items()
        if isinstance(value, str) and not name.endswith("_file")
    }
