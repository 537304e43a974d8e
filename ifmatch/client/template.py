"""The profile's templates on this target: whether they can be filled, and a fresh body or a change made of one."""

from typing import Any

from ifmatch.client.subject import Subject, new_mark
from ifmatch.client.target import Target
from ifmatch.errors import ConfigurationError, OutcomeUnknown, SetupFailed
from ifmatch.rules.answer import Resource
from ifmatch.rules.content import fill, merge, placeholders_in, put
from ifmatch.rules.profile import ResourceKind

#: What an update takes out of the resource that it is based on.
_READ_ONLY = {"meta": {"versionId": None, "lastUpdated": None}}


def fresh_body(target: Target, kind: ResourceKind, unique: str) -> Resource:
    """A valid body of a kind with the label of this run. Raises SetupFailed when a placeholder has no value."""
    return target.labelled(kind, _filled(target, kind, kind.body, unique))


def changed_body(target: Target, subject: Subject, base: Resource) -> Resource:
    """A resource as an ordinary update would send it: its content with a new mark in it."""
    change = _filled(target, subject.kind, subject.kind.change, subject.unique)
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


def demand_template(target: Target) -> None:
    """See that the resource that most rules work on can be had, before a hundred scenarios fail of it.

    Raises ConfigurationError when the target file leaves out what only it can give.
    """
    kind = target.profile.resources[target.profile.subject]
    _demand_ids(kind)
    _demand_values(target, kind)
    _demand_marker(kind)


def _demand_ids(kind: ResourceKind) -> None:
    if kind.lent and not kind.ids:
        raise ConfigurationError(
            f"{kind.type} is to be had as existing ones, but none is named: give ids under "
            f"[resources.{kind.type}] in the target file."
        )


def _demand_values(target: Target, kind: ResourceKind) -> None:
    missing = _unfilled([kind.body, kind.change], target)
    if missing:
        raise ConfigurationError(
            f"The template of {kind.type} in the profile {target.profile.id} needs {missing}."
        )


def _demand_marker(kind: ResourceKind) -> None:
    if not kind.marker or kind.lent:
        return
    try:
        put(merge(kind.body, kind.change), kind.marker, "")
    except KeyError as error:
        raise ConfigurationError(
            f"resources.{kind.type}.marker: {error.args[0]}. It must lead to an element of the body."
        ) from None


def _filled(target: Target, kind: ResourceKind, template: Resource, unique: str) -> Any:
    missing = _unfilled(template, target)
    if missing:
        raise SetupFailed(f"the template of {kind.type} needs {missing}")
    return fill(template, {"unique": unique, "run": target.run_id, **target.settings.placeholders})


def _unfilled(template: Any, target: Target) -> str:
    """The placeholder of a template that nobody has given a value for, and where to give it; else nothing."""
    missing = placeholders_in(template) - {"unique", "run", *target.settings.placeholders}
    name = min(missing, default="")
    return name and f"{{{name}}}: give it as {name} under [placeholders] in the target file"
