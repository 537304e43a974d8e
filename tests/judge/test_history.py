"""The records of a race."""

from dataclasses import FrozenInstanceError

import pytest

from ifmatch.judge.history import Entry, History, HistoryError, Kind, Operation, Outcome


def test_nothing_returns_before_it_is_invoked() -> None:
    with pytest.raises(HistoryError, match="Operation 7 of A returned 5 ns before it was invoked"):
        Operation(7, "A", Kind.UPDATE, 10, 5, Outcome.OK)


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.REFUSED])
def test_an_answer_has_a_time(outcome: Outcome) -> None:
    with pytest.raises(HistoryError, match="never returned"):
        Operation(7, "A", Kind.UPDATE, 10, None, outcome)


def test_an_unknown_write_may_take_effect_at_any_time_even_when_it_was_answered() -> None:
    lost = Operation(1, "A", Kind.UPDATE, 0, 5, Outcome.UNKNOWN, 503)
    later = Operation(2, "B", Kind.UPDATE, 1000, 1001, Outcome.OK)
    assert lost.end == float("inf")
    assert lost.overlaps(later)
    assert later.overlaps(lost)


def test_touching_operations_overlap() -> None:
    """The clock has a resolution: at the same instant, either may have been first."""
    one, other = (Operation(i, "A", Kind.READ, t, t + 5, Outcome.OK) for i, t in enumerate((0, 5)))
    assert one.overlaps(other)


def test_records_are_frozen_and_small() -> None:
    operation = Operation(1, "A", Kind.READ, 0)
    with pytest.raises(FrozenInstanceError):
        operation.invoked = 3  # type: ignore[misc]
    assert not hasattr(operation, "__dict__")


def test_a_history_ends_with_the_final_read() -> None:
    one, last = Operation(1, "A", Kind.UPDATE, 0), Operation(2, "A", Kind.READ, 9)
    assert list(History((one,), final=last)) == [one, last]
    assert Entry("1", method="DELETE").deleted
