"""One run against one target, from the first look to the last report. Knows nothing of pytest or the command line."""

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Self

from ifmatch.client.connect import await_start, demand_seconds, look_again
from ifmatch.client.courier import Carrier
from ifmatch.client.gateway import demand_machines
from ifmatch.client.guard import demand_allowed_host
from ifmatch.client.overrides import with_overrides
from ifmatch.client.recorder import Recorder
from ifmatch.client.redaction import Redactor
from ifmatch.client.settings import Settings, settings_for
from ifmatch.client.target import Target
from ifmatch.client.tidying import INTERRUPTED, tidy_up
from ifmatch.client.unique import draw_for
from ifmatch.client.workbench import Workbench
from ifmatch.errors import (
    ConfigurationError,
    ExitCode,
    IfmatchError,
    OutcomeUnknown,
    TargetUnusable,
)
from ifmatch.log.events import Event, Journalled, RunFinished, VerdictReached
from ifmatch.log.reader import read
from ifmatch.log.seal import seal_of
from ifmatch.log.writer import EventLog, stamped
from ifmatch.monitor import MONITORS
from ifmatch.monitor.watch import Watch
from ifmatch.race.environment import Environment
from ifmatch.race.transport.reach import demand_reach
from ifmatch.report.console import Steps
from ifmatch.report.run import Run
from ifmatch.report.write import write_reports
from ifmatch.rules import catalogue, waiver
from ifmatch.rules import profile as profiles
from ifmatch.rules.profile import Profile
from ifmatch.rules.verdict import Verdict
from ifmatch.suite.baseline import known
from ifmatch.suite.embedded import demand_address, embedded_server
from ifmatch.suite.folder import (
    claimed,
    new_folder,
    new_run_id,
    point_latest_to,
    released,
    set_aside,
    withdraw,
)
from ifmatch.suite.forecast import foresee, in_words, latency_in, out_of_time
from ifmatch.suite.meeting import header_of, meet
from ifmatch.suite.options import Options
from ifmatch.suite.race_settings import RaceSettings, race_settings
from ifmatch.suite.verdicts import monitored

#: The profile of the embedded server when neither an address nor a profile is named.
DEFAULT_PROFILE = "fhir-r4"


