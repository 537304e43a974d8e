"""The picture of an anomaly as SVG, for a browser: a page of its own that fetches nothing from elsewhere."""

from collections.abc import Iterator
from html import escape
from textwrap import wrap

from ifmatch.judge.anomaly import Anomaly
from ifmatch.judge.history import History
from ifmatch.judge.picture.scene import OPEN_ENDED, Row, Scene, scene

_WIDTH, _MARGIN, _GUTTER, _ROW, _BAR = 960, 24, 96, 46, 30
_EDGE = 9  # the left edge of a bar, in the colour of the version that was named
_OPACITY = {True: 1, False: 0.55}  # of the witness, and of others
_LEFT, _RIGHT = _MARGIN + _GUTTER, _WIDTH - _MARGIN
_STYLE = """ .page{fill:#ffffff} .ink{fill:#1f2328} .soft{fill:#57606a} .lane{fill:#f6f8fa} .rule{stroke:#d0d7de}
text{font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;font-size:13px}
.name{font-size:20px;font-weight:700} .who{font-weight:700;font-size:15px} .small{font-size:11px}
.wrong{fill:#d1242f;font-weight:700} @media (prefers-color-scheme:dark){.page{fill:#0d1117} .ink{fill:#e6edf3}
.wrong{fill:#ff8b82} .soft{fill:#9198a1} .lane{fill:#151b23} .rule{stroke:#3d444d}} """.strip()


def svg(history: History, anomaly: Anomaly) -> str:
    """The picture for a light and a dark background."""
    drawn = scene(history, anomaly)
    lines = wrap(drawn.sentence, 124)
    top = 66 + 20 * len(lines)
    bottom = top + _ROW * len(drawn.rows) + 34
    height = bottom + (92 if drawn.history else 6)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}">',
        f"<title>{escape(str(anomaly))}</title><style>{_STYLE}</style>",
        f'<rect class="page" width="{_WIDTH}" height="{height}"/>',
        _words(_MARGIN, 38, anomaly.name.label.capitalize(), "name ink"),
        *(_words(_MARGIN, 64 + 20 * i, line, "ink") for i, line in enumerate(lines)),
        *_overlap(drawn, top),
        *_rows(drawn, top),
        *_axis(drawn, bottom - 34),
        *_history(drawn, bottom + 26),
        "</svg>",
    ]
    return "\n".join(parts)


def _words(x: float, y: float, words: str, style: str, anchor: str = "start") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'


def _box(x: float, y: float, width: float, height: float, style: str) -> str:
    return f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" {style}/>'


def _rule(y: float) -> str:
    return f'<line x1="{_MARGIN}" x2="{_RIGHT}" y1="{y}" y2="{y}" class="rule"/>'


