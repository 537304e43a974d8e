"""The reports of a run held against its log: made of it again, they are the same."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ifmatch.log.reader import FILE_NAME as LOG
from ifmatch.report import document
from ifmatch.report.package.statement import SEALS
from ifmatch.report.run import Run
from ifmatch.report.verify.evidence import Evidence, Unchecked, named, told_otherwise
from ifmatch.report.write import write_all


def reports(evidence: Evidence) -> Iterator[str]:
    """The reports tell what the log tells: made again from it, they are the same to the byte.

    A package holds all of them and nothing else. Of another version only report.json is read: what it says of each
    rule.
    """
    if not evidence.is_of_this_version:
        yield Unchecked(
            f"only {document.FILE_NAME} was held against the log: {evidence.of_another}"
        )
        yield from _report_told_otherwise(evidence)
        return
    with tempfile.TemporaryDirectory() as name:
        again = Path(name, "again")
        _copied(evidence, again)
        write_all(again)
        made, there = _files(again), _files(evidence.folder)
        differs = [one for one in made & there if not _same(evidence.folder / one, again / one)]
        yield from named("not what the log tells", sorted(differs))
        if evidence.is_package:
            yield from named("not there, and made of the log", sorted(made - there))
            yield from named("not made of the log", sorted(there - made - set(SEALS)))


def _copied(evidence: Evidence, again: Path) -> None:
    """Copy what the reports are made from: the log, and the pictures of races that it names."""
    again.mkdir()
    for name in (LOG, *_pictures(evidence.run)):
        place = again / name
        if (evidence.folder / name).is_file() and ".." not in place.parts:
            place.parent.mkdir(exist_ok=True)
            shutil.copy(evidence.folder / name, place)


def _pictures(run: Run) -> Iterator[str]:
    cases = (case for judged in run.rules for case in judged.cases)
    return (case.race.picture for case in cases if case.race and case.race.picture)


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _same(one: Path, other: Path) -> bool:
    return one.read_bytes() == other.read_bytes()


def _report_told_otherwise(evidence: Evidence) -> Iterator[str]:
    run = evidence.run
    report = document.load(evidence.folder)
    told = {rule["rule"]: rule["verdict"] for rule in report["rules"]}
    logged = {judged.rule: judged.verdict.value for judged in run.rules}
    yield from told_otherwise(document.FILE_NAME, told, dict(logged))
    if report["exit_code"] != int(run.exit_code):
        yield f"{document.FILE_NAME} gives another exit code than the log"
