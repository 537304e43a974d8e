"""What the races of one scenario left behind. Data only: who reads it forms an opinion of it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ifmatch.client.workbench import Subject
from ifmatch.judge.anomaly import Anomaly, Name
from ifmatch.judge.history import History
from ifmatch.race.completion import Completion
from ifmatch.race.confidence import Block, Confidence
from ifmatch.race.environment import Environment
from ifmatch.race.history_builder import HistoryBuilder
from ifmatch.race.transport import WinnerFeedback
from ifmatch.rules.answer import Answer


@dataclass(frozen=True, slots=True)
class Sighting:
    """An anomaly in a history; `fault` where the server is to blame for it."""

    history: History
    anomaly: Anomaly
    fault: bool


#: What only seems so where reads come from a copy that lags behind: a moment ago it was as they show it, and who was
#: refused may have named what was current then.
BEHIND = frozenset({Name.STALE_READ, Name.RESURRECTED, Name.NO_WINNER})

#: Judges a finished history.
Check = Callable[[History], Iterable[Sighting]]


@dataclass(frozen=True, slots=True)
class Reproduction:
    """How often a fault showed again, in so many tries, and who raced then. It never takes a sighting back."""

    shown: int
    tries: int
    by: str

    def __str__(self) -> str:
        """A line for the report, with the plan below it where one was drawn."""
        if not self.shown:
            return f"seen once, which proves it; not seen again in {self.tries} tries by {self.by}"
        return f"reproduced {self.shown} of {self.tries} times by {self.by}"


@dataclass(slots=True)
class Race:
    """Everything that one scenario's races left behind.

    `troubles` are what the target put in the way, `limits` what came of them; `left_out` are the rounds that there was
    no time for. `aim` is how two unlike operations were brought to meet. `pending` are histories of which the end was
    not yet to be known. `behind` are the reads that showed too little, on a target whose reads are seen to lag
    whoever asks. `hang` says that writers who met were not answered, in a sentence, once it is proven.
    """

    environment: Environment
    rounds: list[list[Completion]] = field(default_factory=list)
    histories: list[History] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    reproduced: Reproduction | None = None
    aim: WinnerFeedback | None = None
    exchanges: dict[tuple[str, int], str] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    left_out: int = 0
    behind: int = 0
    hang: str = ""
    pending: list[HistoryBuilder] = field(default_factory=list)

    def see(self, found: Iterable[Sighting], reads_lag: bool) -> None:
        """Take up what was found in a history. Where reads lag anyway, that some did in a race is no news."""
        for sighting in found:
            if reads_lag and sighting.anomaly.name in BEHIND:
                self.behind += 1
            else:
                self.sightings.append(sighting)

    @property
    def confidence(self) -> Confidence:
        """What it is worth that nothing was found."""
        return Confidence(tuple(self.blocks))

    @property
    def faults(self) -> list[Sighting]:
        """What a server is blamed for."""
        return [sighting for sighting in self.sightings if sighting.fault]

    @property
    def shows_fault(self) -> bool:
        """Whether the server was seen to do wrong, in whatever way the race can show it."""
        return bool(self.faults) or bool(self.hang)

    @property
    def completions(self) -> Iterator[Completion]:
        """Every operation that raced."""
        for round_ in self.rounds:
            yield from round_

    @property
    def losers(self) -> list[Answer]:
        """The answers to those who were not accepted: refusals, and server errors where another one was accepted.

        Where nobody was, who was answered with a server error may have written; being put off is no answer to a write.
        """
        return [
            completion.answer
            for round_ in self.rounds
            for completion in round_
            if completion.refused or (completion.failed and _won(round_))
        ]

    @property
    def decided(self) -> list[list[Completion]]:
        """The rounds of several writers of which every outcome is known."""
        several = [round_ for round_ in self.rounds if len(round_) > 1]
        return [
            round_ for round_ in several if all(completion.outcome_known for completion in round_)
        ]


def _won(round_: Iterable[Completion]) -> bool:
    return any(completion.accepted for completion in round_)
