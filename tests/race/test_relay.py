"""Writers who try again until they are accepted: who is said to starve, and who has no reason to go on."""

import pytest

from ifmatch.client.subject import Snapshot
from ifmatch.race.workloads.relay import _Queue
from ifmatch.rules.answer import Answer

MINE, YOURS = {"value": "mine"}, {"value": "yours"}


@pytest.mark.parametrize(
    ("shown", "waiting"),
    [([MINE], {"B"}), ([YOURS], {"A", "B"}), ([], {"A", "B"})],
    ids=["it is there", "another is there", "nothing is there"],
)
def test_who_got_no_answer_goes_on_until_the_element_is_seen(shown, waiting):
    """Whoever was refused goes on whatever is seen."""
    queue = _Queue({"A": MINE, "B": YOURS}, unsure={"A"})
    queue.settle(Snapshot(Answer(200), {"identifier": shown}, None))
    assert queue.waiting.keys() == waiting


def test_where_nothing_is_seen_nobody_stops():
    queue = _Queue({"A": MINE}, unsure={"A"})
    queue.settle(None)
    assert queue.waiting.keys() == {"A"}
