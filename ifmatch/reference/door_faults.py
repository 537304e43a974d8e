"""The faults that are made from the table of doors: in one cell of it, the server does what it must not do."""

from collections.abc import Iterator

from ifmatch.reference.cell import Cell
from ifmatch.reference.fault import Fault
from ifmatch.rules.door_table import table
from ifmatch.rules.doors import GROUPS, SAME

#: What goes wrong in a cell, in words.
_SENTENCES = {
    "accepted": "is carried out, though it is to be refused",
    "written": "is answered as a refusal, and carried out all the same",
    "refused": "is refused, though it is to be carried out",
    "failing": "is answered 500",
    "miscoded": "is refused with the code of another refusal",
}

#: What a case names of a resource that is there: its current version, or a version that it leaves open.
_NAMES = {
    "current": "current",
    "list": "current",
    "two-lines": "current",
    "missing": "open",
    "star": "open",
    "strong": "open",
}

#: What goes wrong, by what the case names of a resource that is there. Whatever else it names is to be refused.
_EFFECTS: dict[str, tuple[str, ...]] = {"current": ("refused",), "open": ("failing",)}

#: Another resource's version is to the server one that never existed; what is the same request has one fault.
_NAMED_OTHERWISE = ("other-resource",)

#: The doors by which what is not there could be made: their writes hold all of a resource.
_MAKING = ("update", "batch-put", "transaction-put")

#: The doors at which a version conflict has a code of its own.
_CODED = ("fhirpath-patch", "xml-patch", "batch-put", "batch-patch")

#: The doors at which less can go wrong where a write is to be refused.
_OF_REFUSAL: dict[str, tuple[str, ...]] = {
    "transaction-put": ("accepted",),
    "transaction-patch": ("accepted",),
    "transaction-delete": ("accepted",),
    "conditional-delete": ("written",),
}

#: The profile whose promises a fault breaks, where FHIR R4 is silent: R5 relates If-Match to these doors.
_PROFILE = {"conditional-update": "fhir-r5", "conditional-patch": "fhir-r5"}


def door_faults() -> Iterator[Fault]:
    """For each cell that a rule tries, the faults by which the rule must be seen broken."""
    for cell in table():
        if cell.rule.startswith("door.") and cell.case not in _NAMED_OTHERWISE:
            where = Cell(cell.door, cell.case, cell.state)
            effects = _effects(where) if cell.own else _of_a_group(where)
            yield from (_fault(cell.rule, where, effect) for effect in effects)


def _of_a_group(cell: Cell) -> tuple[str, ...]:
    """What goes wrong in a cell that is tried among others: the worst is enough, which shows under any promise."""
    if (cell.case, cell.state) in SAME or _finds_nothing(cell):
        return ()
    if cell.case in GROUPS["open-forms", "exists"] and cell.state == "exists":
        return ("failing",)
    return ("written",) if cell.door.startswith("conditional") else _effects(cell)[:1]


def _finds_nothing(cell: Cell) -> bool:
    """Whether there is no resource whose cell it is: by criteria nothing is found."""
    return cell.door.startswith("conditional") and cell.state != "exists"


def _fault(rule: str, cell: Cell, effect: str) -> Fault:
    return Fault(
        name=f"door:{cell.door}:{cell.case}:{cell.state}:{effect}",
        sentence=f"By {cell.door}, {cell.case}, on what is in the state {cell.state}: it {_SENTENCES[effect]}.",
        breaks=(rule,),
        profile=_PROFILE.get(cell.door, "fhir-r4"),
        cell=cell,
        effect=effect,
    )


def _effects(cell: Cell) -> tuple[str, ...]:
    """What goes wrong in a cell so that its rule must be broken."""
    if cell.door.endswith("-json-patch"):
        return ("failing",)
    if cell.state in ("exists", "revived"):
        named = _NAMES.get(cell.case, "")
        return _EFFECTS.get(named) or _of_refusal(cell)
    makes_something = cell.door in _MAKING and cell.case != "missing"
    return _of_refusal(cell) if makes_something else ("failing",)


def _of_refusal(cell: Cell) -> tuple[str, ...]:
    """What goes wrong where a write is to be refused. Of a transaction that fails nothing stays, whoever wrote it."""
    if cell.door in _OF_REFUSAL:
        return _OF_REFUSAL[cell.door]
    has_a_code = cell.door in _CODED and cell.case == "stale"
    return ("accepted", "written", "miscoded") if has_a_code else ("accepted", "written")
