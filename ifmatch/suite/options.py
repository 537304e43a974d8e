"""Every option of a run, declared once: for `ifmatch run`, for a plain `pytest`, and for the target file."""

import argparse
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifmatch.client.target_file import read
from ifmatch.errors import ConfigurationError
from ifmatch.race.budget import EFFORTS

if TYPE_CHECKING:
    import pytest


@dataclass(frozen=True)
class Options:
    """What the user asked for. No `report_dir`: a new folder under reports/. `faults` are for the embedded server.

    `rules` are patterns of ids, `effort` names the budget of the races, `writers` is how many meet in one, `vantages`
    are other machines that they sit on, `seed` draws the same races again. In a `strict` run a warning fails. `wait` is
    how many seconds a server may take to start. `certifies`: the evidence is to be a certificate's. A `dry_run` only
    says what would be written. `budget` is how long the run may take, such as 5m. With `fail_on` "new" only what is not
    broken in the `baseline`, a report.json, fails it.
    `placeholders` are written `name=value`.
    """

    base_url: str = ""
    profile: str = ""
    target_file: str = ""
    report_dir: str = ""
    rules: str = ""
    faults: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()
    effort: str = "quick"
    writers: int = 4
    vantages: tuple[str, ...] = ()
    seed: int | None = None
    strict: bool = False
    wait: float = 0.0
    dry_run: bool = False
    certifies: bool = False
    budget: str = ""
    fail_on: str = "any"
    baseline: str = ""
    command: Sequence[str] = field(default_factory=lambda: sys.argv)


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option. What holds when it is not given is the default of its field in `Options`.

    `short` is for `ifmatch run` alone, since pytest keeps single letters for itself. `key` is where a target file says
    the same. What is `shared` may come from the option that another plugin has of that name.
    """

    name: str
    field: str
    help: str
    metavar: str = ""
    type: type = str
    choices: tuple[str, ...] = ()
    repeated: bool = False
    switch: bool = False
    short: str = ""
    key: str = ""
    shared: bool = False

    @property
    def plain(self) -> str:
        """Its name for a person."""
        return f"--{self.name}"

    @property
    def own(self) -> str:
        """Its name in pytest that no other plugin can have."""
        return f"--ifmatch-{self.name}"

    def declaration(self, dest: str) -> dict[str, Any]:
        """How argparse is told of it, whose words are pytest's, too."""
        words = f"{self.help}; `{self.key}` in the target file" if self.key else self.help
        if self.switch:
            return {"dest": dest, "action": "store_true", "default": None, "help": words}
        return {
            "dest": dest,
            "action": "append" if self.repeated else "store",
            "type": self.type,
            "choices": self.choices or None,
            "metavar": self.metavar,
            "help": words,
        }


#: The one option that says which scenarios are run, and not how.
RULES = Option(
    name="rules",
    field="rules",
    metavar="GLOB",
    help="only the rules whose id matches, such as 'update.if-match.*'; several patterns separated by commas",
    key="rules",
)

#: The file that can say what the other options say.
TARGET = Option(
    name="target",
    field="target_file",
    metavar="FILE",
    help="target.toml: address, credentials, headers, resources",
    short="-t",
)

OPTIONS = (
    Option(
        name="base-url",
        field="base_url",
        metavar="URL",
        help="base URL of the FHIR server under test; without it an embedded server is started",
        key="base_url",
        shared=True,  # pytest-base-url and pytest-playwright have it, and mean the same by it
    ),
    Option(
        name="profile",
        field="profile",
        metavar="PROFILE",
        help="what the server is held to: a profile's id, or a TOML file of your own",
        short="-p",
        key="profile",
    ),
    TARGET,
    RULES,
    Option(
        name="report-dir",
        field="report_dir",
        metavar="DIR",
        help="put the evidence straight into DIR; an earlier log there is kept under another name",
        short="-o",
        key="report_dir",
    ),
    Option(
        name="effort",
        field="effort",
        metavar="NAME",
        help=f"how long to race: {', '.join(EFFORTS)}; quick unless told otherwise; five systems race only if told",
        choices=tuple(EFFORTS),
        key="effort",
    ),
    Option(
        name="writers",
        field="writers",
        metavar="K",
        help="how many writers meet in a race, 2 to 16",
        type=int,
        key="writers",
    ),
    Option(
        name="vantage",
        field="vantages",
        metavar="SPEC",
        help="let writers of a race sit on another machine, too, such as ssh=NAME; may be given several times",
        repeated=True,
        key="vantages",
    ),
    Option(
        name="seed",
        field="seed",
        metavar="N",
        help="draw the races of an earlier run again",
        type=int,
        key="seed",
    ),
    Option(
        name="strict",
        field="strict",
        help="a warning, which is a broken SHOULD, fails the run",
        switch=True,
        key="strict",
    ),
    Option(
        name="wait",
        field="wait",
        metavar="SECONDS",
        help="wait so long for a server that is starting",
        type=float,
        key="wait",
    ),
    Option(
        name="budget",
        field="budget",
        metavar="TIME",
        help="how long the run may take, such as 90s or 5m; races come last; what has not begun by then makes it "
        "inconclusive, exit 7",
        key="budget",
    ),
    Option(
        name="fail-on",
        field="fail_on",
        metavar="WHAT",
        help="any: whatever is broken fails the run; new: only what is not broken in the baseline",
        choices=("any", "new"),
        key="fail_on",
    ),
    Option(
        name="baseline",
        field="baseline",
        metavar="FILE",
        help="the report.json that --fail-on new goes by",
        key="baseline",
    ),
    Option(
        name="certifies",
        field="certifies",
        help="also write what `ifmatch certify` puts into its package",
        switch=True,
    ),
    Option(
        name="dry-run",
        field="dry_run",
        help="say what would be written, and send nothing but the question what the target is",
        switch=True,
    ),
    Option(
        name="fault",
        field="faults",
        metavar="NAME",
        help="switch a fault of the embedded server on; may be given several times",
        repeated=True,
        key="faults",
    ),
    Option(
        name="placeholder",
        field="placeholders",
        metavar="NAME=VALUE",
        help="what the profile's templates need to know of the server; may be given several times; "
        "`[placeholders]` in the target file",
        repeated=True,
    ),
)

