"""Every door by which a resource can be written, and every way to name the version that is to be replaced: data.

A rule `door.[door].[case].[state]` is one cell of the table door x case x state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Door:
    """One way to write to a resource: what is sent, and what a target must offer for it.

    `patch` is the format of the patch, `within` the kind of Bundle that the write is an entry of. By `criteria` the
    resource is found by what is known of it, instead of its id.
    """

    method: str
    needs: tuple[str, ...]
    patch: str = ""
    criteria: bool = False
    within: str = ""


def _entries(kind: str) -> dict[str, Door]:
    """The doors that are entries of a kind of Bundle. Before R5 only a FHIRPath Patch can be one."""
    entries = {"put": "update", "patch": "fhirpath-patch", "delete": "delete"}
    return {
        f"{kind}-{name}": replace(_ALONE[alone], needs=(kind, *_ALONE[alone].needs), within=kind)
        for name, alone in entries.items()
    }


#: The doors that are requests of their own.
_ALONE: Mapping[str, Door] = {
    "update": Door("PUT", ("update",)),
    "json-patch": Door("PATCH", ("patch", "json-patch"), patch="json-patch"),
    "fhirpath-patch": Door("PATCH", ("patch", "fhirpath-patch"), patch="fhirpath-patch"),
    "xml-patch": Door("PATCH", ("patch", "xml-patch"), patch="xml-patch"),
    "delete": Door("DELETE", ("delete",)),
    "conditional-update": Door("PUT", ("conditional-update",), criteria=True),
    "conditional-patch": Door(
        "PATCH", ("conditional-patch", "json-patch"), patch="json-patch", criteria=True
    ),
    "conditional-delete": Door("DELETE", ("conditional-delete",), criteria=True),
}

DOORS: Mapping[str, Door] = {**_ALONE, **_entries("batch"), **_entries("transaction")}

#: What the If-Match of a case says, one text a header line. `{read}` is the tag of the version that was read, which
#: someone else has replaced since where the case is about a stale one; `{current}` is the tag of the current version;
#: `{read_version}` and `{current_version}` are the versions alone, `{never}` is one that never existed.
CASES: Mapping[str, tuple[str, ...]] = {
    "missing": (),
    "current": ("{current}",),
    "stale": ("{read}",),
    "never-existed": ('W/"{never}"',),
    "malformed": ('W/"{read_version}',),
    "star": ("*",),
    "strong": ('"{current_version}"',),
    "strong-stale": ('"{read_version}"',),
    "bare": ("{current_version}",),
    "bare-stale": ("{read_version}",),
    "list": ("{read}, {current}",),
    "list-stale": ('{read}, W/"ifmatch-other"',),
    "two-lines": ("{read}", "{current}"),
    "two-lines-stale": ("{read}", 'W/"ifmatch-other"'),
}

#: What a resource can be when it is written to: there, never made, deleted, or deleted and brought back.
STATES = ("exists", "never", "deleted", "revived")

#: The rules that try a cell under a name of their own.
ELSEWHERE: Mapping[str, str] = {
    "update.missing.exists": "update.if-match.missing",
    "update.current.exists": "update.if-match.current",
    "update.stale.exists": "update.if-match.stale",
    "update.never-existed.exists": "update.if-match.never-existed",
    "update.malformed.exists": "update.if-match.malformed",
    "update.star.exists": "update.if-match.star",
    "update.strong.exists": "update.if-match.strong",
    "update.bare.exists": "update.if-match.bare",
    "update.two-lines-stale.exists": "update.if-match.two-lines-stale",
    "update.missing.never": "update.unknown-id",
    "update.current.never": "update.if-match.no-resource",
    "json-patch.missing.exists": "patch.if-match.missing",
    "json-patch.current.exists": "patch.if-match.current",
    "json-patch.stale.exists": "patch.if-match.stale",
    "conditional-update.missing.exists": "conditional-update.one",
    "conditional-update.missing.never": "conditional-update.none",
    "conditional-update.missing.deleted": "conditional-update.deleted",
    "conditional-patch.missing.never": "conditional-patch.none",
    "conditional-delete.missing.never": "conditional-delete.none",
}

#: Why a cell is not tried, by the first pattern that it matches.
LEFT_OUT: tuple[tuple[str, str], ...] = (
    ("conditional-*.never", "nothing is found by the criteria, so no version is compared"),
    ("conditional-*.deleted", "nothing is found by the criteria, so no version is compared"),
    ("*.never-existed.never", "of what never was, every version is one that never existed"),
    ("*.stale.never", "of what never was, every version is one that never existed"),
    ("*-stale.never", "of what never was, every version is one that never existed"),
    ("*.stale.deleted", "every version of what is deleted is superseded: the last one is tried"),
    ("*-stale.deleted", "every version of what is deleted is superseded: the last one is tried"),
    (
        "*.never-existed.deleted",
        "the last version of what is deleted is tried, the likeliest to pass",
    ),
    ("*.revived", "what is brought back is a resource like any other, but for its old versions"),
    ("batch-*.two-lines*", "an entry has one ifMatch, so no lines"),
    ("transaction-*.two-lines*", "an entry has one ifMatch, so no lines"),
    (
        "fhirpath-patch.*",
        "If-Match is read before the patch: its forms are tried with a JSON Patch",
    ),
    ("xml-patch.*", "If-Match is read before the patch: its forms are tried with a JSON Patch"),
    (
        "batch-*",
        "an entry's ifMatch is read alike for each method: its forms are tried with an update",
    ),
    (
        "transaction-*",
        "an entry's ifMatch is read alike for each method: its forms are tried with an update",
    ),
    ("conditional-*", "no FHIR text says what forms of If-Match mean beside criteria"),
    ("*.never", "the forms of If-Match are tried where most can be lost: with an update"),
    ("*.deleted", "the forms of If-Match are tried where most can be lost: with an update"),
    ("*.strong.*", "the texts leave it open whether it names the version: tried with an update"),
    ("*.bare.*", "the texts leave it open whether it names the version: tried with an update"),
    ("*.two-lines.*", "two lines are one list, which is tried"),
)
