"""One run against one target, from the first look to the last report. Knows nothing of pytest or the command line."""

import re
import secrets
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ifmatch import __version__
from ifmatch.client.connect import check_version, introduce, look_again, profile_id_for
from ifmatch.client.redaction import Redactor
from ifmatch.client.settings import Identity, Settings, embedded_settings, settings_for
from ifmatch.client.statement import Statement
from ifmatch.client.target import Target, with_overrides
from ifmatch.client.workbench import INTERRUPTED, Workbench, demand_template, sweep
from ifmatch.errors import ConfigurationError, ExitCode, IfmatchError
from ifmatch.log.events import FILE_NAME, SCHEMA, Event, EventLog, read
from ifmatch.race.budget import EFFORTS, Budget
from ifmatch.race.environment import Environment
from ifmatch.report.run import Run, exit_code_for
from ifmatch.report.write import write_all
from ifmatch.rules import profile as profiles
from ifmatch.rules import waiver
from ifmatch.rules.answer import Answer
from ifmatch.rules.catalogue import Rule
from ifmatch.rules.profile import Profile

#: The profile of the embedded server when neither an address nor a profile is named.
DEFAULT_PROFILE = "fhir-r4"


@dataclass(frozen=True)
class Options:
    """What the user asked for. No `report_dir`: a new folder under reports/. `faults` are for the embedded server.

    `effort` names the budget of the races, `writers` is how many meet in one, `seed` draws the same races again.
    """

    base_url: str = ""
    profile: str = ""
    target_file: str = ""
    report_dir: str = ""
    faults: tuple[str, ...] = ()
    effort: str = "quick"
    writers: int = 4
    seed: int | None = None
    command: Sequence[str] = field(default_factory=lambda: sys.argv)


@dataclass(frozen=True)
class RaceSettings:
    """How races are run: the name of their budget, how many writers meet, and the number that all is drawn from."""

    effort: str
    writers: int
    seed: int

    @property
    def budget(self) -> Budget:
        """What a race may cost."""
        return EFFORTS[self.effort]


def race_settings(effort: str, writers: int, seed: int | None) -> RaceSettings:
    """The settings as the user gave them; without a seed one is drawn.

    Raises ConfigurationError when they cannot be.
    """
    if effort not in EFFORTS:
        raise ConfigurationError(f'There is no effort "{effort}". Choose one of: {", ".join(EFFORTS)}.')
    if not 2 <= writers <= 16:
        raise ConfigurationError(f"{writers} writers cannot race: choose 2 to 16.")
    return RaceSettings(effort, writers, secrets.randbelow(1_000_000) if seed is None else seed)


