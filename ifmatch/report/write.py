"""Writes what is derived from a run's event log beside it: at the end of a run, or any time later."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ifmatch.errors import ConfigurationError
from ifmatch.log.reader import read
from ifmatch.report import allure, badge, document, har, junit, markdown, page, replay, sarif
from ifmatch.report.package import applicant, certificate, earl, statement, test_report
from ifmatch.report.run import Run

#: Writes one form of report: of this run, whose evidence lies in this folder, to that place.
Writer = Callable[[Run, Path, Path], None]


@dataclass(frozen=True)
class Format:
    """One form of report: the file or folder within a run's folder that holds it, and what writes it.

    Some are only for a run that `certifies`.
    """

    name: str
    write: Writer
    certifies: bool = False


def _as_file(content: Callable[[Run], bytes]) -> Writer:
    def write(run: Run, folder: Path, place: Path) -> None:
        _replace(place, content(run))

    return write


def _as_folder(files: Callable[[Run], Mapping[str, bytes]]) -> Writer:
    def write(run: Run, folder: Path, place: Path) -> None:
        for name, content in files(run).items():
            place.mkdir(exist_ok=True)
            _replace(place / name, content)

    return write


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole: a reader never sees half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


FORMATS = (
    Format(document.FILE_NAME, _as_file(document.as_json)),
    Format(junit.FILE_NAME, _as_file(junit.junit)),
    Format(replay.FOLDER_NAME, _as_folder(replay.scripts)),
    Format(allure.FOLDER_NAME, allure.write_results),
    Format(page.FILE_NAME, page.write_page),
    Format(markdown.FILE_NAME, _as_file(markdown.summary)),
    Format(har.FILE_NAME, _as_file(har.har)),
    Format(sarif.FILE_NAME, _as_file(sarif.sarif)),
    Format(badge.JSON_NAME, _as_file(badge.endpoint)),
    Format(badge.SVG_NAME, _as_file(badge.svg)),
    Format(certificate.FILE_NAME, _as_file(certificate.certificate), certifies=True),
    Format(test_report.FILE_NAME, _as_file(test_report.test_report), certifies=True),
    Format(earl.FILE_NAME, _as_file(earl.earl), certifies=True),
    Format(applicant.FILE_NAME, _as_file(applicant.statement_form), certifies=True),
)

#: What lies beside a log and belongs to it: every form of report, and the pictures that the run itself draws.
DERIVED = (
    *(form.name for form in FORMATS),
    "pictures",
    *statement.SEALS,
)


def _unsaid(_: str) -> None:
    """Nobody waits."""


def formats_for(run: Run) -> list[Format]:
    """The forms of report that a run is written in."""
    return [form for form in FORMATS if run.certifies or not form.certifies]


def write_all(folder: Path, begin: Callable[[str], None] = _unsaid) -> Run:
    """Write every form of report from the log in a folder, and return the run that the log describes.

    `begin` is told what is being done.
    A log that was cut short gives the reports of an incomplete run. Raises ConfigurationError when the folder holds no
    log or cannot be written.
    """
    begin("reading the log")
    run = Run.of(read(folder))
    write_reports(run, folder, begin=begin)
    return run


def write_reports(
    run: Run,
    folder: Path,
    alluredir: Path | None = None,
    begin: Callable[[str], None] = _unsaid,
) -> None:
    """Write every form of report of a run whose log lies in the folder; Allure's to `alluredir` when one is given.

    Raises ConfigurationError when one cannot be written.
    """
    elsewhere = {allure.FOLDER_NAME: alluredir}
    for form in formats_for(run):
        place = elsewhere.get(form.name) or folder / form.name
        begin(f"writing {form.name}")
        try:
            form.write(run, folder, place)
        except OSError as error:
            raise ConfigurationError(
                f"{place} cannot be written: {error.strerror}. Make room or choose another folder with -o DIR."
            ) from None
