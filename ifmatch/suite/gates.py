"""Why a rule cannot be run on a target: what its tags ask for, against what the profile and the target offer.

`@needs:` names an interaction or one of `CONDITIONS`, `@unless:` an interaction whose absence the rule is about, and
`@if-promised` leaves a rule out where the profile does not speak of it.
"""

from collections.abc import Callable, Iterator, Mapping

from ifmatch.client.identity import NOT_GIVEN, Identity
from ifmatch.client.target import Target
from ifmatch.rules.catalogue import Rule


def why_not(target: Target, rule: Rule) -> str:
    """Why a rule cannot be run on this target; empty when it can."""
    return next(_obstacles(target, rule), "")


#: Interactions that a server may have or not: who claims none of them may refuse them all (FHIR R4 http.html).
_OPTIONAL = frozenset(
    {
        "patch", "json-patch", "xml-patch", "fhirpath-patch", "conditional-create", "conditional-update",
        "conditional-delete", "update-create", "transaction", "batch", "delete", "search-type", "history-instance",
        "vread",
    }
)  # fmt: skip


def unclaimed(target: Target, rule: Rule) -> tuple[str, ...]:
    """The optional interactions that a rule needs, and that neither the texts nor the statement say the target has."""
    needs = {tag.removeprefix("@needs:") for tag in rule.tags}
    # A patch format says more than that there are patches.
    optional = sorted(needs & _OPTIONAL, key=len, reverse=True)
    return tuple(need for need in optional if _is_open(target, need))


def _is_open(target: Target, interaction: str) -> bool:
    profile = target.profile
    is_promised = profile.offers(interaction) is True
    return not is_promised and target.statement.claims(interaction, profile.subject) is None


def _obstacles(target: Target, rule: Rule) -> Iterator[str]:
    if "@if-promised" in rule.tags and not target.profile.speaks_of(rule.id):
        yield f"{target.profile.title} promises nothing of the kind"
    for tag in sorted(rule.tags):
        kind, _, value = tag.partition(":")
        obstacle = _GATES[kind](target, value) if kind in _GATES else ""
        if obstacle:
            yield obstacle


def _lacks(target: Target, need: str) -> str:
    """Why what a rule needs is not there."""
    if need in CONDITIONS:
        return CONDITIONS[need](target)
    profile = target.profile
    if profile.offers(need) is False:
        return f"{profile.title} has no {need}"
    if target.statement.claims(need, profile.subject) is False:
        return f"the capability statement does not claim {need} for {profile.subject}"
    return ""


def _has(target: Target, interaction: str) -> str:
    """Why it is not certain that an interaction is absent."""
    claimed = target.statement.claims(interaction, target.profile.subject)
    if target.profile.offers(interaction) is False or claimed is False:
        return ""
    return (
        f"the target has {interaction}"
        if claimed
        else f"it is not known whether the target has {interaction}"
    )


#: What each kind of tag asks for.
_GATES: Mapping[str, Callable[[Target, str], str]] = {"@needs": _lacks, "@unless": _has}


def _given(identity: Identity) -> Callable[[Target], str]:
    """Asks for what shows the target who we are."""
    return lambda target: "" if identity in target.settings.credentials else NOT_GIVEN[identity]


def _versions(target: Target) -> str:
    kind = target.profile.subject
    kept = target.statement.keeps_versions(kind)
    return "" if kept else f"the capability statement says that {kind} has no versions"


def _search(resource_type: str) -> Callable[[Target], str]:
    """Asks for a search of a type that is none of the profile's: what is not claimed is not looked for."""

    def obstacle(target: Target) -> str:
        if target.statement.claims("search-type", resource_type):
            return ""
        return f"the capability statement does not claim search-type for {resource_type}"

    return obstacle


#: What a rule may need that is no interaction.
CONDITIONS: Mapping[str, Callable[[Target], str]] = {
    "audit-event": _search("AuditEvent"),
    "credentials": _given(Identity.FIRST),
    "provenance": _search("Provenance"),
    "second-identity": _given(Identity.SECOND),
    "statement": lambda target: target.statement.problem,
    "versions": _versions,
}