def _x(drawn: Scene, column: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * column / max(1, drawn.span)


def _end(drawn: Scene, row: Row) -> float:
    if row.end is None:
        return _x(drawn, drawn.span)
    return max(_x(drawn, row.end), _x(drawn, row.start) + 8)


def _overlap(drawn: Scene, top: float) -> Iterator[str]:
    """A band over the time in which all of the witness was in flight at once: there they collided."""
    witness = [row for row in drawn.rows if row.witness]
    start = max([_x(drawn, row.start) for row in witness], default=0)
    end = min([_end(drawn, row) for row in witness], default=0)
    if start < end and len(witness) > 1:
        yield _box(
            start, top, end - start, _ROW * len(drawn.rows), 'fill="#e5484d" fill-opacity="0.13"'
        )
        yield _words((start + end) / 2, top - 5, "in flight together", "small soft", "middle")


def _rows(drawn: Scene, top: float) -> Iterator[str]:
    before = ""
    for i, row in enumerate(drawn.rows):
        y = top + _ROW * i
        writer = row.operation.writer
        if writer != before:
            before = writer
            yield _rule(y)
            yield _words(_MARGIN, y + 28, writer[:11], "who ink")
        yield from _bar(drawn, row, y + (_ROW - _BAR) / 2)


def _bar(drawn: Scene, row: Row, y: float) -> Iterator[str]:
    """A bar in the colour of the version that was made or seen; its left edge in that of the version that was named."""
    x, end = _x(drawn, row.start), _end(drawn, row)
    named = drawn.colours.get(row.operation.base or "")
    yield f'<g opacity="{_OPACITY[row.witness]}">'
    yield _box(x, y, end - x, _BAR, _bar_style(drawn, row))
    if named:
        yield _box(x, y, _EDGE, _BAR, f'rx="3" fill="{named}"')
        x += _EDGE
    yield _caption(x, end, y + 20, drawn.caption(row.operation))
    yield "</g>"


def _bar_style(drawn: Scene, row: Row) -> str:
    operation = row.operation
    colour = drawn.colours.get(operation.version or "", "#6b7280")
    weight, tint = (3, 0.3) if row.witness else (1, 0.14)
    dashes = ' stroke-dasharray="5 4"' if operation.outcome in OPEN_ENDED else ""
    return f'rx="5" fill="{colour}" fill-opacity="{tint}" stroke="{colour}" stroke-width="{weight}"{dashes}'


def _caption(start: float, end: float, y: float, words: str) -> str:
    """Inside the bar when it fits, else to its right, else to its left."""
    need = 7.1 * len(words) + 12
    if end - start >= need:
        return _words(start + 7, y, words, "ink")
    if end + need <= _RIGHT:
        return _words(end + 7, y, words, "ink")
    if start - need >= _LEFT:
        return _words(start - 16, y, words, "ink", "end")
    return _words(min(start + 7, _RIGHT - need), y, words, "ink")


def _axis(drawn: Scene, y: float) -> Iterator[str]:
    if drawn.times:
        yield _rule(y)
        yield _words(_MARGIN, y + 16, "time →", "small soft")
        yield from _offsets(drawn, y + 16)
        yield _words(_RIGHT, y + 30, "in order, not to scale", "small soft", "end")


def _offsets(drawn: Scene, y: float) -> Iterator[str]:
    """When the operations of the witness began and ended, as far as there is room."""
    taken = 0.0
    for column in _witness_columns(drawn):
        words = drawn.offset(column)
        width = 7 * len(words)
        start = min(_x(drawn, column), _RIGHT - width)
        if start > taken:
            taken = start + width + 6
            yield _words(start, y, words, "small soft")


def _witness_columns(drawn: Scene) -> list[int]:
    """The columns at which an operation of the witness begins or ends."""
    witness = [row for row in drawn.rows if row.witness]
    starts = {row.start for row in witness}
    ends = {row.end for row in witness if row.end is not None}
    return sorted(starts | ends)


def _history(drawn: Scene, y: float) -> Iterator[str]:
    """The versions as the server's own history lists them, each in its colour."""
    if drawn.history:
        yield _words(_MARGIN, y + 20, "_history", "who ink")
        yield from _versions(drawn, y)


def _versions(drawn: Scene, y: float) -> Iterator[str]:
    width = (_WIDTH - 2 * _MARGIN - _GUTTER) / max(4, len(drawn.history))
    for i in range(len(drawn.history)):
        x = _LEFT + i * width
        if i > 0:
            yield _words(x - 11, y + 20, "→", "soft", "middle")
        yield from _version(drawn, i, x, y, width - 22)


def _version(drawn: Scene, i: int, x: float, y: float, width: float) -> Iterator[str]:
    entry, named = drawn.history[i], drawn.misplaced(i)
    colour, middle = drawn.colours[entry.version], x + width / 2
    yield _box(x, y, width, 30, f'rx="15" fill="{colour}" fill-opacity="0.3" stroke="{colour}"')
    yield _words(
        middle, y + 20, f"{drawn.name(entry.version)}{drawn.owner(entry)}", "ink", "middle"
    )
    if named:
        yield _words(
            middle, y + 46, f"its writer had named {drawn.name(named)}", "small wrong", "middle"
        )
