"""`SHA256SUMS`: the hash of every file of a package, as `sha256sum -c` reads it."""

import hashlib
from pathlib import Path

FILE_NAME = "SHA256SUMS"


def sums_of(folder: Path, without: tuple[str, ...] = ()) -> dict[str, str]:
    """The SHA-256 of every file below a folder, by its path; this list itself is left out."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: sum_of(path) for name, path in names.items() if name not in (FILE_NAME, *without)}


def sum_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def as_text(sums: dict[str, str]) -> bytes:
    """The list as the bytes of its file."""
    return "".join(f"{digest}  {name}\n" for name, digest in sums.items()).encode()


def read(folder: Path) -> dict[str, str]:
    """The list that lies in a folder; what is no line of one is left out."""
    found = {}
    for line in (folder / FILE_NAME).read_text(encoding="utf-8", errors="replace").splitlines():
        digest, _, name = line.partition("  ")
        if name:
            found[name] = digest
    return found
