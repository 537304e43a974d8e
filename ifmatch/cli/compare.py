"""`ifmatch compare`: what an upgrade changed, or how two systems differ."""

import argparse
from pathlib import Path

from ifmatch.cli.command import Command
from ifmatch.errors import ConfigurationError, ExitCode

_EXAMPLES = """examples:
  ifmatch compare before/report.json after/report.json      what an upgrade changed; exit 1 when a rule newly fails
  ifmatch compare a/report.json b/report.json --html side-by-side.html"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "reports",
        nargs="+",
        metavar="REPORT",
        help="report.json of a run, or the folder it lies in",
    )
    parser.add_argument("--csv", default="", metavar="FILE", help="write the table as CSV")
    parser.add_argument(
        "--html", default="", metavar="FILE", help="write the table as one page with filters"
    )


def _compare(args: argparse.Namespace) -> int:
    from ifmatch.report import compare
    from ifmatch.report.console import console_for
    from ifmatch.report.document import load

    reports = [load(path) for path in map(_report_at, args.reports)]
    compare.print_compare(console_for(), reports)
    if args.csv:
        _write(Path(args.csv), compare.csv(reports))
    if args.html:
        _write(Path(args.html), compare.html(reports))
    changes = compare.changes(*reports) if compare.comparable(reports) else ()
    is_worse = any(change.kind is compare.Kind.FAILS for change in changes)
    return ExitCode.NOT_CONFORMANT if is_worse else ExitCode.CONFORMANT


def _report_at(name: str) -> Path:
    from ifmatch.report.document import FILE_NAME

    path = Path(name)
    return path / FILE_NAME if path.is_dir() else path


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}. Choose another file."
        ) from None
    print(f"written {path}")


COMMAND = Command(
    name="compare",
    summary="Put reports side by side, and tell what changed between two of one target.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_compare,
)
