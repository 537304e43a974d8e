"""Rules that had another id once: old reports, waivers, profiles and command lines are still understood."""

from collections.abc import Iterable, Iterator, Mapping

#: The ids that a rule has had, each with the id that it has now.
RENAMED: Mapping[str, str] = {
    "always.date": "always.date-present",
    "conditional-update.one-ignores-body-id": "conditional-update.one-with-other-id",
    "conditional-update.taken-id": "conditional-update.none-with-taken-id",
    "patch.fhirpath": "patch.fhirpath-patch",
    "patch.invalid-patch": "patch.impossible-change",
    "update.condition-through-list": "update.list",
    "update.if-match.two-lines": "update.if-match.two-lines-stale",
    "update.version.never-reused": "update.version.distinct",
    "update.wrong-type": "update.body-type.mismatched",
}


def current(rule: str) -> str:
    """The id that a rule has now, by that one or by an earlier one."""
    return RENAMED.get(rule, rule)


def names_of(rule: str) -> tuple[str, ...]:
    """The id of a rule, and those that it had earlier."""
    return (rule, *(old for old, new in RENAMED.items() if new == rule))


def notes(names: Iterable[str]) -> Iterator[str]:
    """What to write in place of each name that is an old one."""
    for name in names:
        if name in RENAMED:
            yield f"the rule {name} is called {RENAMED[name]} now: write that instead"
