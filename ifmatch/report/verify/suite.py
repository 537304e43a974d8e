"""A run held against the suite: every case of every rule was judged, and by the profile that it names."""

from collections.abc import Iterator
from itertools import product

from ifmatch import __version__
from ifmatch.report.verify.evidence import Evidence, Unchecked, case_called, named
from ifmatch.rules import catalogue
from ifmatch.rules import profile as profiles
from ifmatch.rules.profile import Profile


def completeness(evidence: Evidence) -> Iterator[str]:
    """Every rule of the suite has a verdict in each of its cases, or is said to have been left out."""
    run = evidence.run
    if not run.complete:
        yield f"the run did not come to its end. {run.message}".strip()
        return
    if evidence.is_package:
        yield from named("rules that were left out", list(run.left_out))
    if not evidence.is_of_this_version:
        yield Unchecked(f"whether a rule was kept back is not known: {evidence.of_another}")
        return
    known = {judged.rule for judged in run.rules} | set(run.left_out)
    missing = [rule.id for rule in catalogue.rules() if rule.id not in known]
    yield from named("rules that nothing is said of", missing)
    held_to = _profile(evidence)
    if held_to is not None and not missing:
        yield from named("cases that nothing is said of", list(_cases_missing(evidence, held_to)))


def _cases_missing(evidence: Evidence, held_to: Profile) -> Iterator[str]:
    """The rows and resource types that a rule was to be judged in, and was not."""
    cases = (case for judged in evidence.run.rules for case in judged.cases)
    there = {case_called(case.rule, case.resource_type, case.row) for case in cases}
    for rule in catalogue.rules():
        if rule.id not in evidence.run.left_out and not catalogue.is_watched(rule.id):
            due = product(held_to.types_of(rule.template), rule.rows)
            names = (case_called(rule.id, resource_type, row) for resource_type, row in due)
            yield from (name for name in names if name not in there)


def profile(evidence: Evidence) -> Iterator[str]:
    """The profile is the one of that name which was shipped with the suite that made the run, or the one named."""
    of_run = evidence.run.profile
    name = evidence.profile or of_run.id
    if not evidence.profile and of_run.id not in profiles.shipped():
        yield Unchecked(
            f"{of_run.id or 'its profile'} is none of the suite's: what it demands is known to whoever wrote it. Name "
            "its text with -p"
        )
    elif not evidence.is_of_this_version:
        yield Unchecked(f"what it demands may have changed: {evidence.of_another}")
    elif profiles.load(name).sha256 != of_run.sha256:
        yield f"the run was not held to the profile {name} of ifmatch {__version__}: its hash is another one"


def _profile(evidence: Evidence) -> Profile | None:
    """The profile that the run was held to; None where its text is not at hand."""
    of_run = evidence.run.profile
    name = evidence.profile or (of_run.id if of_run.id in profiles.shipped() else "")
    found = profiles.load(name) if name else None
    return found if found is not None and found.sha256 == of_run.sha256 else None
