"""`ifmatch init` and `ifmatch serve`: from a server that is there to a command line that works."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import pytest

from ifmatch.cli.main import main
from ifmatch.cli.new_target_file import TO_DO, new_target_file, profile_for
from ifmatch.cli.serve import _tell
from ifmatch.client.connect import FirstLook
from ifmatch.client.statement import Statement
from ifmatch.client.target_content import SCHEMA
from ifmatch.client.target_file import read
from ifmatch.errors import ConfigurationError
from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.answer import Answer
from ifmatch.rules.profile import load


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IFMATCH_TOKEN", raising=False)


def statement(software="", version="4.0.1", **rest):
    """A capability statement."""
    return Statement(
        {
            "resourceType": "CapabilityStatement",
            "software": {"name": software},
            "fhirVersion": version,
            "rest": [rest],
        }
    )


def answer(status=200, **headers):
    """An answer with nothing in it."""
    return Answer(status=status, headers=headers, content=b"")


def look(status=404, said=None, **headers):
    """A first look."""
    return FirstLook(said or statement(), answer(), answer(status, **headers))


# ---------------------------------------------------------------- what is found


@pytest.mark.parametrize(
    ("software", "version", "profile"),
    [
        ("HAPI FHIR Server", "4.0.1", "hapi"),
        ("Aidbox", "4.0.1", "aidbox"),
        ("Oracle Health Millennium", "4.0.1", "cerner-r4"),
        ("Cerner", "1.0.2", "cerner-dstu2"),
        ("HAPI FHIR Server", "5.0.0", "fhir-r5"),
        ("", "3.0.2", "fhir-stu3"),
        ("Somebody's", "4.3.0", "fhir-r4b"),
    ],
)
def test_the_profile_fits_what_the_server_says(software, version, profile):
    """Its software where there is a profile for that, else its FHIR version."""
    assert profile_for(look(said=statement(software, version))) == profile


def test_without_a_version_a_profile_has_to_be_named():
    """And where nobody is let in, that is why."""
    with pytest.raises(ConfigurationError, match="does not say in /metadata"):
        profile_for(look(said=statement(version="")))
    with pytest.raises(ConfigurationError, match=r"answers 401 .* IFMATCH_TOKEN"):
        profile_for(look(401, Statement({}, "/metadata answers 401")))


def test_a_server_that_lets_nobody_in_is_to_be_given_a_token():
    """The table is there, and what the server asks for."""
    services = [{"coding": [{"code": "SMART-on-FHIR"}]}, {"text": "Basic"}, {"coding": "odd"}]
    told = look(
        401,
        statement(security={"service": services}),
        **{"www-authenticate": "Bearer realm=ward"},
    )
    text = new_target_file("https://a.example/fhir", told, load("fhir-r4"), {})
    assert tomllib.loads(text)["auth"] == {"token_env": "IFMATCH_TOKEN"}
    assert f"# {TO_DO}it answers 401" in text
    assert "# It asks for: Bearer realm=ward" in text
    assert "known by: SMART-on-FHIR, Basic" in text
    assert "# ca_file" in text


def test_a_type_that_cannot_be_created_is_to_be_had_otherwise():
    """By PUT where an update may create, else by borrowing."""
    for entry, how in (
        ({}, "existing"),
        ({"updateCreate": True}, "create-by-put"),
    ):
        said = statement(
            resource=[{"type": "Patient", "interaction": [{"code": "update"}], **entry}]
        )
        text = new_target_file("http://a/fhir", look(said=said), load("fhir-r4"), {})
        assert f'# how = "{how}"' in text
        assert ("# ids" in text) == (how == "existing")


@pytest.mark.parametrize("software", ['"""\n[auth]\n', "\x7f\x1b[31m\u202e"])
def test_what_a_server_says_is_no_toml(software):
    """Whatever it calls itself."""
    text = new_target_file(
        "http://a/f?'\x7f", look(said=statement(software)), load("spine"), {"patient": '"'}
    )
    assert tomllib.loads(text) == {
        "base_url": "http://a/f?'\x7f",
        "profile": "spine",
        "placeholders": {"patient": '"'},
    }


# ---------------------------------------------------------------- the command


