"""The catalogue for a person: rules with what a profile expects of them, profiles with what they promise, faults."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from rich.console import Console
from rich.text import Text

from ifmatch.race.budget import EFFORTS
from ifmatch.report.console import console_for
from ifmatch.report.promises import excluded_by, lines_of, promises_of
from ifmatch.report.text import counted
from ifmatch.rules import profile as profiles
from ifmatch.rules.catalogue import Rule, demand_matching, matches, rules
from ifmatch.rules.expectation import Expectation, NotApplicable
from ifmatch.rules.profile import Profile
from ifmatch.rules.renamed import notes

#: The profile that a fault breaks unless another stands beside it.
_USUAL_PROFILE = "fhir-r4"

#: The interaction of the rules that are a table, of which each cell has its fault.
_OF_THE_TABLE = "door"

#: Columns for the name of a fault; few are longer.
_FAULT_WIDTH = 40


class Fault(Protocol):
    """A fault of the embedded server, which this room does not know."""

    @property
    def name(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def breaks(self) -> tuple[str, ...]: ...
    @property
    def profile(self) -> str: ...


#: What is said of a rule that the profile leaves out.
_NOT_BY_PROFILE = "do not apply"


def planned(
    profile: Profile, chosen: Iterable[Rule], why_not: Callable[[Rule], str]
) -> dict[str, int]:
    """How many rules are expected, surveyed, or do not apply by the profile, and how many not to one target.

    `why_not` says why a rule cannot be run on that target, or nothing when it can. What the profile leaves out is the
    same number for every target. That a rule has no meaning may still be seen when it is tried.
    """
    by_profile = ((rule, _kind(profile, rule)) for rule in chosen)
    kinds = Counter(
        "not to this target" if kind != _NOT_BY_PROFILE and why_not(rule) else kind
        for rule, kind in by_profile
    )
    return {
        kind: kinds[kind]
        for kind in ("expected", "surveyed", _NOT_BY_PROFILE, "not to this target")
    }


def _kind(profile: Profile, rule: Rule) -> str:
    """What a profile alone makes of a rule, on any of the resource types that it is run on."""
    if excluded_by(profile, rule):
        return _NOT_BY_PROFILE
    promises = (
        profile.promise(rule.id, resource_type) for resource_type in profile.types_of(rule.id)
    )
    kinds = set(map(type, promises))
    if Expectation in kinds:
        return "expected"
    return _NOT_BY_PROFILE if kinds == {NotApplicable} else "surveyed"


# ---------------------------------------------------------------- rules


def print_rules(profile: Profile | None, globs: str) -> None:
    """Every rule that matches, by feature: its id and sentence; with a profile, also what it expects and why.

    Raises NothingSelected when no rule matches.
    """
    console = console_for()
    chosen = chosen_rules(globs)
    for feature, of_feature in _by_feature(chosen).items():
        _line(console, f"\n{feature}", "bold")
        for rule in of_feature:
            _print_rule(console, profile, rule)
    counts = f" for {profile.id}: {_counts(profile, chosen)}" if profile else ""
    _line(console, f"\n{counted(len(chosen), 'rule')}{counts}")
    _print_budgets(console, chosen)


def _print_rule(console: Console, profile: Profile | None, rule: Rule) -> None:
    _line(console, f"  {rule.id:<46}  {rule.title}")
    if profile is not None:
        _print_promises(console, profile, rule)


def chosen_rules(globs: str) -> list[Rule]:
    """The rules that match. Raises NothingSelected when a pattern matches none."""
    demand_matching(globs)
    return [rule for rule in rules() if matches(rule.id, globs)]


def _by_feature(chosen: Iterable[Rule]) -> dict[str, list[Rule]]:
    grouped: dict[str, list[Rule]] = {}
    for rule in chosen:
        grouped.setdefault(rule.feature, []).append(rule)
    return grouped


def _print_budgets(console: Console, chosen: Iterable[Rule]) -> None:
    if any(rule.id.startswith("race.") for rule in chosen):
        budgets = "; ".join(f"{name}: {budget}" for name, budget in EFFORTS.items())
        _line(console, f"A race is run within the budget that --effort names. {budgets}.", "dim")


def _print_promises(console: Console, profile: Profile, rule: Rule) -> None:
    for promise in promises_of(profile, rule):
        for line in lines_of(promise):
            _line(console, f"      {line}", "dim")


# ---------------------------------------------------------------- profiles and faults


def print_profiles() -> None:
    """Every shipped profile with its base and how much it says."""
    console = console_for()
    for name in profiles.shipped():
        profile = profiles.load(name)
        bases = f"extends {profile.bases[0]}" if profile.bases else "a base"
        _line(console, f"{name:<24}{profile.title}", "bold")
        _line(
            console,
            f"{'':<24}{bases} · subject {profile.subject} · {_counts(profile, rules())}",
            "dim",
        )
    _line(
        console,
        "\nCounted by the profile alone. To a target fewer may apply, such as where nobody gives a second identity or "
        "the statement does not claim an interaction: `ifmatch run` says at its start how many.",
        "dim",
    )


def print_profile(profile: Profile) -> None:
    """Everything a profile promises, resolved along its bases, with the sources."""
    console = console_for()
    _line(console, f"{profile.id}: {profile.title}", "bold")
    bases = ", ".join(profile.bases) or "nothing"
    if profile.draft:
        _line(console, "draft: the texts may still change", "yellow")
    _line(console, f"FHIR {profile.fhir} · extends {bases} · sha256 {profile.sha256[:16]}…")
    _line(console, f"interactions: {_offered(profile)}")
    for note in notes(profile.renamed):
        _line(console, note, "yellow")
    kinds = ", ".join(f"{kind.type} ({kind.how})" for kind in profile.resources.values())
    _line(console, f"subject: {profile.subject} · resources: {kinds}")
    for rule in rules():
        _line(console, f"\n{rule.id}", "bold")
        _print_promises(console, profile, rule)
    _line(console, f"\n{_counts(profile, rules())}")


def print_faults(faults: Iterable[Fault]) -> None:
    """Every fault that the embedded server can show: a line each, by the interaction that it breaks first.

    Beside it stands the profile that promises what it breaks, where that is not the usual one. Those of the table of
    doors come last, for they are many.
    """
    console = console_for()
    groups: dict[str, list[Fault]] = {}
    for fault in faults:
        groups.setdefault(fault.breaks[0].partition(".")[0], []).append(fault)
    for name in sorted(groups, key=lambda name: name == _OF_THE_TABLE):
        _line(console, f"{name} ({len(groups[name])})", "bold")
        for fault in groups[name]:
            _line(console, f"  {fault.name:<{_FAULT_WIDTH}}  {fault.sentence}{_unusual(fault)}")


def _unusual(fault: Fault) -> str:
    return "" if fault.profile == _USUAL_PROFILE else f"  -p {fault.profile}"


def _offered(profile: Profile) -> str:
    if profile.interactions is None:
        return "as the capability statement says"
    return ", ".join(sorted(profile.interactions))


def _counts(profile: Profile, chosen: Sequence[Rule]) -> str:
    """By the profile alone, whatever a target is like."""
    counts = Counter(_kind(profile, rule) for rule in chosen)
    return ", ".join(f"{counts[kind]} {kind}" for kind in ("expected", "surveyed", _NOT_BY_PROFILE))


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style), soft_wrap=not console.is_terminal)
