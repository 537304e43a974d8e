"""The first look at a target: what it is, which profile it is held to, and what a reader should know of it."""

from collections.abc import Mapping

from ifmatch import __version__
from ifmatch.client.connect import (
    CHECK_THE_PATH,
    check_version,
    introduce,
    profile_id_for,
    seems_absent,
)
from ifmatch.client.overrides import with_overrides
from ifmatch.client.settings import Settings
from ifmatch.client.target import Target
from ifmatch.client.template import demand_templates
from ifmatch.client.workbench import Workbench
from ifmatch.errors import ConfigurationError, SetupFailed, TargetUnusable
from ifmatch.log.events import ProfileName, RunStarted, SuiteVersion, TargetDescribed
from ifmatch.rules import catalogue, renamed, waiver
from ifmatch.rules import profile as profiles
from ifmatch.rules.profile import Profile
from ifmatch.suite.options import Options
from ifmatch.suite.race_settings import RaceSettings
from ifmatch.suite.versions import executor, versions


def meet(
    target: Target,
    named: Profile | None,
    rules: str,
    in_force: Mapping[str, waiver.Waiver],
) -> TargetDescribed:
    """What is to be put down of a target before any rule is judged.

    With no profile named, the target is held to that of the FHIR version that it states. `rules` are patterns of the
    ids that are selected, `in_force` the waivers that are not over. Raises ConfigurationError or TargetUnusable when no
    rule can be judged.
    """
    introduction = introduce(target)
    statement, warnings = introduction.statement, list(introduction.warnings)
    if named is None:
        chosen = profiles.load(profile_id_for(statement))
        target.profile = with_overrides(chosen, target.settings.resources)
        warnings.append(
            f"no profile was named: by its /metadata the target is FHIR {statement.fhir_version}, judged by "
            f"{target.profile.id}"
        )
    check_version(target.profile, statement)
    is_absent = seems_absent(target)
    try:
        demand_templates(target, rules)
    except ConfigurationError as lacking:
        raise ConfigurationError(
            f"{lacking}{_nothing_there(target) if is_absent else ''}"
        ) from None
    if is_absent:
        _demand_an_endpoint(target)
    given = target.settings.waivers
    warnings += [
        waiver.expired(rule, one)
        for rule, one in given.items()
        if renamed.current(rule) not in in_force
    ]
    old_names = dict.fromkeys([*given, *target.profile.renamed, *catalogue.patterns_in(rules)])
    warnings += renamed.notes(old_names)
    return TargetDescribed(
        base_url=target.settings.base_url,
        waivers=in_force,
        software=statement.software,
        fhir_version=statement.fhir_version,
        warnings=tuple(warnings),
        profile=described(target.profile),
        credential=target.settings.credential,
    )


def header_of(
    run_id: str,
    settings: Settings,
    races: RaceSettings,
    options: Options,
    named: Profile | None,
) -> RunStarted:
    """The first event of a run: what it was asked for, and with what it is made."""
    return RunStarted(
        run=run_id,
        suite=SuiteVersion("ifmatch", __version__),
        command=tuple(options.command),
        seed=races.seed,
        effort=options.effort,
        writers=options.writers,
        strict=options.strict,
        wait=options.wait,
        certifies=options.certifies,
        versions=versions(),
        executor=executor(),
        profile=described(named) if named else None,
        profile_file=settings.profile,
        settings=settings.public,
        base_url=settings.base_url,
        target_file=options.target_file,
        faults=options.faults,
    )


def described(profile: Profile) -> ProfileName:
    """A profile as the log names it."""
    return ProfileName(
        id=profile.id,
        title=profile.title,
        label=profile.label,
        sha256=profile.sha256,
        version=profile.version,
        errata=profile.errata,
    )


def _nothing_there(target: Target) -> str:
    """What else may be wrong, where a run cannot begin for want of something."""
    url, kind = target.settings.base_url, target.profile.subject
    return f"\n\nBesides, {url} answers 404 to metadata and to {kind}. {CHECK_THE_PATH}"


def _demand_an_endpoint(target: Target) -> None:
    """See that a resource can be had at all. Raises TargetUnusable when not: there is nothing to judge."""
    kind = target.profile.subject
    try:
        Workbench(target, kind, history=False).make()
    except SetupFailed as failed:
        raise TargetUnusable(
            f"{target.settings.base_url} answers 404 to metadata and to {kind}, and makes no {kind} ({failed}): "
            f"there is no FHIR end-point, or not for this type. {CHECK_THE_PATH}"
        ) from None
