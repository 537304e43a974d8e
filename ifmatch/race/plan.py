"""What the writers of a race are going to do. Pure data, drawn by Hypothesis, without a look at any answer.

A plan names versions by what a writer will have seen when the time comes ("the one I last saw"), so the same plan
runs on any server, and a plan that found something can be cut down to the operations that did it. A round of one
operation is a sequential step; a round of several is released at once.

Half of the concurrent rounds are *hot*, the same operation by every writer: that finds most races soonest, and sooner
than any target function does (as QuickCheck's parallel suffix after a sequential prefix: Claessen et al., "Finding
Race Conditions in Erlang with QuickCheck and PULSE", ICFP 2009).
"""

from dataclasses import dataclass
from itertools import chain

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

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
    return ", naming the version last seen" if base == 0 else f", naming a version seen before (up to {base} back)"


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
        return "\n".join(f"{i}. " + " | ".join(map(str, steps)) for i, steps in enumerate(self.rounds, 1))


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
    (Kind.PATCH, 1),
    (Kind.DELETE, 1),
    (Kind.UPDATE, 2),
    (Kind.UPDATE, None),
    (Kind.PATCH, None),
    (Kind.DELETE, None),
)


def actions(repertoire: Repertoire = REPERTOIRE) -> st.SearchStrategy[Action]:
    """One thing to do."""
    return st.sampled_from(repertoire)


def hot_rounds(writers: int, repertoire: Repertoire = REPERTOIRE) -> st.SearchStrategy[Round]:
    """The same operation by two or more writers. Not a read: reads alone do not race."""
    hot = actions(tuple(action for action in repertoire if action[0] is not Kind.READ))
    return st.builds(lambda action, k: tuple(Step(w, *action) for w in LETTERS[:k]), hot, st.integers(2, writers))


def mixed_rounds(writers: int, repertoire: Repertoire = REPERTOIRE) -> st.SearchStrategy[Round]:
    """Whatever each of two or more writers likes."""
    chosen = st.lists(actions(repertoire), min_size=2, max_size=writers)
    return chosen.map(lambda actions: tuple(Step(w, *action) for w, action in zip(LETTERS, actions, strict=False)))


def single_rounds(writers: int, repertoire: Repertoire = REPERTOIRE) -> st.SearchStrategy[Round]:
    """One operation of one writer."""
    return st.builds(lambda action, w: (Step(w, *action),), actions(repertoire), st.sampled_from(LETTERS[:writers]))


def sequential_plans(writers: int = 2, most: int = 8, repertoire: Repertoire = REPERTOIRE) -> st.SearchStrategy[Plan]:
    """Plans without a race: they find what a server does wrong every time, and shrink perfectly."""
    rounds = st.lists(single_rounds(writers, repertoire), min_size=most // 2, max_size=most)
    return rounds.map(lambda steps: Plan(tuple(steps)))


def concurrent_plans(writers: int = 4, most: int = 8, repertoire: Repertoire = REPERTOIRE) -> st.SearchStrategy[Plan]:
    """Plans of rounds that race, half of them hot."""
    rounds = st.booleans().flatmap(lambda mixed: (mixed_rounds if mixed else hot_rounds)(writers, repertoire))
    return st.lists(rounds, min_size=1, max_size=most).map(lambda steps: Plan(tuple(steps)))


def draw(strategy: st.SearchStrategy[Plan], count: int, number: int) -> tuple[Plan, ...]:
    """So many plans by a strategy; the same number draws the same plans.

    Only drawn, never shrunk: a failure of a race is cut down from its witness, not by replaying it with fewer
    operations and luck.
    """
    drawn: list[Plan] = []

    @seed(number)
    @settings(
        max_examples=count,
        phases=(Phase.generate,),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(plan: Plan) -> None:
        drawn.append(plan)

    collect()
    return tuple(drawn)
