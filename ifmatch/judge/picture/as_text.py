"""The picture of an anomaly as text, for a terminal."""

from collections.abc import Iterator
from textwrap import wrap

from ifmatch.judge.anomaly import Anomaly
from ifmatch.judge.history import History
from ifmatch.judge.picture.scene import OPEN_ENDED, Row, Scene, scene

#: What is said of the axis, the first that there is room for.
_AXIS = ("time (in order, not to scale)", "time, not to scale", "time")

#: So many columns a bar takes at least, however much is to be said beside it.
_SHORTEST = 10

#: How an operation is drawn: whether it is of the witness, and whether its end is open.
_STROKES = {
    (True, False): ("┣", "━", "┫"),
    (True, True): ("┣", "┅", "┅"),
    (False, False): ("├", "─", "┤"),
    (False, True): ("├", "┄", "┄"),
}


def text(history: History, anomaly: Anomaly, width: int = 100) -> str:
    """The picture in so many columns. The witness is drawn with heavy lines."""
    drawn = scene(history, anomaly)
    head = wrap(f"{anomaly.name.label.upper()}: {drawn.sentence}", width)
    return "\n".join((*head, "", *_rows(drawn, width), *_history(drawn, width)))


def _rows(drawn: Scene, width: int) -> Iterator[str]:
    if drawn.rows:
        writers = [row.operation.writer for row in drawn.rows]
        captions = [drawn.caption(row.operation) for row in drawn.rows]
        gutter = min(14, max(map(len, writers)) + 3)
        room = width - gutter - max(map(len, captions)) - 2
        space = max(_SHORTEST, min(room, 60))
        for row, name, words in zip(drawn.rows, _first_mentions(writers), captions, strict=True):
            mark = "▶" if row.witness else " "
            line = (
                f"{mark} {name[: gutter - 3]:<{gutter - 3}} {_bar(row, drawn.span, space)}  {words}"
            )
            yield line[:width].rstrip()
        yield f"{'':<{gutter}}{_axis(drawn, space)}"


def _first_mentions(writers: list[str]) -> list[str]:
    """Each writer where its lane begins, and nothing further down."""
    before = ["", *writers]
    return ["" if name == above else name for above, name in zip(before, writers, strict=False)]


def _bar(row: Row, span: int, space: int) -> str:
    """A line from the beginning of an operation to its end; an open end when none is known."""
    scale = (space - 1) / max(1, span)
    start = round(row.start * scale)
    end = space - 1 if row.end is None else max(start + 1, round(row.end * scale))
    left, line, right = _STROKES[row.witness, row.operation.outcome in OPEN_ENDED]
    return f"{' ' * start}{left}{line * (end - start - 1)}{right}".ljust(space)


def _axis(drawn: Scene, space: int) -> str:
    last = drawn.offset(len(drawn.times) - 1)
    room = space - len(last) - 4
    words = next((words for words in _AXIS if len(words) <= room), "")
    return f"0 {words:^{room}}  {last}"


def _history(drawn: Scene, width: int) -> Iterator[str]:
    if drawn.history:
        versions = (_version(drawn, i) for i in range(len(drawn.history)))
        yield ""
        yield from wrap("_history: " + " → ".join(versions), width)


def _version(drawn: Scene, i: int) -> str:
    entry = drawn.history[i]
    named = drawn.misplaced(i)
    note = f" which named {drawn.name(named)}" if named else ""
    return f"{drawn.name(entry.version)}{drawn.owner(entry)}{note}"
