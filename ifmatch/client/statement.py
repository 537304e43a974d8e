"""What the target says of itself: its capability statement (Conformance in DSTU2)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
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
    "conditional-patch": ("conditionalPatch", (True,)),
}

#: Before R5 a statement has no element for it: whoever patches, and updates by criteria, patches by criteria, too.
_IMPLIED = {"conditional-patch": ("patch", "conditional-update")}


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
        if answer.failure:
            return cls({}, f"/metadata: {answer.failure}")
        if answer.status != 200:
            return cls({}, f"/metadata answers {answer.status}")
        if not _is_statement(answer.json):
            return cls({}, "/metadata is not a capability statement")
        misshapen = _misshapen(answer.json)
        return cls(
            answer.json,
            f"the capability statement is not well formed: {misshapen}" if misshapen else "",
        )

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
        """Whether the statement claims an interaction for a type; None when there is no usable one."""
        if self.problem:
            return None
        if interaction in _OF_THE_SYSTEM:
            return any(interaction in _codes(rest) for rest in _of_the_server(self.document))
        described = _described_types(self.document)
        entries = [entry for entry in described if entry.get("type") == resource_type]
        return any(self._describes(interaction, entry) for entry in entries)

    def _describes(self, interaction: str, entry: Mapping[str, Any]) -> bool:
        if interaction in _FLAGS:
            element, values = _FLAGS[interaction]
            if element not in entry and interaction in _IMPLIED and not self._is_of_r5:
                return all(self._describes(implied, entry) for implied in _IMPLIED[interaction])
            return entry.get(element) in values
        if interaction in _PATCH_FORMATS:
            return "patch" in _codes(entry) and self._takes(interaction)
        return interaction in _codes(entry)

    @property
    def _is_of_r5(self) -> bool:
        return self.fhir_version.startswith("5")

    def _takes(self, patch_format: str) -> bool:
        """Whether patches of a format are claimed. A statement without a list of formats leaves none out."""
        listed = self.document.get("patchFormat")
        return not listed or bool(_PATCH_FORMATS[patch_format] & set(listed))


def _codes(described: Mapping[str, Any]) -> list[object]:
    """The codes of the interactions that a part of a statement describes."""
    return [interaction.get("code") for interaction in described.get("interaction", [])]


def _is_statement(document: Any) -> bool:
    return isinstance(document, dict) and document.get("resourceType") in (
        "CapabilityStatement",
        "Conformance",
    )


def _misshapen(document: Mapping[str, Any]) -> str:
    """What keeps a statement from being read for claims, in words; empty when it can be."""
    return next((problem for is_well, problem in _SHAPES if not is_well(document)), "")


def _lists_all(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(part, kind) for part in value)


def _list_objects(parents: Iterable[Mapping[str, Any]], element: str) -> bool:
    """Whether an element is a list of objects in each of its parents that has it."""
    return all(_lists_all(parent.get(element, []), dict) for parent in parents)


def _described_types(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for rest in _of_the_server(document):
        yield from rest.get("resource", [])


def _of_the_server(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What it says of itself as a server; it may also tell how it behaves as a client of others."""
    return [rest for rest in document["rest"] if rest.get("mode") != "client"]


#: What a statement must be for claims to be read from it, one thing on the ground of the one before.
_SHAPES: tuple[tuple[Callable[[Mapping[str, Any]], bool], str], ...] = (
    (lambda document: _lists_all(document.get("rest"), dict), "it describes no REST end-point"),
    (
        lambda document: _list_objects(document["rest"], "interaction"),
        "rest.interaction is not a list of objects",
    ),
    (
        lambda document: _list_objects(document["rest"], "resource"),
        "rest.resource is not a list of objects",
    ),
    (
        lambda document: _list_objects(_described_types(document), "interaction"),
        "rest.resource.interaction is not a list of objects",
    ),
    (
        lambda document: _lists_all(document.get("patchFormat", []), str),
        "patchFormat is not a list of codes",
    ),
)
