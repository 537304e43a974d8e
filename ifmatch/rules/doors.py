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
    """The doors that are entries of a kind of Bundle. A JSON Patch is one from R5 on."""
    entries = {
        "put": "update",
        "patch": "fhirpath-patch",
        "json-patch": "json-patch",
        "delete": "delete",
    }
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
#: `{read_version}` and `{current_version}` are the versions alone, `{never}` one that never existed, `{other}` one
#: that another resource has and this one never had.
CASES: Mapping[str, tuple[str, ...]] = {
    "missing": (),
    "current": ("{current}",),
    "stale": ("{read}",),
    "never-existed": ('W/"{never}"',),
    "other-resource": ('W/"{other}"',),
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

#: What is tried wherever it is offered: of the entries of a Bundle those that update, of the forms each once.
MAIN_DOORS = (*_ALONE, "batch-put", "transaction-put")
MAIN_CASES = (
    "missing",
    "current",
    "stale",
    "never-existed",
    "other-resource",
    "malformed",
    "star",
    "strong",
    "list",
)
MAIN_STATES = ("exists", "never", "deleted")

#: Cases that one rule, `door.[door].[group].[state]`, tries one after the other, where they have no rule of their own.
GROUPS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("other-forms", "exists"): (
        "never-existed",
        "other-resource",
        "malformed",
        "strong-stale",
        "bare-stale",
        "list-stale",
    ),
    ("open-forms", "exists"): ("star", "strong", "bare", "list"),
    ("any-form", "never"): ("malformed", "star", "list", "strong", "bare", "current", "missing"),
    ("any-form", "deleted"): (
        "stale",
        "never-existed",
        "malformed",
        "star",
        "list",
        "strong",
        "bare",
        "current",
        "missing",
    ),
}

#: The same request under another name: of what never was, any version is as good as another; of what is deleted, one
#: that it never had is one that never existed.
SAME: Mapping[tuple[str, str], str] = {
    ("stale", "never"): "current",
    ("never-existed", "never"): "current",
    ("other-resource", "never"): "current",
    ("list-stale", "never"): "list",
    ("strong-stale", "never"): "strong",
    ("bare-stale", "never"): "bare",
    ("other-resource", "deleted"): "never-existed",
}

#: The rules that try a cell under a name of their own.
ELSEWHERE: Mapping[str, str] = {
    "update.missing.exists": "update.if-match.missing",
    "update.current.exists": "update.if-match.current",
    "update.stale.exists": "update.if-match.stale",
    "update.never-existed.exists": "update.if-match.never-existed",
    "update.other-resource.exists": "update.if-match.other-resource",
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
    ("*.revived", "what is brought back is a resource like any other, but for its old versions"),
    ("*.two-lines*", "two lines are one list, which is tried"),
    ("*-stale.deleted", "every version of what is deleted is superseded: the forms are tried"),
    (
        "batch-patch.*",
        "an entry's ifMatch is read alike for each method: its forms are tried with an update",
    ),
    (
        "*-json-patch.*",
        "an entry's ifMatch is read alike for each method: its forms are tried with an update",
    ),
    (
        "batch-delete.*",
        "an entry's ifMatch is read alike for each method: its forms are tried with an update",
    ),
    (
        "transaction-patch.*",
        "an entry's ifMatch is read alike for each method: its forms are tried with an update",
    ),
    (
        "transaction-delete.*",
        "an entry's ifMatch is read alike for each method: its forms are tried with an update",
    ),
)
