"""Why a rule cannot be run on a target: what its tags ask for, against what the profile and the target offer.

`@needs:` names an interaction or one of `CONDITIONS`, `@unless:` an interaction whose absence the rule is about, and
`@if-promised` leaves a rule out where the profile does not speak of it.
"""

from collections.abc import Callable, Iterator, Mapping

from ifmatch.client.settings import Identity
from ifmatch.client.target import Target
from ifmatch.rules.catalogue import Rule


def why_not(target: Target, rule: Rule) -> str:
    """Why a rule cannot be run on this target; empty when it can."""
    return next(_obstacles(target, rule), "")


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


def _credentials(target: Target) -> str:
    given = Identity.FIRST in target.settings.credentials
    return "" if given else "no credentials were given, so every request is like one without"


def _second_identity(target: Target) -> str:
    given = Identity.SECOND in target.settings.credentials
    return "" if given else "no second identity was given that may read but not write"


#: What a rule may need that is no interaction.
CONDITIONS: Mapping[str, Callable[[Target], str]] = {
    "credentials": _credentials,
    "second-identity": _second_identity,
    "statement": lambda target: target.statement.problem,
}
