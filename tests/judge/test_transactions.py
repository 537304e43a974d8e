"""What transactions over several resources did together, on histories written by hand."""

import random
from dataclasses import replace

import pytest

from ifmatch.judge import picture
from ifmatch.judge.anomaly import WITNESS
from ifmatch.judge.history import Entry, History, Kind, Operation, Outcome
from ifmatch.judge.transactions import judge_together, side_by_side
from tests.judge.reading import Together, examples_of_transactions

EXAMPLES = examples_of_transactions()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example(example: Together) -> None:
    found = judge_together(example.histories, example.looks)
    assert ([anomaly.name.label for anomaly in found] or ["none"]) == example.anomalies
    for anomaly in found:
        assert len(anomaly.operations) <= WITNESS
        writers = {operation.writer for operation in anomaly.operations}
        assert all(f"{writer}'s " in anomaly.sentence for writer in writers)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_order_of_the_records_does_not_matter(example: Together) -> None:
    turned = {
        name: replace(history, operations=history.operations[::-1])
        for name, history in example.histories.items()
    }
    found = judge_together(turned, example.looks)
    assert ([anomaly.name.label for anomaly in found] or ["none"]) == example.anomalies


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_picture_shows_the_witness_and_both_resources(example: Together) -> None:
    for anomaly in judge_together(example.histories, example.looks):
        shown = picture.text(side_by_side(example.histories), anomaly, width=92)
        assert anomaly.name.label.upper() in shown
        for operation in anomaly.operations:
            assert f"▶ {operation.writer}" in shown
        assert "1st" in shown
        assert picture.svg(side_by_side(example.histories), anomaly)


def test_a_resource_alone_has_nothing_to_be_compared_with() -> None:
    lonely = Operation(0, "A", Kind.PART, 0, 9, Outcome.REFUSED, 412, "3", "a")
    history = History((lonely,), (Entry("3", ("0",)),))
    assert judge_together({"1st": history}) == ()
    assert judge_together({}) == ()


def test_a_right_server_raises_no_alarm() -> None:
    """Transactions and single writes in any order, some unanswered: each takes effect at one moment or never."""
    rng = random.Random(7)
    for _ in range(300):
        assert judge_together(*_lawful(rng)) == ()


def _lawful(rng: random.Random) -> tuple[dict[str, History], list[dict[str, Operation]]]:
    names = ("1st", "2nd", "3rd")
    entries = {name: [Entry("0", ("initial",))] for name in names}
    operations: dict[str, list[Operation]] = {name: [] for name in names}
    looks = []
    for number in range(rng.randrange(1, 12)):
        written = rng.sample(names, rng.randint(1, 3))
        kind = Kind.PART if len(written) > 1 else Kind.UPDATE
        outcome = rng.choice([Outcome.OK, Outcome.OK, Outcome.REFUSED, Outcome.UNKNOWN])
        applied = outcome is Outcome.OK or (outcome is Outcome.UNKNOWN and rng.random() < 0.5)
        for name in written:
            version = str(len(entries[name]))
            if applied:
                entries[name].append(Entry(version, (f"m{number}",)))
            told = version if outcome is Outcome.OK else None
            operations[name].append(
                Operation(
                    len(operations[name]),
                    f"w{number}",
                    kind,
                    number,
                    number + 5,
                    outcome,
                    base=None,
                    marker=f"m{number}",
                    version=told,
                )
            )
        looks.append(
            {
                name: Operation(
                    0,
                    "R",
                    Kind.SEARCH,
                    number,
                    number + 1,
                    Outcome.OK,
                    200,
                    version=entries[name][-1].version,
                    seen=entries[name][-1].markers,
                )
                for name in names
            }
        )
    histories = {name: History(tuple(operations[name]), tuple(entries[name])) for name in names}
    return histories, looks
