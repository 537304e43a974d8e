"""One rule explained: its story, who promises what, what a server must do to break it, and what to do about that."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from ifmatch.report.advice import advice_on
from ifmatch.report.catalogue import Fault
from ifmatch.report.console import console_for
from ifmatch.report.console.lines import print_beside, print_line
from ifmatch.report.promises import Promised, lines_of, promised_by
from ifmatch.report.story import story_of
from ifmatch.report.symptoms import ACCEPTED, REFUSED, Symptom
from ifmatch.rules.catalogue import Rule
from ifmatch.rules.expectation import Expectation, Promise, promised_status
from ifmatch.rules.profile import Profile


def print_explanation(rule: Rule, profiles: Sequence[Profile], faults: Iterable[Fault]) -> None:
    """Everything that there is to say about a rule, with what these profiles promise."""
    console = console_for()
    _print_story(console, rule)
    _heading(console, "what is promised")
    for alike, promises in promised_by(profiles, rule):
        _print_promises(console, ", ".join(profile.id for profile in alike), promises)
    _print_faults(console, rule, [fault for fault in faults if rule.id in fault.breaks])
    advice = advice_on(_likely_symptom(rule, profiles), rule.id.startswith("race."))
    _heading(console, "when it fails")
    _value(console, "usually", advice.means)
    _value(console, "to do", advice.mend)


def _print_story(console: Console, rule: Rule) -> None:
    story = story_of(rule)
    print_line(console, Text(rule.id, "bold").append(f"   {rule.title}"))
    print_line(console, f"{rule.feature}   features/{rule.path}", "dim")
    console.print()
    print_line(console, story.why)
    console.print()
    for sentence in story.sentences:
        print_line(console, f"  {sentence}")
    for row in story.rows:
        print_line(console, f"    | {' | '.join(row)} |", "dim")


def _print_promises(console: Console, who: str, promises: Iterable[Promised]) -> None:
    print_line(console, f"  {who}", "bold")
    for promise in promises:
        for line in lines_of(promise):
            print_beside(console, Text("    "), Text(line))


def _print_faults(console: Console, rule: Rule, faults: Sequence[Fault]) -> None:
    _heading(console, "what breaks it")
    for fault in faults:
        print_beside(console, Text("  "), Text(fault.sentence))
        command = f"ifmatch run -p {fault.profile} --fault {fault.name} --rules {rule.id}"
        console.print(Text(f"    {command}", "dim"), soft_wrap=True)


def _likely_symptom(rule: Rule, profiles: Iterable[Profile]) -> Symptom:
    """How a server most likely breaks a rule, by what is promised of it first."""
    if rule.id.startswith("race."):
        return Symptom(rule.id.split(".")[1].replace("-", " "), ACCEPTED)
    promises = (profile.promise(rule.id, profile.subject) for profile in profiles)
    status = next(filter(None, map(_promised_class, promises)), "")
    wrong = {"4": ACCEPTED, "2": REFUSED}.get(status, "expected a ")
    return Symptom(_interaction(rule), wrong)


def _promised_class(promise: Promise) -> str:
    """The first digit of the status that is promised; empty where no outcome is."""
    if not isinstance(promise, Expectation) or not (promise.status or promise.outcome):
        return ""
    return promised_status(promise)[0]


def _interaction(rule: Rule) -> str:
    name = rule.id.partition(".")[0].replace("-", " ")
    names_a_version = ".if-match" in rule.id or "@needs:versions" in rule.tags
    return f"{name} with If-Match" if names_a_version else name


def _heading(console: Console, text: str) -> None:
    console.print()
    print_line(console, text, "bold")


def _value(console: Console, name: str, text: str) -> None:
    print_beside(console, Text(f"  {name:<9}", "dim"), Text(text))
