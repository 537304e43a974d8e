"""Known failures that are let pass for a while: each with a reason, someone who answers for it, and a last day.

A waived rule is run and told like any other. Only that it fails, or can never be told, does not fail the run.
"""

from collections.abc import Mapping
from datetime import date

from ifmatch.errors import ConfigurationError, did_you_mean
from ifmatch.rules.catalogue import rules

#: What is said of a waiver: `reason`, `owner`, and `until`, its last day (ISO 8601).
Waiver = Mapping[str, str]


def demand_known(waivers: Mapping[str, Waiver]) -> None:
    """Raises ConfigurationError when a waiver is for what is no rule: it would never be missed."""
    ids = [rule.id for rule in rules()]
    for name in waivers.keys() - ids:
        hint = did_you_mean(name, ids)
        raise ConfigurationError(f'There is no rule "{name}" to be waived.{hint} `ifmatch rules` lists all.')


def in_force(waivers: Mapping[str, Waiver], today: date) -> dict[str, Waiver]:
    """The waivers whose last day has not passed."""
    return {rule: waiver for rule, waiver in waivers.items() if waiver["until"] >= today.isoformat()}


def describe(waiver: Waiver) -> str:
    """Such as `until 2026-12-31 by ada@example.org: fixed in the next release`."""
    return f"until {waiver['until']} by {waiver['owner']}: {waiver['reason']}"


def expired(rule: str, waiver: Waiver) -> str:
    """The warning that a waiver does not count any more."""
    return f"the waiver of {rule} ended on {waiver['until']}, so a failure counts again (owner: {waiver['owner']})"


def idle(rule: str, waiver: Waiver) -> str:
    """The warning that there was nothing to waive."""
    return f"{rule} does not fail any more: its waiver can go (owner: {waiver['owner']})"
