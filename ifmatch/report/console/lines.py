"""A console, and how lines and named values stand on it."""

import sys
from collections.abc import Mapping
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

WIDTH = 100

#: The width of the names of values, such as `expected`.
NAME_WIDTH = 10

_NARROWEST_VALUE = 20

_ON_A_TERMINAL: Mapping[str, Any] = {"color_system": "auto"}
_ELSEWHERE: Mapping[str, Any] = {"color_system": None, "width": WIDTH, "force_terminal": False}


def console_for(stream: TextIO | None = None) -> Console:
    """A console on a stream, standard output if none is given: in colour on a terminal, plain text elsewhere."""
    out = stream or sys.stdout
    if hasattr(out, "reconfigure"):
        out.reconfigure(errors="replace")  # a mark that an old code page lacks must not end a run
    settings = _ON_A_TERMINAL if out.isatty() else _ELSEWHERE
    return Console(file=out, markup=False, emoji=False, highlight=False, **settings)


def print_line(console: Console, text: str | Text, style: str = "") -> None:
    """Print a text over as many lines as it needs."""
    print_beside(console, Text(), text if isinstance(text, Text) else Text(text, style))


def print_value(console: Console, name: str, value: str, indent: int) -> None:
    """Print a named value, wrapped below itself."""
    print_beside(console, _named(name, indent), Text(value))


def print_to_copy(console: Console, name: str, value: str, indent: int) -> None:
    """Print a named value that is never wrapped by us: a command that is broken in two could not be pasted."""
    console.print(_named(name, indent).append(value), soft_wrap=True)


def print_beside(console: Console, head: Text, value: Text) -> None:
    """Print a value beside its head; what does not fit on the line goes on below the value, not below the head.

    An address at the end stays whole, however long: broken in two it could not be followed.
    """
    width = max(_NARROWEST_VALUE, console.width - head.cell_len)
    blank = Text(" " * head.cell_len)
    text, address = _apart(value, width)
    for number, line in enumerate([*text.wrap(console, width, overflow="fold"), *address]):
        line.rstrip()
        beginning = head if number == 0 else blank
        console.print(beginning.copy().append_text(line), soft_wrap=True)


def _apart(value: Text, width: int) -> tuple[Text, list[Text]]:
    """A value without an address at its end that fits on no line, and that."""
    start = value.plain.rfind(" ") + 1
    if "://" in value.plain[start:] and len(value) - start > width:
        return value[:start], [value[start:]]
    return value, []


def _named(name: str, indent: int) -> Text:
    return Text(" " * indent).append(f"{name:<{NAME_WIDTH}}", "dim")