@dataclass
class Session:
    """A run in progress: the target, the profile it is held to, and the log that all evidence goes to.

    `lost` is why the log takes nothing any more: then the run has to end, and `unwritten` is what it does to tidy up.
    `shares` is in how many processes it runs. `waivers` are those in force when it began, by rule. `judged` says
    whether any rule has come to a verdict other than that it does not apply. `deselected` are rules of which
    some case was not selected. `has_run_out` says that its time is spent, which is told once. `claim` keeps other runs
    out of the folder.
    """

    run_id: str
    log: EventLog
    target: Target
    races: RaceSettings
    waivers: Mapping[str, waiver.Waiver]
    watch: Watch
    embedded: Any = None
    listeners: list[Callable[[Event], None]] = field(default_factory=list)
    lost: ConfigurationError | None = None
    shares: int = 1
    judged: bool = False
    deselected: set[str] = field(default_factory=set)
    interrupted: bool = False
    has_run_out: bool = False
    unwritten: list[Event] = field(default_factory=list)
    exit_code: ExitCode = ExitCode.CONFORMANT
    claim: int | None = None
    _environment: Environment | None = None

    @property
    def settings(self) -> Settings:
        """How the target is reached."""
        return self.target.settings

    @property
    def profile(self) -> Profile:
        """What the target is held to."""
        return self.target.profile

    @property
    def recorder(self) -> Recorder:
        """What every exchange passes."""
        return self.target.recorder

    # ------------------------------------------------------------ the beginning

    @classmethod
    def open(cls, options: Options, listener: Callable[[Event], None] | None = None) -> "Session":
        """Find or start the target, look at it, and begin the log.

        Raises ConfigurationError or TargetUnusable when the run cannot begin; what was seen until then is in the log,
        which then says so.
        """
        demand_seconds(options.wait)
        settings = settings_for(
            options.base_url, options.target_file, options.profile, options.placeholders
        )
        demand_address(options)
        demand_allowed_host(settings)
        settings = replace(settings, vantages=tuple(options.vantages))
        named = profiles.load(settings.profile) if settings.profile else None
        if options.faults and settings.base_url:
            raise ConfigurationError(
                "A fault can only be switched on in the embedded server: leave the base URL out."
            )
        embedded = None
        if not settings.base_url:
            named = named or profiles.load(DEFAULT_PROFILE)
            embedded, settings = embedded_server(named, options.faults, settings)
        try:
            return cls._begin(options, settings, named, embedded, listener)
        finally:
            if embedded is not None and sys.exception() is not None:
                embedded.stop()

    @classmethod
    def _begin(
        cls,
        options: Options,
        settings: Settings,
        named: Profile | None,
        embedded: Any,
        listener: Callable[[Event], None] | None,
    ) -> "Session":
        races = race_settings(options.effort, options.writers, options.seed, options.budget)
        run_id = new_run_id()
        excused = known(options.fail_on, options.baseline, named.id if named else "")
        folder = Path(options.report_dir) if options.report_dir else new_folder(run_id)
        # Whoever certifies holds the folder until the package is sealed, which is after the run.
        claim = None if options.certifies else claimed(folder)
        set_aside(folder)
        redactor = Redactor(settings.secrets)
        log = EventLog(folder, redactor.text)
        session = cls.on(
            run_id,
            log,
            settings,
            named or profiles.load(DEFAULT_PROFILE),
            redactor,
            races,
            options.rules,
        )
        session.embedded, session.claim = embedded, claim
        session.listeners += [listener] if listener else []
        header = header_of(run_id, settings, races, options, named)
        session.record(replace(header, baseline=excused, embedded=embedded is not None))
        try:
            demand_machines(settings.vantages)
            await_start(session.target, options.wait)
            demand_reach(session.target)
            session.record(meet(session.target, named, options.rules, session.waivers))
            session.say_first(options.rules)
        except (IfmatchError, KeyboardInterrupt) as error:
            code = error.exit_code if isinstance(error, IfmatchError) else ExitCode.INTERRUPTED
            # What a server said stands in these sentences, so they are cleared like everything else.
            message = redactor.text(str(error))
            session.finish(complete=False, exit_code=code, message=message)
            raise (type(error)(message) if isinstance(error, IfmatchError) else error) from None
        return session

    @classmethod
    def on(
        cls,
        run_id: str,
        log: EventLog,
        settings: Settings,
        profile: Profile,
        redactor: Redactor,
        races: RaceSettings,
        rules: str,
        prefix: str = "",
        wire: Callable[[Recorder], Carrier] | None = None,
        today: date | None = None,
    ) -> Self:
        """A session on a target that is known, writing to a log that is open; `prefix` tells its exchanges apart.

        `wire` makes what carries the requests, where that is not HTTP. The waivers are those of `today`.
        """
        draw_for(run_id, prefix)
        watch = Watch(
            {rule: one for rule, one in MONITORS.items() if _selected(rule, rules)},
            settings.base_url,
        )

        def record(event: Event) -> None:
            session.record(event)

        recorder = Recorder(record, redactor, watch, prefix)
        target = Target(
            settings,
            with_overrides(profile, settings.resources),
            run_id,
            recorder,
            wire(recorder) if wire else None,
        )
        session = cls(
            run_id,
            log,
            target,
            races,
            waiver.in_force(settings.waivers, today or date.today()),
            watch,
        )
        return session

    def record(self, event: Event) -> Event:
        """Put an event into the log, and tell those who listen what stands there now.

        Raises ConfigurationError when the log takes nothing more, once: what follows, such as the tidying up, goes on
        without.
        """
        if self.lost:
            self.unwritten.append(stamped(event))
            return self.unwritten[-1]
        try:
            written = self.log.write(event)
        except ConfigurationError as error:
            self.lost = error
            raise
        self.judged |= _is_judged(written)
        for listener in self.listeners:
            listener(written)
        return written

    def say_first(self, rules: str) -> None:
        """What the selected rules will write, before they do; to nobody where the server is our own."""
        foreseen = foresee(self.target, rules, self.races)
        self.record(foreseen)
        if self.embedded is None:
            self.target.tell(in_words(foreseen))

    # ------------------------------------------------------------ races

    def race_environment(self, resource_type: str) -> Environment:
        """How the target is reached in races, and what it is like: found out when the first race begins.

        A resource of the type is made for that: reading one is cheap everywhere, the capability statement is not.
        """
        if self._environment is None:
            subject = Workbench(self.target, resource_type, history=False).make()
            self._environment = Environment.measured(self.target, subject, self.races.writers)
        return self._environment

    # ------------------------------------------------------------ the end

    def look_again(self) -> None:
        """See that the target is still what it was when the run began. Raises TargetUnusable when it is not."""
        with self.recorder.outside_of_rules():
            look_again(self.target)

    def clean_up(self) -> None:
        """Remove what this process made on the target, and what others of the run left. What stays is in the log."""
        self.recorder.end_rule()
        if self.shares > 1:
            self.target.ledger.adopt(
                event for event in read(self.log.folder) if isinstance(event, Journalled)
            )
        try:
            self._look_for_late_writes()
            self.interrupted = tidy_up(self.target)
        except KeyboardInterrupt:
            self.interrupted = True
            for item in self.target.ledger.open_items():
                self.target.ledger.left(item, INTERRUPTED)

    def _look_for_late_writes(self) -> None:
        """Read some of what refused writes were about, before it is removed: one may have been carried out since.

        What that shows is for the monitors; only a run that comes to its end has them judge.
        """
        if not self.judged:
            return
        with suppress(OutcomeUnknown, TargetUnusable):
            for resource_type, resource_id in self.watch.refused:
                self.target.read(resource_type, resource_id)

    def conclude_monitors(self) -> None:
        """Say of each rule that is watched throughout how it stands; of none when nothing was judged.

        Of several processes each saw its own exchanges, so whoever opened the run is shown what the log has of all.
        """
        if self.shares > 1:
            events = list(read(self.log.folder))
            self.judged |= any(map(_is_judged, events))
            self.watch = self.watch.anew(events)
        if not self.judged:
            return
        for rule in catalogue.rules():
            if rule.id in self.watch.tallies:
                self.record(
                    monitored(rule, self.profile, self.watch.tallies[rule.id], self.waivers)
                )

    def finish(
        self,
        complete: bool,
        exit_code: ExitCode | None,
        message: str = "",
        alluredir: Path | None = None,
    ) -> Run:
        """Close the log and write the reports. With no exit code given, the verdicts decide it. Never raises."""
        folder = self.log.folder
        events = list(read(folder))
        seen = Run.of(events)
        code = seen.judged if exit_code is None else exit_code
        if self.lost:
            complete, code, message = False, self.lost.exit_code, str(self.lost)
        if complete and seen.not_begun:
            message = out_of_time(seen, self.races, latency_in(events))
        with suppress(ConfigurationError):
            events.append(
                self.log.write(
                    RunFinished(
                        complete=complete,
                        exit_code=int(code),
                        message=message,
                        left_out=self._left_out(seen) if complete else (),
                        sha256=seal_of(folder),
                    )
                )
            )
        self.leave()
        point_latest_to(folder)
        run = Run.of(events)
        try:
            with Steps() as steps:
                write_reports(run, folder, alluredir, steps.begin)
        except ConfigurationError as error:
            self.lost = self.lost or error
        if self.lost is not None:
            run = replace(
                Run.of([*events, *self.unwritten]),
                complete=False,
                ended_with=self.lost.exit_code,
                message=str(self.lost),
            )
        released(self.claim)
        # Whoever pressed Ctrl-C knows that, whatever had been found until then.
        self.exit_code = ExitCode.INTERRUPTED if code is ExitCode.INTERRUPTED else run.exit_code
        return run

    def undo(self) -> None:
        """End a run in which nothing was run: nothing is to be looked at, and the folder is as it was."""
        self.leave()
        withdraw(self.log.folder)
        released(self.claim)

    def _left_out(self, seen: Run) -> tuple[str, ...]:
        """The rules of the suite of which a case was not selected, or not begun."""
        judged = {judged.rule for judged in seen.rules}
        whole = (judged | self.watch.tallies.keys()) - self.deselected - {*seen.out_of_time}
        return tuple(rule.id for rule in catalogue.rules() if rule.id not in whole)

    def leave(self) -> None:
        """Let go of the log, the connections and the embedded server; of the folder only once the reports are there."""
        self.target.close()
        self.log.close()
        if self.embedded is not None:
            self.embedded.stop()


def _is_judged(event: Event) -> bool:
    """Whether it says of a rule anything but that it does not apply."""
    return isinstance(event, VerdictReached) and event.verdict is not Verdict.NOT_APPLICABLE


def _selected(rule: str, globs: str) -> bool:
    return not globs or catalogue.matches(rule, globs)
