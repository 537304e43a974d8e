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

#: What a code of DSTU2 claims of them (Conformance.rest.transactionMode); later versions have interaction codes for it.
_OF_A_MODE = {
    "transaction": ["transaction"],
    "batch": ["batch"],
    "both": ["transaction", "batch"],
}


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

    @property
    def types(self) -> list[str]:
        """The resource types that it speaks of; none when it is not usable."""
        if self.problem:
            return []
        return [entry["type"] for entry in _described_types(self.document) if "type" in entry]

    @property
    def security(self) -> list[str]:
        """How it says that clients make themselves known, in words or codes (FHIR R4 rest.security.service)."""
        if self.problem:
            return []
        described = (_part(rest, "security") for rest in _of_the_server(self.document))
        services = (one for security in described for one in _objects(security, "service"))
        return [name for service in services for name in _names_of(service)]

    def claims(self, interaction: str, resource_type: str) -> bool | None:
        """Whether the statement claims an interaction for a type; None when it leaves that open, or is not usable."""
        if self.problem:
            return None
        implied = () if self._is_of_r5 else _IMPLIED.get(interaction, ())
        if implied:
            return all(self._claims(one, resource_type) for one in implied)
        return self._claims(interaction, resource_type)

    def _claims(self, interaction: str, resource_type: str) -> bool | None:
        if interaction in _PATCH_FORMATS:
            return self._claims_format(interaction, resource_type)
        if interaction in _OF_THE_SYSTEM:
            return any(
                interaction in _of_the_system(rest) for rest in _of_the_server(self.document)
            )
        return any(_describes(interaction, entry) for entry in self._entries(resource_type))

    @property
    def _is_of_r5(self) -> bool:
        return self.fhir_version.startswith(("5", "6"))

    def parameters(self, resource_type: str) -> set[str]:
        """What the statement says that a type can be searched by; empty when it says nothing of that."""
        entries = () if self.problem else self._entries(resource_type)
        listed = (one for entry in entries for one in _objects(entry, "searchParam"))
        return {str(parameter.get("name")) for parameter in listed}

    def keeps_versions(self, resource_type: str) -> bool:
        """Whether resources of a type have versions; they do unless the statement says otherwise."""
        if self.problem:
            return True
        kept = [entry.get("versioning") for entry in self._entries(resource_type)]
        return "no-version" not in kept

    def versioning(self, resource_type: str) -> str:
        """What the statement says of the versions of a type; empty when it says nothing, or not one thing."""
        said = {str(entry.get("versioning", "")) for entry in self._entries(resource_type)}
        return said.pop() if len(said) == 1 else ""

    def reads_history(self, resource_type: str) -> bool:
        """Whether the statement says that past versions of a type can be read."""
        return any(entry.get("readHistory") is True for entry in self._entries(resource_type))

    def _entries(self, resource_type: str) -> list[Mapping[str, Any]]:
        described = _described_types(self.document)
        return [entry for entry in described if entry.get("type") == resource_type]

    def _claims_format(self, patch_format: str, resource_type: str) -> bool | None:
        """Whether patches of a format are claimed. Patches without a list of formats leave open which they may have."""
        if not self.claims("patch", resource_type):
            return False
        listed = self.document.get("patchFormat")
        return bool(_PATCH_FORMATS[patch_format] & set(listed)) if listed else None


def _names_of(concept: Mapping[str, Any]) -> Iterator[str]:
    """What a CodeableConcept is called: its codes, else its text."""
    codes = [code for coding in _objects(concept, "coding") if (code := coding.get("code"))]
    yield from map(str, codes or filter(None, [concept.get("text")]))


def _part(parent: Mapping[str, Any], element: str) -> Mapping[str, Any]:
    """An element that should be an object, as one."""
    value = parent.get(element)
    return value if isinstance(value, dict) else {}


def _objects(parent: Mapping[str, Any], element: str) -> list[Mapping[str, Any]]:
    """An element that should be a list of objects, those of it that are."""
    value = parent.get(element)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _describes(interaction: str, entry: Mapping[str, Any]) -> bool:
    """Whether what a statement says of a type has an interaction."""
    if interaction not in _FLAGS:
        return interaction in _codes(entry)
    element, values = _FLAGS[interaction]
    return entry.get(element) in values


def _codes(described: Mapping[str, Any]) -> list[object]:
    """The codes of the interactions that a part of a statement describes."""
    return [interaction.get("code") for interaction in described.get("interaction", [])]


def _of_the_system(rest: Mapping[str, Any]) -> list[object]:
    """The codes of the interactions on the base URL that a part of a statement describes."""
    return _codes(rest) + _OF_A_MODE.get(rest.get("transactionMode", ""), [])


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


def _are_all(parents: Iterable[Mapping[str, Any]], elements: Iterable[str], kind: type) -> bool:
    """Whether each of these elements, where it is there, is of one kind."""
    names = tuple(elements)
    return all(isinstance(parent[n], kind) for parent in parents for n in names if n in parent)


def _interactions(parents: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for parent in parents:
        yield from parent.get("interaction", [])


def _list_objects(parents: Iterable[Mapping[str, Any]], element: str) -> bool:
    """Whether an element is a list of objects in each of its parents that has it."""
    return all(_lists_all(parent.get(element, []), dict) for parent in parents)


def _described_types(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for rest in _of_the_server(document):
        yield from rest.get("resource", [])


def _of_the_server(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What it says of itself as a server; it may also tell how it behaves as a client of others."""
    return [rest for rest in document["rest"] if rest.get("mode") != "client"]


#: What it says of a type in a code, and what with true or false (FHIR R4 CapabilityStatement.rest.resource).
_OF_CODES = ("type", "versioning", "conditionalDelete")
_OF_TRUTH = ("conditionalCreate", "conditionalUpdate", "updateCreate")


#: What a statement must be for claims to be read from it, one thing on the ground of the one before.
_SHAPES: tuple[tuple[Callable[[Mapping[str, Any]], bool], str], ...] = (
    (lambda document: _lists_all(document.get("rest"), dict), "it describes no REST end-point"),
    (
        lambda document: _list_objects(document["rest"], "interaction"),
        "rest.interaction is not a list of objects",
    ),
    (
        lambda document: _are_all(document["rest"], ("transactionMode",), str),
        "rest.transactionMode is not a code",
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
        lambda document: _are_all(_interactions(document["rest"]), ("code",), str),
        "rest.interaction.code is not a code",
    ),
    (
        lambda document: _are_all(_interactions(_described_types(document)), ("code",), str),
        "rest.resource.interaction.code is not a code",
    ),
    (
        lambda document: _are_all(_described_types(document), _OF_CODES, str),
        f"one of {', '.join(_OF_CODES)} in rest.resource is not a code",
    ),
    (
        lambda document: _are_all(_described_types(document), _OF_TRUTH, bool),
        f"one of {', '.join(_OF_TRUTH)} in rest.resource is neither true nor false",
    ),
    (
        lambda document: _lists_all(document.get("patchFormat", []), str),
        "patchFormat is not a list of codes",
    ),
    (
        lambda document: _are_all([document], ("fhirVersion",), str),
        "fhirVersion is not a version",
    ),
)
