"""What looks for secrets finds them, wherever they stand: a search that cannot find proves nothing."""

import base64
import gzip
import io
import json
import zipfile
from urllib.parse import quote

import pytest
from leaks import leaks

SECRET = "s3cr3t/+~val<ue>&=%'x"


def zipped(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside", content)
    return file.getvalue()


WAYS = {
    "as it is": lambda raw: raw,
    "for a URL": lambda raw: quote(raw).encode(),
    "in JSON": lambda raw: json.dumps(raw.decode()).encode(),
    "in base64": base64.b64encode,
    "as a password": lambda raw: base64.b64encode(b"nurse:" + raw),
    "in an envelope": lambda raw: base64.b64encode(b"{" + b" " * 200 + raw + b"}"),
    "in an envelope for a URL": lambda raw: base64.urlsafe_b64encode(b"\xff\xfe" * 100 + raw),
    "compressed": gzip.compress,
    "in an archive": zipped,
    "in hex": lambda raw: raw.hex().encode(),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_found(way, tmp_path):
    """In whatever file."""
    (tmp_path / "file").write_bytes(WAYS[way](SECRET.encode()))
    assert leaks(tmp_path, "", [SECRET])
    assert not leaks(tmp_path, "", ["another secret"])


def test_what_was_printed_is_looked_at(tmp_path):
    """It is handed on as much as any file."""
    assert leaks(tmp_path, f"Bearer {SECRET}", [SECRET])
