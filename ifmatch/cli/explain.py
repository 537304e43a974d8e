"""`ifmatch explain`: one rule, and what it means that a server breaks it."""

import argparse
from typing import TYPE_CHECKING

from ifmatch.cli.command import Command
from ifmatch.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from ifmatch.rules.catalogue import Rule

_EXAMPLES = """examples:
  ifmatch explain update.if-match.stale             its story, who promises what, what breaks it, what to do
  ifmatch explain race.update.same-version -p spine
  ifmatch explain update.if-match                   the rules whose ids begin so"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "rule",
        metavar="RULE",
        help="the id of a rule, as the report names it; the beginning of several ids lists those",
    )
    parser.add_argument(
        "-p", "--profile", default="", metavar="PROFILE", help="what this one promises, not all"
    )


def _explain(args: argparse.Namespace) -> int:
    from ifmatch.reference.faults import FAULTS
    from ifmatch.report.catalogue import print_rules
    from ifmatch.report.explain import print_explanation
    from ifmatch.rules.profile import load, shipped

    group = _group(args.rule)
    if group:
        print_rules(load(args.profile) if args.profile else None, group)
        print("\n`ifmatch explain` with one of these ids tells all there is to say of it.")
        return ExitCode.CONFORMANT
    names = [args.profile] if args.profile else shipped()
    print_explanation(_rule(args.rule), [load(name) for name in names], FAULTS.values())
    return ExitCode.CONFORMANT


def _group(name: str) -> str:
    """The pattern of several rules that is meant, by itself or by the beginning that their ids share; empty if none."""
    from ifmatch.rules.catalogue import ids, matches
    from ifmatch.rules.renamed import current

    glob = name if "*" in name else f"{name}.*"
    is_rule = current(name) in ids()
    return glob if not is_rule and any(matches(id, glob) for id in ids()) else ""


def _rule(id: str) -> "Rule":
    from ifmatch.rules import catalogue
    from ifmatch.rules.renamed import current

    by_id = {rule.id: rule for rule in catalogue.rules()}
    if current(id) not in by_id:
        raise ConfigurationError(f'There is no rule "{id}".{catalogue.hint(id)}')
    return by_id[current(id)]


COMMAND = Command(
    name="explain",
    summary="Explain a rule: its story, who promises what, what breaks it, what to do about that.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_explain,
)
