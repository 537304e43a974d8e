"""An anomaly as a picture: who was in flight when, which version each request named and which it got.

Time runs to the right. Its order is kept, its lengths are not: whether two requests overlapped is all that matters,
and a race of microseconds beside a read a second later could not be seen on a true scale. The true times stand on the
axis.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from textwrap import wrap

from ifmatch.judge.anomaly import Anomaly, answer, request
from ifmatch.judge.history import ANY, Entry, History, Kind, Operation, Outcome

#: Besides the witness no more than these are drawn: those that touch the same versions, the nearest in time first.
BYSTANDERS = 5

#: Colours that the colour-blind can tell apart (Okabe and Ito, "Color Universal Design", 2008), readable on light and
#: dark.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#7a5195", "#6b7280")


@dataclass(frozen=True, slots=True)
class Row:
    """One operation as it is drawn: between two of the columns of time, `end` None when it was never answered."""

    operation: Operation
    witness: bool
    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Scene:
    """What is drawn of a history to show an anomaly."""

    rows: tuple[Row, ...]
    times: tuple[int, ...]
    history: tuple[Entry, ...]
    colours: dict[str, str]

    @property
    def span(self) -> int:
        """The last column of time, with one more to the right when something never returned."""
        return len(self.times) - 1 + any(row.end is None for row in self.rows)

    def offset(self, column: int) -> str:
        """The time at a column, counted from the first."""
        return _duration(self.times[column] - self.times[0]) if column else "0"

    def maker(self, entry: Entry) -> Operation | None:
        """The write in the picture whose content a version of `_history` holds."""
        return next(
            (row.operation for row in self.rows if row.operation.marker and row.operation.marker in entry.markers), None
        )

    def misplaced(self, i: int) -> str:
        """What the maker of the i-th version shown had named, when that is not what it replaced."""
        maker = self.maker(self.history[i])
        named = maker.base if maker is not None and maker.version in (None, self.history[i].version) else None
        return "" if i == 0 or named in (None, ANY, self.history[i - 1].version) else str(named)


def scene(history: History, anomaly: Anomaly) -> Scene:
    """The witness, others that touch its versions meanwhile, and the part of the server's history that it is about."""
    versions = _versions(anomaly)
    shown = sorted((*anomaly.operations, *_bystanders(history, anomaly, versions)), key=lambda op: (op.invoked, op.id))
    times = sorted({time for op in shown for time in (op.invoked, op.returned) if time is not None})
    column = {time: i for i, time in enumerate(times)}
    ids = {op.id for op in anomaly.operations}
    rows = tuple(
        Row(op, op.id in ids, column[op.invoked], None if op.returned is None else column[op.returned])
        for op in _by_writer(shown)
    )
    entries = _excerpt(history.entries or (), versions, {op.marker for op in anomaly.operations if op.marker})
    named = dict.fromkeys(
        (*(e.version for e in entries), *(v for op in shown for v in (op.base, op.version) if v and v != ANY))
    )
    colours = {version: COLOURS[i % len(COLOURS)] for i, version in enumerate(named)}
    return Scene(rows, tuple(times), entries, colours)


def _versions(anomaly: Anomaly) -> set[str]:
    of_operations = {v for op in anomaly.operations for v in (op.base, op.version) if v is not None and v != ANY}
    return of_operations | set(anomaly.versions) | {entry.version for entry in anomaly.entries}


def _bystanders(history: History, anomaly: Anomaly, versions: set[str]) -> list[Operation]:
    """The other operations on the same versions while the witness was in flight."""
    ids = {op.id for op in anomaly.operations}
    if not ids:
        return []
    first = min(op.invoked for op in anomaly.operations)
    last = max(op.returned or op.invoked for op in anomaly.operations)
    near = (op for op in history if op.id not in ids and op.invoked <= last and (op.returned or op.invoked) >= first)
    touching = [op for op in near if op.version in versions or op.base in versions]
    return sorted(touching, key=lambda op: (op.outcome is not Outcome.OK, op.invoked))[:BYSTANDERS]


