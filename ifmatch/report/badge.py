"""`badge.json` and `badge.svg`: what a run comes to, for a page that links to it.

The first is what https://shields.io/badges/endpoint-badge reads, the second needs nobody.
"""

import json
from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, tostring

from ifmatch.report.console import conclusion
from ifmatch.report.run import Run
from ifmatch.report.text import for_xml

JSON_NAME = "badge.json"
SVG_NAME = "badge.svg"

#: The colour of each conclusion, by its name and as it is; any other conclusion is neither good nor bad.
_COLOURS: Mapping[str, tuple[str, str]] = {
    "CONFORMANT": ("brightgreen", "#2f7d32"),
    "NOT CONFORMANT": ("red", "#b3261e"),
}
_NEITHER = ("yellow", "#8a6100")

#: Pixels: the height, what a letter takes, and the room at both sides of a text.
_HEIGHT, _LETTER, _MARGIN = 20, 7, 6


def endpoint(run: Run) -> bytes:
    """The badge as shields reads it."""
    word, (colour, _) = _word(run), _colours(run)
    badge = {"schemaVersion": 1, "label": _label(run), "message": word.lower(), "color": colour}
    return f"{json.dumps(badge)}\n".encode("utf-8", "replace")


def svg(run: Run) -> bytes:
    """The badge as a picture."""
    label, word = _label(run), _word(run).lower()
    left, right = _width(label), _width(word)
    root = Element("svg", xmlns="http://www.w3.org/2000/svg", role="img")
    root.set("width", str(left + right))
    root.set("height", str(_HEIGHT))
    SubElement(root, "title").text = for_xml(f"{label}: {word}")
    _box(root, 0, left, "#444444", label)
    _box(root, left, right, _colours(run)[1], word)
    picture: bytes = tostring(root, encoding="utf-8")
    return picture


def _box(root: Element, x: int, width: int, colour: str, text: str) -> None:
    SubElement(root, "rect", x=str(x), width=str(width), height=str(_HEIGHT), fill=colour)
    words = SubElement(root, "text", x=str(x + _MARGIN), y="14", fill="#ffffff")
    words.set("font-family", "Verdana, DejaVu Sans, sans-serif")
    words.set("font-size", "11")
    words.set("textLength", str(width - 2 * _MARGIN))
    words.text = for_xml(text)


def _width(text: str) -> int:
    return len(text) * _LETTER + 2 * _MARGIN


def _label(run: Run) -> str:
    return f"FHIR writes ({run.profile.label or run.profile.id})"


def _word(run: Run) -> str:
    return conclusion(run.exit_code, run.counts, run.left_out)[0]


def _colours(run: Run) -> tuple[str, str]:
    return _COLOURS.get(_word(run), _NEITHER)
