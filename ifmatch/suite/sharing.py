"""One run in several processes: what each needs to take part, and what keeps them out of each other's way."""

import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifmatch.client.redaction import Redactor
from ifmatch.client.statement import Statement
from ifmatch.errors import ConfigurationError
from ifmatch.log.writer import EventLog
from ifmatch.rules import profile as profiles
from ifmatch.rules.answer import Answer
from ifmatch.rules.profile import Profile
from ifmatch.suite.race_settings import RaceSettings
from ifmatch.suite.session import Session

if TYPE_CHECKING:
    from ifmatch.client.settings import Settings


def split(session: Session, shares: int) -> None:
    """Expect so many processes. Raises ConfigurationError when they would get into each other's way."""
    session.shares = shares
    kind = session.profile.resources[session.profile.subject]
    if kind.lent and len(kind.ids) < shares:
        raise ConfigurationError(
            f"{shares} processes need {shares} resources of their own, and the target file lends {len(kind.ids)} "
            f"ids of {kind.type}: use -n {len(kind.ids)}, or name more ids."
        )


def shared(session: Session) -> dict[str, Any]:
    """What each process needs to take part in a run. Goes through memory only: it holds credentials."""
    settings, target, races = session.settings, session.target, session.races
    limited = replace(settings, limits=settings.limits.share_of(session.shares))
    return {
        "run_id": session.run_id,
        "folder": str(session.log.folder.absolute()),
        "profile": settings.profile or session.profile.id,
        "settings": pickle.dumps(limited),
        "statement": [dict(target.statement.document), target.statement.problem],
        "canary": target.canary.status if target.canary else None,
        "races": [races.effort, races.writers, races.seed, races.ends, races.seconds],
    }


def join(shared: Mapping[str, Any], name: str, share: int, shares: int, rules: str) -> Session:
    """Take part in a run that another process opened, as one of so many; `name` keeps the ids of exchanges apart."""
    settings: Settings = pickle.loads(shared["settings"])
    profile = profiles.load(shared["profile"])
    redactor = Redactor(settings.secrets)
    log = EventLog(Path(shared["folder"]), redactor.text)
    races = RaceSettings(*shared["races"])
    session = Session.on(
        shared["run_id"], log, settings, profile, redactor, races, rules, prefix=f"{name}-"
    )
    target = session.target
    target.profile = _lent_apart(session.profile, share, shares)
    target.statement = Statement(*shared["statement"])
    target.canary = Answer(shared["canary"]) if shared["canary"] else None
    return session


def _lent_apart(profile: Profile, share: int, shares: int) -> Profile:
    """The profile with only this process's share of the ids that are lent, so that no two work on the same resource."""
    kinds = {
        name: replace(kind, ids=kind.ids[share::shares]) for name, kind in profile.resources.items()
    }
    return replace(profile, resources=kinds)
