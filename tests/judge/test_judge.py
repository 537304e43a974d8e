"""Every anomaly by its name, on histories written by hand; and histories that look odd but are not."""

from dataclasses import replace

import pytest

from ifmatch.judge.anomaly import WITNESS, Clock, Gravity, Name
from ifmatch.judge.checker import judge
from ifmatch.judge.history import History, Kind, Operation, Outcome
from ifmatch.judge.root_causes import LIMIT
from tests.judge.reading import Example, examples, examples_of_transactions

EXAMPLES = examples()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example(example: Example) -> None:
    found = judge(example.history)
    assert ([anomaly.name.label for anomaly in found] or ["none"]) == [example.anomaly]
    for anomaly in found:
        writers = [operation.writer for operation in anomaly.operations]
        assert len(writers) <= WITNESS
        assert sorted(writers) == sorted(example.witness)
        told = [writer for writer in writers if f"{writer}'s " in anomaly.sentence]
        assert len(told) >= min(2, len(writers)) or anomaly.entries, (
            "the sentence names the two requests that collided"
        )


def test_each_name_has_an_example() -> None:
    by_one = {example.anomaly for example in EXAMPLES}
    together = {label for example in examples_of_transactions() for label in example.anomalies}
    assert {name.label for name in Name} <= by_one | together


def test_an_empty_history_proves_nothing() -> None:
    assert judge(History(())) == ()
    assert judge(History((), ())) == ()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_order_of_the_records_does_not_matter(example: Example) -> None:
    history = example.history
    turned = replace(history, operations=history.operations[::-1])
    assert [anomaly.name for anomaly in judge(turned)] == [
        anomaly.name for anomaly in judge(history)
    ]


@pytest.mark.parametrize(
    "names", [("9", "8", "7"), (" ", "0", "-1"), ("b", "a", "c"), ("é", "W/3", "1.0")]
)
def test_versions_are_opaque(names: tuple[str, ...]) -> None:
    renamed = dict(zip("345", names, strict=True))
    example = next(e for e in EXAMPLES if e.name == "lost-update")
    operations = tuple(
        replace(op, base=renamed[op.base or ""], version=renamed[op.version or ""])
        for op in example.operations
    )
    assert [anomaly.name for anomaly in judge(History(operations, initial=names[0]))] == [
        Name.LOST_UPDATE
    ]


def test_what_no_text_forbids_is_a_warning() -> None:
    """The liveness of one round, and how far a transaction is kept from those who look and write meanwhile."""
    warnings = {name for name in Name if name.gravity is Gravity.WARNING}
    assert warnings == {Name.NO_WINNER, Name.NO_ORDER, Name.HALF_SEEN}


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ("4", "9 ms later a read found a newer one."),
        ("3", "It was still so 9 ms after R's GET (200, version 3)."),
    ],
)
def test_a_stale_read_is_told_with_what_became_of_it(seen: str, told: str) -> None:
    """A copy that catches up is another fault than one that never does."""
    example = next(e for e in EXAMPLES if e.name == "stale-read")
    stale = next(op for op in example.operations if op.writer == "R")
    assert stale.returned is not None
    later = stale.returned + 9_000_000
    final = replace(
        stale, id=99, writer="last", invoked=later, returned=later + 1, version=seen, seen=()
    )
    first, *_ = judge(replace(example.history, final=final))
    assert first.name is Name.STALE_READ
    assert first.sentence.endswith(told)


CLOCK_FREE = {name.label for name in Name if name.clock is Clock.NOT_NEEDED}


@pytest.mark.parametrize(
    "example", [e for e in EXAMPLES if e.anomaly in CLOCK_FREE], ids=lambda example: example.name
)
def test_what_needs_no_clock_is_found_without_one(example: Example) -> None:
    """Each writer's clock may be off by any amount: the fault is still found, at most a race looks like a plain one."""
    offset = {
        writer: i * 1000
        for i, writer in enumerate(dict.fromkeys(op.writer for op in example.operations))
    }
    moved = tuple(
        replace(
            op,
            invoked=op.invoked + offset[op.writer],
            returned=None if op.returned is None else op.returned + offset[op.writer],
        )
        for op in example.operations
    )
    found = judge(replace(example.history, operations=moved))
    assert {anomaly.name.clock for anomaly in found} >= {
        Clock.NOT_NEEDED
    } or example.name in BY_THE_CLOCK


#: Without `_history`, a write that names no version can be placed by the clock only.
BY_THE_CLOCK = {"stale-success-past-an-unconditional"}


def test_a_server_that_never_looks_at_if_match_is_not_told_so_a_thousand_times() -> None:
    def update(i: int, writer: str, base: str, got: str) -> Operation:
        return Operation(
            i, writer, Kind.UPDATE, i * 10, i * 10 + 15, Outcome.OK, 200, base, f"m{i}", got
        )

    operations: list[Operation] = []
    for i in range(0, 2000, 2):
        operations += [update(i, "A", f"v{i}", f"w{i}"), update(i + 1, "B", f"v{i}", f"v{i + 2}")]
    found = judge(History(tuple(operations), initial="v0"))
    assert {anomaly.name for anomaly in found} == {Name.LOST_UPDATE}
    assert len(found) == LIMIT
