"""TOML files that users write of their targets: read and never shown, for a value may be a secret by mistake."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ifmatch.errors import ConfigurationError
from ifmatch.rules.content import mapped

#: Names under which people write secrets into `[auth]`, each with what the name of one begins with there.
_SECRETS: Mapping[str, str] = {
    "token": "token",
    "bearer": "token",
    "access_token": "token",
    "password": "password",
    "client_secret": "client_secret",
    "secret": "client_secret",
    "key": "key",
    "private_key": "key",
    "jwk": "key",
}


@dataclass(frozen=True)
class Source:
    """A file, and what a person calls it. `advice` is what to do when it cannot be read."""

    path: Path
    kind: str
    advice: str = "Check its name."

    def read(self) -> dict[str, Any]:
        """What it says, with dates as text, since JSON Schema has none. Raises ConfigurationError if it is no TOML."""
        try:
            told = tomllib.loads(self.path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigurationError(
                f"The {self.kind} {self.path} cannot be read: {error.strerror}. {self.advice}"
            ) from None
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigurationError(
                f"The {self.kind} {self.path} is not valid TOML: {error}. Correct that place."
            ) from None
        read: dict[str, Any] = mapped(told, _without_dates)
        return read

    def wrong(self, place: str, what: str) -> ConfigurationError:
        """The error for what stands at a place."""
        return ConfigurationError(f"The {self.kind} {self.path} is not valid, at {place}: {what}")

    def demand_no_secret(self, table: object, place: str) -> None:
        """See that no secret stands in an `[auth]` table: it would go wherever the file goes.

        Raises ConfigurationError.
        """
        if not isinstance(table, dict):
            return
        for name, value in table.items():
            if name in _SECRETS:
                raise self.wrong(
                    f"{place}.{name}",
                    f"a secret does not stand in a {self.kind}. Put it into an environment variable or a file, and "
                    f"name that by {_SECRETS[name]}_env or {_SECRETS[name]}_file.",
                )
            if name != "claims":
                self.demand_no_secret(value, f"{place}.{name}")


def _without_dates(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
