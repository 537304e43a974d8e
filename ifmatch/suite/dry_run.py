"""A dry run: what a run would write, with nothing sent but the question what the target is."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ifmatch.client.connect import await_start, check_version, profile_id_for, read_statement
from ifmatch.client.guard import demand_allowed_host
from ifmatch.client.overrides import with_overrides
from ifmatch.client.recorder import Recorder
from ifmatch.client.redaction import Redactor
from ifmatch.client.settings import settings_for
from ifmatch.client.target import Target
from ifmatch.client.template import demand_templates
from ifmatch.log.events import Event, Foreseen, Notice
from ifmatch.rules import profile as profiles
from ifmatch.suite.embedded import demand_address, embedded_server
from ifmatch.suite.forecast import foresee
from ifmatch.suite.options import Options
from ifmatch.suite.race_settings import race_settings
from ifmatch.suite.session import DEFAULT_PROFILE


def dry_run(options: Options) -> Foreseen:
    """What a run with these options would write.

    Raises ConfigurationError or TargetUnusable when it could not begin.
    """
    races = race_settings(options.effort, options.writers, options.seed)
    with _target(options) as target:
        await_start(target, options.wait)
        read_statement(target)
        if not target.settings.profile:
            chosen = profiles.load(profile_id_for(target.statement))
            target.profile = with_overrides(chosen, target.settings.resources)
        check_version(target.profile, target.statement)
        demand_templates(target, options.rules)
        return foresee(target, options.rules, races)


@contextmanager
def _target(options: Options) -> Iterator[Target]:
    """The target that a run would have; without an address, the embedded server of the profile stands for it."""
    settings = settings_for(
        options.base_url, options.target_file, options.profile, options.placeholders
    )
    demand_address(options)
    demand_allowed_host(settings)
    profile = profiles.load(settings.profile or DEFAULT_PROFILE)
    embedded = None
    if not settings.base_url:
        embedded, settings = embedded_server(profile, options.faults, settings)
    recorder = Recorder(_tell, Redactor(settings.secrets))
    target = Target(settings, with_overrides(profile, settings.resources), "dry-run", recorder)
    try:
        yield target
    finally:
        target.close()
        if embedded is not None:
            embedded.stop()


def _tell(event: Event) -> None:
    if isinstance(event, Notice):
        print(event.text, file=sys.stderr, flush=True)
