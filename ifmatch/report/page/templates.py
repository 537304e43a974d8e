"""The templates of the pages. They escape whatever they are given, and put style and script into the page itself."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from ifmatch.report.text import spelled_out

_FOLDER = Path(__file__).with_name("templates")


def rendered(template: str, **facts: Any) -> str:
    """A page made of a template and these facts."""
    return _environment().get_template(template).render(**facts)


def tone_of(word: str) -> str:
    """Whether a conclusion is good, bad, or neither: in which colour it is shown."""
    return {"CONFORMANT": "good", "NOT CONFORMANT": "bad"}.get(word, "open")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_all_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(shipped=_shipped, hash_of=_hash_of, in_script=in_script)
    return environment


def in_script(value: Any) -> Markup:
    """JSON within a page: <, >, & and ' are escapes, so that no text can end the element that it stands in."""
    return htmlsafe_json_dumps(value, ensure_ascii=False, separators=(",", ":"))


def _all_visible(value: Any) -> Any:
    """Any text of anybody's with nothing in it that a browser would obey; markup of ours as it is."""
    return spelled_out(value) if type(value) is str else value


def _shipped(name: str) -> Markup:
    """A file of ours, as it is: style and script are no data."""
    return Markup((_FOLDER / name).read_text(encoding="utf-8"))


def _hash_of(name: str) -> str:
    """What a content security policy calls a script of ours: no other one is run, wherever it may stand."""
    digest = hashlib.sha256((_FOLDER / name).read_bytes()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
