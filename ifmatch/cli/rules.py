"""`ifmatch rules`: the catalogue."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ifmatch.cli.command import Command
from ifmatch.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ifmatch.rules.catalogue import Rule

_EXAMPLES = """examples:
  ifmatch rules
  ifmatch rules -p spine --rules 'update.*'
  ifmatch rules --markdown docs/rules               the catalogue as pages, with what every profile promises
  ifmatch rules --coverage"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-p", "--profile", default="", metavar="PROFILE")
    parser.add_argument(
        "--rules", default="*", metavar="GLOB", help="only the rules whose id matches"
    )
    parser.add_argument(
        "--markdown", default="", metavar="DIR", help="write the catalogue as pages into a folder"
    )

    parser.add_argument(
        "--coverage",
        action="store_true",
        help="which rules of the FHIR texts are proven by which scenarios, and what is left out and why",
    )


def _rules(args: argparse.Namespace) -> int:
    from ifmatch.report.catalogue import chosen_rules, print_rules
    from ifmatch.report.coverage import print_coverage
    from ifmatch.rules.profile import load

    if args.markdown:
        _write_pages(args, chosen_rules(args.rules))
    elif args.coverage:
        print_coverage()
    else:
        print_rules(load(args.profile) if args.profile else None, args.rules)
    return ExitCode.CONFORMANT


def _write_pages(args: argparse.Namespace, rules: "Sequence[Rule]") -> None:
    from ifmatch.report.rule_pages import write_rule_pages
    from ifmatch.rules.profile import load, shipped

    names = [args.profile] if args.profile else shipped()
    write_rule_pages(rules, [load(name) for name in names], Path(args.markdown))
    print(f"written {args.markdown}")


COMMAND = Command(
    name="rules",
    summary="List the rules, with what a profile expects and where it is written.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_rules,
)
