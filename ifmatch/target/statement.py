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
_FLAGS = {
    "conditional-create": ("conditionalCreate", {True}),
    "conditional-update": ("conditionalUpdate", {True}),
    "conditional-delete": ("conditionalDelete", {"single", "multiple"}),
    "update-create": ("updateCreate", {True}),
}


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
        if not isinstance(document.get("rest"), list):
            return cls(document, "the capability statement describes no REST end-point")
        return cls(document)

    @property
    def fhir_version(self) -> str:
        """The FHIR version as stated, such as `4.0.1`; empty when it is not."""
        return str(self.document.get("fhirVersion") or "")

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
        entry = self._entry(resource_type)
        if interaction in _FLAGS:
            element, values = _FLAGS[interaction]
            return entry.get(element) in values
        codes = {i.get("code") for i in entry.get("interaction") or [] if isinstance(i, dict)}
        if interaction in _PATCH_FORMATS:
            formats = self.document.get("patchFormat")
            return "patch" in codes and (not formats or bool(_PATCH_FORMATS[interaction] & set(formats)))
        return interaction in codes

    def _entry(self, resource_type: str) -> Mapping[str, Any]:
        for rest in self.document["rest"]:
            for entry in (rest.get("resource") or []) if isinstance(rest, dict) else []:
                if isinstance(entry, dict) and entry.get("type") == resource_type:
                    return entry
        return {}
