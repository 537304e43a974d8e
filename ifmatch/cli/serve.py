"""`ifmatch serve`: the embedded server, to explore."""

import argparse
import secrets
import shlex
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from ifmatch.cli.command import Command
from ifmatch.client.auth.table import SECOND_TOKEN_VARIABLE, TOKEN_VARIABLE
from ifmatch.errors import ExitCode

if TYPE_CHECKING:
    from ifmatch.reference.access import Access
    from ifmatch.rules.profile import Profile

#: Where a run looks for the token of whoever may write, and of whoever may only read.
_VARIABLES = (TOKEN_VARIABLE, SECOND_TOKEN_VARIABLE)

_EXAMPLES = """example:
  ifmatch serve -p koppeltaal --port 8080
  curl -i http://127.0.0.1:8080/fhir/metadata"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-p", "--profile", default="fhir-r4", metavar="PROFILE")
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="a free one is taken when none is given"
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME",
        help="break one promise; `--fault list` lists them",
    )
    parser.add_argument(
        "--tokens",
        action="store_true",
        help="ask for a bearer token; one that may write and one that may only read are printed",
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print no line for each request that comes in"
    )


def _serve(args: argparse.Namespace) -> int:
    from ifmatch.reference.faults import FAULTS
    from ifmatch.reference.server import EmbeddedServer
    from ifmatch.report.catalogue import print_faults
    from ifmatch.rules.profile import load

    if "list" in args.fault:
        print_faults(FAULTS.values())
        return ExitCode.CONFORMANT
    profile = load(args.profile)
    tokens = {secrets.token_urlsafe(24): right for right in ("write", "read") if args.tokens}
    server = EmbeddedServer(
        profile,
        faults=args.fault,
        port=args.port,
        tokens=tokens or None,
        tell=None if args.quiet else _tell,
    )
    server.start()
    print(f"{profile.title}, embedded: {server.base_url}    (Ctrl-C ends it)", flush=True)
    for name in args.fault:
        print(f"fault   {name}: {FAULTS[name].sentence}", flush=True)
        print(f"breaks  {', '.join(FAULTS[name].breaks)}", flush=True)
    print(f"try     {_curl(server.base_url, profile.subject, tokens)}", flush=True)
    print(f"judge   {_run_line(server.base_url, args.profile, profile, tokens)}", flush=True)
    try:
        server.wait()
    finally:
        server.stop()
    return ExitCode.CONFORMANT


def _tell(access: "Access") -> None:
    """A line for a request: what was asked, by which version, and what came of it."""
    from ifmatch.report.text import one_line

    by = f", If-Match {access.if_match}" if access.if_match else ""
    version = f", {access.version}" if access.version else ""
    with suppress(OSError):  # whoever read it has gone; that is nothing to the one who asks
        print(one_line(f"{access.method} {access.path}{by} → {access.status}{version}"), flush=True)


def _curl(base_url: str, subject: str, tokens: Iterable[str]) -> str:
    """A first look by hand; with a token at what needs one."""
    token = next(iter(tokens), "")
    shown = ["-H", f"Authorization: Bearer {token}"] if token else []
    return shlex.join(["curl", "-i", *shown, f"{base_url}/{subject if token else 'metadata'}"])


def _run_line(base_url: str, named: str, profile: "Profile", tokens: Iterable[str]) -> str:
    """What to type to have the server judged: its tokens, and what its templates need to know."""
    shown = [f"{name}={token}" for name, token in zip(_VARIABLES, tokens, strict=False)]
    given = [f"--placeholder={one}={value}" for one, value in profile.embedded.placeholders.items()]
    return shlex.join([*shown, "ifmatch", "run", base_url, "-p", named, *given])


COMMAND = Command(
    name="serve",
    summary="Run the embedded server of a profile, for exploring with curl.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_serve,
)
