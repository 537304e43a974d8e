"""What is shared by all races on one target: how it is reached, what it is like, and how many may meet on it."""

from dataclasses import dataclass, field, replace

from ifmatch.client.exchange import Request
from ifmatch.client.target import Target
from ifmatch.client.workbench import Subject
from ifmatch.race.calibration import Calibration, calibrate
from ifmatch.race.transport import Authorized, Choice, Engine, Mode, TimedRequest, choose


@dataclass(slots=True)
class Hang:
    """That writers who meet hang, in a sentence, once a race has proven it: no other race is run then."""

    proven: str = ""


@dataclass(frozen=True, slots=True)
class Environment:
    """A target as its races find it.

    `narrow` when it serves fewer connections at once than were asked for: then none is kept that is not needed.
    """

    choice: Choice
    calibration: Calibration
    writers: int
    narrow: bool = False
    hang: Hang = field(default_factory=Hang)

    @classmethod
    def measured(cls, target: Target, subject: Subject, writers: int) -> "Environment":
        """Choose the engine and calibrate it with a few reads of a resource."""
        chosen = choose(target.settings)
        choice = replace(chosen, engine=Authorized(chosen.engine, target.authorizer))
        probe = target.request("GET", f"{subject.type}/{subject.id}")
        served = _served(choice.engine, probe, writers)
        narrow = served < writers
        if narrow:  # the connections that are kept for what is sequential count, too
            target.close()
            choice.engine.redial()
            served = _served(choice.engine, probe, writers)
        way = choice.widener.way() if choice.widener else None
        calibration = calibrate(choice.engine, probe, max(1, served), way)
        if narrow:
            choice.engine.redial()
        return cls(choice, calibration, served, narrow)

    @property
    def engine(self) -> Engine:
        """What sends the requests that race."""
        return self.choice.engine

    @property
    def limits(self) -> str:
        """What the target's limits do to the races; empty when it has none."""
        if not self.narrow:
            return ""
        return f"the target serves {self.writers} connections at once, so no more than {self.writers} writers meet"


def _served(engine: Engine, probe: Request, count: int) -> int:
    """How many of so many requests at once are answered, each over a connection of its own."""
    results = engine.release([TimedRequest(probe)] * count, Mode.WHOLE)
    return sum(result.response is not None for result in results)
