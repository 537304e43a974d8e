"""`ifmatch serve`: the embedded server, to explore."""

import argparse
import shlex
from typing import TYPE_CHECKING

from ifmatch.cli.command import Command
from ifmatch.errors import ExitCode

if TYPE_CHECKING:
    from ifmatch.rules.profile import Profile

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


def _serve(args: argparse.Namespace) -> int:
    from ifmatch.reference.faults import FAULTS
    from ifmatch.reference.server import EmbeddedServer
    from ifmatch.report.catalogue import print_faults
    from ifmatch.rules.profile import load

    if "list" in args.fault:
        print_faults(FAULTS.values())
        return ExitCode.CONFORMANT
    profile = load(args.profile)
    server = EmbeddedServer(profile, faults=args.fault, port=args.port)
    server.start()
    print(f"{profile.title}, embedded: {server.base_url}    (Ctrl-C ends it)", flush=True)
    for name in args.fault:
        print(f"fault   {name}: {FAULTS[name].sentence}", flush=True)
        print(f"breaks  {', '.join(FAULTS[name].breaks)}", flush=True)
    print(f"try     curl -i {server.base_url}/metadata", flush=True)
    print(f"judge   {_run_line(server.base_url, args.profile, profile)}", flush=True)
    try:
        server.wait()
    finally:
        server.stop()
    return ExitCode.CONFORMANT


def _run_line(base_url: str, named: str, profile: "Profile") -> str:
    """What to type to have the server judged. It asks for no token, but its templates may need to know something."""
    given = [f"--placeholder={one}={value}" for one, value in profile.embedded.placeholders.items()]
    return shlex.join(["ifmatch", "run", base_url, "-p", named, *given])


COMMAND = Command(
    name="serve",
    summary="Run the embedded server of a profile, for exploring with curl.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_serve,
)
