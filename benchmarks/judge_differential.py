"""The judge against the search, on random histories: do they ever differ?

    python benchmarks/judge_differential.py [exact histories, default 50000] [loose ones, default 15000] [seed]

Exact: with `_history`; without it where every write names a version; without it and without refusals where some do
not. There the judge must agree with the search both ways. Loose: deletions that are answered without a version,
deletions of unknown outcome without `_history`, refusals among writes that name no version. There it may miss
something, but must accuse nobody wrongly.
"""

import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from ifmatch.judge.checker import judge
from tests.judge.differential import EXACT, LOOSE, histories
from tests.judge.wgl import explicable


def main(exact: int = 50_000, loose: int = 15_000, seed: int = 1) -> int:
    """Print how often they agree; 1 when they differ."""
    start = time.perf_counter()
    told = Counter((not judge(h), explicable(h)) for h in histories(exact, seed, EXACT))
    differ = told[True, False] + told[False, True]
    print(
        f"exact: {exact} histories, {told[False, False]} of them contradictory: {differ} differences",
        end="",
    )
    print(f" ({time.perf_counter() - start:.1f} s)")
    told = Counter(
        (not judge(h), explicable(h, foreign_deletions=False))
        for h in histories(loose, seed, LOOSE)
    )
    wrong, missed = told[False, True], told[True, False]
    print(
        f"loose: {loose} histories, {told[False, False] + missed} contradictory: "
        f"{wrong} wrong accusations, {missed} missed"
    )
    return 1 if differ or wrong else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
