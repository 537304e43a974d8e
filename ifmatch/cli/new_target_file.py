"""The text of a new target file: what was found of a server, and, commented, what only its owner can know."""

import json
from collections.abc import Iterator, Mapping

from ifmatch.client.auth.table import TOKEN_VARIABLE
from ifmatch.client.connect import CHECK_THE_PATH, FirstLook
from ifmatch.client.statement import Statement
from ifmatch.client.target_content import SCHEMA
from ifmatch.client.template import BY_ITSELF, placeholders_of
from ifmatch.errors import ConfigurationError
from ifmatch.report.text import one_line
from ifmatch.rules.profile import FHIR_VERSIONS, Profile, ResourceKind, base_for, load, shipped

#: What begins a remark that asks for something.
TO_DO = "TO DO: "

#: What a system's software calls itself, where that is not the first part of its profile's id.
_SOFTWARE_OF: Mapping[str, str] = {"cerner": "oracle health"}

#: What is asked of a type before its resources are made.
_ASKED = ("read", "create", "update", "delete", "conditional-create", "conditional-update", "patch")


def profile_for(look: FirstLook) -> str:
    """The id of the profile that fits what a server says of itself: of its software, else of its FHIR version.

    Raises ConfigurationError when it does not say which that is.
    """
    said = look.statement
    fitting = [id for id in _profiles_of(said.fhir_version) if _is_about(id, said.software)]
    base = base_for(said.fhir_version)
    if base is None:
        raise ConfigurationError(f"{_why_unknown(look)}, so no profile fits. Name one with -p.")
    return fitting[0] if fitting else base


def _why_unknown(look: FirstLook) -> str:
    """Why nobody knows which FHIR version a server speaks."""
    if look.wants_credentials and look.statement.problem:
        return (
            f"The server answers {look.canary.status} to everything without a token in {TOKEN_VARIABLE} that it "
            "accepts, and does not say which FHIR version it speaks"
        )
    if look.statement.problem:
        return f"{CHECK_THE_PATH} {look.statement.problem}"
    return "The server does not say in /metadata which FHIR version it speaks"


def _is_about(id: str, software: str) -> bool:
    name = id.partition("-")[0]
    return bool(software) and any(
        word in software.casefold() for word in (name, _SOFTWARE_OF.get(name, name))
    )


def _profiles_of(fhir_version: str) -> list[str]:
    """The profiles of systems that speak a FHIR version, without those of the versions themselves."""
    of_systems = [id for id in shipped() if not id.startswith("fhir-")]
    return [id for id in of_systems if fhir_version.startswith(FHIR_VERSIONS[load(id).fhir])]


def new_target_file(
    base_url: str, look: FirstLook, profile: Profile, found: Mapping[str, str], schema: bool = False
) -> str:
    """The file. `found` are references to resources of the server, by the placeholder that one may stand for.

    `schema` says that a copy of the schema lies beside it. Editors find it by a path from the file, so both can be put
    under version control; where ifmatch itself is installed differs from machine to machine.
    """
    parts = [
        [_BESIDE if schema else _WITHOUT],
        _top(base_url, look.statement, profile),
        _auth(look),
        _placeholders(profile, found),
        _headers(profile),
        _tls(base_url),
        _types(look.statement, profile),
    ]
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part) + "\n"


#: The first line, by which an editor completes and checks the file: where the schema is, or how it is had.
_BESIDE = f"#:schema ./{SCHEMA.name}"
_WITHOUT = f"# `ifmatch init --schema` puts {SCHEMA.name} beside the file: editors complete and check by it"


def _top(base_url: str, said: Statement, profile: Profile) -> Iterator[str]:
    software = one_line(said.software) or "A server"
    yield f"# {software}, FHIR {one_line(said.fhir_version) or 'of an unknown version'}"
    if said.problem:
        yield f"# {one_line(said.problem)}: what it offers is not known"
    yield f"base_url = {_quoted(base_url)}"
    yield f"profile = {_quoted(profile.id)}{_instead_of(profile, said)}"
    yield '# rules = "update.*, race.*"   # left out: all'
    yield '# effort = "standard"          # how long to race: quick, standard, thorough'
    yield "# timeout = 30                 # seconds for one request"


