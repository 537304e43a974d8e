"""One run against one target, from the first look at it to the last report. Knows nothing of pytest or the command line."""

import secrets
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ifmatch import __version__
from ifmatch.errors import ConfigurationError, ExitCode
from ifmatch.report.events import SCHEMA, Event, EventLog, read
from ifmatch.report.run import Run, exit_code_for
from ifmatch.report.write import write_all
from ifmatch.rules import profile as profiles
from ifmatch.rules.catalogue import Rule
from ifmatch.rules.profile import Profile
from ifmatch.target.connect import check_version, introduce, profile_id_for
from ifmatch.target.redaction import Redactor
from ifmatch.target.settings import Identity, Settings, embedded_settings, settings_for
from ifmatch.target.statement import Statement
from ifmatch.target.target import Target, with_overrides
from ifmatch.target.workbench import sweep

#: The profile of the embedded server when neither an address nor a profile is named.
DEFAULT_PROFILE = "fhir-r4"


@dataclass(frozen=True)
class Options:
    """What the user asked for. `report_dir` empty means a new folder under reports/; `faults` are for the embedded server."""

    base_url: str = ""
    profile: str = ""
    target_file: str = ""
    report_dir: str = ""
    faults: tuple[str, ...] = ()
    command: Sequence[str] = field(default_factory=lambda: sys.argv)


@dataclass
class Session:
    """A run in progress: the target, the profile it is held to, and the log that all evidence goes to."""

    run_id: str
    log: EventLog
    settings: Settings
    profile: Profile
    target: Target
    embedded: Any = None
    listeners: list[Callable[[Event], None]] = field(default_factory=list)

    @classmethod
    def open(cls, options: Options) -> "Session":
        """Find or start the target, look at it, and begin the log.

        Raises ConfigurationError or TargetUnusable when the run cannot begin; what was seen until then is in the log.
        """
        settings = settings_for(options.base_url, options.target_file, options.profile)
        named = profiles.load(settings.profile) if settings.profile else None
        if options.faults and settings.base_url:
            raise ConfigurationError("A fault can only be switched on in the embedded server: leave the base URL out.")
        embedded = None
        if not settings.base_url:
            named = named or profiles.load(DEFAULT_PROFILE)
            embedded, settings = _embedded(named, options.faults, settings)
        try:
            return cls._begin(options, settings, named, embedded)
        except BaseException:
            if embedded is not None:
                embedded.stop()
            raise

    @classmethod
    def _begin(cls, options: Options, settings: Settings, named: Profile | None, embedded: Any) -> "Session":
        run_id = new_run_id()
        redactor = Redactor(settings.secrets)
        log = EventLog(Path(options.report_dir) if options.report_dir else new_folder(run_id), redactor.text)
        log.write(
            "run.started",
            schema=SCHEMA,
            run=run_id,
            suite={"name": "ifmatch", "version": __version__},
            command=list(options.command),
            seed=None,
            profile=_described(named) if named else None,
            base_url=settings.base_url,
        )
        session = cls._on(run_id, log, settings, named or profiles.load(DEFAULT_PROFILE))
        session.embedded = embedded
        session._meet_the_target(named)
        return session

    @classmethod
    def _on(cls, run_id: str, log: EventLog, settings: Settings, profile: Profile, prefix: str = "") -> "Session":
        fitted = with_overrides(profile, settings.resources)
        target = Target(settings, fitted, run_id, lambda event, **fields: session.record(event, **fields), prefix)
        session = cls(run_id, log, settings, fitted, target)
        return session

    def record(self, event: str, **fields: object) -> Event:
        """Put an event into the log, and tell those who listen what stands there now."""
        written = self.log.write(event, **fields)
        for listener in self.listeners:
            listener(written)
        return written

    def _meet_the_target(self, named: Profile | None) -> None:
        introduction = introduce(self.target)
        statement, warnings = introduction.statement, list(introduction.warnings)
        if named is None:
            self.profile = with_overrides(profiles.load(profile_id_for(statement)), self.settings.resources)
            self.target.profile = self.profile
            warnings.append(f"no profile was named: by its /metadata the target is FHIR {statement.fhir_version}, judged by {self.profile.id}")
        check_version(self.profile, statement)
        self.record(
            "target",
            base_url=self.settings.base_url,
            software=statement.software,
            fhir_version=statement.fhir_version,
            warnings=warnings,
            profile=_described(self.profile),
        )

    # ------------------------------------------------------------ several processes, one run

    def shared(self) -> dict[str, Any]:
        """What another process needs to take part in this run. Goes through memory only: it holds credentials."""
        return {
            "run_id": self.run_id,
            "folder": str(self.log.folder),
            "profile": self.profile.id if self.profile.id in profiles.shipped() else self.settings.profile,
            "settings": {**self.settings.__dict__, "credentials": {str(k): v for k, v in self.settings.credentials.items()}},
            "statement": [dict(self.target.statement.document), self.target.statement.problem],
        }

    @classmethod
    def join(cls, shared: Mapping[str, Any], name: str) -> "Session":
        """Take part in a run that another process opened; `name` keeps the ids of exchanges apart."""
        given = dict(shared["settings"])
        given["credentials"] = {Identity(k): v for k, v in given["credentials"].items()}
        settings = Settings(**given)
        log = EventLog(Path(shared["folder"]), Redactor(settings.secrets).text)
        session = cls._on(shared["run_id"], log, settings, profiles.load(shared["profile"]), prefix=f"{name}-")
        session.target.statement = Statement(*shared["statement"])
        return session

    # ------------------------------------------------------------ what gates a rule

    def why_not(self, rule: Rule) -> str:
        """Why a rule cannot be run on this target, or nothing when it can. Reads the gates among the rule's tags."""
        if "@if-promised" in rule.tags and not self.profile.speaks_of(rule.id):
            return f"{self.profile.title} promises nothing of the kind"
        needs = [tag.removeprefix("@needs:") for tag in sorted(rule.tags) if tag.startswith("@needs:")]
        unless = [tag.removeprefix("@unless:") for tag in sorted(rule.tags) if tag.startswith("@unless:")]
        return next(filter(None, (*map(self._lacks, needs), *map(self._has, unless))), "")

    def _lacks(self, need: str) -> str:
        if need in _GATES:
            return _GATES[need](self)
        if self.profile.offers(need) is False:
            return f"{self.profile.title} has no {need}"
        if self.target.statement.claims(need, self.profile.subject) is False:
            return f"the capability statement does not claim {need} for {self.profile.subject}"
        return ""

    def _has(self, interaction: str) -> str:
        claimed = self.target.statement.claims(interaction, self.profile.subject)
        if self.profile.offers(interaction) is False or claimed is False:
            return ""
        return f"the target has {interaction}" if claimed else f"it is not known whether the target has {interaction}"

    # ------------------------------------------------------------ the end

    def clean_up(self) -> None:
        """Remove what this process made on the target. What stays is in the log."""
        self.target.rule = None
        sweep(self.target)
        self.target.close()

    def finish(self, complete: bool, exit_code: ExitCode | None, message: str = "") -> Run:
        """Close the log and write the reports. With no exit code given, the verdicts decide it."""
        code = exit_code_for(event for event in read(self.log.folder) if event["event"] == "verdict") if exit_code is None else exit_code
        self.record("run.finished", complete=complete, exit_code=int(code), message=message)
        self.log.close()
        if self.embedded is not None:
            self.embedded.stop()
        point_latest_to(self.log.folder)
        return write_all(self.log.folder)


