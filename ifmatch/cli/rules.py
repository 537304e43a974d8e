"""`ifmatch rules`: the catalogue."""

import argparse

from ifmatch.cli.command import Command
from ifmatch.errors import ExitCode

_EXAMPLES = """examples:
  ifmatch rules
  ifmatch rules -p spine --rules 'update.*'"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-p", "--profile", default="", metavar="PROFILE")
    parser.add_argument(
        "--rules", default="*", metavar="GLOB", help="only the rules whose id matches"
    )


def _rules(args: argparse.Namespace) -> int:
    from ifmatch.report.catalogue import print_rules
    from ifmatch.rules.profile import load

    print_rules(load(args.profile) if args.profile else None, args.rules)
    return ExitCode.CONFORMANT


COMMAND = Command(
    name="rules",
    summary="List the rules, with what a profile expects and where it is written.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_rules,
)