def _by_writer(operations: Iterable[Operation]) -> list[Operation]:
    """Lanes: the operations of a writer below each other, the writer that began first on top."""
    lanes: dict[str, list[Operation]] = {}
    for operation in operations:
        lanes.setdefault(operation.writer, []).append(operation)
    return [operation for lane in lanes.values() for operation in lane]


def _excerpt(entries: tuple[Entry, ...], versions: set[str], markers: set[str], most: int = 6) -> tuple[Entry, ...]:
    """The part of `_history` that holds the versions in question, and what the witness wrote without being told."""
    places = [i for i, e in enumerate(entries) if e.version in versions or not markers.isdisjoint(e.markers)]
    return entries[max(0, places[0]) : min(places[-1] + 1, places[0] + most)] if places else ()


def _duration(nanoseconds: int) -> str:
    for unit, size in (("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds} ns"


def short(version: str, most: int = 10) -> str:
    """A version as a person can tell it from others: servers like to make them of 36 characters."""
    return version if len(version) <= most else f"{version[: most - 1]}…"


def caption(operation: Operation) -> str:
    """A request and its answer, without its writer: `PUT If-Match 3 → 200, version 4`."""
    asked = request(operation).removeprefix(f"{operation.writer}'s ")
    told = _unanswered(operation) or answer(operation)
    return _shortened(f"{asked} → {told}", (operation,))


def _shortened(words: str, operations: Iterable[Operation]) -> str:
    """The same words with the versions that they speak of shortened."""
    for version in {version for op in operations for version in (op.base, op.version) if version}:
        words = words.replace(version, short(version))
    return words


def _unanswered(operation: Operation) -> str:
    if operation.outcome is Outcome.ABORTED:
        return "cut short by us"
    if operation.outcome is Outcome.UNKNOWN:
        return f"{operation.status}: outcome unknown" if operation.status else "no answer"
    return "nothing there" if operation.kind is Kind.READ and operation.version is None else ""


# As text, for a terminal.


def text(history: History, anomaly: Anomaly, width: int = 100) -> str:
    """The picture in so many columns. The witness is drawn with heavy lines."""
    drawn = scene(history, anomaly)
    head = wrap(f"{anomaly.name.label.upper()}: {_shortened(anomaly.sentence, anomaly.operations)}", width)
    return "\n".join((*head, "", *_text_rows(drawn, width), *_text_history(drawn, width)))


def _text_rows(drawn: Scene, width: int) -> Iterator[str]:
    if not drawn.rows:
        return
    gutter = min(14, max(len(row.operation.writer) for row in drawn.rows) + 3)
    told = max(len(caption(row.operation)) for row in drawn.rows)
    space = max(20, min(width - gutter - told - 2, 60))
    before = ""
    for row in drawn.rows:
        name = "" if row.operation.writer == before else row.operation.writer
        before = row.operation.writer
        mark = "▶" if row.witness else " "
        line = f"{mark} {name[: gutter - 3]:<{gutter - 3}} {_bar(row, drawn.span, space)}  {caption(row.operation)}"
        yield line[:width].rstrip()
    yield f"{'':<{gutter}}{_axis(drawn, space)}"


def _bar(row: Row, span: int, space: int) -> str:
    """A line from the beginning of an operation to its end; an open end when none is known."""
    scale = (space - 1) / max(1, span)
    start = round(row.start * scale)
    end = space - 1 if row.end is None else max(start + 1, round(row.end * scale))
    left, line, right = ("┣", "━", "┫") if row.witness else ("├", "─", "┤")
    if row.operation.outcome in (Outcome.UNKNOWN, Outcome.ABORTED):
        right = "┅" if row.witness else "┄"
        line = right
    return f"{' ' * start}{left}{line * (end - start - 1)}{right}".ljust(space)


#: What is said of the axis, the first that there is room for.
_TIME = ("time (in order, not to scale)", "time, not to scale", "time")


def _axis(drawn: Scene, space: int) -> str:
    last = drawn.offset(len(drawn.times) - 1)
    room = space - len(last) - 4
    words = next((words for words in _TIME if len(words) <= room), "")
    return f"0 {words:^{room}}  {last}"


def _text_history(drawn: Scene, width: int) -> Iterator[str]:
    if drawn.history:
        named = (drawn.misplaced(i) for i in range(len(drawn.history)))
        notes = (f" which named {short(version)}" if version else "" for version in named)
        steps = (
            f"{short(entry.version)}{_whose(drawn, entry)}{note}"
            for entry, note in zip(drawn.history, notes, strict=True)
        )
        yield from ("", *wrap("_history: " + " → ".join(steps), width))


def _whose(drawn: Scene, entry: Entry) -> str:
    """Whose content a version of `_history` holds, where it is one of the writers in the picture."""
    maker = drawn.maker(entry)
    if len(entry.markers) > 1:
        return " (torn)"
    return " (deleted)" if entry.deleted else f" ({maker.writer})" if maker is not None else ""


# As SVG, for a browser.

_WIDTH, _MARGIN, _GUTTER, _ROW, _BAR = 960, 24, 96, 46, 30
_STYLE = """ .page{fill:#ffffff} .ink{fill:#1f2328} .soft{fill:#57606a} .lane{fill:#f6f8fa} .rule{stroke:#d0d7de}
text{font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;font-size:13px}
.name{font-size:20px;font-weight:700} .who{font-weight:700;font-size:15px} .small{font-size:11px}
.wrong{fill:#d1242f;font-weight:700} @media (prefers-color-scheme:dark){.page{fill:#0d1117} .ink{fill:#e6edf3}
.soft{fill:#9198a1} .lane{fill:#151b23} .rule{stroke:#3d444d}} """.strip()


def svg(history: History, anomaly: Anomaly) -> str:
    """The picture as a page of its own: nothing is fetched from elsewhere; for a light and a dark background."""
    drawn = scene(history, anomaly)
    lines = wrap(_shortened(anomaly.sentence, anomaly.operations), 124)
    top = 66 + 20 * len(lines)
    bottom = top + _ROW * len(drawn.rows) + 34
    height = bottom + (92 if drawn.history else 6)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}">',
        f"<title>{escape(str(anomaly))}</title><style>{_STYLE}</style>",
        f'<rect class="page" width="{_WIDTH}" height="{height}"/>',
        _words(_MARGIN, 38, anomaly.name.label.capitalize(), "name ink"),
        *(_words(_MARGIN, 64 + 20 * i, line, "ink") for i, line in enumerate(lines)),
        *_svg_overlap(drawn, top),
        *_svg_rows(drawn, top),
        *_svg_axis(drawn, bottom - 34),
        *_svg_history(drawn, bottom + 26),
        "</svg>",
    ]
    return "\n".join(parts)


