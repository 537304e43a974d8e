"""`ifmatch report`: every form of report, made anew from the log of a run."""

import argparse
from pathlib import Path

from ifmatch.cli.command import Command
from ifmatch.errors import ExitCode

_EXAMPLES = """examples:
  ifmatch report evidence              all that is derived from evidence/events.jsonl is written again
  ifmatch report reports/latest        such as with a newer ifmatch, or after a file was lost

The log is not changed. The same version makes the same bytes of it. The exit code says whether the files were written,
not what stands in them: `ifmatch verify` and `ifmatch recheck` ask that."""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="the folder of a run")


def _report(args: argparse.Namespace) -> int:
    from ifmatch.report.console import Steps
    from ifmatch.report.write import FORMATS, write_all

    folder = Path(args.folder)
    with Steps() as steps:
        write_all(folder, steps.begin)
    for form in FORMATS:
        path = folder / form.name
        if path.exists():
            print(f"written {path}")
    return ExitCode.CONFORMANT


COMMAND = Command(
    name="report",
    summary="Make every form of report again from the log of a run.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_report,
)
