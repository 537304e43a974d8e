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