def _words(x: float, y: float, words: str, style: str, anchor: str = "start") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'


def _box(x: float, y: float, width: float, height: float, style: str) -> str:
    return f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" {style}/>'


def _x(drawn: Scene, column: float) -> float:
    left, right = _MARGIN + _GUTTER, _WIDTH - _MARGIN
    return left + (right - left) * column / max(1, drawn.span)


def _end(drawn: Scene, row: Row) -> float:
    return _x(drawn, drawn.span) if row.end is None else max(_x(drawn, row.end), _x(drawn, row.start) + 8)


def _svg_overlap(drawn: Scene, top: float) -> Iterator[str]:
    """A band over the time in which all of the witness was in flight at once: there they collided."""
    witness = [row for row in drawn.rows if row.witness]
    if len(witness) > 1:
        start = max(_x(drawn, row.start) for row in witness)
        end = min(_end(drawn, row) for row in witness)
        if start < end:
            height = _ROW * len(drawn.rows)
            yield _box(start, top, end - start, height, 'fill="#e5484d" fill-opacity="0.13"')
            yield _words((start + end) / 2, top - 5, "in flight together", "small soft", "middle")


def _svg_rows(drawn: Scene, top: float) -> Iterator[str]:
    before = ""
    for i, row in enumerate(drawn.rows):
        y = top + _ROW * i
        if row.operation.writer != before:
            before = row.operation.writer
            yield f'<line x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{y}" y2="{y}" class="rule"/>'
            yield _words(_MARGIN, y + 28, short(before, 11), "who ink")
        yield from _svg_bar(drawn, row, y + (_ROW - _BAR) / 2)


