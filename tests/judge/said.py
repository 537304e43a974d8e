"""What the judge says of many histories, word for word: those written by hand, and random ones, most of them spoilt.

python -m tests.judge.said     writes said.txt anew, for you to read what has changed
"""

from collections.abc import Iterator
from pathlib import Path

from ifmatch.judge.anomaly import Anomaly
from ifmatch.judge.checker import judge
from ifmatch.judge.transactions import judge_together
from tests.judge.differential import EXACT, LOOSE, histories
from tests.judge.reading import examples, examples_of_transactions

FILE = Path(__file__).parent / "said.txt"

#: So many random histories in which there is something to be found.
RANDOM = 150


def everything() -> str:
    """All of it, a block for each history in which there is something to be found."""
    return "\n\n".join(_blocks()) + "\n"


def _blocks() -> Iterator[str]:
    for example in examples():
        yield from _block(example.name, judge(example.history))
    for together in examples_of_transactions():
        yield from _block(together.name, judge_together(together.histories, together.looks))
    worlds = (*EXACT, *LOOSE)
    drawn = enumerate(histories(100_000, seed=8, worlds=worlds))
    shown = (block for number, h in drawn for block in _block(f"random {number}", judge(h)))
    for _, block in zip(range(RANDOM), shown, strict=False):
        yield block


def _block(name: str, anomalies: tuple[Anomaly, ...]) -> Iterator[str]:
    if anomalies:
        yield "\n".join([name, *(line for anomaly in anomalies for line in _lines(anomaly))])


def _lines(anomaly: Anomaly) -> Iterator[str]:
    yield f"  {anomaly}"
    yield f"    operations {' '.join(f'{o.writer}:{o.id}' for o in anomaly.operations)}"
    yield f"    versions {' '.join(anomaly.versions)}; entries {' '.join(e.version for e in anomaly.entries)}"


if __name__ == "__main__":
    FILE.write_text(everything(), encoding="utf-8")