_GATES: Mapping[str, Callable[[Session], str]] = {
    "credentials": lambda s: "" if Identity.FIRST in s.settings.credentials else "no credentials were given, so every request is like one without",
    "second-identity": lambda s: "" if Identity.SECOND in s.settings.credentials else "no second identity was given that may read but not write",
    "statement": lambda s: s.target.statement.problem,
}


def _embedded(profile: Profile, faults: Iterable[str], given: Settings) -> tuple[Any, Settings]:
    # Imported here: against a real target the server's libraries are not needed, and they take their time to load.
    from ifmatch.reference.server import EmbeddedServer

    tokens = {Identity.FIRST: secrets.token_urlsafe(24), Identity.SECOND: secrets.token_urlsafe(24)}
    rights = {tokens[Identity.FIRST]: "write", tokens[Identity.SECOND]: "read"}
    server = EmbeddedServer(profile, faults=faults, tokens=rights)
    server.start()
    placeholders = {**profile.embedded.placeholders, **given.placeholders}
    return server, embedded_settings(server.base_url, tokens, placeholders)


def _described(profile: Profile) -> dict[str, str]:
    return {"id": profile.id, "title": profile.title, "label": profile.label, "sha256": profile.sha256}


def new_run_id() -> str:
    """A name for a run: when it began, and something to tell it from others begun in the same second."""
    return f"{datetime.now():%Y-%m-%dT%H-%M-%S}-{secrets.token_hex(2)}"


def new_folder(run_id: str) -> Path:
    """Where a run's evidence goes when the user names no folder."""
    return Path("reports") / run_id


def point_latest_to(folder: Path) -> None:
    """`reports/latest` leads to the newest run; where links cannot be made, there is none."""
    latest = folder.parent / "latest"
    if folder.parent.name != "reports" or (latest.exists() and not latest.is_symlink()):
        return
    try:
        latest.unlink(missing_ok=True)
        latest.symlink_to(folder.name)
    except OSError:
        return
