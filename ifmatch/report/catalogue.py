"""The catalogue for a person: rules with what a profile expects of them, profiles with what they promise, faults."""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from rich.console import Console
from rich.text import Text

from ifmatch.errors import NothingSelected
from ifmatch.race.budget import EFFORTS
from ifmatch.report.console import console_for
from ifmatch.rules import profile as profiles
from ifmatch.rules.catalogue import Rule, matches, rules
from ifmatch.rules.expectation import Expectation, NotApplicable, Promise, promised_status
from ifmatch.rules.profile import Profile


class _Fault(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def breaks(self) -> tuple[str, ...]: ...
    @property
    def profile(self) -> str: ...


def print_rules(profile: Profile | None, globs: str) -> None:
    """Every rule that matches, by feature: its id and sentence; with a profile, also what it expects and why.

    Raises NothingSelected when no rule matches.
    """
    console = console_for()
    chosen = [rule for rule in rules() if matches(rule.id, globs)]
    if not chosen:
        raise NothingSelected(f'No rule matches "{globs}". `ifmatch rules` lists the ids of all rules.')
    feature = ""
    for rule in chosen:
        if rule.feature != feature:
            feature = rule.feature
            _line(console, f"\n{feature}", "bold")
        _line(console, f"  {rule.id:<46} {rule.title}")
        if profile is not None:
            _print_promises(console, profile, rule)
    _line(console, f"\n{len(chosen)} rules{_counted(profile, chosen) if profile else ''}")
    if any(rule.id.startswith("race.") for rule in chosen):
        budgets = "; ".join(f"{name}: {budget}" for name, budget in EFFORTS.items())
        _line(console, f"A race is run within the budget that --effort names. {budgets}.", "dim")


def print_profiles() -> None:
    """Every shipped profile with its base and how much it says."""
    console = console_for()
    for name in profiles.shipped():
        profile = profiles.load(name)
        bases = f"extends {profile.bases[0]}" if profile.bases else "a base"
        _line(console, f"{name:<24}{profile.title}", "bold")
        _line(console, f"{'':<24}{bases} · subject {profile.subject} · {_counts(profile, rules())}", "dim")


def print_profile(profile: Profile) -> None:
    """Everything a profile promises, resolved along its bases, with the sources."""
    console = console_for()
    _line(console, f"{profile.id}: {profile.title}", "bold")
    _line(
        console,
        f"FHIR {profile.fhir} · extends {', '.join(profile.bases) or 'nothing'} · sha256 {profile.sha256[:16]}…",
    )
    offered = (
        "as the capability statement says" if profile.interactions is None else ", ".join(sorted(profile.interactions))
    )
    _line(console, f"interactions: {offered}")
    kinds = (f"{kind.type} ({kind.how})" for kind in profile.resources.values())
    _line(console, f"subject: {profile.subject} · resources: {', '.join(kinds)}")
    for rule in rules():
        _line(console, f"\n{rule.id}", "bold")
        _print_promises(console, profile, rule)
    _line(console, f"\n{_counts(profile, rules())}")


def print_faults(faults: Iterable[_Fault]) -> None:
    """Every fault that the embedded server can show, with the profile and the rules it breaks."""
    console = console_for()
    for fault in faults:
        _line(console, f"{fault.name}", "bold")
        _line(console, f"    {fault.sentence}")
        _line(console, f"    -p {fault.profile} · breaks {', '.join(fault.breaks)}", "dim")


def _print_promises(console: Console, profile: Profile, rule: Rule) -> None:
    if "@if-promised" in rule.tags and not profile.speaks_of(rule.id):
        _line(console, "      does not apply: the profile promises nothing of the kind", "dim")
        return
    for resource_type in profile.types_of(rule.id):
        about = f"{resource_type}: " if len(profile.types_of(rule.id)) > 1 else ""
        for text in _told(profile.promise(rule.id, resource_type)):
            _line(console, f"      {about}{text}", "dim")


def _told(promise: Promise) -> Iterable[str]:
    if isinstance(promise, NotApplicable):
        yield f"does not apply: {promise.reason}"
    elif isinstance(promise, Expectation):
        place = promise.source.url or (f"document {promise.source.document}" if promise.source.document else "")
        yield f"{promise.level} {_demands(promise)}"
        yield f"{promise.source.title}{f' · {place}' if place else ''}"
        if promise.says:
            yield f"“{promise.says}”"
    else:
        yield f"surveyed{f': {promise.note}' if promise.note else ''}"


def _demands(promise: Expectation) -> str:
    headers = [f"{name} {' '.join(forms)}" for name, forms in promise.headers.items()]
    issue = [f"issue {element} {' or '.join(codes)}" for element, codes in promise.issue.items()]
    answer = [promised_status(promise)] if promise.status or promise.outcome or promise.body else []
    text = [f'text "{promise.text}"'] if promise.text else []
    return ", ".join([*answer, *headers, *issue, *text]) or "as the sentence says"


def _counted(profile: Profile, chosen: Iterable[Rule]) -> str:
    return f" for {profile.id}: {_counts(profile, chosen)}"


def _counts(profile: Profile, chosen: Iterable[Rule]) -> str:
    kinds = Counter(_kind(profile, rule) for rule in chosen)
    return ", ".join(f"{kinds[kind]} {kind}" for kind in ("expected", "surveyed", "do not apply"))


def _kind(profile: Profile, rule: Rule) -> str:
    promises = [profile.promise(rule.id, t) for t in profile.types_of(rule.id)]
    interactions = [tag.removeprefix("@needs:") for tag in rule.tags if tag.startswith("@needs:")]
    if "@if-promised" in rule.tags and not profile.speaks_of(rule.id):
        return "do not apply"
    if any(
        profile.offers(i) is False for i in interactions if i not in ("credentials", "second-identity", "statement")
    ):
        return "do not apply"
    if all(isinstance(promise, NotApplicable) for promise in promises):
        return "do not apply"
    return "expected" if any(isinstance(promise, Expectation) for promise in promises) else "surveyed"


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style), soft_wrap=not console.is_terminal)
