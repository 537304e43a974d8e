"""`ifmatch init`: looks at a server, and writes a target file with what it found and what is still to be filled in."""

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifmatch.cli.command import Command
from ifmatch.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from ifmatch.client.connect import FirstLook
    from ifmatch.client.target import Target
    from ifmatch.rules.profile import Profile

_EXAMPLES = """examples:
  ifmatch init https://staging.example/fhir                writes target.toml
  ifmatch init https://staging.example/fhir -p spine -o spine.toml

It reads the capability statement, asks for what cannot exist, and for the first resources of the types that templates
refer to; it writes nothing to the server. A bearer token is read from IFMATCH_TOKEN. An existing file is left alone."""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("base_url", metavar="URL", help="base URL of the FHIR server")
    parser.add_argument(
        "-p",
        "--profile",
        default="",
        metavar="PROFILE",
        help="what the server is to be held to; without it, what fits what the server says of itself",
    )
    parser.add_argument(
        "-o", "--output", default="target.toml", metavar="FILE", help="the file to write"
    )
    parser.add_argument(
        "--schema",
        action="store_true",
        help="also put target.schema.json beside the file, by which editors complete and check it",
    )


def _init(args: argparse.Namespace) -> int:
    from ifmatch.cli.new_target_file import new_target_file, profile_for
    from ifmatch.client.connect import look_at
    from ifmatch.rules.profile import load

    path = Path(args.output)
    _demand_new(path)
    target = _target(args.base_url)
    try:
        look = look_at(target)
        profile = load(args.profile or profile_for(look))
        found = _references(target, look, profile)
    finally:
        target.close()
    text = new_target_file(target.settings.base_url, look, profile, found, args.schema)
    _write(path, text)
    if args.schema:
        _copy_schema(path.parent)
    _print_what_is_next(path, look, profile, text)
    return ExitCode.CONFORMANT


def _demand_new(path: Path) -> None:
    if path.exists():
        raise ConfigurationError(
            f"{path} exists, and is left as it is. Name another file with -o, or remove it."
        )


def _target(base_url: str) -> "Target":
    """The server, with nothing recorded: nothing is judged."""
    from ifmatch.client.recorder import Recorder
    from ifmatch.client.redaction import Redactor
    from ifmatch.client.settings import settings_for
    from ifmatch.client.target import Target
    from ifmatch.rules.profile import load
    from ifmatch.suite.session import DEFAULT_PROFILE

    settings = settings_for(base_url, "")
    recorder = Recorder(lambda event: event, Redactor(settings.secrets))
    return Target(settings, load(DEFAULT_PROFILE), "init", recorder)


#: How a profile's example of a placeholder names a type whose resources the server may have.
_REFERENCE = re.compile(r"([A-Z][A-Za-z]+)/[A-Za-z0-9.-]+")


def _references(target: "Target", look: "FirstLook", profile: "Profile") -> Mapping[str, str]:
    """What the server has for the placeholders of a profile that stand for one of its own resources."""
    if look.wants_credentials:
        return {}
    examples = profile.embedded.placeholders.items()
    found = {name: _one_like(target, example) for name, example in examples}
    return {name: reference for name, reference in found.items() if reference}


def _one_like(target: "Target", example: str) -> str:
    """A reference to the first resource of a type that a search finds; empty when it finds none."""
    from ifmatch.client.courier import NoAnswer

    referred = _REFERENCE.fullmatch(example)
    if referred is None:
        return ""
    try:
        answer = target.send("GET", f"{referred[1]}?_count=1")
    except NoAnswer:
        return ""
    found = f"{referred[1]}/{_first_id(answer.json)}"
    return found if _REFERENCE.fullmatch(found) else ""


def _first_id(bundle: Any) -> str:
    """The id of the first resource in the answer to a search, which may be of any shape."""
    try:
        return str(bundle["entry"][0]["resource"]["id"])
    except (KeyError, IndexError, TypeError):
        return ""


def _copy_schema(folder: Path) -> None:
    """Put the schema of this version into a folder, in place of an older one."""
    from ifmatch.client.target_content import SCHEMA

    place = folder / SCHEMA.name
    try:
        place.write_bytes(SCHEMA.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"{place} cannot be written: {error.strerror}. Leave --schema out, or choose another folder with -o."
        ) from None
    print(f"written {place}")


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}. Choose another file with -o."
        ) from None


def _print_what_is_next(path: Path, look: "FirstLook", profile: "Profile", text: str) -> None:
    from ifmatch.cli.new_target_file import TO_DO
    from ifmatch.report.text import one_line

    said = look.statement
    print(
        f"{one_line(said.software) or 'software unknown'}, FHIR {one_line(said.fhir_version)}, held to {profile.id}"
    )
    print(f"written {path}")
    to_do = [line.partition(TO_DO)[2] for line in text.splitlines() if TO_DO in line]
    for what in to_do:
        print(f"  to do: {what}")
    print(
        f"next    {'fill these in, then ' if to_do else ''}ifmatch run -t {path} --rules 'read.*'"
    )


COMMAND = Command(
    name="init",
    summary="Look at a server, and write a target file with what was found and what is still to be filled in.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_init,
)
