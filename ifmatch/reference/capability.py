"""The capability statement: what the server says it can do, which is what its profile says it offers."""

from collections.abc import Iterator, Mapping

from ifmatch import __version__
from ifmatch.reference.exchange import World
from ifmatch.reference.message import PATCH_FORMATS, Resource
from ifmatch.reference.resource_types import RESOURCE_TYPES
from ifmatch.rules.profile import Profile

#: CapabilityStatement.fhirVersion of each version (FHIR value set FHIR-version; before R4 a plain text).
FHIR_VERSION: Mapping[str, str] = {
    "DSTU2": "1.0.2",
    "STU3": "3.0.2",
    "R4": "4.0.1",
    "R4B": "4.3.0",
    "R5": "5.0.0",
    "R6": "6.0.0",
}

#: Types that a server for testing knows besides those of its profile.
_COMMON = (
    "Basic",
    "Encounter",
    "Flag",
    "List",
    "Observation",
    "Organization",
    "Patient",
    "Practitioner",
    "Task",
)

#: The interactions a statement lists for each type; patch is new in STU3.
_LISTED = (
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "create",
    "search-type",
)

_PARAMETERS = {"_id": "token", "_tag": "token", "identifier": "token"}

_PUBLISHED = "2026-01-01"


def statement(world: World, base: str) -> Resource:
    """The CapabilityStatement, or the Conformance of DSTU2, of a server with this profile."""
    profile = world.profile
    return {
        "resourceType": "Conformance" if _is_dstu2(profile) else "CapabilityStatement",
        "status": "active",
        "date": _PUBLISHED,
        "kind": "instance",
        "software": {"name": "ifmatch reference server", "version": __version__},
        "implementation": {
            "description": f"The ifmatch reference server as {profile.title}",
            "url": base,
        },
        "fhirVersion": FHIR_VERSION[profile.fhir],
        "format": [profile.media_type, "json"],
        **_unknown_elements(profile),
        **_patch_formats(profile),
        "rest": [
            {
                "mode": "server",
                "resource": [
                    *(_resource(world, name) for name in types(profile)),
                    *map(_kept, profile.embedded.trail),
                ],
                **_of_the_system(profile),
            }
        ],
    }


def _is_dstu2(profile: Profile) -> bool:
    return profile.fhir == "DSTU2"


def _unknown_elements(profile: Profile) -> Resource:
    """What the statement says of elements that the server does not know, where FHIR had a word for it."""
    return {"acceptUnknown": "both"} if profile.fhir in ("DSTU2", "STU3") else {}


def _of_the_system(profile: Profile) -> Resource:
    """The interactions on the base address; DSTU2 has one code for them."""
    codes = tuple(code for code in ("transaction", "batch") if offers(profile, code))
    if _is_dstu2(profile):
        return _TRANSACTION_MODES[codes]
    return {"interaction": [{"code": code} for code in codes]} if codes else {}


_TRANSACTION_MODES: Mapping[tuple[str, ...], Resource] = {
    (): {},
    ("transaction",): {"transactionMode": "transaction"},
    ("batch",): {"transactionMode": "batch"},
    ("transaction", "batch"): {"transactionMode": "both"},
}


def offers(profile: Profile, interaction: str) -> bool:
    """Whether a server of the profile has an interaction: what the texts leave open, it has if its FHIR has it."""
    unknown_to_fhir = _is_dstu2(profile) and "patch" in interaction
    return profile.offers(interaction) is not False and not unknown_to_fhir


def types(profile: Profile) -> list[str]:
    """The types that the statement lists: those of the profile, and common ones of its FHIR version."""
    return sorted({*profile.resources, *_COMMON} & RESOURCE_TYPES[profile.fhir])


def _resource(world: World, name: str) -> Resource:
    profile = world.profile
    needs_version = world.dialect.refuses("update.if-match.missing", name)
    return {
        "type": name,
        "interaction": [{"code": code} for code in _claimed(world)],
        "versioning": "versioned-update" if needs_version else "versioned",
        "readHistory": offers(profile, "vread"),
        "updateCreate": may_create_by_update(world, name),
        "conditionalCreate": offers(profile, "conditional-create"),
        "conditionalUpdate": offers(profile, "conditional-update"),
        **_of_r5(profile),
        "conditionalDelete": "single" if offers(profile, "conditional-delete") else "not-supported",
        "searchParam": [
            {"name": parameter, "type": _PARAMETERS.get(parameter, "string")}
            for parameter in sorted({*_PARAMETERS, *_criteria(profile, name)})
        ],
    }


def _criteria(profile: Profile, name: str) -> Iterator[str]:
    """The parameters by which the profile finds resources of a type."""
    kind = profile.resources.get(name)
    for criteria in kind.criteria.values() if kind else ():
        yield from (part.partition("=")[0] for part in criteria.split("&"))


def _kept(name: str) -> Resource:
    """What the statement says of a type that the server writes by itself."""
    return {"type": name, "interaction": [{"code": "read"}, {"code": "search-type"}]}


def _of_r5(profile: Profile) -> Resource:
    """What a statement says of a type from R5 on."""
    return (
        {"conditionalPatch": offers(profile, "conditional-patch")}
        if profile.fhir in ("R5", "R6")
        else {}
    )


def _claimed(world: World) -> list[str]:
    """The interactions with resources of a type that the statement claims."""
    hidden = {"update"} if world.faults.on("update-not-claimed") else set()
    return [code for code in _LISTED if offers(world.profile, code) and code not in hidden]


def may_create_by_update(world: World, name: str) -> bool:
    """Whether an update of an id that was never given out creates the resource."""
    return offers(world.profile, "update-create") and not world.dialect.refuses(
        "update.unknown-id", name
    )


#: The content types by which the statement names the patch formats.
_PATCH_TYPES = ("application/json-patch+json", "application/xml-patch+xml", "application/fhir+json")


def _patch_formats(profile: Profile) -> Resource:
    """The patch formats that the profile offers, all of them when it offers patches and names no format."""
    if not offers(profile, "patch"):
        return {}
    formats = set(PATCH_FORMATS.values())
    named = formats & (profile.interactions or formats)
    return {
        "patchFormat": [
            media_type
            for media_type in _PATCH_TYPES
            if PATCH_FORMATS[media_type] in (named or formats)
        ]
    }
