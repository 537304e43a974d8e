"""Shows every exchange to the monitors, and keeps what they found."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ifmatch.client.exchange import Exchange, Request
from ifmatch.monitor.asked import Asked, asked_by
from ifmatch.monitor.shown import Seen, Shown, shown_by, version_spoken_of
from ifmatch.rules.answer import Answer
from ifmatch.rules.expectation import Finding, Level


@dataclass(frozen=True, slots=True)
class Observed:
    """An exchange as a monitor sees it: what was asked and what was answered, and where the target lies.

    `asked` is the interaction that the request is, where it is about resources of one type. `shown` are the resources
    in the answer, `seen` is what earlier answers of the run showed.
    """

    request: Request
    answer: Answer
    base_url: str
    asked: Asked | None
    shown: tuple[Shown, ...]
    seen: Seen


@dataclass(frozen=True, slots=True)
class Fact:
    """What a monitor looked at: whether it is so, what should be, and what is; a `note` is told, whatever holds.

    `contradicts` is the id of an earlier exchange that showed it otherwise.
    """

    holds: bool
    expected: str
    got: str
    note: str = ""
    contradicts: str = ""


#: The facts that one exchange shows; none where it shows nothing of the kind.
Monitor = Callable[[Observed], Iterable[Fact]]


@dataclass
class Tally:
    """What one monitor has seen: how many facts it looked at, and each that did not hold, with its exchange."""

    looked: int = 0
    notes: list[str] = field(default_factory=list)
    broken: list[tuple[Observed, Fact]] = field(default_factory=list)

    def add(self, observed: Observed, fact: Fact) -> None:
        """Count a fact, and keep it when it does not hold."""
        self.looked += 1
        if fact.note:
            self.notes.append(f"{fact.note} (exchange {observed.answer.exchange})")
        if not fact.holds:
            self.broken.append((observed, fact))

    @property
    def exchanges(self) -> tuple[str, ...]:
        """The ids of the exchanges that show what is wrong, each with the one that it contradicts."""
        both = [(fact.contradicts, observed.answer.exchange) for observed, fact in self.broken]
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

    def __call__(self, exchange: Exchange, answer: Answer) -> None:
        """Show one exchange to every monitor, and remember what it shows for those that follow."""
        asked = asked_by(exchange.request, self._base_url)
        shown = shown_by(answer)
        observed = Observed(exchange.request, answer, self._base_url, asked, shown, self._seen)
        for rule, monitor in self._monitors.items():
            tally = self.tallies[rule]
            for fact in monitor(observed):
                tally.add(observed, fact)
        for one in shown:
            self._seen.add(one)
        self._seen.add_time(version_spoken_of(answer, asked), answer)
