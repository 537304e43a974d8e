"""`ifmatch ledger`: list what runs have left, by a run's journal without asking the target, else by the label."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ifmatch.cli.command import Command
from ifmatch.cli.sweep import add_place
from ifmatch.errors import ExitCode

if TYPE_CHECKING:
    from ifmatch.cli.reach import Place

_EXAMPLES = """examples:
  ifmatch ledger reports/2026-11-21T10-12-07-1f0c83b2     what the journal of that run says may be there still
  ifmatch ledger -t target.toml                           what bears the label of any run on the target"""


def _ledger(args: argparse.Namespace) -> int:
    from ifmatch.cli.reach import place_of

    place = place_of(args)
    lines = list(_journalled(place) if place.folder else _labelled(place))
    for line in lines:
        print(line)
    advice = ": `ifmatch sweep` looks which are there, and puts them right" if lines else ""
    print(f"{len(lines) or 'nothing'} left{advice}")
    return ExitCode.CONFORMANT


def _journalled(place: "Place") -> Iterator[str]:
    from ifmatch.log.journal import standing

    for one in standing(place.journal):
        entry = one.entry
        name = f"{entry.type}/{entry.id or f'(identifier {entry.unique})'}"
        reason = entry.reason or _MEANS[one.fate]
        yield f"{name}   {reason}" + ("   lent to the run" if entry.original else "")


#: What the journal's last word on a resource means.
_MEANS = {
    "intended": "may exist: the run ended while it was being made",
    "created": "made, and not removed",
    "left": "not removed",
}


def _labelled(place: "Place") -> Iterator[str]:
    from ifmatch.cli.reach import reached
    from ifmatch.client.sweeping import found

    with reached(place) as target:
        for leftover in found(target, (), place.run):
            yield f"{leftover.name}   run {leftover.run or 'unknown'}   {leftover.state}"


COMMAND = Command(
    name="ledger",
    summary="List what runs have left on a target.",
    examples=_EXAMPLES,
    add_arguments=add_place,
    run=_ledger,
)
