"""How the judge grows, and how it compares with a plain pass over the same records.

A plain pass sorts the records by the time they were invoked and runs one loop over them that looks at each field once
and counts what it finds. Nothing that looks at a history at all can do with less.

    python benchmarks/judge_scale.py [largest, default 1000000]
"""

import gc
import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

from ifmatch.judge.checker import judge
from ifmatch.judge.history import History, Operation
from tests.judge.simulate import World, simulate

#: Eight writers on one resource, one operation in three a read. Where every write names a version most of them lose
#: the race.
WORLDS = {
    "_history, If-Match always": World(
        clients=8, named=1, any=0, deletes=0, unknown=0.01, foreign=0, pause=1000
    ),
    "_history, If-Match often": World(
        clients=8, named=0.5, any=0, deletes=0.01, unknown=0.01, foreign=0, pause=1000
    ),
    "no _history, If-Match always": World(
        clients=8, history=False, named=1, any=0, deletes=0, unknown=0.01, foreign=0, pause=1000
    ),
    "no _history, If-Match often": World(
        clients=8, history=False, named=0.5, any=0, deletes=0, unknown=0.01, foreign=0, pause=1000
    ),
}


def plain_pass(operations: tuple[Operation, ...]) -> tuple[dict[object, int], int]:
    """Sort, then one loop that touches every field."""
    counts: dict[object, int] = {}
    last = 0
    for op in sorted(operations, key=attrgetter("invoked")):
        key = (
            op.kind,
            op.outcome,
            op.status,
            op.base is None,
            op.version is None,
            op.marker is None,
            len(op.seen),
            op.writer,
        )
        counts[key] = counts.get(key, 0) + 1
        if op.returned is not None and op.returned > last:
            last = op.returned
    return counts, last


def timed(work: Callable[[], object], repeat: int) -> float:
    """The median of several times."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)


def as_recorded(history: History) -> History:
    """The records as the lanes of the writers hold them, one lane after another: sorted in each, not over all."""
    lanes = sorted(history.operations, key=attrgetter("writer"))
    return History(tuple(lanes), history.entries, history.final, history.initial)


def measure(world: World, size: int) -> tuple[int, float, float]:
    """The number of versions, and the seconds for a plain pass and for the judge."""
    history = as_recorded(simulate(replace(world, operations=size), random.Random(size)))
    assert not judge(history), "the simulated server is correct"
    gc.collect()
    gc.freeze()  # the records are there before either starts: neither is charged for the collector walking over them
    repeat = 9 if size <= 100_000 else 5
    plain, took = (
        timed(lambda: plain_pass(history.operations), repeat),
        timed(lambda: judge(history), repeat),
    )
    gc.unfreeze()
    versions = len(history.entries or ()) or len({op.version for op in history.operations})
    return versions, plain, took


def main(largest: int) -> None:
    """Print a table; the ratio in the last line of each world is the bar."""
    for name, world in WORLDS.items():
        print(
            f"\n{name}\n{'operations':>12}{'versions':>10}{'plain s':>10}{'judge s':>10}"
            f"{'ratio':>8}{'us/op':>8}{'growth':>8}"
        )
        before, size = 0.0, 10_000
        while size <= largest:
            versions, plain, took = measure(world, size)
            growth = f"{took / before:8.1f}" if before else ""
            print(
                f"{size:>12}{versions:>10}{plain:>10.3f}{took:>10.3f}"
                f"{took / plain:>8.2f}{took / size * 1e6:>8.2f}{growth}",
                flush=True,
            )
            before, size = took, size * 10


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
