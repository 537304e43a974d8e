"""The hashes of a package, and the signature over them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ifmatch.report.package import statement, sums
from ifmatch.report.package.signature import (
    PAYLOAD_TYPE,
    SignatureWrong,
    demand_signed_by,
    is_signed,
    statement_in,
)
from ifmatch.report.verify.evidence import Evidence, named, told_otherwise

#: What is wrong where a key is named and nobody has signed.
NOT_SIGNED = "it is not signed"


def hashes(evidence: Evidence) -> Iterator[str]:
    """Every file has the hash that the list gives it, and there is nothing else: no other file, no link elsewhere."""
    yield from named("no plain file", _odd(evidence.folder))
    if not (evidence.folder / sums.FILE_NAME).is_file():
        yield f"there is no {sums.FILE_NAME}"
        return
    listed = sums.read(evidence.folder)
    there = sums.sums_of(evidence.folder, without=(statement.FILE_NAME,))
    kept = listed.keys() & there.keys()
    yield from named("changed", sorted(name for name in kept if there[name] != listed[name]))
    yield from named("missing", sorted(listed.keys() - kept))
    yield from named("not listed", sorted(there.keys() - kept))


def _odd(folder: Path) -> list[str]:
    """What is in a folder and has no hash of its own: links, what is neither file nor folder, and empty folders."""
    return [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if _is_odd(p)]


def _is_odd(path: Path) -> bool:
    if path.is_symlink():
        return True
    return not (any(path.iterdir()) if path.is_dir() else path.is_file())


def signature(evidence: Evidence) -> Iterator[str]:
    """The attestation is about this package, holds today, and is signed by whom it should be."""
    path = evidence.folder / statement.FILE_NAME
    if not path.is_file():
        yield f"there is no {statement.FILE_NAME}"
        return
    try:
        envelope = path.read_bytes()
        attested = statement_in(envelope)
        yield from _unsigned_or_wrong(evidence, envelope)
        yield from _about_another(evidence, attested)
    except SignatureWrong as wrong:
        yield str(wrong)


def _unsigned_or_wrong(evidence: Evidence, envelope: bytes) -> Iterator[str]:
    if is_signed(envelope):
        demand_signed_by(envelope, evidence.key or _own_key(evidence))
    elif evidence.key:
        yield NOT_SIGNED
    elif json.loads(envelope).get("payloadType") != PAYLOAD_TYPE:
        yield "the envelope is of another kind"
    elif (evidence.folder / statement.PUBLIC_KEY).exists():
        yield f"it has a {statement.PUBLIC_KEY} and no signature"


def _own_key(evidence: Evidence) -> bytes:
    try:
        return (evidence.folder / statement.PUBLIC_KEY).read_bytes()
    except OSError:
        raise SignatureWrong(
            f"there is no {statement.PUBLIC_KEY}: name the key with --key"
        ) from None


def _about_another(evidence: Evidence, attested: dict[str, Any]) -> Iterator[str]:
    """What is attested must be what would be attested of this package, word by word, and hold today."""
    facts = dict(attested["predicate"]["ifmatch"])
    yield from _ended(str(facts.pop("expires", "")))
    made = statement.statement(evidence.run, evidence.folder, days=0)
    yield from _other_subjects(attested.pop("subject"), made.pop("subject"))
    due = made["predicate"].pop("ifmatch")
    due.pop("expires")
    attested["predicate"].pop("ifmatch")
    yield from told_otherwise("the attestation", facts, due)
    yield from told_otherwise("the attestation", attested.pop("predicate"), made.pop("predicate"))
    if attested != made:
        yield "the attestation is of another kind"


def _ended(expires: str) -> Iterator[str]:
    if not expires:
        yield "the attestation does not say when it ends"
    elif datetime.fromisoformat(expires) < datetime.now(UTC):
        yield f"the attestation ended on {expires}"


def _other_subjects(attested: list[dict[str, Any]], there: list[dict[str, Any]]) -> Iterator[str]:
    for subject in there:
        if subject not in attested:
            yield f"the attestation is about another {subject['name']}"
    strange = [str(subject["name"]) for subject in attested if subject not in there]
    known = {subject["name"] for subject in there}
    yield from named(
        "the attestation is about what is not there", [s for s in strange if s not in known]
    )
