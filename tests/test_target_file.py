"""The target file: what an option says can stand in it, and what its schema knows is what is read."""

import json
import tomllib
from pathlib import Path

import pytest

from ifmatch import HOME
from ifmatch.client.settings import settings_for
from ifmatch.client.target_content import SCHEMA
from ifmatch.client.target_file import read
from ifmatch.errors import ConfigurationError
from ifmatch.suite.options import OPTIONS
from ifmatch.suite.session import Options

PROPERTIES = json.loads(SCHEMA.read_text())["properties"]

#: Tables that only a target file has, and what `--placeholder` adds to.
OF_THE_FILE = {"timeout", "tls", "auth", "headers", "waivers", "placeholders", "resources"}

#: Options that no file can say: which file it is, what has a table of its own, and what is of this one time.
OF_THE_COMMAND = {"target", "placeholder", "dry-run", "certifies"}


def test_every_option_can_stand_in_the_file():
    """But the one that names the file; and the schema knows them by the keys that are read."""
    keys = {option.name: option.key for option in OPTIONS if option.key}
    assert {option.name for option in OPTIONS} - keys.keys() == OF_THE_COMMAND
    assert set(keys.values()) <= PROPERTIES.keys()


def test_the_schema_knows_nothing_that_is_not_read():
    """Editors offer what it knows."""
    keys = {option.key for option in OPTIONS if option.key}
    others = PROPERTIES.keys() - keys
    assert others >= OF_THE_FILE
    readers = [HOME / "ifmatch" / "client", Path(__file__).parents[1] / "ifmatch" / "client"]
    code = "".join(path.read_text() for folder in readers for path in folder.glob("*.py"))
    assert [name for name in others if f'"{name}"' not in code] == []


def test_the_schema_and_the_options_agree_on_what_a_value_is():
    """Types and choices are the same in both."""
    types = {str: "string", int: "integer", float: "number"}
    for option in OPTIONS:
        if not option.key:
            continue
        said = PROPERTIES[option.key]
        if option.choices:
            assert said["enum"] == list(option.choices)
        elif option.switch:
            assert said["type"] == "boolean"
        elif option.repeated:
            assert said["type"] == "array"
        else:
            assert said["type"] == types[option.type]
        assert option.field in Options.__dataclass_fields__


def described(schema, place=""):
    """Each property that an editor may offer, by its place, and whether it says what it is for."""
    for name, said in schema.get("properties", {}).items():
        yield f"{place}.{name}", "description" in said
        yield from described(said, f"{place}.{name}")
        yield from described(said.get("additionalProperties") or {}, f"{place}.{name}.*")


def test_an_editor_can_say_what_each_key_is_for():
    """Every property has a description."""
    schema = json.loads(SCHEMA.read_text())
    parts = [schema, *schema["$defs"].values()]
    left = {"reason", "owner", "until", "env"}
    silent = [
        place for part in parts for place, is_described in described(part) if not is_described
    ]
    assert [place for place in silent if place.rpartition(".")[2] not in left] == []


def test_the_example_of_the_readme_is_read(tmp_path, monkeypatch):
    """As it stands there."""
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    example = next(
        block.partition("\n```")[0]
        for block in text.split("```toml\n")[1:]
        if block.startswith("base_url")
    )
    for name in ("STAGING_TOKEN", "READER_TOKEN", "STAGING_PASSWORD"):
        monkeypatch.setenv(name, "given")
    (tmp_path / "target.toml").write_text(example)
    assert read(tmp_path / "target.toml").keys() == tomllib.loads(example).keys()
    settings = settings_for("", str(tmp_path / "target.toml"))
    assert settings.placeholders == {"patient": "Patient/123"}


def test_a_placeholder_is_given_by_an_option(tmp_path):
    """Over what the file says; without a value it is an error that shows how."""
    (tmp_path / "target.toml").write_text('[placeholders]\npatient = "Patient/1"\nward = "W"\n')
    given = settings_for("", str(tmp_path / "target.toml"), "", ["patient=Patient/a=b"])
    assert given.placeholders == {"patient": "Patient/a=b", "ward": "W"}
    for wrong in ("patient", "=Patient/1"):
        with pytest.raises(ConfigurationError, match="write name=value"):
            settings_for("", "", "", [wrong])
