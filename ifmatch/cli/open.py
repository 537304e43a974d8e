"""`ifmatch open`: the page of a run, in the browser."""

import argparse
import os
import sys
from pathlib import Path

from ifmatch.cli.command import Command
from ifmatch.errors import ConfigurationError, ExitCode

_EXAMPLES = """examples:
  ifmatch open                         the newest run in reports/
  ifmatch open reports/2026-11-21T10-12-07-1f0c83b2
  ifmatch open artefacts               the newest run in a folder of several

Without a display the path of the page is printed, and nothing else happens."""

#: Systems that always have a display; others say so in one of these variables.
_ALWAYS_WITH_DISPLAY = ("darwin", "win32")
_NAMING_A_DISPLAY = ("DISPLAY", "WAYLAND_DISPLAY")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        nargs="?",
        default="reports",
        metavar="DIR",
        help="a run's folder, or one of several runs, of which the newest is opened",
    )


def _open(args: argparse.Namespace) -> int:
    page = _page_in(Path(args.folder))
    print(page)
    if _has_display():
        import webbrowser

        webbrowser.open(page.resolve().as_uri())
    return ExitCode.CONFORMANT


def _page_in(folder: Path) -> Path:
    """The page of the run in a folder; of several runs that of the newest. Of an older log it is made first."""
    from ifmatch.log.reader import FILE_NAME as LOG
    from ifmatch.report.page import FILE_NAME
    from ifmatch.report.write import write_all

    run = folder if (folder / FILE_NAME).is_file() or (folder / LOG).is_file() else _newest(folder)
    if not (run / FILE_NAME).is_file():
        write_all(run)
    return run / FILE_NAME


def _newest(folder: Path) -> Path:
    """The run in a folder of several that was written to last."""
    from ifmatch.log.reader import FILE_NAME as LOG
    from ifmatch.report.page import FILE_NAME

    found = [path for name in (FILE_NAME, LOG) for path in folder.glob(f"*/{name}")]
    if not found:
        raise ConfigurationError(
            f"There is no run in {folder}. `ifmatch run` makes one; or name the folder of a run."
        )
    return max(found, key=lambda path: path.stat().st_mtime).parent


def _has_display() -> bool:
    return sys.platform in _ALWAYS_WITH_DISPLAY or any(map(os.environ.get, _NAMING_A_DISPLAY))


COMMAND = Command(
    name="open",
    summary="Open the page of the newest run in the browser, and print where it lies.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_open,
)
