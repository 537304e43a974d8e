"""What the writers of a race are going to do. Pure data, drawn (see drawing.py) without a look at any answer.

A plan names versions by what a writer will have seen when the time comes ("the one I last saw"), so the same plan
runs on any server, and a plan that found something can be cut down to the operations that did it. A round of one
operation is a sequential step; a round of several is released at once.
"""

from dataclasses import dataclass
from itertools import chain

from ifmatch.judge.history import ANY, Kind

#: The version a planned operation names: so many before the one its writer last saw (0 is that one), ANY, or none.
Base = int | str | None

#: The writers are known by letters: A, B, C, ...
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of one writer, to be carried out when its round comes."""

    writer: str
    kind: Kind
    base: Base = None

    def __str__(self) -> str:
        """Such as `A: update, naming the version last seen`."""
        return f"{self.writer}: {self.kind}{_naming(self.base)}"


def _naming(base: Base) -> str:
    if base is None:
        return ""
    if base == ANY:
        return ", naming any version"
    return (
        ", naming the version last seen"
        if base == 0
        else f", naming a version seen before (up to {base} back)"
    )


Round = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Rounds, one after the other. The steps of a round are released together; no writer has two in one round."""

    rounds: tuple[Round, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in order."""
        return tuple(chain.from_iterable(self.rounds))

    @property
    def writers(self) -> tuple[str, ...]:
        """Who takes part."""
        return tuple(sorted({step.writer for step in self.steps}))

    def without(self, number: int) -> "Plan":
        """The plan with one of its rounds left out."""
        return Plan(self.rounds[:number] + self.rounds[number + 1 :])

    def __str__(self) -> str:
        """One line for each round."""
        return "\n".join(
            f"{i}. " + " | ".join(map(str, steps)) for i, steps in enumerate(self.rounds, 1)
        )


#: One thing to do, and the version that it names.
Action = tuple[Kind, Base]
Repertoire = tuple[Action, ...]

#: What a writer may do, the plainest first: Hypothesis shrinks towards the head of the list. A server that does not
#: offer an interaction is given the list without it.
REPERTOIRE: Repertoire = (
    (Kind.READ, None),
    (Kind.UPDATE, 0),
    (Kind.PATCH, 0),
    (Kind.DELETE, 0),
    (Kind.UPDATE, 1),
    (Kind.TRANSACTION, 0),
    (Kind.UPDATE, ANY),
    (Kind.CONDITIONAL_UPDATE, None),
    (Kind.CREATE, None),
    (Kind.PATCH, 1),
    (Kind.DELETE, 1),
    (Kind.UPDATE, 2),
    (Kind.UPDATE, None),
    (Kind.PATCH, None),
    (Kind.DELETE, None),
)
