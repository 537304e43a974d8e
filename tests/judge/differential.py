"""Random histories, one half of them spoilt, for the judge and the search to differ on."""

import random
from collections.abc import Iterator
from dataclasses import replace

from ifmatch.judge.history import History, Outcome
from tests.judge.simulate import CHAIN, CLAIMED, LOOSE, VALUES, World, simulate, spoil

EXACT = (CLAIMED, CHAIN, VALUES)


def histories(
    count: int, seed: int, worlds: tuple[World, ...] = EXACT, largest: int = 14
) -> Iterator[History]:
    """Histories of 2 to `largest` operations by 2 to 5 clients."""
    rng = random.Random(seed)
    for number in range(count):
        world = replace(
            worlds[number % len(worlds)],
            operations=rng.randint(2, largest),
            clients=rng.randint(2, 5),
            existing=rng.random() < 0.7,
            pause=rng.choice((2, 8, 30)),
        )
        history = simulate(world, rng)
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            history = spoil(history, rng)
        if not world.refusals:
            history = replace(
                history,
                operations=tuple(o for o in history.operations if o.outcome is not Outcome.REFUSED),
            )
        yield history


__all__ = ["EXACT", "LOOSE", "histories"]
