"""The faults that the reference server can be given, and what those it was given do to its work."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from ifmatch.errors import ConfigurationError, did_you_mean
from ifmatch.reference.cell import cell_of
from ifmatch.reference.fault import Fault, Naming
from ifmatch.reference.fault_list import ALL
from ifmatch.reference.gap import Gap, Traces
from ifmatch.reference.message import Reply, Request
from ifmatch.reference.store import Draft, Store

#: Every fault by its name.
FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in ALL}


class Faults:
    """The faults that a server was given, and what races have left behind by them.

    Raises ConfigurationError, with a suggestion, when there is no such fault.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._given = tuple(map(named, names))
        self.traces = Traces()

    def on(self, name: str) -> bool:
        """Whether the server has this fault. Raises ConfigurationError, with a suggestion, when there is none such."""
        return named(name) in self._given

    def ignore(self, rule: str) -> bool:
        """Whether a refusal by this rule is left out."""
        return any(fnmatchcase(rule, pattern) for fault in self._given for pattern in fault.ignores)

    def refuse(self, rule: str) -> bool:
        """Whether what this rule lets pass is refused all the same."""
        return any(rule in fault.refuses for fault in self._given)

    def apply(self, rule: str) -> bool:
        """Whether what this rule refuses is done all the same."""
        return any(rule in fault.applies for fault in self._given)

    def tamper(self, reply: Reply) -> Reply:
        """A reply as these faults leave it."""
        tampers = [pair for fault in self._given for pair in fault.tampers.items()]
        changes = [change for pattern, change in tampers if fnmatchcase(reply.situation, pattern)]
        for change in changes:
            reply = change(reply)
        return reply

    def write(self, draft: Draft) -> Draft:
        """What these faults make of a version that is about to be stored."""
        for fault in self._given:
            draft = fault.writes(draft) if fault.writes else draft
        return draft

    def match(self, naming: Naming) -> bool:
        """Whether a version that is not the current one is let through."""
        return any(fault.matches(naming) for fault in self._given if fault.matches)

    def effect(self, store: Store, request: Request) -> str:
        """What a fault does to a write in the cell that it falls into (see door_faults.py); empty without one."""
        given = [fault for fault in self._given if fault.cell is not None]
        cell = cell_of(store, request) if given else None
        return next((fault.effect for fault in given if fault.cell == cell), "")

    def gap(self, door: str) -> Gap | None:
        """The pause for what comes in by a door (see handling.door), None when there is none."""
        gaps = (fault.gap for fault in self._given if fault.gap)
        return next(
            (gap for gap in gaps if any(fnmatchcase(door, pattern) for pattern in gap.doors)), None
        )


def named(name: str) -> Fault:
    """The fault of a name. Raises ConfigurationError, with a suggestion, when there is none."""
    if name not in FAULTS:
        hint = did_you_mean(name, FAULTS)
        raise ConfigurationError(
            f'The reference server has no fault "{name}".{hint} `ifmatch serve --fault list` lists all.'
        )
    return FAULTS[name]
