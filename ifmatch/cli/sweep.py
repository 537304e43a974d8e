"""`ifmatch sweep`: remove what earlier runs left on a target."""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ifmatch.cli.command import Command
from ifmatch.errors import ExitCode

if TYPE_CHECKING:
    from ifmatch.client.leftovers import Leftover, State

_EXAMPLES = """examples:
  ifmatch sweep reports/2026-11-21T10-12-07-1f0c83b2          what that run left, and what would be done about it
  ifmatch sweep reports/2026-11-21T10-12-07-1f0c83b2 --yes    do it
  ifmatch sweep -t target.toml                                the run's machine is gone: found by the label, of any run
  ifmatch sweep https://staging.example/fhir --run 2026-11-21T10-12-07-1f0c83b2 --yes

Only what bears the mark of a run is removed; never a whole type, and nothing that somebody else has put there since.
Do not sweep by label while a run is at work on the target: what it needs bears the label, too.

exit codes: 0 nothing is left (or only shown), 2 interrupted, 4 wrong usage, 6 target unusable, 7 something stays"""


def add_place(parser: argparse.ArgumentParser) -> None:
    """What says which leftovers are meant."""
    parser.add_argument(
        "where",
        nargs="?",
        default="",
        metavar="DIR|URL",
        help="the folder of a run; or, when it is gone, the base URL of the target",
    )
    parser.add_argument(
        "-t", "--target", default="", metavar="FILE", help="target.toml: address, credentials"
    )
    parser.add_argument("-p", "--profile", default="", metavar="PROFILE")
    parser.add_argument(
        "--run", default="", metavar="ID", help="only what bears the label of this run"
    )


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_place(parser)
    parser.add_argument(
        "--yes", action="store_true", help="remove it; without this nothing is changed"
    )


def _sweep(args: argparse.Namespace) -> int:
    from ifmatch.cli.reach import place_of, reached
    from ifmatch.client.sweeping import found, sweep

    place = place_of(args)
    with reached(place, to_change=args.yes) as target:
        leftovers = found(target, place.journal, place.run)
        if not args.yes:
            return _show(leftovers)
        ends, reasons = Counter[str](), []
        for leftover, reason in sweep(target, leftovers):
            reasons.append(reason)
            ends[_STAYS if reason else _DONE[leftover.state]] += 1
            what = f"{_STAYS}: {reason}" if reason else _DONE[leftover.state]
            print(_line(leftover, what), flush=True)
    print(_sum(ends))
    return _ended(reasons)


#: What was done about a leftover, by the state in which it was found.
_DONE = {
    "to be removed": "removed",
    "to be restored": "restored",
    "not there any more": "not there any more",
}

_STAYS = "stays"


def _show(leftovers: "Sequence[Leftover]") -> int:
    """The dry run: what would be done."""
    from ifmatch.client.leftovers import ACTED_ON, counted

    for leftover in leftovers:
        what = filter(None, (leftover.state, leftover.reason))
        print(_line(leftover, ": ".join(what)))
    counts = counted(leftovers)
    print(_sum(counts))
    if any(state in counts for state in ACTED_ON):
        print("Nothing was changed: --yes does it.")
    return ExitCode.CONFORMANT


def _line(leftover: "Leftover", what: str) -> str:
    run = f"   run {leftover.run}" if leftover.run else ""
    return f"{leftover.name}{run}   {what}"


def _sum(counts: Mapping[str, int] | Mapping["State", int]) -> str:
    """How many were left by the journal or the label, and what is or was done: the parts add up, dry or not."""
    parts = ", ".join(f"{count} {what}" for what, count in counts.items())
    return f"{sum(counts.values())} left: {parts}" if parts else "nothing left"


def _ended(reasons: Sequence[str]) -> int:
    """How a sweep ended, as an exit code."""
    from ifmatch.client.tidying import INTERRUPTED

    stay = [reason for reason in reasons if reason]
    if INTERRUPTED in stay:
        return ExitCode.INTERRUPTED
    return ExitCode.INCONCLUSIVE if stay else ExitCode.CONFORMANT


COMMAND = Command(
    name="sweep",
    summary="Remove what earlier runs left on a target, found by a run's journal or by the label. Dry unless told.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_sweep,
)
