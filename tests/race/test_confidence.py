"""What a pass is worth."""

import pytest

from ifmatch.race.confidence import (
    FEWEST,
    Block,
    Confidence,
    correlation,
    exposure_bound,
    rounds_needed,
)


@pytest.mark.parametrize(
    ("rounds", "bound"), [(100, 0.045), (459, 0.010), (1000, 0.0046), (4603, 0.001)]
)
def test_the_bound_on_what_so_many_rounds_can_have_missed(rounds: int, bound: float) -> None:
    assert exposure_bound(rounds) == pytest.approx(bound, rel=0.02)


@pytest.mark.parametrize(
    ("exposure", "rounds"), [(0.5, 7), (0.2, 21), (0.1, 44), (0.05, 90), (0.01, 459)]
)
def test_the_rounds_needed(exposure: float, rounds: int) -> None:
    assert rounds_needed(exposure) == rounds


def test_no_overlap_is_inconclusive_however_many_rounds() -> None:
    confidence = Confidence((Block(1000, 0),) * 10)
    assert not confidence.enough
    assert "nothing could have been lost" in str(confidence)


def test_no_rounds_are_inconclusive() -> None:
    confidence = Confidence(())
    assert not confidence.enough
    assert confidence.exposure == 1
    assert "No round was run" in str(confidence)


def test_too_few_sets_are_inconclusive() -> None:
    """Without an estimate of how alike rounds on one set are, a set counts once."""
    confidence = Confidence((Block(100, 100),) * (FEWEST - 1))
    assert confidence.effective == FEWEST - 1
    assert not confidence.enough
    assert "too few" in str(confidence)


def test_rounds_that_are_all_alike_within_a_set_count_once() -> None:
    blocks = (Block(10, 10, 10), Block(10, 10, 0)) * 10
    assert correlation(blocks) == pytest.approx(1)
    assert Confidence(blocks).effective == pytest.approx(20)


def test_rounds_that_do_not_depend_on_the_set_count_each() -> None:
    blocks = (Block(10, 10, 5),) * 20
    assert correlation(blocks) == 0
    assert Confidence(blocks).effective == pytest.approx(200)


def test_only_rounds_that_overlapped_count() -> None:
    assert Confidence((Block(10, 5, 3), Block(10, 5, 2)) * 10).effective <= 100


def test_the_sentence_says_what_was_done_and_no_more() -> None:
    sentence = str(Confidence((Block(10, 9, 5), Block(10, 10, 6)) * 25))
    assert "0 lost updates in 500 rounds on 50 sets of connections" in sentence
    assert "95%" in sentence
    assert "at 99% for this plan, load and network path" in sentence
    assert "late conflicts in 55% of the rounds" in sentence


def test_a_server_that_never_shows_a_late_conflict_leaves_the_power_unknown() -> None:
    confidence = Confidence((Block(10, 10),) * 20)
    assert confidence.enough
    assert "not known" in str(confidence)
