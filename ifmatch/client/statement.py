"""What the target says of itself: its capability statement (Conformance in DSTU2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ifmatch.rules.answer import Answer

#: The media types by which a server claims a patch format (FHIR R4 CapabilityStatement.patchFormat).
_PATCH_FORMATS = {
    "json-patch": {"application/json-patch+json"},
    "xml-patch": {"application/xml-patch+xml"},
    "fhirpath-patch": {"application/fhir+json", "application/fhir+xml"},
}

#: Interactions that are claimed by an element of their own instead of an interaction code.
_FLAGS: Mapping[str, tuple[str, tuple[object, ...]]] = {
    "conditional-create": ("conditionalCreate", (True,)),
    "conditional-update": ("conditionalUpdate", (True,)),
    "conditional-delete": ("conditionalDelete", ("single", "multiple")),
    "update-create": ("updateCreate", (True,)),
}


#: Interactions on the base URL itself (FHIR R4 CapabilityStatement.rest.interaction).
_OF_THE_SYSTEM = frozenset({"transaction", "batch"})


@dataclass(frozen=True)
class Statement:
    """A capability statement, or the lack of a usable one. `problem` says what is wrong with it."""

    document: Mapping[str, Any]
    problem: str = ""

    @classmethod
    def read_from(cls, answer: Answer) -> "Statement":
        """The statement in the answer to GET [base]/metadata."""
        document = answer.json
        if answer.failure:
            return cls({}, f"/metadata: {answer.failure}")
        if answer.status != 200:
            return cls({}, f"/metadata answers {answer.status}")
        if not isinstance(document, dict) or document.get("resourceType") not in ("CapabilityStatement", "Conformance"):
            return cls({}, "/metadata is not a capability statement")
        broken = _misshapen(document)
        return cls(document, f"the capability statement is not well formed: {broken}" if broken else "")

    @property
    def fhir_version(self) -> str:
        """The FHIR version as stated, such as `4.0.1`; empty when it is not."""
        stated = self.document.get("fhirVersion")
        return stated if isinstance(stated, str) else ""

    @property
    def software(self) -> str:
        """Name and version of the server's software as stated; empty when they are not."""
        software = self.document.get("software")
        software = software if isinstance(software, dict) else {}
        return " ".join(str(software[k]) for k in ("name", "version") if software.get(k))

    def claims(self, interaction: str, resource_type: str) -> bool | None:
        """Whether the statement claims an interaction for a type; None when it cannot tell."""
        if self.problem:
            return None
        if interaction in _OF_THE_SYSTEM:
            return any(interaction in _codes(rest) for rest in self.document["rest"])
        entry = self._entry(resource_type)
        if interaction in _FLAGS:
            element, values = _FLAGS[interaction]
            return entry.get(element) in values
        codes = _codes(entry)
        if interaction in _PATCH_FORMATS:
            formats = self.document.get("patchFormat")
            return "patch" in codes and (not formats or bool(_PATCH_FORMATS[interaction] & set(formats)))
        return interaction in codes

    def _entry(self, resource_type: str) -> Mapping[str, Any]:
        entries = (entry for rest in self.document["rest"] for entry in rest.get("resource", []))
        return next((entry for entry in entries if entry.get("type") == resource_type), {})


def _codes(described: Mapping[str, Any]) -> list[object]:
    """The codes of the interactions that a part of a statement describes."""
    return [interaction.get("code") for interaction in described.get("interaction", [])]


def _misshapen(document: Mapping[str, Any]) -> str:
    """What keeps a statement from being read for claims, in words; empty when it can be."""
    rests: Any = document.get("rest")
    if not _objects(rests):
        return "it describes no REST end-point"
    if not all(_objects(rest.get("interaction", [])) for rest in rests):
        return "rest.interaction is not a list of objects"
    entries = [rest.get("resource", []) for rest in rests]
    if not all(map(_objects, entries)):
        return "rest.resource is not a list of objects"
    if not all(_objects(entry.get("interaction", [])) for listed in entries for entry in listed):
        return "rest.resource.interaction is not a list of objects"
    formats = document.get("patchFormat", [])
    codes = isinstance(formats, list) and all(isinstance(code, str) for code in formats)
    return "" if codes else "patchFormat is not a list of codes"


def _objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, dict) for part in value)
