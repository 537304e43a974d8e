"""The resource kinds of a profile, changed as the target file says."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ifmatch.errors import ConfigurationError
from ifmatch.rules.profile import Profile, ResourceKind


def with_overrides(profile: Profile, resources: Mapping[str, Mapping[str, Any]]) -> Profile:
    """The profile with the resource kinds changed as the target file says.

    Raises ConfigurationError when a kind that the profile does not have is given without a body.
    """
    kinds = dict(profile.resources)
    for name, override in resources.items():
        parts: dict[str, Any] = {
            key: tuple(value) if key == "ids" else value for key, value in override.items()
        }
        if name not in kinds and "body" not in parts:
            known = ", ".join(sorted(kinds))
            raise ConfigurationError(
                f"The target file speaks of [resources.{name}], but the profile {profile.id} tests no {name} (it "
                f"tests {known}). "
                "Give it a body, or correct the name."
            )
        kinds[name] = (
            replace(kinds[name], **parts) if name in kinds else ResourceKind(type=name, **parts)
        )
        if kinds[name].lent:
            # What is lent does not carry our identifiers, so none of it can be found by them.
            kinds[name] = replace(kinds[name], criteria={})
    return replace(profile, resources=kinds)