def test_the_schema_is_named_by_a_path_that_holds_on_every_machine(capsys):
    """The file may be put under version control, with the schema beside it where that was asked for."""
    with EmbeddedServer(load("fhir-r4")) as server:
        assert main(["init", server.base_url, "-o", "a.toml"]) == 0
        assert main(["init", server.base_url, "-o", "b.toml", "--schema"]) == 0
    assert "written target.schema.json" in capsys.readouterr().out
    assert Path("target.schema.json").read_bytes() == SCHEMA.read_bytes()
    assert Path("b.toml").read_text().startswith("#:schema ./target.schema.json\n")
    assert "--schema" in Path("a.toml").read_text().partition("\n")[0]
    assert "#:schema" not in Path("a.toml").read_text()
    assert str(SCHEMA.parent) not in Path("a.toml").read_text() + Path("b.toml").read_text()


@pytest.mark.slow
def test_a_new_file_is_read_and_run(capsys):
    """What was found and what is needed; with that filled in, it is a target file that works."""
    with EmbeddedServer(load("koppeltaal")) as server:
        assert main(["init", server.base_url, "-p", "koppeltaal"]) == 0
        told = capsys.readouterr().out
        assert "to do: endpoint, as your server has it, for ActivityDefinition" in told
        text = Path("target.toml").read_text()
        assert str(SCHEMA.parent) not in text
        Path("filled.toml").write_text(re.sub(rf"^# (\w+ = .*{TO_DO})", r"\1", text, flags=re.M))
        assert read(Path("filled.toml"))["placeholders"].keys() == {
            "endpoint",
            "activity_definition",
            "patient",
        }
        words = ["run", "-t", "filled.toml", "--rules", "read.existing"]
        assert (
            subprocess.run([sys.executable, "-m", "ifmatch", *words], check=False).returncode == 0
        )


def test_what_a_template_refers_to_is_looked_for(capsys):
    """A patient that the server has stands in the file."""
    with EmbeddedServer(load("cerner-dstu2")) as server:
        patient = {"resourceType": "Patient", "name": [{"family": "Test"}]}
        made = httpx.post(
            f"{server.base_url}/Patient",
            json=patient,
            headers={"Content-Type": "application/json+fhir"},
        )
        assert made.status_code == 201, made.text
        assert main(["init", server.base_url, "-p", "cerner-dstu2"]) == 0
    assert re.fullmatch(r"Patient/[\w-]+", read(Path("target.toml"))["placeholders"]["patient"])


def test_a_file_that_exists_is_left_alone(capsys):
    """Whatever it holds, and before anybody is asked."""
    Path("target.toml").write_text("mine")
    assert main(["init", "http://127.0.0.1:9/fhir"]) == 4
    assert "is left as it is" in capsys.readouterr().err
    assert Path("target.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["http://127.0.0.1:9/fhir"], 6, "Nothing answers"),
        (["staging.example/fhir"], 4, "Did you mean"),
        (["http://127.0.0.1:9/fhir", "-o", "nowhere/x.toml"], 6, "Nothing answers"),
    ],
)
def test_without_a_server_there_is_no_file(words, code, told, capsys, tmp_path):
    """The sentence and the exit code are those of a run."""
    assert main(["init", *words]) == code
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("tokens", [[], ["--tokens"]])
def test_serve_says_how_the_server_is_judged(tokens):
    """The line works as it stands, tokens and placeholders included."""
    command = [sys.executable, "-m", "ifmatch", "serve", "-p", "koppeltaal", *tokens]
    rules = "read.existing,update.forbidden" if tokens else "read.existing"
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        line = next(line for line in serving.stdout if line.startswith("judge"))
        shown, _, words = line.removeprefix("judge").partition(" ifmatch ")
        done = subprocess.run(
            [sys.executable, "-m", "ifmatch", *shlex.split(words), "--rules", rules],
            env=os.environ | dict(each.split("=", 1) for each in shlex.split(shown)),
            check=False,
            capture_output=True,
            text=True,
        )
        serving.terminate()
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"PARTIAL   {len(rules.split(','))} pass" in done.stdout


def test_serve_tells_of_each_request(capsys):
    """Whoever tries it with curl sees what came in and what came of it; nothing that may be a secret."""
    with EmbeddedServer(load("fhir-r4"), tell=_tell) as server:
        patient = {"resourceType": "Patient", "id": "a"}
        url, typed = f"{server.base_url}/Patient/a", {"Content-Type": "application/fhir+json"}
        httpx.put(url, json=patient, headers=typed)
        httpx.put(
            url,
            json=patient,
            headers=typed | {"If-Match": 'W/"7"', "Authorization": "Bearer t0ken"},
        )
        httpx.get(f"{url}?access_token=s3cret")
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        'PUT /fhir/Patient/a → 201, W/"1"',
        'PUT /fhir/Patient/a, If-Match W/"7" → 412',
        'GET /fhir/Patient/a?… → 200, W/"1"',
    ]
