"""How much a race may cost, declared before it begins: passes never cut it short, a failure ends it at once.

Blocks and rounds are the measure; the seconds are a bound for targets that let everyone wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """So many blocks of so many rounds, each block on connections of its own. `plans` are drawn by Hypothesis.

    Where too few rounds raced to tell anything, up to as many blocks again are run.

    `repeats` is how often a failure is tried again in its smallest form, to say how often it shows. After `seconds` no
    other block begins.
    """

    blocks: int
    rounds: int
    plans: int
    repeats: int
    seconds: int

    def __str__(self) -> str:
        """Such as `8 blocks of 3 rounds, 12 plans`."""
        return f"{self.blocks} blocks of {self.rounds} rounds, {self.plans} plans"


#: The budgets by name. Rounds without a fault bound its exposure per round: 24 < 18 %, 160 < 3 %, 1000 < 0.5 % at 99 %,
#: less where rounds of one block depend on each other (see ifmatch.race.confidence).
EFFORTS: Mapping[str, Budget] = {
    "quick": Budget(blocks=8, rounds=3, plans=24, repeats=5, seconds=60),
    "standard": Budget(blocks=20, rounds=8, plans=60, repeats=10, seconds=300),
    "thorough": Budget(blocks=100, rounds=10, plans=300, repeats=20, seconds=1800),
}
