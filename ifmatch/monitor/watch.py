"""Shows every exchange to the monitors, and keeps what they found."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ifmatch.client.asked import Asked, Interaction, asked_by
from ifmatch.client.exchange import Exchange, Request
from ifmatch.client.player import exchange_in
from ifmatch.client.subject import is_bundle
from ifmatch.errors import EvidenceMissing
from ifmatch.log.events import Event, ExchangeRecorded
from ifmatch.monitor.marks import marks_in
from ifmatch.monitor.shown import Seen, Shown, shown_by, version_spoken_of
from ifmatch.monitor.writes import LastWritten, Write, write_in
from ifmatch.rules.answer import Answer, Effect, Resource, objects_in
from ifmatch.rules.expectation import Finding, Level


@dataclass(frozen=True, slots=True)
class Observed:
    """An exchange as a monitor sees it: what was asked and what was answered, and where the target lies.

    `asked` is the interaction that the request is, where it is about resources of one type. `shown` are the resources
    in the answer, `write` is what was carried out, `seen` is what earlier answers of the run showed. It was sent when
    it `began`, and answered when it `ended`; one that `raced` was under way while others were.
    """

    request: Request
    answer: Answer
    base_url: str
    asked: Asked | None
    shown: tuple[Shown, ...]
    seen: Seen
    write: Write | None
    began: datetime
    ended: datetime
    raced: bool = False

    @property
    def history(self) -> list[Resource]:
        """The entries of the history that was asked for, none where it was something else or is no Bundle."""
        is_history = self.asked is not None and self.asked.interaction is Interaction.HISTORY
        if not is_history or not is_bundle(self.answer):
            return []
        return objects_in(self.answer.json.get("entry"))


@dataclass(frozen=True, slots=True)
class Fact:
    """What a monitor looked at: whether it is so, what should be, and what is; a `note` is told, whatever holds.

    `contradicts` is the id of an earlier exchange that showed it otherwise. What does not hold may be `explained` by
    what is seen later: it is asked when the run is over.
    """

    holds: bool
    expected: str
    got: str
    note: str = ""
    contradicts: str = ""
    explained: Callable[[], bool] = lambda: False


#: The facts that one exchange shows; none where it shows nothing of the kind.
Monitor = Callable[[Observed], Iterable[Fact]]


@dataclass
class Tally:
    """What one monitor has seen: how many facts it looked at, and each that did not hold, with its exchange."""

    looked: int = 0
    notes: list[str] = field(default_factory=list)
    _broken: list[tuple[Observed, Fact]] = field(default_factory=list)

    @property
    def broken(self) -> list[tuple[Observed, Fact]]:
        """The facts that do not hold, as far as nothing seen later explains them."""
        return [(observed, fact) for observed, fact in self._broken if not fact.explained()]

    def add(self, observed: Observed, fact: Fact) -> None:
        """Count a fact, and keep it when it does not hold."""
        self.looked += 1
        if fact.note:
            self.notes.append(f"{fact.note} (exchange {observed.answer.exchange})")
        if not fact.holds:
            self._broken.append((observed, fact))

    @property
    def exchanges(self) -> tuple[str, ...]:
        """The ids of the exchanges that show what is wrong, each before the one that it contradicts."""
        both = [(observed.answer.exchange, fact.contradicts) for observed, fact in self.broken]
        return tuple(dict.fromkeys(exchange for pair in both for exchange in pair if exchange))

    def findings(self, level: Level) -> tuple[Finding, ...]:
        """What is wrong, each kind once, with the request that first showed it and how many others did."""
        kinds: dict[tuple[str, int], list[tuple[Observed, Fact]]] = {}
        for observed, fact in self.broken:
            kind = (observed.request.method, observed.answer.status)
            kinds.setdefault(kind, []).append((observed, fact))
        return tuple(_finding(seen, level) for seen in kinds.values())


def _finding(seen: list[tuple[Observed, Fact]], level: Level) -> Finding:
    observed, fact = seen[0]
    request, answer = observed.request, observed.answer
    others = f" and {len(seen) - 1} more like it" if len(seen) > 1 else ""
    where = f"{request.method} {request.url}, exchange {answer.exchange}{others}"
    return Finding(fact.expected, f"{fact.got} ({where})", level)


class Watch:
    """Runs the monitors of the rules that were selected over the exchanges of one target."""

    def __init__(self, monitors: Mapping[str, Monitor], base_url: str) -> None:
        self._monitors, self._base_url, self._seen = monitors, base_url, Seen()
        self.tallies = {rule: Tally() for rule in monitors}
        self._refused: dict[tuple[Interaction, str, int], str] = {}

    @property
    def refused(self) -> tuple[tuple[str, str], ...]:
        """Type and id of what a refused write was about: of each interaction, type and status the first."""
        return tuple((type_, id_) for (_, type_, _), id_ in self._refused.items())

    def anew(self, events: Iterable[Event]) -> "Watch":
        """A watch for the same rules that has been shown what a log has of every exchange, and nothing else."""
        watch = Watch(self._monitors, self._base_url)
        for event in events:
            if isinstance(event, ExchangeRecorded):
                with suppress(EvidenceMissing):
                    exchange = exchange_in(event)
                    watch(exchange, exchange.answer(event.id), event.raced)
        return watch

    def __call__(self, exchange: Exchange, answer: Answer, raced: bool = False) -> None:
        """Show one exchange to every monitor, and remember what it shows for those that follow."""
        asked = asked_by(exchange.request, self._base_url)
        shown = shown_by(answer)
        observed = self._observed(exchange, answer, asked, shown, raced)
        for rule, monitor in self._monitors.items():
            tally = self.tallies[rule]
            for fact in monitor(observed):
                tally.add(observed, fact)
        self._remember(observed)

    def _observed(
        self,
        exchange: Exchange,
        answer: Answer,
        asked: Asked | None,
        shown: tuple[Shown, ...],
        raced: bool,
    ) -> Observed:
        began = exchange.started
        ended = began + timedelta(milliseconds=exchange.duration_ms)
        write = write_in(asked, answer, began, ended)
        request, base_url = exchange.request, self._base_url
        seen = self._seen
        return Observed(request, answer, base_url, asked, shown, seen, write, began, ended, raced)

    def _remember(self, observed: Observed) -> None:
        seen, answer = self._seen, observed.answer
        if observed.request.is_write:
            self._remember_write(observed)
        for one in observed.shown:
            seen.add(one)
            seen.marks.shown(marks_in(one.text), observed.ended)
        seen.add_time(version_spoken_of(answer, observed.asked), answer)
        seen.looks.add(observed.asked, answer, observed.ended)

    def _remember_write(self, observed: Observed) -> None:
        seen, write = self._seen, observed.write
        marks = marks_in(observed.request.body.decode("utf-8", "replace"))
        is_told = write is not None and write.version and not observed.raced
        seen.last_written = (
            LastWritten(write, seen.marks.fresh(marks)) if write and is_told else None
        )
        seen.marks.sent(marks, observed.answer, observed.began)
        if write is not None:
            seen.writes.add(write)
        asked, answer = observed.asked, observed.answer
        if asked is not None and asked.id and marks and answer.effect is Effect.REFUSED:
            self._refused.setdefault((asked.interaction, asked.type, answer.status), asked.id)
