"""Text from a server, made fit to be shown: it may hold anything, and a terminal or an XML parser obeys some of it."""

import re
from collections.abc import Mapping

from ifmatch.rules.expectation import Source

#: What XML 1.0 cannot hold at all, not even escaped (section 2.2).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: What Markdown, and the HTML in it, would take for markup.
_MARKUP = str.maketrans({character: f"\\{character}" for character in "\\|<>*_`[]&#"})

_SHORT: Mapping[str, str] = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def one_line(text: object, most: int = 300) -> str:
    """A text as one line that a terminal only shows: line breaks become spaces, control characters become visible.

    What is longer than `most` characters is cut, and says how much is missing.
    """
    words = " ".join(str(text)[: most * 4].split())
    return shortened(_all_spelled(words), most, len(str(text)))


def counted(number: int, word: str) -> str:
    """A number of things: `1 rule`, `2 rules`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def spelled_out(text: str) -> str:
    """A text in which every character is seen: those that move or hide what stands around them are spelled."""
    return text if text.isprintable() else "".join(map(_visible, text))


def several_lines(text: object, most: int = 20, width: int = 300) -> list[str]:
    """A text of ours that may span lines, such as a drawing: its indents kept, each line made harmless."""
    lines = str(text)[: most * width * 2].split("\n")
    kept = [_all_spelled(line.rstrip())[:width] for line in lines[:most]]
    return [*kept, f"… and {len(lines) - most} more lines"] if len(lines) > most else kept


def shortened(text: str, most: int, whole: int | None = None) -> str:
    """A text of at most about `most` characters, with a note when something was cut off."""
    length = len(text) if whole is None else max(whole, len(text))
    return text if len(text) <= most else f"{text[:most]}… ({length} characters)"


def for_xml(text: object, most: int = 20_000) -> str:
    """A text that XML can hold. Characters that it cannot hold stand there spelled out."""
    return shortened(
        _NOT_XML.sub(lambda match: _spelled(match.group()), str(text)[: most + 1]),
        most,
        len(str(text)),
    )


def for_markdown(text: str) -> str:
    """A text that Markdown shows as it is, on one line."""
    return " ".join(text.split()).translate(_MARKUP)


def label_of(row: Mapping[str, object], resource_type: str) -> str:
    """What distinguishes one case of a rule from the others: the first value of its row, or its resource type."""
    return one_line(next(iter(row.values()), None) or resource_type, 60)


def place_of(source: Source | None) -> str:
    """Where a source is: its address, or the document that it is in; empty when neither is given."""
    if source is None:
        return ""
    return source.url or (f"document {source.document}" if source.document else "")


def _all_spelled(text: str) -> str:
    """A text in which no character obeys or hides: not even a line feed. Nearly every text is so already."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _spelled(c) for c in text)


def _visible(character: str) -> str:
    return character if character.isprintable() or character in "\n\t" else _spelled(character)


def _spelled(character: str) -> str:
    return _SHORT.get(character) or character.encode("unicode_escape").decode("ascii")
