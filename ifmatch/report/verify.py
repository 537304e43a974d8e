"""What was changed in a run's folder since it was written, and whether its signature holds.

Each check yields what is wrong, in sentences. Anyone can compute hashes again; so besides them the log is held against
itself, against the reports made of it, and against the suite, and a signature over all of it says who vouches for it.
"""

import json
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from ifmatch import __version__
from ifmatch.errors import ConfigurationError
from ifmatch.log.events import Event, ExchangeRecorded, RunFinished, Unreadable, VerdictReached
from ifmatch.log.reader import FILE_NAME as LOG
from ifmatch.log.reader import read
from ifmatch.log.seal import sealed_part
from ifmatch.report import document
from ifmatch.report.package import statement, sums
from ifmatch.report.package.signature import (
    SignatureWrong,
    demand_signed_by,
    is_signed,
    statement_in,
)
from ifmatch.report.run import Run
from ifmatch.report.write import write_all
from ifmatch.rules import catalogue
from ifmatch.rules import profile as profiles

#: More of one kind are counted, not named.
_MOST_NAMED = 3


@dataclass(frozen=True)
class Evidence:
    """A run's folder as it lies there. `key` is the public key that must have signed it; empty: whichever it names."""

    folder: Path
    key: bytes = b""

    @cached_property
    def events(self) -> list[Event]:
        """All that its log holds."""
        return list(read(self.folder))

    @cached_property
    def run(self) -> Run:
        """The run that its log tells of."""
        return Run.of(self.events)

    @property
    def is_package(self) -> bool:
        """Whether it was made by `ifmatch certify`, or looks like it."""
        names = (sums.FILE_NAME, statement.FILE_NAME)
        return self.run.certifies or any((self.folder / name).exists() for name in names)

    @property
    def is_of_this_version(self) -> bool:
        """Whether the suite that made it is this one, so that all can be made again to the byte."""
        return self.run.suite.version == __version__


# ---------------------------------------------------------------- hashes and signature


def hashes(evidence: Evidence) -> Iterator[str]:
    """Every file has the hash that the list gives it, and there is no other file."""
    if not (evidence.folder / sums.FILE_NAME).is_file():
        yield f"there is no {sums.FILE_NAME}"
        return
    listed = sums.read(evidence.folder)
    there = sums.sums_of(evidence.folder, without=(statement.FILE_NAME,))
    kept = listed.keys() & there.keys()
    yield from _named("changed", sorted(name for name in kept if there[name] != listed[name]))
    yield from _named("missing", sorted(listed.keys() - kept))
    yield from _named("not listed", sorted(there.keys() - kept))


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
        yield "it is not signed"
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
    if (
        attested.get("_type") != statement.TYPE
        or attested.get("predicateType") != statement.PREDICATE
    ):
        yield "the attestation is of another kind"
        return
    yield from _other_subjects(evidence.folder, attested.get("subject", ()))
    facts: dict[str, Any] = attested["predicate"]["ifmatch"]
    expires = str(facts.pop("expires", ""))
    if expires and datetime.fromisoformat(expires) < datetime.now(UTC):
        yield f"the attestation ended on {expires}"
    yield from _told_otherwise("the attestation", facts, statement.facts_of(evidence.run))


def _other_subjects(folder: Path, subjects: Iterable[dict[str, Any]]) -> Iterator[str]:
    for subject in subjects:
        path = folder / str(subject["name"])
        if not path.is_file() or sums.sum_of(path) != subject["digest"]["sha256"]:
            yield f"the attestation is about another {subject['name']}"


# ---------------------------------------------------------------- the log


def _wrong_end(evidence: Evidence) -> Iterator[str]:
    last = evidence.events[-1] if evidence.events else None
    if not isinstance(last, RunFinished):
        yield "its last line is missing: it was cut short, or the run was"
    elif last.sha256 != sealed_part(evidence.folder):
        yield "it is not what its last line says of it: a line was changed, added or dropped"


def log(evidence: Evidence) -> Iterator[str]:
    """The log is whole: it has its end, nothing in it was changed, and nothing is missing in it."""
    yield from _wrong_end(evidence)
    unreadable = [event for event in evidence.events if isinstance(event, Unreadable)]
    if unreadable:
        yield f"{len(unreadable)} lines cannot be read"
    yield from _named("exchanges that are missing", _gaps(evidence))
    yield from _named("exchanges that no verdict names", _orphans(evidence))


def _exchanges(evidence: Evidence) -> list[ExchangeRecorded]:
    return [event for event in evidence.events if isinstance(event, ExchangeRecorded)]


def _gaps(evidence: Evidence) -> list[str]:
    """The ids that were given and are not there. Each process counts its own."""
    seen: dict[str, set[int]] = defaultdict(set)
    for exchange in _exchanges(evidence):
        prefix, _, number = exchange.id.rpartition("-")
        if number.isdecimal():
            seen[prefix].add(int(number))
    return [
        f"{prefix}-{number}".lstrip("-")
        for prefix, numbers in seen.items()
        for number in sorted(set(range(1, max(numbers) + 1)) - numbers)
    ]


