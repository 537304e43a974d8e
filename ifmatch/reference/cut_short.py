"""What a server can make of a body that breaks off in the middle, if it does what no server should."""

import json
import re

_CLOSING = {"{": "}", "[": "]"}

#: A JSON string, or the beginning of one that is never ended.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)


def mended(content: bytes) -> bytes:
    """The longest beginning of a JSON text that becomes whole when its brackets are closed; nothing when none does."""
    text = content.decode("utf-8", "ignore")
    for end in range(len(text), 0, -1):
        whole = text[:end].rstrip(", ") + _closing(text[:end])
        try:
            json.loads(whole)
        except ValueError:
            continue
        return whole.encode()
    return b""


def _closing(text: str) -> str:
    """The brackets that are still open, closed; those inside strings do not count."""
    unclosed = ""
    for bracket in re.findall(r"[{}\[\]]", _STRING.sub("", text)):
        unclosed = _CLOSING[bracket] + unclosed if bracket in _CLOSING else unclosed[1:]
    return unclosed
