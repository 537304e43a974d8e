"""The target file: what an option says can stand in it, and what its schema knows is what is read."""

import json
import tomllib
from pathlib import Path

import pytest
from running import run, typed

from ifmatch import HOME
from ifmatch.client.settings import settings_for
from ifmatch.client.target_content import SCHEMA
from ifmatch.client.target_file import read
from ifmatch.errors import ConfigurationError, ExitCode
from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import load
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


# ---------------------------------------------------------------- a file that names no server

OF_A_SERVER = [
    '[auth]\ntoken_env = "TOKEN"\n',
    '[headers]\nWard = "3"\n',
    '[limits]\nhosts = ["staging.example"]\n',
    "timeout = 3\n",
]


@pytest.mark.parametrize("text", OF_A_SERVER)
@pytest.mark.parametrize("words", [[], ["--dry-run"]])
def test_whose_address_is_forgotten_gets_no_green_run_on_a_server_of_ours(
    text, words, tmp_path, monkeypatch
):
    """What tells of a server tells where it is, or someone else does: a typing error must not end in 0."""
    monkeypatch.setenv("TOKEN", "given")
    (tmp_path / "target.toml").write_text(f'profile = "fhir-r4"\n{text}')
    asked = ["run", "-t", "target.toml", "--rules", "read.existing", *words]
    code, printed = typed(asked, tmp_path)
    assert code == ExitCode.USAGE, printed
    assert "nobody says where it is. Add base_url" in printed
    assert not (tmp_path / "reports").exists()


def test_options_alone_are_for_whatever_server(tmp_path):
    """Without an address ours is judged, and the first line, a warning, the report and the job's page say so."""
    (tmp_path / "target.toml").write_text('profile = "fhir-r4"\nrules = "read.existing"\n')
    code, report, printed = run(["-t", str(tmp_path / "target.toml")], tmp_path)
    assert code == 0, printed
    assert "an embedded server of ifmatch's own" in " ".join(printed.splitlines()[:2])
    assert "target.toml names no base_url" in report["warnings"][0]
    assert "not a server of yours" in report["warnings"][0]
    assert "an embedded server of ifmatch's own" in (tmp_path / "run" / "summary.md").read_text()


def test_a_fault_says_that_a_server_of_ours_is_meant(tmp_path):
    """Only that one can have it."""
    (tmp_path / "target.toml").write_text('profile = "fhir-r4"\ntimeout = 9\n')
    words = ["-t", str(tmp_path / "target.toml"), "--fault", "if-match-ignored"]
    code, _, printed = run([*words, "--rules", "update.if-match.stale"], tmp_path)
    assert code == ExitCode.NOT_CONFORMANT, printed


def test_a_dry_run_is_given_placeholders_like_any_run(tmp_path):
    """What is typed fills the templates there, too."""
    with EmbeddedServer(load("spine")) as server:
        patient = load("spine").embedded.placeholders["patient"]
        words = ["run", server.base_url, "-p", "spine", "--placeholder", f"patient={patient}"]
        code, printed = typed([*words, "--dry-run"], tmp_path)
    assert (code, "will write about" in printed) == (0, True), printed
