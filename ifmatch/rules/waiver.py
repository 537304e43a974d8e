"""Known failures that are let pass for a while: each with a reason, someone who answers for it, and a last day.

A waived rule runs and is reported like any other. Only that it fails, or cannot be judged, does not fail the run.
"""

from collections.abc import Mapping
from datetime import date

from ifmatch.errors import ConfigurationError
from ifmatch.rules.catalogue import hint, ids
from ifmatch.rules.renamed import current

#: What is said of a waiver: `reason`, `owner`, and `until`, its last day (ISO 8601). For a certificate also who let it
#: pass, `approver`, and where it is dealt with, `issue`, as a URL.
Waiver = Mapping[str, str]


def demand_known(waivers: Mapping[str, Waiver]) -> None:
    """Raises ConfigurationError when a waiver is for what is no rule: it would never be missed."""
    for name in set(map(current, waivers)) - ids():
        raise ConfigurationError(f'There is no rule "{name}" to be waived.{hint(name)}')


def in_force(waivers: Mapping[str, Waiver], today: date) -> dict[str, Waiver]:
    """The waivers whose last day has not passed, by the ids that their rules have now."""
    return {
        current(rule): waiver
        for rule, waiver in waivers.items()
        if waiver["until"] >= today.isoformat()
    }


def describe(waiver: Waiver) -> str:
    """Such as `until 2026-12-31 by ada@example.org: fixed in the next release`."""
    approved = f", approved by {waiver['approver']}" if "approver" in waiver else ""
    issue = f" ({waiver['issue']})" if "issue" in waiver else ""
    return f"until {waiver['until']} by {waiver['owner']}{approved}: {waiver['reason']}{issue}"


def expired(rule: str, waiver: Waiver) -> str:
    """The warning that a waiver does not count any more."""
    return f"the waiver of {rule} ended on {waiver['until']}, so a failure counts again (owner: {waiver['owner']})"


def idle(rule: str, waiver: Waiver, is_observed: bool) -> str:
    """The warning that there was nothing to waive: the rule is kept, or nobody demands it."""
    owner = f"(owner: {waiver['owner']})"
    if is_observed:
        return (
            f"{rule} is only observed by this profile, which demands nothing there: its waiver waives nothing and can "
            f"go {owner}"
        )
    return f"{rule} does not fail any more: its waiver can go {owner}"
