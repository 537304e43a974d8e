"""The pictures of anomalies."""

from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from ifmatch.judge.checker import judge
from ifmatch.judge.history import ANY, History
from ifmatch.judge.picture import svg, text
from ifmatch.judge.picture.scene import BYSTANDERS, names_of, scene
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


UUID = "9f1c2f6e-3a70-4a8c-9f61-0c1d2e3f4a5b"


@pytest.mark.parametrize(
    ("versions", "names"),
    [
        (["3", "4"], ["3", "4"]),
        ([UUID], ["9f1c2f…"]),
        ([UUID, "ae5b0c11-7f7b-4c39-8a54-1d2c3b4a5968"], ["9f1c2f…", "ae5b0c…"]),
        # The same beginning, the same end, or both: what lies between is shown.
        ([f"2026-03-01T10:00:00.00{n}Z" for n in (1, 2)], ["…0.001Z", "…0.002Z"]),
        ([f"01JNQ{n}{'0' * 20}" for n in (1, 2)], ["…100000…", "…200000…"]),
        # Where one version has nothing in common with the others, the beginnings do not tell these apart.
        ([UUID, f"{UUID[:-1]}c", "0" * 36], ["…3f4a5b", "…3f4a5c", "…000000"]),
        (["a-version-", "a-version-1", "a-version-12"], ["a-version-", "a-version-1", "a-version-12"]),
    ],
)  # fmt: skip
def test_versions_can_be_told_apart(versions: list[str], names: list[str]) -> None:
    """However long they are: by the fewest characters that differ."""
    found = names_of(versions)
    assert [found.get(version, version) for version in versions] == names


@pytest.mark.parametrize(
    "renamed",
    [
        lambda version: f"{UUID[: -len(version)]}{version}",
        lambda version: f"{version.zfill(8)}{UUID[8:]}",
    ],
    ids=["ends differ", "beginnings differ"],
)
@pytest.mark.parametrize("example", SHOWN, ids=lambda example: example.name)
def test_a_terminal_shows_whole_names_of_long_versions(
    example: Example, renamed: Callable[[str], str]
) -> None:
    """In 80 columns, too, each request ends with the version that it came to."""
    history = _with_versions(example.history, renamed)
    for anomaly in judge(history)[:1]:
        drawn = scene(history, anomaly)
        assert len({drawn.name(version) for version in drawn.colours}) == len(drawn.colours)
        lines = text(history, anomaly, 80).splitlines()
        for row in drawn.rows:
            assert any(line.endswith(drawn.caption(row.operation)) for line in lines)


def _with_versions(history: History, renamed: Callable[[str], str]) -> History:
    def named(version: str | None) -> str | None:
        return version if version in (None, ANY) else renamed(str(version))

    return replace(
        history,
        operations=tuple(
            replace(one, base=named(one.base), version=named(one.version)) for one in history
        ),
        entries=history.entries
        and tuple(replace(entry, version=renamed(entry.version)) for entry in history.entries),
        initial=named(history.initial),
        earlier=tuple(
            tuple(replace(entry, version=renamed(entry.version)) for entry in page)
            for page in history.earlier
        ),
    )
