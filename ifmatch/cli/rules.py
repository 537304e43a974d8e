"""`ifmatch rules`: the catalogue."""

import argparse

from ifmatch.cli.command import Command
from ifmatch.errors import ExitCode

_EXAMPLES = """examples:
  ifmatch rules
  ifmatch rules -p spine --rules 'update.*'
  ifmatch rules --coverage"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-p", "--profile", default="", metavar="PROFILE")
    parser.add_argument(
        "--rules", default="*", metavar="GLOB", help="only the rules whose id matches"
    )

    parser.add_argument(
        "--coverage",
        action="store_true",
        help="which rules of the FHIR texts are proven by which scenarios, and what is left out and why",
    )


def _rules(args: argparse.Namespace) -> int:
    from ifmatch.report.catalogue import print_rules
    from ifmatch.report.coverage import print_coverage
    from ifmatch.rules.profile import load

    if args.coverage:
        print_coverage()
        return ExitCode.CONFORMANT
    print_rules(load(args.profile) if args.profile else None, args.rules)
    return ExitCode.CONFORMANT


COMMAND = Command(
    name="rules",
    summary="List the rules, with what a profile expects and where it is written.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_rules,
)
