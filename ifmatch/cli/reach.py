"""The target of a command that is no run: found by the folder of a run, by a URL, or by a target file."""

import argparse
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ifmatch.client.connect import profile_id_for, read_statement
from ifmatch.client.fleet_file import entry_named
from ifmatch.client.guard import demand_allowed_host
from ifmatch.client.overrides import with_overrides
from ifmatch.client.recorder import Recorder
from ifmatch.client.redaction import Redactor
from ifmatch.client.settings import Settings, settings_for
from ifmatch.client.target import Target
from ifmatch.errors import ConfigurationError
from ifmatch.log.events import Event, Journalled, Notice
from ifmatch.log.reader import FILE_NAME, read
from ifmatch.log.writer import EventLog
from ifmatch.report.run import Run
from ifmatch.rules import profile as profiles
from ifmatch.rules.profile import Profile

#: The folders, within that of a run, in which its sweeps keep their evidence: the run's own log stays as it was.
_SWEEPS = "sweep-*"

#: The profile until the target has named its FHIR version.
_ANY = "fhir-r4"


@dataclass(frozen=True)
class Place:
    """Where leftovers are looked for. `folder` is that of a run, None when only its target is known."""

    settings: Settings
    folder: Path | None = None
    run: str = ""
    journal: tuple[Journalled, ...] = ()


def place_of(args: argparse.Namespace) -> Place:
    """Where a command is to look. Raises ConfigurationError when it is not said, or said in two ways."""
    if args.where and "://" not in args.where:
        return _place_of_run(Path(args.where), args)
    settings = settings_for(args.where, args.target, args.profile)
    if not settings.base_url:
        raise ConfigurationError(
            "Say where to look: the folder of a run, a base URL, or a target file with -t."
        )
    return Place(settings, run=args.run)


def _place_of_run(folder: Path, args: argparse.Namespace) -> Place:
    """The target of a run, reached by the target file that is given, else by the one that the run was given."""
    run = Run.of(read(folder))
    base_url, target_file = run.target.base_url, args.target or _still_there(run.header.target_file)
    settings = settings_for("", target_file, args.profile or run.profile.id)
    _demand_same(settings, base_url)
    settings = settings_for(base_url, target_file, settings.profile)
    return Place(settings, folder, run.id, tuple(journal_in(folder)))


def _still_there(target_file: str) -> str:
    """A target file of a run, if it still lies where it did: a run may have been made elsewhere."""
    file, _ = entry_named(Path(target_file))
    return target_file if target_file and file.is_file() else ""


def journal_in(folder: Path) -> Iterator[Journalled]:
    """All that a run and its sweeps have journalled. Raises ConfigurationError when the folder holds no run."""
    swept = sorted(path.parent for path in folder.glob(f"{_SWEEPS}/{FILE_NAME}"))
    for each in (folder, *swept):
        yield from (event for event in read(each) if isinstance(event, Journalled))


def _demand_same(settings: Settings, base_url: str) -> None:
    if settings.base_url and settings.base_url != base_url:
        raise ConfigurationError(
            f"That run was made on {base_url}, and the target file is about {settings.base_url}: what is to be removed "
            "there would be looked for elsewhere. Name the target file of that server."
        )


@contextmanager
def reached(place: Place, *, to_change: bool = False) -> Iterator[Target]:
    """The target, ready to be looked at, or `to_change`: then what is sent is put down beside the run's own log.

    Raises ConfigurationError when nothing may be written there, TargetUnusable when nothing answers.
    """
    settings = place.settings
    demand_allowed_host(settings)
    redactor = Redactor(settings.secrets)
    log = EventLog(_new_folder(place.folder), redactor.text) if place.folder and to_change else None

    def note(event: Event) -> None:
        if log is not None:
            log.write(event)
        if isinstance(event, Notice):
            print(event.text, file=sys.stderr, flush=True)

    profile = profiles.load(settings.profile or _ANY)
    target = Target(settings, profile, place.run, Recorder(note, redactor))
    try:
        read_statement(target)
        if not settings.profile:
            profile = _with_all_types(profiles.load(profile_id_for(target.statement)))
        target.profile = with_overrides(profile, settings.resources)
        yield target
    finally:
        target.close()
        if log is not None:
            log.close()


def _with_all_types(base: Profile) -> Profile:
    """A base profile with the types of all profiles for its FHIR version: any of them may have left something."""
    others = (profiles.load(name) for name in profiles.shipped())
    kinds = [other.resources for other in others if other.fhir == base.fhir]
    return replace(base, resources={name: kind for one in kinds for name, kind in one.items()})


def _new_folder(folder: Path) -> Path:
    return folder / f"{_SWEEPS[:-1]}{datetime.now():%Y-%m-%dT%H-%M-%S}-{secrets.token_hex(2)}"