# ---------------------------------------------------------------- the command line


def add_to_command(parser: argparse.ArgumentParser, without: Collection[str] = ()) -> None:
    """Give a command all options but those `without` which it is, by field; each with its short name."""
    for option in OPTIONS:
        if option.field in without:
            continue
        names = [option.short, option.plain] if option.short else [option.plain]
        parser.add_argument(*names, **option.declaration(option.field))


def given_to_command(args: argparse.Namespace) -> dict[str, Any]:
    """The values that were given, by field: None where nothing was. Raises ConfigurationError when one is empty."""
    values = {option.field: getattr(args, option.field, None) for option in OPTIONS}
    for option in OPTIONS:
        demand_no_blank(option.plain, values[option.field])
    return values


def demand_no_blank(name: str, value: Any) -> None:
    """See that a word is not empty: a pipeline whose variable is not set must not judge something else instead.

    Raises ConfigurationError.
    """
    if isinstance(value, str) and not value.strip():
        raise ConfigurationError(
            f"{name} is empty, as it is where a variable is not set. Give it a value, or leave it out."
        )


def demand_typed(args: Sequence[str]) -> None:
    """See that none of our options is typed behind `pytest` with an empty value. Raises ConfigurationError.

    `ifmatch run` looks itself, and hands an empty address on by the name that is ours alone.
    """
    names = {option.plain for option in OPTIONS if not option.switch}
    for word, after in pairwise([*args, "-"]):
        name, is_joined, value = word.partition("=")
        if name in names:
            demand_no_blank(name, value if is_joined else after)


def words_for_pytest(values: Mapping[str, Any]) -> list[str]:
    """The options that have a value, by field, as pytest is given them: under names that are ours alone."""
    return [_word(option, option.own, value) for option, value in _single_values(values)]


def words_for_command(values: Mapping[str, Any]) -> list[str]:
    """The same as they are typed behind `ifmatch run`."""
    return [_word(option, option.plain, value) for option, value in _single_values(values)]


def _word(option: Option, name: str, value: Any) -> str:
    return name if option.switch else f"{name}={value}"


def _single_values(values: Mapping[str, Any]) -> Iterator[tuple[Option, Any]]:
    for option in OPTIONS:
        given = values.get(option.field)
        if given is not None and given is not False:  # a switch that is off is not typed
            yield from ((option, value) for value in (given if option.repeated else [given]))


# ---------------------------------------------------------------- pytest

_UNKNOWN = object()


def add_to_pytest(parser: "pytest.Parser", config: "pytest.Config") -> None:
    """Give pytest all options: by the names that are ours alone, and by the plain ones that no other plugin has."""
    group = parser.getgroup("ifmatch", "conformance of FHIR writes")
    for option in OPTIONS:
        is_free = config.getoption(option.plain, _UNKNOWN) is _UNKNOWN
        names = [option.plain, option.own] if is_free else [option.own]
        group.addoption(*names, **option.declaration(_dest(option)))


def names_among(args: Sequence[str]) -> list[str]:
    """Those of our options that stand there as a word of their own, and so before their value."""
    names = {name for option in OPTIONS for name in (option.plain, option.own)}
    return [word for word in args if word in names]


def fill_from_target_file(config: "pytest.Config") -> None:
    """Take from the target file what the command line leaves open. Raises ConfigurationError when it cannot be read."""
    name = given_to_pytest(config).get(TARGET.field)
    said = read(Path(name)) if name else {}
    for option in OPTIONS:
        if option.key in said and config.getoption(_dest(option)) is None:
            setattr(config.option, _dest(option), said[option.key])


def given_to_pytest(config: "pytest.Config") -> dict[str, Any]:
    """The values that were given, by field; what nobody gave is left out."""
    values = {option.field: _value(config, option) for option in OPTIONS}
    return {field: value for field, value in values.items() if value is not None}


def _value(config: "pytest.Config", option: Option) -> Any:
    value = config.getoption(_dest(option))
    if value is None and option.shared:
        return config.getoption(option.plain, None)
    return tuple(value) if value is not None and option.repeated else value


def _dest(option: Option) -> str:
    return f"ifmatch_{option.field}"
