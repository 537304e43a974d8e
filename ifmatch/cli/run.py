"""`ifmatch run`: judge one server, or the five source systems."""

import argparse
from typing import Any

from ifmatch.cli.command import Command
from ifmatch.errors import ConfigurationError
from ifmatch.suite import options

_EXAMPLES = """examples:
  ifmatch run                                          five real systems against embedded servers, and a matrix
  ifmatch run --effort quick                           the same, with races
  ifmatch run https://staging.example/fhir             by the FHIR base profile of the version that the server states
  ifmatch run https://staging.example/fhir -p spine    by what NHS Spine promises
  ifmatch run -t target.toml --dry-run                 what a run would write, and nothing more
  ifmatch run -t target.toml --rules 'update.if-match.*'
  ifmatch run -p koppeltaal --fault if-match-ignored   see a rule fail on the embedded server

The bearer token is read from IFMATCH_TOKEN (a second identity's from IFMATCH_SECOND_TOKEN), or from the variables
that the target file names. Options of pytest work too: -k, -x, --lf, -n 2, --junitxml FILE, --alluredir DIR; those
that have a name of ours stand behind `--`, as in `ifmatch run -p spine -- -p no:cacheprovider`.

exit codes: 0 conformant, 1 a SHALL rule failed, 2 interrupted, 3 internal error, 4 wrong usage, 5 nothing ran,
            6 target unusable, 7 inconclusive"""

#: BASE_URL is found among what is left for pytest: argparse would take the value of any option of pytest's for it.
_USAGE = """ifmatch run [BASE_URL] [options] [options of pytest]

BASE_URL is the FHIR end-point; without it an embedded server is started"""


def _run(args: argparse.Namespace) -> int:
    given = options.given_to_command(args)
    words = args.words
    if not args.base_url:
        given["base_url"], words = _base_url_in(words)
    rest = [*words, *args.behind]
    if any(given[field] for field in _NAMING_A_SERVER):
        return _run_one(given, rest)
    return _run_systems(given, rest)


#: The options, by field, of which one is enough to say which server is meant.
_NAMING_A_SERVER = ("base_url", "profile", "target_file")


def _base_url_in(words: list[str]) -> tuple[str, list[str]]:
    """The base URL among the words that are not ours, and the words for pytest.

    Without one it is empty, which keeps an address that another plugin of pytest knows from being written to.
    """
    previous = ""
    for number, word in enumerate(words):
        if _is_base_url(word, previous):
            options.demand_no_blank("BASE_URL", word)
            rest = words[:number] + words[number + 1 :]
            _demand_no_other(word, rest)
            return word, rest
        previous = word
    return "", words


def _demand_no_other(base_url: str, rest: list[str]) -> None:
    """See that one server is named. Raises ConfigurationError."""
    others = [word for word in rest if word.startswith(("http://", "https://"))]
    if others:
        raise ConfigurationError(
            f"A run is of one server: {base_url} or {others[0]}? `ifmatch fleet` runs several, `ifmatch compare` holds "
            "two runs against each other."
        )


def _is_base_url(word: str, previous: str) -> bool:
    """Whether a word is meant to be one. Right after an option it may be that option's value, unless it has ://."""
    if word.startswith("-"):
        return False
    return "://" in word or not previous.startswith("-")


def _run_one(given: dict[str, Any], rest: list[str]) -> int:
    from ifmatch.suite.live import LiveView

    return LiveView().run(*_pytest_words(given, rest))


def _run_systems(given: dict[str, Any], rest: list[str]) -> int:
    if given["faults"]:
        raise ConfigurationError("A fault belongs to one server: name its profile with -p.")
    if given["dry_run"]:
        raise ConfigurationError(
            "Five systems on embedded servers write to nobody: name a base URL, or a profile with -p."
        )
    if rest:
        from ifmatch.suite.live import demand_understood

        # Before five systems stumble over the same slip.
        demand_understood(*_pytest_words(given, rest))
    from ifmatch.fleet.systems import run_all

    return run_all(given, rest)


def _pytest_words(given: dict[str, Any], rest: list[str]) -> tuple[list[str], list[object]]:
    """The arguments for pytest and the plugins to hand to it."""
    from ifmatch.suite.surroundings import on_features

    return on_features(options.words_for_pytest(given), rest)


COMMAND = Command(
    name="run",
    summary="Judge a server by a profile; without a server and a profile, the five source systems on embedded servers.",
    examples=_EXAMPLES,
    usage=_USAGE,
    add_arguments=options.add_to_command,
    run=_run,
    for_pytest=True,
)
