"""Where a secret stands in what was printed and written: in every spelling, and in what is packed or encoded, too."""

import base64
import binascii
import gzip
import html
import io
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, quote_plus

from hostile import escaped
from jinja2.utils import htmlsafe_json_dumps

#: What may be base64 of something that is worth looking into, such as the payload of an envelope.
_ENCODED = re.compile(rb"[A-Za-z0-9+/_-]{200,}={0,2}")


def spellings(secret: str) -> Iterator[str]:
    """A secret in every form in which it could be found."""
    raw = secret.encode()
    yield from (
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        html.escape(secret),
        str(htmlsafe_json_dumps(secret))[1:-1],
        escaped(secret),
        repr(secret)[1:-1],
        raw.hex(),
    )
    yield from (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode())
    yield from (base64.b64encode(b"x" * n + raw).decode()[4:-4] for n in range(1, 4))


def parts_of(pem: str) -> list[str]:
    """The lines of a key in PEM that are secret, each of which would be too much."""
    return [line for line in pem.splitlines() if line and not line.startswith("-----")]


def leaks(folder: Path, printed: str, secrets: list[str], but: tuple[str, ...] = ()) -> list[str]:
    """The places at which any of the secrets stands, in no file of these names; whatever kind of file it is."""
    texts = {"what was printed": printed}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in but:
            name = path.relative_to(folder).as_posix()
            texts |= {
                f"{name}{inside}": content.decode("utf-8", "replace")
                for inside, content in _unpacked(path.read_bytes())
            }
    wanted = {text for secret in secrets for text in spellings(secret) if len(text) > 5}
    return sorted(
        f"{name}: {text}" for name, content in texts.items() for text in wanted if text in content
    )


def _unpacked(content: bytes) -> Iterator[tuple[str, bytes]]:
    """A content, and what is packed or encoded in it."""
    yield "", content
    if content.startswith(b"\x1f\x8b"):
        yield from (
            (f" unzipped{name}", part) for name, part in _unpacked(gzip.decompress(content))
        )
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from ((f" {name}", archive.read(name)) for name in archive.namelist())
    for number, found in enumerate(_ENCODED.findall(content)):
        with suppress(binascii.Error, ValueError):
            yield (
                f" decoded {number}",
                base64.b64decode(found.replace(b"-", b"+").replace(b"_", b"/")),
            )
