"""What stands in a target file, wherever that comes from: checked, its file names placed, laid over something else."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ifmatch.client.toml_file import Source
from ifmatch.rules.schema_words import slip

#: What a target file may say: for us, and for editors that complete and check it.
SCHEMA = Path(__file__).with_name("target.schema.json")

#: The places that hold the name of a file; a profile is one where it ends so.
_FILES = re.compile(r"baseline|tls\.\w+|auth(\.second)?(\.oauth|\.jwt)?\.\w+_file")
_PROFILE_FILE = ".toml"

Table = Mapping[str, Any]


def checked(data: Table, source: Source) -> Table:
    """The same, when it is as the schema has it and holds no secret. Raises ConfigurationError, with the place."""
    source.demand_no_secret(data.get("auth"), "auth")
    wrong = slip(SCHEMA, data, shows_values=False)
    if wrong is not None:
        raise source.wrong(wrong.place, wrong.what)
    return data


def beside(folder: Path, data: Table, place: str = "") -> dict[str, Any]:
    """The same with each file that it names put into a folder; an absolute name stays as it is."""
    return {key: _placed(folder, f"{place}{key}", value) for key, value in data.items()}


def _placed(folder: Path, place: str, value: Any) -> Any:
    if isinstance(value, dict):
        return beside(folder, value, f"{place}.")
    if not isinstance(value, str):
        return value
    is_file = (place == "profile" and value.endswith(_PROFILE_FILE)) or _FILES.fullmatch(place)
    return str(folder / value) if is_file else value


# ---------------------------------------------------------------- one over another

#: What names in [auth] speak of: of one table only what the upper one speaks of counts, since they exclude each other.
_ABOUT: Mapping[str, str] = {
    "token_env": "token", "token_file": "token",
    "user": "password", "password_env": "password", "password_file": "password",
    "oauth": "oauth",
    "jwt": "jwt",
    "key_env": "key", "key_file": "key",
    "client_secret_env": "secret", "client_secret_file": "secret",
}  # fmt: skip


def laid_over(upper: Table, lower: Table, *, of_auth: bool = False) -> dict[str, Any]:
    """What two tables say together, where the upper one has the last word.

    Tables in them are laid over each other in turn; an empty one takes away what the lower one says. Everything else is
    replaced. In [auth] another way to get in replaces the one below.
    """
    kept = _without_rivals(lower, upper) if of_auth else lower
    both = {
        key: laid_over(value, kept[key], of_auth=of_auth or key == "auth")
        for key, value in upper.items()
        if value and isinstance(value, dict) and isinstance(kept.get(key), dict)
    }
    return {**kept, **upper, **both}


def _without_rivals(lower: Table, upper: Table) -> Table:
    """The lower table without what cannot stand beside the upper one: another way, or the same by its other name."""
    about = {_ABOUT[key] for key in upper if key in _ABOUT}
    if not about:
        return lower
    named = {_stem(key) for key in upper}
    return {
        key: value
        for key, value in lower.items()
        if key in upper or key not in _ABOUT or (_ABOUT[key] in about and _stem(key) not in named)
    }


def _stem(key: str) -> str:
    """What a key names, without where that is to be found: `token` for `token_env` and `token_file`."""
    return key.removesuffix("_env").removesuffix("_file")
