"""A run judged anew from its log: today's features, profile, monitors and judge, and the answers of then.

Sequential scenarios are carried out again, and a player gives them the recorded answers. What raced cannot be sent
again: there the recorded histories are judged, and what was found besides their anomalies stays as it was found.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pytest

from ifmatch import __version__
from ifmatch.client.connect import await_start
from ifmatch.client.player import Player
from ifmatch.client.redaction import Redactor
from ifmatch.client.settings import reopened
from ifmatch.errors import ConfigurationError, EvidenceMissing, IfmatchError
from ifmatch.log.events import (
    Event,
    ExchangeRecorded,
    HistoryRecorded,
    NotBegun,
    RunStarted,
    SuiteVersion,
    VerdictReached,
)
from ifmatch.log.reader import read
from ifmatch.log.writer import EventLog
from ifmatch.report.judged_anew import CaseKey, key_of
from ifmatch.report.run import Run
from ifmatch.rules import profile as profiles
from ifmatch.suite.meeting import meet
from ifmatch.suite.race_settings import RaceSettings
from ifmatch.suite.rejudged import judge_race
from ifmatch.suite.run import stop
from ifmatch.suite.scenarios import row_of, rule_of
from ifmatch.suite.session import Session
from ifmatch.suite.stash import SESSION, case_of, session_of

_E = TypeVar("_E", bound=Event)


@dataclass
class Rechecked(Session):
    """A session on the log of an earlier run, whose events are `evidence`."""

    evidence: tuple[Event, ...] = ()

    def look_again(self) -> None:
        """Whether the target was still what it was, as far as the run has looked."""
        with suppress(EvidenceMissing):
            super().look_again()

    def clean_up(self) -> None:
        """There is nothing to remove: nothing was made."""
        self.recorder.end_rule()

    def conclude_monitors(self) -> None:
        """Show the monitors all that was exchanged then, races and tidying up included."""
        self.watch = self.watch.anew(self.evidence)
        super().conclude_monitors()


class Recheck:
    """A pytest plugin: runs the scenarios of an earlier run on its log. `into` is the folder of what comes of it.

    `profile` is what they are judged by, by default today's text of the profile that the run was held to; `listener`
    is told what comes of it, as it comes.
    """

    def __init__(
        self,
        folder: Path,
        into: Path,
        profile: str = "",
        listener: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self._into, self._profile, self._listener = into, profile, listener
        self._evidence = tuple(read(folder))
        self._verdicts = {key_of(event): event for event in _of(VerdictReached, self._evidence)}
        self._histories: dict[CaseKey, list[HistoryRecorded]] = {}
        for history in _of(HistoryRecorded, self._evidence):
            self._histories.setdefault(key_of(history), []).append(history)
        self.header = next(iter(_of(RunStarted, self._evidence)), RunStarted())

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionstart(self, session: pytest.Session) -> Generator[None]:
        """Stand in for the run that would be opened: whoever wraps comes before all others."""
        try:
            session.config.stash[SESSION] = self._opened()
        except IfmatchError as error:
            stop(session.config, error)
        yield

    def _opened(self) -> Rechecked:
        header, was = self.header, Run.of(self._evidence)
        settings = reopened(was.target.base_url, header.settings)
        profile = profiles.load(self._profile or header.profile_file or was.profile.id)
        session = Rechecked.on(
            was.id,
            EventLog(self._into),
            settings,
            profile,
            Redactor(),
            RaceSettings(header.effort, header.writers, header.seed or 0),
            rules="",
            wire=lambda recorder: Player(_of(ExchangeRecorded, self._evidence), recorder),
            today=date.fromisoformat(header.time[:10]),
        )
        session.evidence = self._evidence
        session.listeners.append(self._listener)
        session.record(replace(header, suite=SuiteVersion("ifmatch", __version__)))
        await_start(session.target, header.wait)
        try:
            session.record(meet(session.target, profile, "", session.waivers))
        except EvidenceMissing as missing:
            raise ConfigurationError(
                f"The run cannot be judged anew: {missing}. It was made by ifmatch {header.suite.version}."
            ) from None
        for event in _of(NotBegun, self._evidence):
            session.record(event)
        return session

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Run what was run."""
        items[:] = [item for item in items if self._verdict_then(item) is not None]

    def _verdict_then(self, item: pytest.Item) -> VerdictReached | None:
        rule = rule_of(item)
        if rule is None:
            return None
        params: dict[str, Any] = item.callspec.params if hasattr(item, "callspec") else {}
        subject = session_of(item.config).profile.subject
        resource_type = params.get("resource_type", subject)
        return self._verdicts.get((rule.id, resource_type, tuple(row_of(item).items())))

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """A race is judged from its histories, in place of being run."""
        was = self._verdict_then(pyfuncitem)
        if was is None or not was.rule.startswith("race."):
            return None
        judge_race(case_of(pyfuncitem), was, self._histories.get(key_of(was), ()))
        return True


def _of(kind: type[_E], events: Iterable[Event]) -> Iterator[_E]:
    return (event for event in events if isinstance(event, kind))