@dataclass
class Session:
    """A run in progress: the target, the profile it is held to, and the log that all evidence goes to.

    `lost` is why the log takes nothing any more: then the run has to end, and `unwritten` is what it does to tidy up.
    `shares` is in how many processes it runs. `waivers` are those in force when it began, by rule.
    """

    run_id: str
    log: EventLog
    settings: Settings
    profile: Profile
    target: Target
    races: RaceSettings
    waivers: Mapping[str, waiver.Waiver]
    embedded: Any = None
    listeners: list[Callable[[Event], None]] = field(default_factory=list)
    lost: ConfigurationError | None = None
    shares: int = 1
    interrupted: bool = False
    unwritten: list[Event] = field(default_factory=list)
    exit_code: ExitCode = ExitCode.CONFORMANT
    _environment: Environment | None = None

    @classmethod
    def open(cls, options: Options, listener: Callable[[Event], None] | None = None) -> "Session":
        """Find or start the target, look at it, and begin the log.

        Raises ConfigurationError or TargetUnusable when the run cannot begin; what was seen until then is in the log,
        which then says so.
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
            return cls._begin(options, settings, named, embedded, listener)
        finally:
            if embedded is not None and sys.exception() is not None:
                embedded.stop()

    @classmethod
    def _begin(
        cls, options: Options, settings: Settings, named: Profile | None, embedded: Any,
        listener: Callable[[Event], None] | None,
    ) -> "Session":  # fmt: skip
        races = race_settings(options.effort, options.writers, options.seed)
        run_id = new_run_id()
        folder = Path(options.report_dir) if options.report_dir else new_folder(run_id)
        set_aside(folder)
        redactor = Redactor(settings.secrets)
        log = EventLog(folder, redactor.text)
        log.write(
            "run.started",
            schema=SCHEMA,
            run=run_id,
            suite={"name": "ifmatch", "version": __version__},
            command=list(options.command),
            seed=races.seed,
            effort=options.effort,
            writers=options.writers,
            profile=_described(named) if named else None,
            base_url=settings.base_url,
        )
        session = cls._on(run_id, log, settings, named or profiles.load(DEFAULT_PROFILE), redactor, races)
        session.embedded = embedded
        session.listeners += [listener] if listener else []
        try:
            session._meet_the_target(named)
        except (IfmatchError, KeyboardInterrupt) as error:
            code = error.exit_code if isinstance(error, IfmatchError) else ExitCode.INTERRUPTED
            # What a server said stands in these sentences, so they are cleared like everything else.
            message = redactor.text(str(error))
            session.finish(complete=False, exit_code=code, message=message)
            raise (type(error)(message) if isinstance(error, IfmatchError) else error) from None
        return session

    @classmethod
    def _on(
        cls, run_id: str, log: EventLog, settings: Settings, profile: Profile, redactor: Redactor, races: RaceSettings,
        prefix: str = "",
    ) -> "Session":  # fmt: skip
        fitted = with_overrides(profile, settings.resources)

        def record(event: str, **fields: object) -> None:
            session.record(event, **fields)

        target = Target(settings, fitted, run_id, record, redactor, prefix)
        waivers = waiver.in_force(settings.waivers, date.today())
        session = cls(run_id, log, settings, fitted, target, races, waivers)
        return session

    def record(self, event: str, **fields: object) -> Event:
        """Put an event into the log, and tell those who listen what stands there now.

        Raises ConfigurationError when the log takes nothing more, once: what follows, such as the tidying up, goes on
        without.
        """
        if self.lost:
            self.unwritten.append({"event": event, **fields})
            return self.unwritten[-1]
        try:
            written = self.log.write(event, **fields)
        except ConfigurationError as error:
            self.lost = error
            raise
        for listener in self.listeners:
            listener(written)
        return written

    def _meet_the_target(self, named: Profile | None) -> None:
        introduction = introduce(self.target)
        statement, warnings = introduction.statement, list(introduction.warnings)
        if named is None:
            self.profile = with_overrides(profiles.load(profile_id_for(statement)), self.settings.resources)
            self.target.profile = self.profile
            warnings.append(
                f"no profile was named: by its /metadata the target is FHIR {statement.fhir_version}, judged by "
                f"{self.profile.id}"
            )
        check_version(self.profile, statement)
        demand_template(self.target)
        given = self.settings.waivers
        warnings += [waiver.expired(rule, one) for rule, one in given.items() if rule not in self.waivers]
        self.record(
            "target",
            base_url=self.settings.base_url,
            waivers=self.waivers,
            software=statement.software,
            fhir_version=statement.fhir_version,
            warnings=warnings,
            profile=_described(self.profile),
        )

    # ------------------------------------------------------------ several processes, one run

    def split(self, shares: int) -> None:
        """Expect so many processes. Raises ConfigurationError when they would get into each other's way."""
        self.shares = shares
        kind = self.profile.resources[self.profile.subject]
        if kind.lent and len(kind.ids) < shares:
            raise ConfigurationError(
                f"{shares} processes need {shares} resources of their own, and the target file lends {len(kind.ids)} "
                f"ids of {kind.type}: use -n {len(kind.ids)}, or name more ids."
            )

    def shared(self) -> dict[str, Any]:
        """What each process needs to take part in this run. Goes through memory only: it holds credentials."""
        statement, canary = self.target.statement, self.target.canary
        return {
            "run_id": self.run_id,
            "folder": str(self.log.folder.absolute()),
            "profile": self.settings.profile or self.profile.id,
            "settings": {
                **self.settings.__dict__,
                "credentials": {str(k): v for k, v in self.settings.credentials.items()},
            },
            "statement": [dict(statement.document), statement.problem],
            "canary": canary.status if canary else None,
            "races": [self.races.effort, self.races.writers, self.races.seed],
        }

    @classmethod
    def join(cls, shared: Mapping[str, Any], name: str, share: int, shares: int) -> "Session":
        """Take part in a run that another process opened; `name` keeps the ids of exchanges apart."""
        given = dict(shared["settings"])
        given["credentials"] = {Identity(k): v for k, v in given["credentials"].items()}
        settings = Settings(**given)
        redactor = Redactor(settings.secrets)
        log = EventLog(Path(shared["folder"]), redactor.text)
        races, profile = race_settings(*shared["races"]), profiles.load(shared["profile"])
        session = cls._on(shared["run_id"], log, settings, profile, redactor, races, prefix=f"{name}-")
        session.profile = session.target.profile = _lent_apart(session.profile, share, shares)
        session.target.statement = Statement(*shared["statement"])
        session.target.canary = Answer(shared["canary"]) if shared["canary"] else None
        return session

    # ------------------------------------------------------------ races

    def race_environment(self, resource_type: str) -> Environment:
        """How the target is reached in races, and what it is like: found out when the first race begins.

        A resource of the type is made for that: reading one is cheap everywhere, the capability statement is not.
        """
        if self._environment is None:
            subject = Workbench(self.target, resource_type, history=False).make()
            self._environment = Environment.measured(self.target, subject, self.races.writers)
        return self._environment

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

    def look_again(self) -> None:
        """See that the target is still what it was when the run began. Raises TargetUnusable when it is not."""
        rule, exchanges = self.target.rule, self.target.exchanges
        self.target.rule, self.target.exchanges = None, []
        try:
            look_again(self.target)
        finally:
            self.target.rule, self.target.exchanges = rule, exchanges

    def clean_up(self) -> None:
        """Remove what this process made on the target, and what others of the run left. What stays is in the log."""
        self.target.rule = None
        if self.shares > 1:
            self.target.ledger.adopt(event for event in read(self.log.folder) if event["event"] == "journal")
        try:
            self.interrupted = sweep(self.target)
        except KeyboardInterrupt:
            self.interrupted = True
            for item in self.target.ledger.open_items():
                self.target.ledger.left(item, INTERRUPTED)

    def finish(self, complete: bool, exit_code: ExitCode | None, message: str = "") -> Run:
        """Close the log and write the reports. With no exit code given, the verdicts decide it. Never raises."""
        folder, code = self.log.folder, exit_code
        if code is None:
            code = exit_code_for(event for event in read(folder) if event["event"] == "verdict")
        if self.lost:
            complete, code, message = False, self.lost.exit_code, str(self.lost)
        with suppress(ConfigurationError):
            self.log.write("run.finished", complete=complete, exit_code=int(code), message=message)
        self.close()
        point_latest_to(folder)
        try:
            run = write_all(folder)
        except ConfigurationError as error:
            self.lost = self.lost or error
        if self.lost is not None:
            told = Run.of([*read(folder), *self.unwritten])
            run = replace(told, complete=False, ended_with=self.lost.exit_code, message=str(self.lost))
        # Whoever pressed Ctrl-C knows that, whatever had been found until then.
        self.exit_code = ExitCode.INTERRUPTED if code is ExitCode.INTERRUPTED else run.exit_code
        return run

    def close(self) -> None:
        """Let go of the log, the connections and the embedded server."""
        self.target.close()
        self.log.close()
        if self.embedded is not None:
            self.embedded.stop()


