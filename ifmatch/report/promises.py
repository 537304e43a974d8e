"""What profiles promise for a rule, in words: who promises what, how strongly, and where that is written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ifmatch.report.text import place_of
from ifmatch.rules.catalogue import Rule
from ifmatch.rules.expectation import Expectation, NotApplicable, Promise, Surveyed, promised_status
from ifmatch.rules.profile import Profile

#: Gates that depend on what a target file gives or a target shows, which no profile knows.
OF_THE_TARGET = frozenset(
    {"audit-event", "credentials", "provenance", "second-identity", "statement", "versions"}
)


@dataclass(frozen=True)
class Promised:
    """A promise in words. `level` is empty where nothing is promised; `about` names the resource type it is for."""

    level: str
    what: str
    source: str = ""
    place: str = ""
    says: str = ""
    about: str = ""


def promises_of(profile: Profile, rule: Rule) -> tuple[Promised, ...]:
    """What a profile promises for a rule: for each resource type whose promise differs from the others."""
    reason = excluded_by(profile, rule)
    if reason:
        return (Promised("", f"does not apply: {reason}"),)
    types = profile.types_of(rule.id)
    abouts = types if len(types) > 1 else [""]
    return tuple(
        in_words(profile.promise(rule.id, type), about)
        for type, about in zip(types, abouts, strict=True)
    )


def excluded_by(profile: Profile, rule: Rule) -> str:
    """Why a profile alone says that a rule cannot be run, whatever the target is like; empty when it does not.

    What is promised of interactions that a system does not have is not promised by it, though its bases promise it.
    """
    if "@if-promised" in rule.tags and not profile.speaks_of(rule.id):
        return "the profile promises nothing of the kind"
    missing = next(_missing(profile, rule), "")
    return f"the profile has no {missing}" if missing else ""


def _missing(profile: Profile, rule: Rule) -> Iterator[str]:
    """The interactions that a rule needs and a profile says there are none of."""
    needs = {tag.removeprefix("@needs:") for tag in rule.tags if tag.startswith("@needs:")}
    for name in sorted(needs - OF_THE_TARGET):
        if profile.offers(name) is False:
            yield name


def promised_by(
    profiles: Iterable[Profile], rule: Rule
) -> Iterator[tuple[list[Profile], tuple[Promised, ...]]]:
    """Who promises what for a rule, those that promise the same together."""
    grouped: dict[tuple[Promised, ...], list[Profile]] = {}
    for profile in profiles:
        grouped.setdefault(promises_of(profile, rule), []).append(profile)
    yield from ((alike, promises) for promises, alike in grouped.items())


def lines_of(promise: Promised) -> Iterator[str]:
    """A promise line by line: how strongly what is promised, where that is written, and what it says."""
    about = f"{promise.about}: " if promise.about else ""
    yield about + f"{promise.level} {promise.what}".strip()
    written = " · ".join(filter(None, (promise.source, promise.place)))
    if written:
        yield about + written
    if promise.says:
        yield about + promise.says


def in_words(promise: Promise, about: str = "") -> Promised:
    """What a promise demands, where that is written, and what it says."""
    if isinstance(promise, NotApplicable):
        return Promised("", f"does not apply: {promise.reason}", about=about)
    if isinstance(promise, Surveyed):
        note = f": {promise.note}" if promise.note else ""
        return Promised("", f"surveyed{note}", about=about)
    return Promised(
        level=str(promise.level),
        what=_demands(promise),
        source=promise.source.title,
        place=place_of(promise.source),
        says=promise.says,
        about=about,
    )


def _demands(promise: Expectation) -> str:
    answered = promise.status or promise.outcome or promise.body
    demands = [promised_status(promise)] if answered else []
    demands += [f"{name} {' '.join(forms)}" for name, forms in promise.headers.items()]
    demands += [f"issue {element} {' or '.join(codes)}" for element, codes in promise.issue.items()]
    demands += [f'text "{promise.text}"'] if promise.text else []
    return ", ".join(demands) or "as the sentence says"
