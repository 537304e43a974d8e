"""The command line: finds the command, and turns whatever ends it into a sentence and an exit code."""

import gc
import re
import sys
from collections.abc import Sequence

from ifmatch import __version__
from ifmatch.cli import (
    certify,
    compare,
    explain,
    fleet,
    init,
    ledger,
    open,
    profiles,
    recheck,
    replay,
    report,
    rules,
    run,
    serve,
    survey,
    sweep,
    verify,
)
from ifmatch.cli.command import Command, Parser
from ifmatch.errors import ConfigurationError, ExitCode, IfmatchError, did_you_mean
from ifmatch.report.console.readers import outlive_readers

_DESCRIPTION = "Tells whether a FHIR server keeps its update and concurrency promises, and finds the updates it loses."

#: The commands, each in the file of its name.
COMMANDS = {
    command.name: command
    for command in (
        run.COMMAND,
        init.COMMAND,
        fleet.COMMAND,
        survey.COMMAND,
        serve.COMMAND,
        rules.COMMAND,
        explain.COMMAND,
        profiles.COMMAND,
        compare.COMMAND,
        open.COMMAND,
        report.COMMAND,
        recheck.COMMAND,
        certify.COMMAND,
        verify.COMMAND,
        replay.COMMAND,
        ledger.COMMAND,
        sweep.COMMAND,
    )
}

#: What nobody means as an address.
_LIKE_A_COMMAND = re.compile(r"[A-Za-z]+(-[A-Za-z]+)*")

#: So many new objects, and Python looks for what can be thrown away.
_OBJECTS_BEFORE_COLLECTION = 100_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (see ExitCode). A slip of the user's ends in one sentence."""
    # While a run's libraries load, Python would go through all objects in memory over and over; they are there to stay.
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    outlive_readers()
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        command, rest = _found(words)
        return int(command.run(command.parse(rest)))
    except IfmatchError as error:
        print(f"{error}    (exit {int(error.exit_code)})", file=sys.stderr)
        return int(error.exit_code)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    except Exception as error:
        # A traceback would end in 1, which means that a rule failed.
        print(
            f"ifmatch itself failed ({type(error).__name__}: {error}).    (exit 3)", file=sys.stderr
        )
        return int(ExitCode.INTERNAL_ERROR)


def _found(words: list[str]) -> tuple[Command, list[str]]:
    """The command, and the words behind its name. Bare `ifmatch` is `ifmatch run`."""
    first = words[0] if words else ""
    if first in COMMANDS:
        return COMMANDS[first], words[1:]
    if first in ("-h", "--help", "--version", "-V", "version"):
        _overview().parse_args([first if first.startswith("-") else f"--{first}"])
    if first == "-v":
        raise ConfigurationError(
            "-v is pytest's, for more words on a run: `ifmatch run -p spine -v`. `ifmatch --version` tells the version."
        )
    if _LIKE_A_COMMAND.fullmatch(first):
        raise ConfigurationError(
            f'There is no command "{first}", and it is not a base URL, such as https://staging.example/fhir.'
            f"{did_you_mean(first, COMMANDS)} `ifmatch --help` lists the commands."
        )
    return run.COMMAND, words


def _overview() -> Parser:
    """What `ifmatch --help` shows. The commands read their own words."""
    parser = Parser(prog="ifmatch", description=_DESCRIPTION)
    parser.add_argument("-V", "--version", action="version", version=f"ifmatch {__version__}")
    listed = parser.add_subparsers(metavar="COMMAND")
    for command in COMMANDS.values():
        listed.add_parser(command.name, help=command.summary)
    return parser
