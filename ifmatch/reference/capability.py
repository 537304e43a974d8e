"""The capability statement: what the server says it can do, which is what its profile says it offers."""

from collections.abc import Mapping

from ifmatch import __version__
from ifmatch.reference.exchange import World
from ifmatch.reference.message import Resource
from ifmatch.reference.patch import FORMATS
from ifmatch.reference.resource_types import RESOURCE_TYPES
from ifmatch.rules.profile import Profile

#: CapabilityStatement.fhirVersion of each version (FHIR value set FHIR-version; before R4 a plain text).
FHIR_VERSION: Mapping[str, str] = {"DSTU2": "1.0.2", "STU3": "3.0.2", "R4": "4.0.1", "R4B": "4.3.0", "R5": "5.0.0"}

#: Types that a server for testing knows besides those of its profile.
_COMMON = ("Basic", "Encounter", "Flag", "List", "Observation", "Organization", "Patient", "Practitioner", "Task")

#: The interactions a statement lists for each type; patch is new in STU3.
_LISTED = ("read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create", "search-type")

_PARAMETERS = {"_id": "token", "_tag": "token", "identifier": "token"}

_PUBLISHED = "2026-01-01"


def statement(world: World, base: str) -> Resource:
    """The CapabilityStatement, or the Conformance of DSTU2, of a server with this profile."""
    profile = world.profile
    old = profile.fhir == "DSTU2"
    body: Resource = {
        "resourceType": "Conformance" if old else "CapabilityStatement",
        "status": "active",
        "date": _PUBLISHED,
        "kind": "instance",
        "software": {"name": "ifmatch reference server", "version": __version__},
        "implementation": {"description": f"The ifmatch reference server as {profile.title}", "url": base},
        "fhirVersion": FHIR_VERSION[profile.fhir],
        "format": [profile.media_type, "json"],
    }
    if profile.fhir in ("DSTU2", "STU3"):
        body["acceptUnknown"] = "both"
    if not old and (formats := _patch_formats(profile)):
        body["patchFormat"] = formats
    rest: Resource = {"mode": "server", "resource": [_resource(world, name) for name in types(profile)]}
    if systemwide := [{"code": code} for code in ("transaction", "batch") if offers(profile, code)]:
        if old:
            rest["transactionMode"] = "both" if len(systemwide) > 1 else systemwide[0]["code"]
        else:
            rest["interaction"] = systemwide
    return {**body, "rest": [rest]}


def offers(profile: Profile, interaction: str) -> bool:
    """Whether a server of the profile has an interaction: what the texts leave open, it has if its FHIR has it."""
    return profile.offers(interaction) is not False and not (profile.fhir == "DSTU2" and "patch" in interaction)


def types(profile: Profile) -> list[str]:
    """The types that the statement lists: those of the profile, and common ones of its FHIR version."""
    return sorted({*profile.resources, *_COMMON} & RESOURCE_TYPES[profile.fhir])


def _resource(world: World, name: str) -> Resource:
    profile = world.profile
    hidden = {"update"} if world.faults.on("update-not-claimed") else set()
    return {
        "type": name,
        "interaction": [{"code": code} for code in _LISTED if offers(profile, code) and code not in hidden],
        "versioning": "versioned-update" if world.dialect.refuses("update.if-match.missing", name) else "versioned",
        "readHistory": offers(profile, "vread"),
        "updateCreate": may_create_by_update(world, name),
        "conditionalCreate": offers(profile, "conditional-create"),
        "conditionalUpdate": offers(profile, "conditional-update"),
        "conditionalDelete": "single" if offers(profile, "conditional-delete") else "not-supported",
        "searchParam": [{"name": parameter, "type": type_} for parameter, type_ in _PARAMETERS.items()],
    }


def may_create_by_update(world: World, name: str) -> bool:
    """Whether an update of an id that was never given out creates the resource."""
    return offers(world.profile, "update-create") and not world.dialect.refuses("update.unknown-id", name)


#: The content types by which the statement names the patch formats.
_PATCH_TYPES = ("application/json-patch+json", "application/xml-patch+xml", "application/fhir+json")


def _patch_formats(profile: Profile) -> list[str]:
    if not offers(profile, "patch"):
        return []
    formats = set(FORMATS.values())
    spoken = formats & (profile.interactions or formats)
    return [media_type for media_type in _PATCH_TYPES if FORMATS[media_type] in (spoken or formats)]
