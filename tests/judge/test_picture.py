"""The pictures of anomalies."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from ifmatch.judge.checker import judge
from ifmatch.judge.picture import svg, text
from ifmatch.judge.picture.scene import BYSTANDERS, scene, short
from tests.judge.reading import Example, examples

SHOWN = [example for example in examples() if example.anomaly != "none"]


@pytest.mark.parametrize("example", SHOWN, ids=lambda example: example.name)
def test_both_pictures_show_the_witness(example: Example) -> None:
    anomaly = judge(example.history)[0]
    terminal, page = text(example.history, anomaly), svg(example.history, anomaly)
    assert max(map(len, terminal.splitlines())) <= 100
    assert anomaly.name.label.upper() in terminal
    root = ElementTree.fromstring(page)
    words = "".join(root.itertext())
    for operation in anomaly.operations:
        assert any(line.startswith(f"▶ {operation.writer}") for line in terminal.splitlines())
        assert operation.writer in words
    assert anomaly.sentence in words


def test_the_text_of_a_lost_update() -> None:
    example = next(example for example in SHOWN if example.name == "lost-update-in-history")
    assert text(example.history, judge(example.history)[0]).splitlines() == [
        "LOST UPDATE: A's PUT If-Match 3 (200, version 4) and B's PATCH If-Match 3 (200, version 5) were in",
        "flight together and both replaced version 3: one update is lost.",
        "",
        "▶ A ┣━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┫                      PUT If-Match 3 → 200, version 4",
        "▶ B                     ┣━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┫  PATCH If-Match 3 → 200, version 5",
        "    0            time (in order, not to scale)              8 ns",
        "",
        "_history: 3 → 4 (A) → 5 (B) which named 3",
    ]


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_the_text_keeps_to_its_width(width: int) -> None:
    for example in SHOWN:
        lines = text(example.history, judge(example.history)[0], width).splitlines()
        assert max(map(len, lines)) <= width


def test_the_page_needs_nothing_from_elsewhere() -> None:
    example = SHOWN[0]
    page = svg(example.history, judge(example.history)[0])
    assert "http" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "<script" not in page
    assert "prefers-color-scheme:dark" in page


def test_names_cannot_break_the_page() -> None:
    example = next(example for example in SHOWN if example.name == "lost-update")
    operations = tuple(replace(op, writer=f'<{op.writer} & "co">') for op in example.operations)
    history = replace(example.history, operations=operations)
    ElementTree.fromstring(svg(history, judge(history)[0]))


def test_a_crowd_is_thinned_out() -> None:
    example = next(example for example in SHOWN if example.name == "lost-update")
    crowd = tuple(
        replace(
            example.operations[0], id=100 + i, writer=f"C{i}", base="3", version=None, status=412
        )
        for i in range(50)
    )
    history = replace(example.history, operations=(*example.operations, *crowd))
    anomaly = judge(example.history)[0]
    assert len(scene(history, anomaly).rows) == len(anomaly.operations) + BYSTANDERS


def test_long_versions_are_shortened() -> None:
    assert short("3") == "3"
    assert short("9f1c2f6e-3a70-4a8c-9f61-0c1d2e3f4a5b") == "9f1c2f6e-…"
