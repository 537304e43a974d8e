"""The same small change as a patch document of each format that FHIR knows: replace the text at a JSON Pointer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from ifmatch.rules.answer import Resource

#: An element that no resource type has: to change it is impossible.
_IMPOSSIBLE = "/ifmatchHasNoSuchElement/0/text"


@dataclass(frozen=True)
class PatchDocument:
    """A patch as it is sent: the bytes and their media type."""

    content: bytes
    media_type: str


def _json_patch(changes: Mapping[str, str], _: str) -> bytes:
    """JSON Patch (RFC 6902)."""
    return json.dumps(
        [{"op": "replace", "path": path, "value": text} for path, text in changes.items()]
    ).encode()


def _xml_patch(changes: Mapping[str, str], resource_type: str) -> bytes:
    """XML Patch (RFC 5261), with the FHIR namespace bound to the prefix f."""
    replaces = "".join(
        f'<replace sel="f:{resource_type}{_xpath(path)}/@value">{escape(text)}</replace>'
        for path, text in changes.items()
    )
    return f'<diff xmlns:f="http://hl7.org/fhir">{replaces}</diff>'.encode()


def _fhirpath_patch(changes: Mapping[str, str], resource_type: str) -> bytes:
    """FHIRPath Patch, a Parameters resource (FHIR R4 fhirpatch.html)."""
    operations = [
        {"name": "operation", "part": [
            {"name": "type", "valueCode": "replace"},
            {"name": "path", "valueString": f"{resource_type}{fhirpath(path)}"},
            {"name": "value", "valueString": text},
        ]} for path, text in changes.items()
    ]  # fmt: skip
    return json.dumps({"resourceType": "Parameters", "parameter": operations}).encode()


def _xpath(pointer: str) -> str:
    return "".join(
        f"[{int(part) + 1}]" if part.isdigit() else f"/f:{part}" for part in pointer.split("/")[1:]
    )


def fhirpath(pointer: str) -> str:
    """A JSON Pointer as a FHIRPath, to stand behind the name of a type."""
    return "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in pointer.split("/")[1:])


#: The formats by the name of the interaction that offers them, the most common first; None stands for the FHIR type.
FORMATS: Mapping[str, tuple[Callable[[Mapping[str, str], str], bytes], str | None]] = {
    "json-patch": (_json_patch, "application/json-patch+json"),
    "fhirpath-patch": (_fhirpath_patch, None),
    "xml-patch": (_xml_patch, "application/xml-patch+xml"),
}


def patch_document(
    patch_format: str,
    resource_type: str,
    changes: Mapping[str, str],
    fhir_media_type: str,
    possible: bool = True,
) -> PatchDocument:
    """A patch that sets texts, by JSON Pointer; with `possible` false its last change cannot be applied.

    Raises KeyError for a format that FHIR does not know.
    """
    write, media_type = FORMATS[patch_format]
    all_changes = dict(changes) if possible else {**changes, _IMPOSSIBLE: "never"}
    return PatchDocument(write(all_changes, resource_type), media_type or fhir_media_type)


def json_patch_between(resource: Resource, wanted: Resource) -> list[dict[str, object]]:
    """The operations of a JSON Patch that make one resource of another, by their elements at the top.

    They have one order, so that a recheck asks what the run has asked.
    """
    gone = [{"op": "remove", "path": f"/{name}"} for name in resource if name not in wanted]
    changed = [
        {"op": "add", "path": f"/{name}", "value": value}
        for name, value in wanted.items()
        if resource.get(name) != value
    ]
    return [*gone, *changed]
