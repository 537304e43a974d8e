"""The target file: read from TOML and checked by its schema, without ever showing a value that may be a secret."""

import json
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ifmatch.errors import ConfigurationError
from ifmatch.rules.content import mapped
from ifmatch.rules.schema_words import slip

#: What a target file may say: for us, and for editors that complete and check it.
SCHEMA = Path(__file__).with_name("target.schema.json")

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


def read(path: Path) -> dict[str, Any]:
    """What a target file says. Raises ConfigurationError, with the place, when it is not as it should be."""
    told = toml_in(path, "target file", "Check the name given with -t.")
    data: dict[str, Any] = mapped(told, _without_dates)
    _check(data, path)
    return {**data, "resources": _resources(data.get("resources", {}), path)}


def toml_in(path: Path, what: str, advice: str) -> dict[str, Any]:
    """What a TOML file of a user's says. Raises ConfigurationError when it cannot be read, or is none."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"The {what} {path} cannot be read: {error.strerror}. {advice}"
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(
            f"The {what} {path} is not valid TOML: {error}. Correct that place."
        ) from None


def _without_dates(value: Any) -> Any:
    """TOML has dates, and JSON Schema has none."""
    return value.isoformat() if isinstance(value, date) else value


def _check(data: Mapping[str, Any], path: Path) -> None:
    _demand_no_secret(data.get("auth"), "auth", path)
    wrong = slip(SCHEMA, data, shows_values=False)
    if wrong is not None:
        raise _invalid(path, wrong.place, wrong.what)


def _demand_no_secret(table: object, place: str, path: Path) -> None:
    """A secret that stands in the file goes wherever the file goes."""
    if not isinstance(table, dict):
        return
    for name, value in table.items():
        if name in _SECRETS:
            raise _invalid(
                path,
                f"{place}.{name}",
                f"a secret does not stand in a target file. Put it into an environment variable or a file, and name "
                f"that by {_SECRETS[name]}_env or {_SECRETS[name]}_file.",
            )
        if name != "claims":
            _demand_no_secret(value, f"{place}.{name}", path)


def _resources(given: Mapping[str, Mapping[str, Any]], path: Path) -> dict[str, dict[str, Any]]:
    """The resources of the target file with the JSON in them read."""
    return {
        name: {part: _part(name, part, value, path) for part, value in kind.items()}
        for name, kind in given.items()
    }


def _part(name: str, part: str, value: Any, path: Path) -> Any:
    if part not in _SHAPES:
        return value
    place, (has_shape, shape) = f"resources.{name}.{part}", _SHAPES[part]
    try:
        resource = json.loads(value)
    except ValueError as error:
        raise _invalid(path, place, f"it is not JSON: {error}. Correct that place.") from None
    if not has_shape(resource, name):
        raise _invalid(path, place, f"it must be {shape.format(name)}.")
    return resource


def _is_object(value: object, _: str) -> bool:
    return isinstance(value, dict)


def _is_resource(value: object, name: str) -> bool:
    return isinstance(value, dict) and value.get("resourceType") == name


#: The parts of a resource kind that are written as JSON, and what each must be.
_SHAPES: Mapping[str, tuple[Callable[[object, str], bool], str]] = {
    "body": (_is_resource, "a {} as JSON, its resourceType included"),
    "change": (_is_object, "a JSON object"),
}


def _invalid(path: Path, place: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"The target file {path} is not valid, at {place}: {what}")
