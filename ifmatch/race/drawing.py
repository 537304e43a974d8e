"""Plans drawn by Hypothesis. Apart from the plans themselves, because Hypothesis takes its time to load.

Half of the concurrent rounds are *hot*, the same operation by every writer: that finds most races soonest, and sooner
than any target function does (as QuickCheck's parallel suffix after a sequential prefix: Claessen et al., "Finding
Race Conditions in Erlang with QuickCheck and PULSE", ICFP 2009).
"""

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from ifmatch.judge.history import Kind
from ifmatch.race.plan import LETTERS, REPERTOIRE, Action, Plan, Repertoire, Round, Step


def actions(repertoire: Repertoire = REPERTOIRE) -> st.SearchStrategy[Action]:
    """One thing to do."""
    return st.sampled_from(repertoire)


def hot_rounds(writers: int, repertoire: Repertoire = REPERTOIRE) -> st.SearchStrategy[Round]:
    """The same operation by two or more writers. Not a read: reads alone do not race."""
    hot = actions(tuple(action for action in repertoire if action[0] is not Kind.READ))
    return st.builds(
        lambda action, k: tuple(Step(w, *action) for w in LETTERS[:k]), hot, st.integers(2, writers)
    )


def mixed_rounds(writers: int, repertoire: Repertoire = REPERTOIRE) -> st.SearchStrategy[Round]:
    """Whatever each of two or more writers likes."""
    chosen = st.lists(actions(repertoire), min_size=2, max_size=writers)
    return chosen.map(
        lambda actions: tuple(Step(w, *action) for w, action in zip(LETTERS, actions, strict=False))
    )


def single_rounds(writers: int, repertoire: Repertoire = REPERTOIRE) -> st.SearchStrategy[Round]:
    """One operation of one writer."""
    return st.builds(
        lambda action, w: (Step(w, *action),),
        actions(repertoire),
        st.sampled_from(LETTERS[:writers]),
    )


def sequential_plans(
    writers: int = 2, most: int = 8, repertoire: Repertoire = REPERTOIRE
) -> st.SearchStrategy[Plan]:
    """Plans without a race: they find what a server does wrong every time, and shrink perfectly."""
    rounds = st.lists(single_rounds(writers, repertoire), min_size=most // 2, max_size=most)
    return rounds.map(lambda steps: Plan(tuple(steps)))


def concurrent_plans(
    writers: int = 4, most: int = 8, repertoire: Repertoire = REPERTOIRE
) -> st.SearchStrategy[Plan]:
    """Plans of rounds that race, half of them hot."""
    rounds = st.booleans().flatmap(
        lambda mixed: (mixed_rounds if mixed else hot_rounds)(writers, repertoire)
    )
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
