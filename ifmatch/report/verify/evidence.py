"""What is verified: the folder of a run as it lies there, and what else whoever verifies it knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ifmatch import __version__
from ifmatch.log.events import Event
from ifmatch.log.reader import read
from ifmatch.report.package import statement, sums
from ifmatch.report.run import Run
from ifmatch.report.text import with_label

#: More of one kind are counted, not named.
_MOST_NAMED = 3


class Unchecked(str):
    """A sentence on what could not be looked at, and why. Nothing is known to be wrong, and nothing to be right."""


@dataclass(frozen=True)
class Evidence:
    """A run's folder as it lies there.

    `key` is the public key that must have signed it; empty: whichever it names. `profile` is the name or the file of
    the one that it must have been held to; empty: the suite's own of the name that the run gives.
    """

    folder: Path
    key: bytes = b""
    profile: str = ""

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

    @property
    def of_another(self) -> str:
        """That it was not, in the words that a sentence on what could not be looked at ends with."""
        return (
            f"it was made by ifmatch {self.run.suite.version}, and this is {__version__}. Verify it with that "
            "version, too"
        )


def case_called(rule: str, resource_type: str, row: Mapping[str, str]) -> str:
    """How a case is named: its rule, its resource type, and all of its row."""
    return with_label(rule, ", ".join(filter(None, [resource_type, *row.values()])))


def named(what: str, names: list[str]) -> list[str]:
    """A sentence about so many, with the first of them; none without any."""
    if not names:
        return []
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return [f"{what}: {', '.join(names[:_MOST_NAMED])}{more}"]


def told_otherwise(who: str, told: dict[str, object], logged: dict[str, object]) -> list[str]:
    """A sentence on what somebody says otherwise than the log; none where both agree."""
    keys = dict.fromkeys([*told, *logged])
    return named(
        f"{who} tells otherwise than the log",
        [key for key in keys if told.get(key) != logged.get(key)],
    )