def _svg_bar(drawn: Scene, row: Row, y: float) -> Iterator[str]:
    """A bar in the colour of the version that was made or seen; its left edge in that of the version that was named."""
    operation = row.operation
    x, end = _x(drawn, row.start), _end(drawn, row)
    colour = drawn.colours.get(operation.version or "", "#6b7280")
    open_end = operation.outcome in (Outcome.UNKNOWN, Outcome.ABORTED)
    dashes = ' stroke-dasharray="5 4"' if open_end else ""
    weight, tint, opacity = (3, 0.3, 1) if row.witness else (1, 0.14, 0.55)
    yield f'<g opacity="{opacity}">'
    style = f'rx="5" fill="{colour}" fill-opacity="{tint}" stroke="{colour}" stroke-width="{weight}"{dashes}'
    yield _box(x, y, end - x, _BAR, style)
    named = drawn.colours.get(operation.base or "")
    if named:
        yield _box(x, y, 9, _BAR, f'rx="3" fill="{named}"')
    yield _svg_caption(x + (9 if named else 0), end, y + 20, caption(operation))
    yield "</g>"


def _svg_caption(start: float, end: float, y: float, words: str) -> str:
    """Inside the bar when it fits, else to its right, else to its left."""
    need = 7.1 * len(words) + 12
    if end - start >= need:
        return _words(start + 7, y, words, "ink")
    if end + need <= _WIDTH - _MARGIN:
        return _words(end + 7, y, words, "ink")
    if start - need >= _MARGIN + _GUTTER:
        return _words(start - 16, y, words, "ink", "end")
    return _words(min(start + 7, _WIDTH - _MARGIN - need), y, words, "ink")


def _svg_axis(drawn: Scene, y: float) -> Iterator[str]:
    if drawn.times:
        yield f'<line x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{y}" y2="{y}" class="rule"/>'
        yield _words(_MARGIN, y + 16, "time →", "small soft")
        columns = sorted(
            {column for row in drawn.rows if row.witness for column in (row.start, row.end) if column is not None}
        )
        taken = 0.0
        for column in columns:
            x, words = _x(drawn, column), drawn.offset(column)
            start = min(x, _WIDTH - _MARGIN - 7 * len(words))
            if start > taken:
                taken = start + 7 * len(words) + 6
                yield _words(start, y + 16, words, "small soft")
        yield _words(_WIDTH - _MARGIN, y + 30, "in order, not to scale", "small soft", "end")


def _svg_history(drawn: Scene, y: float) -> Iterator[str]:
    """The versions as the server's own history tells them, each in its colour."""
    if not drawn.history:
        return
    yield _words(_MARGIN, y + 20, "_history", "who ink")
    width = (_WIDTH - 2 * _MARGIN - _GUTTER) / max(4, len(drawn.history))
    for i, entry in enumerate(drawn.history):
        x, colour = _MARGIN + _GUTTER + i * width, drawn.colours[entry.version]
        yield _box(x, y, width - 22, 30, f'rx="15" fill="{colour}" fill-opacity="0.3" stroke="{colour}"')
        yield _words(x + (width - 22) / 2, y + 20, f"{short(entry.version)}{_whose(drawn, entry)}", "ink", "middle")
        if drawn.misplaced(i):
            yield _words(
                x + (width - 22) / 2,
                y + 46,
                f"its writer had named {short(drawn.misplaced(i))}",
                "small wrong",
                "middle",
            )
        if i + 1 < len(drawn.history):
            yield _words(x + width - 11, y + 20, "→", "soft", "middle")
