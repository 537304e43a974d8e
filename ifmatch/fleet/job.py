"""One run among many: what it is given, what it may cost, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from ifmatch.errors import ExitCode
from ifmatch.report.console import conclusion
from ifmatch.report.document import FILE_NAME, Document, load
from ifmatch.suite.options import words_for_command

#: The word for a run that did not come to its end.
_BROKEN_OFF = conclusion(ExitCode.USAGE, {})[0]


@dataclass(frozen=True)
class Bound:
    """What a run may cost: so many seconds, and so many megabytes in any one file. None where there is no bound."""

    seconds: float | None = None
    megabytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """A run that is to be made. `folder` is for its evidence, `given` holds its options by field, `rest` is for pytest.

    Jobs of one `target` are run one after the other, so that what it grants one client is not asked of it twice. An
    embedded server is each run's own: its name is empty.
    """

    name: str
    title: str
    folder: Path
    given: Mapping[str, Any]
    rest: tuple[str, ...] = ()
    target: str = ""
    bound: Bound = field(default_factory=Bound)

    def words(self, **otherwise: Any) -> list[str]:
        """Its command line, with some of its options given otherwise."""
        options = {**self.given, "report_dir": str(self.folder), **otherwise}
        behind = ["--", *self.rest] if self.rest else []
        return ["run", *words_for_command(options), *behind]

    @property
    def report(self) -> Document | None:
        """What it came to, as far as it wrote a report."""
        path = self.folder / FILE_NAME
        return load(path) if path.is_file() else None


@dataclass(frozen=True)
class Came:
    """What a process came to: its exit code, what it printed, and why it was ended, if it was."""

    code: int
    printed: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run ended, where, and after how many seconds; `sentence` says why there is no whole report, if so."""

    job: Job
    code: int
    sentence: str
    host: str
    seconds: float

    @classmethod
    def of(cls, job: Job, came: Came, host: str, seconds: float) -> "Ending":
        """The ending of a run whose process came to this."""
        report = job.report
        code = int(ExitCode.TARGET_UNUSABLE) if came.why and not came.code else came.code
        whole = report is not None and report["complete"] and not came.why
        sentence = "" if whole else _explained(came, report)
        return cls(job=job, code=code, sentence=sentence, host=host, seconds=round(seconds, 1))


def _explained(came: Came, report: Document | None) -> str:
    """Why a run came to no whole report, in a sentence."""
    message = str(report["message"]) if report else ""
    said = message or _summary_in(came.printed) or _last_line_of(came.printed)
    return came.why or said.removesuffix(f"    (exit {came.code})")


def _summary_in(printed: str) -> str:
    """What stands above the conclusion of a run that did not come to its end; a report could not be written then."""
    before, found, _ = printed.rpartition(f"\n{_BROKEN_OFF} ")
    lines = reversed(before.splitlines()) if found else []
    return " ".join(reversed(list(takewhile(str.strip, lines))))


def _last_line_of(printed: str) -> str:
    lines = printed.strip().splitlines()
    return lines[-1] if lines else "Nothing was printed."
