"""What became of a fleet's targets since the night before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ifmatch.fleet.job import Job
from ifmatch.fleet.night import Night
from ifmatch.report import compare
from ifmatch.report.compare import Change
from ifmatch.report.compare.page import view_of
from ifmatch.report.document import FILE_NAME, Document, load
from ifmatch.report.page.side_by_side import Changes


@dataclass(frozen=True)
class Trend:
    """The changes since a night, by the name of the run; `started` is when that night began."""

    started: str
    changes: Mapping[str, Sequence[Change]]

    @property
    def counted(self) -> str:
        """How many changes there are of each kind, in words."""
        return compare.counted([change for found in self.changes.values() for change in found])

    def of_kinds(self, *kinds: compare.Kind) -> list[tuple[str, Change]]:
        """The changes of some kinds, each with the name of its run."""
        return [
            (name, change)
            for name, found in self.changes.items()
            for change in found
            if change.kind in kinds
        ]

    @property
    def view(self) -> Changes:
        """The changes as a page shows them."""
        each = [view_of(change, name) for name, found in self.changes.items() for change in found]
        return Changes(f"Since the night of {self.day}", self.counted, "", tuple(each))

    @property
    def day(self) -> str:
        """When that night began, to the minute."""
        return self.started[:16].replace("T", " ")


def trend_since(last: Night, jobs: Sequence[Job]) -> Trend:
    """What changed in the runs that both nights have a whole report of, each under one profile."""
    found = dict[str, Sequence[Change]]()
    for job in jobs:
        old, new = _whole_report_of(last, job.name), job.report
        if old and new and new["complete"] and old["profile"]["id"] == new["profile"]["id"]:
            found[job.name] = compare.changes(old, new)
    return Trend(last.started, found)


def _whole_report_of(night: Night, name: str) -> Document | None:
    path = night.folder / name / FILE_NAME
    ending = night.endings.get(name)
    if ending is None or ending["sentence"] or not path.is_file():
        return None
    return load(path)
