"""Slips on a command line in our words: both doors read it with argparse, whose own words are those of a programmer."""

import re
from collections.abc import Callable, Iterable

from ifmatch.errors import did_you_mean

#: What argparse says, and what we say instead.
_IN_OUR_WORDS: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"argument (?P<name>\S+): invalid int value: (?P<value>.*)",
     lambda found: f"{_name(found)} takes a whole number, such as 4, which {_value(found)} is not"),
    (r"argument (?P<name>\S+): invalid float value: (?P<value>.*)",
     lambda found: f"{_name(found)} takes a number, such as 2.5, which {_value(found)} is not"),
    (r"argument (?P<name>\S+): invalid choice: (?P<value>.*) \(choose from (?P<choices>.*)\)",
     lambda found: f"{_name(found)} takes {_choices(found)}, and {_value(found)} is none of them"),
    (r"argument (?P<name>\S+): expected (one|at least one) argument",
     lambda found: f"{_name(found)} needs a value behind it"),
    (r"the following arguments are required: (?P<value>.*)",
     lambda found: f"{found['value']} is missing"),
    (r"unrecognized arguments: (?P<value>-\S+).*", lambda found: f"There is no option {_value(found)}"),
    (r"unrecognized arguments: (?P<value>\S+).*", lambda found: f"There is no use for the word {_value(found)} here"),
)  # fmt: skip


def in_our_words(message: str, options: Iterable[str] = ()) -> str:
    """What argparse complains of, as sentences that say what is due, and what may have been meant.

    `options` are those that there are. What we have no words for stands as it is.
    """
    sentence = next(filter(None, (_said(message, *row) for row in _IN_OUR_WORDS)), message)
    end = "" if sentence.endswith("?") else "."
    return f"{sentence[:1].upper()}{sentence[1:].rstrip('.')}{end}{_meant(message, options)}"


def _said(message: str, pattern: str, words: Callable[[re.Match[str]], str]) -> str:
    found = re.fullmatch(pattern, message)
    return words(found) if found else ""


def _meant(message: str, options: Iterable[str]) -> str:
    """The value or the option that is nearest to the one that is not known."""
    value, chosen, choices = message.partition("invalid choice: ")[2].partition(" (choose from ")
    if chosen:
        return did_you_mean(value.strip("'"), re.findall(r"[\w.-]+", choices))
    unknown = message.removeprefix("unrecognized arguments: ")
    if unknown == message:
        return ""
    return did_you_mean(unknown.split()[0].partition("=")[0], options)


def _name(found: re.Match[str]) -> str:
    """An option by its long name."""
    return found["name"].rpartition("/")[2]


def _value(found: re.Match[str]) -> str:
    value = found["value"].partition("=")[0] if found["value"][0] == "-" else found["value"]
    return f'"{value.strip(chr(39))}"'


def _choices(found: re.Match[str]) -> str:
    return " or ".join(re.findall(r"[\w.-]+", found["choices"]))
