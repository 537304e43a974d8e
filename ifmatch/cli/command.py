"""What a command is made of, and how its words are read."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ifmatch.errors import ConfigurationError
from ifmatch.slips import in_our_words


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
        """Read the words behind the command's name. Raises ConfigurationError when it has no meaning for one."""
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
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return read

    def error(self, message: str) -> Any:
        """Raises ConfigurationError, which says what is wrong and what may have been meant."""
        sentence = in_our_words(message, self._option_string_actions)
        raise ConfigurationError(f"{sentence} `{self.prog} --help` shows examples.")
