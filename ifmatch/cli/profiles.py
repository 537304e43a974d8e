"""`ifmatch profiles`: what there is to be judged by."""

import argparse

from ifmatch.cli.command import Command
from ifmatch.errors import ExitCode

_EXAMPLES = """examples:
  ifmatch profiles                 list
  ifmatch profiles spine           every promise with its source
  ifmatch profiles ./mine.toml     check one of your own"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("profile", nargs="?", default="", metavar="NAME|FILE")


def _profiles(args: argparse.Namespace) -> int:
    from ifmatch.report.catalogue import print_profile, print_profiles
    from ifmatch.rules.profile import load

    if args.profile:
        print_profile(load(args.profile))
    else:
        print_profiles()
    return ExitCode.CONFORMANT


COMMAND = Command(
    name="profiles",
    summary="List the profiles, show what one promises, or check one of your own.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_profiles,
)