def _orphans(evidence: Evidence) -> list[str]:
    """What was exchanged for a rule, and stands in no verdict: the verdict was dropped, or names others."""
    if not evidence.run.complete:
        return []
    named = _named_in_verdicts(evidence)
    of_steps = filter(_is_of_a_step, _exchanges(evidence))
    return [exchange.id for exchange in of_steps if exchange.id not in named]


def _named_in_verdicts(evidence: Evidence) -> set[str]:
    verdicts = [event for event in evidence.events if isinstance(event, VerdictReached)]
    return {id for verdict in verdicts for id in verdict.exchanges}


def _is_of_a_step(exchange: ExchangeRecorded) -> bool:
    """Whether a verdict has to name an exchange. What raced is in its history."""
    return exchange.step is not None and not exchange.raced


# ---------------------------------------------------------------- the suite


def completeness(evidence: Evidence) -> Iterator[str]:
    """Every rule of the suite has a verdict, or is said to have been left out."""
    run = evidence.run
    if not run.complete:
        yield f"the run did not come to its end. {run.message}".strip()
        return
    known = {judged.rule for judged in run.rules} | set(run.left_out)
    if evidence.is_of_this_version:
        missing = [rule.id for rule in catalogue.rules() if rule.id not in known]
        yield from _named("rules that nothing is said of", missing)
    if evidence.is_package:
        yield from _named("rules that were left out", list(run.left_out))


def profile(evidence: Evidence) -> Iterator[str]:
    """The profile is the one of that name which was shipped with the suite that made the run."""
    named = evidence.run.profile
    if named.id not in profiles.shipped() or not evidence.is_of_this_version:
        return
    if profiles.load(named.id).sha256 != named.sha256:
        yield f"the profile {named.id} of ifmatch {__version__} is another one: its hash is not that of the run"


# ---------------------------------------------------------------- the reports


def reports(evidence: Evidence) -> Iterator[str]:
    """The reports tell what the log tells: made again from it, they are the same to the byte.

    Of another version only report.json is read: what it says of each rule.
    """
    if not evidence.is_of_this_version:
        yield from _report_told_otherwise(evidence)
        return
    with tempfile.TemporaryDirectory() as name:
        again = Path(name, "again")
        _copied(evidence.folder, again)
        write_all(again)
        yield from _named("not what the log tells", _different(evidence.folder, again))


def _copied(folder: Path, again: Path) -> None:
    """Copy what the reports are made from: the log, and the pictures of races."""
    again.mkdir()
    shutil.copy(folder / LOG, again)
    if (folder / "pictures").is_dir():
        shutil.copytree(folder / "pictures", again / "pictures")


def _different(folder: Path, again: Path) -> list[str]:
    paths = [path for path in sorted(again.rglob("*")) if path.is_file()]
    names = [path.relative_to(again) for path in paths]
    return [name.as_posix() for name in names if _differs(folder / name, again / name)]


def _differs(one: Path, other: Path) -> bool:
    """Whether a file is there, and another one is not the same."""
    return one.is_file() and one.read_bytes() != other.read_bytes()


def _report_told_otherwise(evidence: Evidence) -> Iterator[str]:
    run = evidence.run
    report = document.load(evidence.folder)
    told = {rule["rule"]: rule["verdict"] for rule in report["rules"]}
    logged = {judged.rule: judged.verdict.value for judged in run.rules}
    yield from _told_otherwise(document.FILE_NAME, told, logged)
    if report["exit_code"] != int(run.exit_code):
        yield f"{document.FILE_NAME} gives another exit code than the log"


# ---------------------------------------------------------------- all of it

Check = Callable[[Evidence], Iterator[str]]

#: What is looked at in every run's folder, and what only in a package.
CHECKS: Mapping[str, Check] = {
    "log": log,
    "completeness": completeness,
    "profile": profile,
    "reports": reports,
}
OF_PACKAGES: Mapping[str, Check] = {"hashes": hashes, "signature": signature}


def verified(
    evidence: Evidence, begun: Callable[[str], object] = lambda check: None
) -> dict[str, list[str]]:
    """What each check finds; nothing where all is well. `begun` is told the name of each before it is made.

    Raises ConfigurationError when there is no log, or the key is none.
    """
    asked_for_signature = bool(evidence.key)
    of_package = OF_PACKAGES if evidence.is_package or asked_for_signature else {}
    found = {}
    for name, check in {**of_package, **CHECKS}.items():
        begun(name)
        found[name] = _found(check, evidence)
    return found


def _found(check: Check, evidence: Evidence) -> list[str]:
    """What a check finds. What cannot even be read is found, too: whoever changes a file may have broken it."""
    try:
        return list(check(evidence))
    except ConfigurationError as error:
        return [str(error)]
    except (ValueError, KeyError, TypeError, OSError, json.JSONDecodeError) as error:
        return [f"it cannot be read ({type(error).__name__}: {error})"]


def _told_otherwise(who: str, told: dict[str, Any], logged: dict[str, Any]) -> Iterator[str]:
    keys = dict.fromkeys([*told, *logged])
    others = [key for key in keys if told.get(key) != logged.get(key)]
    yield from _named(f"{who} tells otherwise than the log", others)


def _named(what: str, names: list[str]) -> Iterator[str]:
    """A sentence about so many, with the first of them; none without any."""
    if names:
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        yield f"{what}: {', '.join(names[:_MOST_NAMED])}{more}"
