"""Text from a server, made fit to be shown: it may hold anything, and a terminal or an XML parser obeys some of it."""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate

from ifmatch.rules.expectation import Source

#: What XML 1.0 cannot hold at all, not even escaped (section 2.2).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: What Markdown, and the HTML in it, would take for markup.
_MARKUP = str.maketrans({character: f"\\{character}" for character in "\\|<>*_`[]&#"})

#: What was seen, and in brackets a list of the particulars.
WITH_PARTICULARS = re.compile(r"(?P<what>[^(]{5,120}?) \((?P<particulars>.*; .*)\)$", re.DOTALL)

#: The version and one element say what happened.
_MOST_PARTICULARS = 2

#: A value of which the beginning is enough.
_LONG_VALUE = re.compile(r"('[^']{24})[^']{4,}'")

#: A longer word is cut where need be, such as an address.
_LONGEST_WORD = 20

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


def in_brief(text: str) -> str:
    """What came, with the first particulars of a list of them: `resource changed (a; b; and 3 more)`.

    Long values in them are cut; all of it stands in report.json.
    """
    found = WITH_PARTICULARS.match(text)
    if found is None:
        return text
    particulars = found["particulars"].split("; ")
    shown = [_LONG_VALUE.sub(r"\1…'", part) for part in particulars[:_MOST_PARTICULARS]]
    more = len(particulars) - len(shown)
    return f"{found['what']} ({'; '.join([*shown, *[f'and {more} more'] * (more > 0)])})"


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
    note = f" ({length} characters)"
    if length <= most + len(note) + 1:
        return text
    kept = _to_a_word(text, most)
    return f"{kept}…{_left_open(kept)}{note}"


def _left_open(text: str) -> str:
    """The quotation mark that a text lacks where it was cut within one."""
    return '"' * (text.count('"') % 2) or "”" * (text.count("“") > text.count("”"))


def listed(names: Sequence[str], most: int) -> str:
    """Names in a line of at most about `most` characters, and how many more there are."""
    ends = list(accumulate(len(name) + 2 for name in names))
    shown = max(1, sum(end <= most for end in ends))
    more = len(names) - shown
    # One more name is as short as the note that there is one.
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:shown])} and {more} more"


def _to_a_word(text: str, most: int) -> str:
    """The beginning of a text, up to the end of a word where one ends nearby."""
    beginning, _, word = text[:most].rpartition(" ")
    return beginning if beginning and len(word) < _LONGEST_WORD else text[:most]


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


def with_label(name: str, label: str) -> str:
    """A rule, or what it is called, with what distinguishes one case of it, if anything does."""
    return f"{name} [{label}]" if label else name


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
