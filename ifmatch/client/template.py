"""The profile's templates on this target: whether they can be filled, and a fresh body or a change made of one."""

from collections.abc import Iterable
from typing import Any

from ifmatch.client.subject import Subject, new_mark
from ifmatch.client.target import Target
from ifmatch.errors import ConfigurationError, OutcomeUnknown, SetupFailed, did_you_mean
from ifmatch.rules import catalogue
from ifmatch.rules.answer import Resource
from ifmatch.rules.catalogue import Rule
from ifmatch.rules.content import fill, merge, placeholders_in, put
from ifmatch.rules.profile import Profile, ResourceKind

#: The placeholders that every run fills by itself.
BY_ITSELF = frozenset({"unique", "run"})

#: What an update takes out of the resource that it is based on.
_READ_ONLY = {"meta": {"versionId": None, "lastUpdated": None}}


def fresh_body(target: Target, kind: ResourceKind, unique: str) -> Resource:
    """A valid body of a kind with the label of this run. Raises SetupFailed when a placeholder has no value."""
    return target.labelled(kind, filled(target, kind, kind.body, unique))


def changed_body(target: Target, subject: Subject, base: Resource) -> Resource:
    """A resource as an ordinary update would send it: its content with a new mark in it."""
    change = filled(target, subject.kind, subject.kind.change, subject.unique)
    changed: Resource = merge(merge(base, _READ_ONLY), change)
    mark = new_mark()
    for pointer in subject.kind.marks_to_set(changed):
        try:
            changed = put(changed, pointer, mark)
        except KeyError:
            raise OutcomeUnknown(
                f"the target shows no element at {pointer}, where an update leaves its mark: "
                "what it stored of the resource is not what was sent"
            ) from None
    return changed


def filled(target: Target, kind: ResourceKind, template: Resource | str, unique: str) -> Any:
    """A part of a template with its placeholders filled. Raises SetupFailed when one has no value."""
    missing = placeholders_in(template) - _given(target)
    if missing:
        raise SetupFailed(f"the template of {kind.type} needs a value for {_in_braces(missing)}")
    return fill(template, {**target.settings.placeholders, "unique": unique, "run": target.run_id})


def demand_templates(target: Target, rules: str) -> None:
    """See that the resources that the selected rules work on can be had, before a hundred scenarios fail of it.

    Raises ConfigurationError when the target file leaves out what only it can give, or gives what nobody asks for.
    """
    kind = target.profile.resources[target.profile.subject]
    _demand_ids(kind)
    _demand_known(target)
    _demand_values(target, _kinds_for(target.profile, rules))
    _demand_marker(kind)


def _kinds_for(profile: Profile, rules: str) -> list[ResourceKind]:
    """The kinds of resources that the selected rules work on."""
    chosen = [rule for rule in catalogue.rules() if not rules or catalogue.matches(rule.id, rules)]
    names = {profile.subject}.union(*(_types_for(profile, rule) for rule in chosen))
    return [kind for name, kind in profile.resources.items() if name in names]


def _types_for(profile: Profile, rule: Rule) -> Iterable[str]:
    """The types that a rule works on; the rules that only one system has name types of their own."""
    names_types = rule.path.startswith("systems/") and profile.speaks_of(rule.id)
    return profile.resources if names_types else profile.types_of(rule.id)


def _demand_ids(kind: ResourceKind) -> None:
    if kind.lent and not kind.ids:
        raise ConfigurationError(
            f"{kind.type} is to be had as existing ones, but none is named: give ids under "
            f"[resources.{kind.type}] in the target file."
        )


def _demand_known(target: Target) -> None:
    """A misspelt placeholder would leave another one empty, unseen."""
    profile = target.profile
    asked = set().union(*map(placeholders_of, profile.resources.values()))
    known = {*profile.embedded.placeholders, *asked} - BY_ITSELF
    for name in sorted(target.settings.placeholders.keys() - known):
        raise ConfigurationError(
            f'The target file gives a value for the placeholder "{name}", which no template of the profile '
            f"{profile.id} has.{did_you_mean(name, known)} Its placeholders: {_in_braces(known) or 'none'}."
        )


def _demand_values(target: Target, kinds: Iterable[ResourceKind]) -> None:
    """Names all that is missing at once, as it can be pasted into the target file."""
    profile, needed = target.profile, dict[str, list[str]]()
    for kind in kinds:
        for name in sorted(placeholders_of(kind) - _given(target)):
            needed.setdefault(name, []).append(kind.type)
    if not needed:
        return
    examples = profile.embedded.placeholders
    lines = [
        f'{name} = "{examples.get(name, "...")}"   # as your server has it, for {", ".join(types)}'
        for name, types in sorted(needed.items())
    ]
    raise ConfigurationError(
        f"The templates of the profile {profile.id} need what only you can know: {_in_braces(needed)}. "
        "Put this into the target file (-t), with values of your server:\n\n"
        + "\n".join(["[placeholders]", *lines])
    )


def placeholders_of(kind: ResourceKind) -> set[str]:
    """What the parts of a template ask for that are sent."""
    body, *parts = kind.templates
    asked = placeholders_in([*parts, *kind.criteria.values()])
    return asked if kind.lent else asked | placeholders_in(body)


def _given(target: Target) -> set[str]:
    return {*BY_ITSELF, *target.settings.placeholders}


def _in_braces(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))


def _demand_marker(kind: ResourceKind) -> None:
    if not kind.marker or kind.lent:
        return
    try:
        put(merge(kind.body, kind.change), kind.marker, "")
    except KeyError as error:
        raise ConfigurationError(
            f"resources.{kind.type}.marker: {error.args[0]}. It must lead to an element of the body."
        ) from None
