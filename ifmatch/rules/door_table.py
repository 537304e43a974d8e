"""The table door x case x state: which rule tries each cell, and why none does."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from itertools import product

from ifmatch.rules.catalogue import ids
from ifmatch.rules.doors import (
    CASES,
    DOORS,
    ELSEWHERE,
    GROUPS,
    LEFT_OUT,
    MAIN_CASES,
    MAIN_DOORS,
    MAIN_STATES,
    SAME,
    STATES,
)


@dataclass(frozen=True)
class TableCell:
    """One cell of the table: the rule that tries it, or why none does."""

    door: str
    case: str
    state: str
    rule: str = ""
    left_out: str = ""

    @property
    def own(self) -> bool:
        """Whether its rule is about this cell alone."""
        return self.rule == f"door.{self.door}.{self.case}.{self.state}"


@cache
def table() -> tuple[TableCell, ...]:
    """Every cell of the table of doors."""
    return tuple(_cells())


def main_cells() -> tuple[TableCell, ...]:
    """The cells that are to be tried wherever there is the door: each door once, each way of naming a version."""
    return tuple(
        cell
        for cell in table()
        if cell.door in MAIN_DOORS and cell.case in MAIN_CASES and cell.state in MAIN_STATES
    )


def _cells() -> Iterator[TableCell]:
    for state, case, door in product(STATES, CASES, DOORS):
        rule = _tried_by(door, case, state)
        reason = "" if rule else _why_left_out(f"{door}.{case}.{state}")
        yield TableCell(door, case, state, rule, reason)


def forms(door: str, group: str, state: str) -> tuple[str, ...]:
    """The cases of a group that a rule on a door tries one after the other: those that have no rule of their own."""
    cases = GROUPS[group, state]
    return tuple(case for case in cases if not _alone(door, case, state))


def _tried_by(door: str, case: str, state: str) -> str:
    """The rule that tries a cell, its own or another one; empty when none does."""
    case = SAME.get((case, state), case)
    return _alone(door, case, state) or _grouped(door, case, state)


def _alone(door: str, case: str, state: str) -> str:
    """The rule that tries a cell and no other."""
    cell = f"{door}.{case}.{state}"
    own = f"door.{cell}"
    return own if own in ids() else ELSEWHERE.get(cell, "")


def _grouped(door: str, case: str, state: str) -> str:
    """The rule that tries a cell among others."""
    for (group, group_state), cases in GROUPS.items():
        rule = f"door.{door}.{group}.{state}"
        if group_state == state and case in cases and rule in ids():
            return rule
    return ""


def _why_left_out(cell: str) -> str:
    reasons = (reason for pattern, reason in LEFT_OUT if fnmatchcase(cell, pattern))
    return next(reasons, "")
