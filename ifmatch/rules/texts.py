"""Which rule of the FHIR texts each scenario proves, and which are left out for what reason: pure, data and look-ups.

A scenario names the rules of the texts in tags `@spec:CON-02`. For the cells of the table of doors, which are many,
the door, the case and the state say it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ifmatch.rules.catalogue import FEATURES, Rule, rules

_TAG = "@spec:"

#: What the texts say of each door, of what is named at it, and of the state of what is written to.
_BY_DOOR: Mapping[str, tuple[str, ...]] = {
    "json-patch": ("CON-17",),
    "fhirpath-patch": ("CON-17", "PAT-01"),
    "xml-patch": ("CON-17", "PAT-14"),
    "delete": ("CON-18",),
    "conditional-update": ("CON-19",),
    "conditional-patch": ("CON-19",),
    "conditional-delete": ("CD-06",),
    **dict.fromkeys(
        ("batch-put", "batch-patch", "batch-delete"), ("BAT-01", "BAT-02", "BAT-05", "CON-20")
    ),
    "batch-json-patch": ("TX-19", "BAT-05"),
    "transaction-json-patch": ("TX-19", "TX-06"),
    **dict.fromkeys(
        ("transaction-put", "transaction-patch", "transaction-delete"), ("TX-01", "TX-06", "CON-20")
    ),
}
_BY_CASE: Mapping[str, tuple[str, ...]] = {
    "missing": ("CON-06",),
    "current": ("CON-01",),
    "stale": ("CON-02", "CON-03"),
    "stale-by-many": ("CON-02", "CON-14"),
    "never-existed": ("CON-14",),
    "malformed": ("CON-13",),
    "bare-stale": ("CON-13",),
    "strong-stale": ("CON-10",),
    "star": ("CON-11",),
    "list": ("CON-12",),
    "list-stale": ("CON-12",),
    "two-lines": ("CON-12", "HTTP-03"),
    "two-lines-stale": ("CON-12", "HTTP-03"),
    "other-forms": ("CON-10", "CON-12", "CON-13", "CON-14"),
    "open-forms": ("CON-10", "CON-11", "CON-12"),
}
_BY_STATE: Mapping[str, tuple[str, ...]] = {
    "never": ("CON-15",),
    "deleted": ("CON-16",),
    "revived": ("META-02", "DEL-07"),
}

#: Cells that are about something of their own.
_BY_CELL: Mapping[str, tuple[str, ...]] = {
    "door.update.missing.deleted": ("UPD-12",),
    "door.json-patch.missing.never": ("PAT-09",),
    "door.json-patch.missing.deleted": ("PAT-09",),
    "door.delete.missing.exists": ("DEL-02",),
    "door.delete.missing.never": ("DEL-02",),
    "door.delete.missing.deleted": ("DEL-03",),
}


@dataclass(frozen=True)
class Text:
    """A rule as the texts have it; `left_out` is why no scenario proves it."""

    id: str
    title: str
    left_out: str = ""


@cache
def texts() -> tuple[Text, ...]:
    """Every rule of the texts, in their order."""
    listed = tomllib.loads((FEATURES / "texts.toml").read_text(encoding="utf-8"))
    return tuple(Text(id_, **entry) for id_, entry in listed.items())


def texts_of(rule: Rule) -> frozenset[str]:
    """The ids of the rules of the texts that a scenario proves."""
    tagged = {tag.removeprefix(_TAG) for tag in rule.tags if tag.startswith(_TAG)}
    return frozenset(tagged | {*_of_cell(rule.id)})


def _of_cell(rule_id: str) -> tuple[str, ...]:
    """What a cell of the table of doors proves: where nothing is there, only what its state is about."""
    family, _, cell = rule_id.partition(".")
    if family != "door":
        return ()
    door, case, state = cell.split(".")
    if rule_id in _BY_CELL or state in ("never", "deleted"):
        return _BY_CELL.get(rule_id, _BY_STATE.get(state, ()))
    return (*_BY_DOOR.get(door, ()), *_BY_CASE.get(case, ()), *_BY_STATE.get(state, ()))


def proofs() -> dict[str, list[Rule]]:
    """The scenarios that prove each rule of the texts."""
    found: dict[str, list[Rule]] = {text.id: [] for text in texts()}
    for rule in rules():
        for id_ in sorted(texts_of(rule)):
            found.setdefault(id_, []).append(rule)
    return found