def _instead_of(profile: Profile, said: Statement) -> str:
    """A remark on the other profiles of the server's FHIR version."""
    others = [id for id in _profiles_of(said.fhir_version) if id != profile.id]
    return f"   # or, if it is one of these: {', '.join(others)}" if others else ""


def _auth(look: FirstLook) -> Iterator[str]:
    """Who we are. What a server that lets nobody in asks for is needed; with another it may be."""
    challenge = look.canary.header("www-authenticate")
    ways = ", ".join(one_line(name, 60) for name in look.statement.security)
    mark = "" if look.wants_credentials else "# "
    if look.wants_credentials:
        yield f"# {TO_DO}it answers {look.canary.status}: put a token into the variable that is named here"
    if challenge:
        yield f"# It asks for: {one_line(challenge, 200)}"
    if ways:
        yield f"# It says that clients make themselves known by: {ways}"
    yield f"{mark}[auth]"
    yield f'{mark}token_env = "{TOKEN_VARIABLE}"   # or: user = "ada", password_env = "STAGING_PASSWORD"'
    yield '# second = { token_env = "READER_TOKEN" }   # someone who may read but not write'


def _placeholders(profile: Profile, found: Mapping[str, str]) -> Iterator[str]:
    """What the templates need to know, each with what it is needed for."""
    needed = _needed(profile)
    if needed:
        yield "[placeholders]   # what the profile's templates need to know of your server"
    for name, types in sorted(needed.items()):
        example = profile.embedded.placeholders.get(name, "...")
        if name in found:
            yield f"{name} = {_quoted(found[name])}   # for {', '.join(types)}: the first that it lists"
        else:
            yield f"# {name} = {_quoted(example)}   # {TO_DO}{name}, as your server has it, for {', '.join(types)}"


def _needed(profile: Profile) -> dict[str, list[str]]:
    """The placeholders of a profile's templates, with the types that need each."""
    needed: dict[str, list[str]] = {}
    for kind in profile.resources.values():
        for name in placeholders_of(kind) - BY_ITSELF:
            needed.setdefault(name, []).append(kind.type)
    return needed


def _headers(profile: Profile) -> Iterator[str]:
    if profile.headers:
        yield "# [headers]   # what the profile sends, where yours differ"
    for name, value in profile.headers.items():
        yield f"# {name} = {_quoted(value)}"


def _tls(base_url: str) -> Iterator[str]:
    if base_url.startswith("https:"):
        yield '# [tls]\n# ca_file = "ca.pem"           # files beside this one'
        yield '# certificate = "client.pem"\n# key = "client.key"'


def _types(said: Statement, profile: Profile) -> Iterator[str]:
    """What the server claims of the types that the profile works on, and what to do where one cannot be created."""
    for kind in profile.resources.values():
        yield from _type(said, kind)


def _type(said: Statement, kind: ResourceKind) -> Iterator[str]:
    if said.problem:
        return
    claimed = [name for name in _ASKED if said.claims(name, kind.type)]
    yield f"# {kind.type}: the server claims {', '.join(claimed) or 'nothing'}"
    if said.claims("create", kind.type) is False:
        yield f"# {TO_DO}it does not claim to create a {kind.type}: say how one is had"
        yield f"# [resources.{kind.type}]"
        yield f'# how = "{_other_way(said, kind)}"'
        yield (
            '# ids = ["..."]   # borrowed and restored'
            if _other_way(said, kind) == "existing"
            else "#"
        )


def _other_way(said: Statement, kind: ResourceKind) -> str:
    return "create-by-put" if said.claims("update-create", kind.type) else "existing"


def _quoted(text: str) -> str:
    """A text as TOML has it: its basic strings are those of JSON, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