_GATES: Mapping[str, Callable[[Session], str]] = {
    "credentials": lambda s: (
        ""
        if Identity.FIRST in s.settings.credentials
        else "no credentials were given, so every request is like one without"
    ),
    "second-identity": lambda s: (
        "" if Identity.SECOND in s.settings.credentials else "no second identity was given that may read but not write"
    ),
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
    return server, embedded_settings(given, server.base_url, tokens, placeholders)


def _lent_apart(profile: Profile, share: int, shares: int) -> Profile:
    """The profile with only this process's share of the ids that are lent, so that no two work on the same resource."""
    kinds = {name: replace(kind, ids=kind.ids[share::shares]) for name, kind in profile.resources.items()}
    return replace(profile, resources=kinds)


def _described(profile: Profile) -> dict[str, str]:
    return {"id": profile.id, "title": profile.title, "label": profile.label, "sha256": profile.sha256}


def new_run_id() -> str:
    """A name for a run: when it began, and something to tell it from others begun in the same second."""
    return f"{datetime.now():%Y-%m-%dT%H-%M-%S}-{secrets.token_hex(2)}"


def new_folder(run_id: str) -> Path:
    """Where a run's evidence goes when the user names no folder."""
    return Path("reports") / run_id


#: What is derived from a log and lies beside it.
_DERIVED = ("report.json", "junit.xml", "allure-results", "replay", "pictures")


def set_aside(folder: Path) -> None:
    """Keep the log of an earlier run in a folder as `events-<its id>.jsonl`, and remove what was derived from it.

    So a folder tells one run, and no reader takes the earlier run's report for that of a later one that broke off.
    """
    log = folder / FILE_NAME
    if not log.is_file():
        return
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            earlier = _run_id_in(lines.readline()) or f"{datetime.fromtimestamp(log.stat().st_mtime):%Y-%m-%dT%H-%M-%S}"
        log.rename(folder / f"events-{earlier}.jsonl")
        for path in (folder / name for name in _DERIVED):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The evidence of an earlier run in {folder} cannot be set aside: {error.strerror}. Choose another folder "
            "with -o DIR."
        ) from None


def _run_id_in(line: str) -> str:
    found = re.search(r'"run": "([\w-]+)"', line)
    return found[1] if found else ""


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
