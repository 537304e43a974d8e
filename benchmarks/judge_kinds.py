"""Does the judge call every fault by its name? And does it keep silent where there is none?

python benchmarks/judge_kinds.py [histories of each kind, default 200] [clean histories, default 2000]
"""

import random
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from ifmatch.judge.anomaly import WITNESS, Name
from ifmatch.judge.checker import judge
from tests.judge.seeded import CHAIN_WORLD, EPISODES, WITHOUT_HISTORY, WORLD, seeded
from tests.judge.simulate import simulate

SIZE = 300


def kind(name: Name, count: int, claimed: bool) -> bool:
    """Judge so many histories with one fault; print what it was called."""
    told: Counter[str] = Counter()
    widest = 0
    for number in range(count):
        found = judge(seeded(name, random.Random(f"{name.name} {number}"), SIZE, claimed))
        told[" + ".join(anomaly.name.label for anomaly in found) or "nothing"] += 1
        widest = max([widest, *(len(anomaly.operations) for anomaly in found)])
    right = told.pop(name.label, 0)
    wrong = ", ".join(f"{times} {label}" for label, times in told.most_common())
    print(f"  {name.label:32} {right:>4}/{count}  witness <= {widest}  {wrong}")
    return right == count and widest <= WITNESS


def main(count: int, clean: int) -> int:
    """Print a line for each kind; 1 when any was called otherwise, or a clean history raised an alarm."""
    print(
        f"{len(EPISODES)} kinds x {count} histories of {SIZE} operations, with _history: named so, and nothing else"
    )
    good = [kind(name, count, True) for name in EPISODES]
    print(f"{len(WITHOUT_HISTORY)} of them x {count}, without _history")
    good += [kind(name, count, False) for name in WITHOUT_HISTORY]
    for label, world in (("with", WORLD), ("without", CHAIN_WORLD)):
        rng = random.Random(label)
        alarms = sum(
            bool(judge(simulate(replace(world, operations=SIZE), rng))) for _ in range(clean)
        )
        print(f"alarms on {clean} clean histories {label} _history: {alarms}")
        good.append(not alarms)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(
        main(
            *(int(argument) for argument in (*sys.argv[1:], *("200", "2000")[len(sys.argv) - 1 :]))
        )
    )
