"""What a command is made of, and how its words are read."""

import argparse
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ifmatch.errors import ExitCode, did_you_mean


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command. `add_arguments` declares what it takes; `run` carries it out and returns the exit code.

    With `for_pytest`, words that it does not know are no error: `run` finds them in `args.words`, in their order, and
    what was typed behind `--` in `args.behind`.
    """

    name: str
    summary: str
    examples: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    usage: str | None = None
    for_pytest: bool = False

    def parse(self, words: list[str]) -> argparse.Namespace:
        """Read the words behind the command's name. Exits with a sentence when it has no meaning for one."""
        parser = self._parser()
        if not self.for_pytest:
            return parser.parse_args(words)
        end = words.index("--") if "--" in words else len(words)
        args, unknown = parser.parse_known_args(words[:end])
        args.words, args.behind = unknown, words[end + 1 :]
        return args

    def _parser(self) -> argparse.ArgumentParser:
        parser = Parser(
            prog=f"ifmatch {self.name}",
            description=self.summary,
            epilog=self.examples,
            usage=self.usage,
        )
        self.add_arguments(parser)
        return parser


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are a sentence, end in our exit code, and say what may have been meant."""

    def __init__(self, **how: Any) -> None:
        super().__init__(
            allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **how
        )

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read all words, as every parser does."""
        read, unknown = self.parse_known_args(args, namespace)
        if unknown:
            meant = did_you_mean(unknown[0].partition("=")[0], self._option_string_actions)
            self._complain(f"unrecognized arguments: {' '.join(unknown)}.{meant}")
        return read

    def error(self, message: str) -> Any:
        """Say what is wrong, and of a value that is none of several which one may have been meant."""
        value, _, choices = message.partition("invalid choice: ")[2].partition(" ")
        meant = did_you_mean(value.strip("'"), re.findall(r"'([^']*)'", choices))
        self._complain(f"{message}.{meant}")

    def _complain(self, sentence: str) -> None:
        self.print_usage(sys.stderr)
        self.exit(
            int(ExitCode.USAGE), f"{self.prog}: {sentence} `{self.prog} --help` shows examples.\n"
        )
