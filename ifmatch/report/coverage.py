"""What the suite covers, for a person: the rules of the texts with what proves them, and the table of doors."""

from collections import Counter
from collections.abc import Iterable
from itertools import groupby

from rich.console import Console
from rich.text import Text as Line

from ifmatch.report.catalogue import excluded_by
from ifmatch.report.console import console_for
from ifmatch.rules.catalogue import Rule, rules
from ifmatch.rules.door_table import TableCell, main_cells, table
from ifmatch.rules.doors import DOORS
from ifmatch.rules.expectation import Expectation, Level, NotApplicable, Promise
from ifmatch.rules.profile import Profile, load, shipped
from ifmatch.rules.texts import Text, proofs, texts

#: The versions of FHIR whose levels are shown, by the profiles that hold them.
_VERSIONS = ("fhir-dstu2", "fhir-stu3", "fhir-r4", "fhir-r4b", "fhir-r5", "fhir-r6")

#: What stands for a version in which no scenario promises anything, and in which none has a meaning.
_SILENT, _NONE = "silent", "–"

#: The words for what a version makes of a rule, the strongest first.
_WORDS = (*map(str, Level), _SILENT, _NONE)

#: What stands for a cell that a rule of its own tries, that another rule tries, and that none does.
_OWN, _OTHER, _UNTRIED = "●", "○", "·"


def print_coverage() -> None:
    """Every rule of the texts, the level that it has in each version, what proves it or why nothing does; the doors."""
    console = console_for()
    profiles = [load(name) for name in _VERSIONS]
    proven = proofs()
    for text in texts():
        _print_text(console, profiles, text, proven[text.id])
    count = len([text for text in texts() if proven[text.id]])
    _line(
        console, f"\n{count} of {len(texts())} rules of the texts are proven by a scenario", "bold"
    )
    _print_doors(console)
    _print_counts(console, list(table()))
    _print_main_cells(console)


def _print_text(
    console: Console, profiles: Iterable[Profile], text: Text, proven: list[Rule]
) -> None:
    _line(console, f"\n{text.id:<9}{text.title}", "bold")
    if proven:
        levels = [f"{profile.label} {_level(profile, proven)}" for profile in profiles]
        names = [rule.id for rule in proven]
        _line(console, f"         {' · '.join(levels)}")
        _line(console, f"         {', '.join(names)}", "dim")
    if text.left_out:
        _line(console, f"         left out: {text.left_out}", "dim")


def _level(profile: Profile, proven: Iterable[Rule]) -> str:
    """The strongest level at which a version promises what these scenarios prove."""
    words = {_word(profile.promise(rule.id)) for rule in proven}
    return min(words, key=_WORDS.index)


def _word(promise: Promise) -> str:
    """A promise in one word: its level, or that there is none."""
    if isinstance(promise, Expectation):
        return str(promise.level)
    return _NONE if isinstance(promise, NotApplicable) else _SILENT


# ---------------------------------------------------------------- the table of doors


def _print_doors(console: Console) -> None:
    """A grid for each state, with a column for each door."""
    for number, door in enumerate(DOORS, 1):
        _line(console, f"{number:>4}  {door}")
    numbers = "".join(f"{number:>4}" for number in range(1, len(DOORS) + 1))
    for state, of_state in groupby(table(), key=lambda cell: cell.state):
        _line(console, f"\n{state:<18}{numbers}", "bold")
        _print_rows(console, of_state)


def _print_rows(console: Console, of_state: Iterable[TableCell]) -> None:
    for case, of_case in groupby(of_state, key=lambda cell: cell.case):
        signs = "".join(f"{_sign(cell):>4}" for cell in of_case)
        _line(console, f"  {case:<16}{signs}")


def _sign(cell: TableCell) -> str:
    if cell.rule:
        return _OWN if cell.own else _OTHER
    return _UNTRIED


def _print_counts(console: Console, cells: list[TableCell]) -> None:
    """How many cells there are of each kind, and why some are left out."""
    signs = Counter(map(_sign, cells))
    reasons = Counter(cell.left_out for cell in cells if not cell.rule)
    _line(console, f"\n{_OWN} {signs[_OWN]} cells are tried by a rule of their own")
    _line(console, f"{_OTHER} {signs[_OTHER]} cells are tried by another rule")
    _line(console, f"{_UNTRIED} {signs[_UNTRIED]} cells are left out:")
    for reason, count in reasons.items():
        _line(console, f"    {count:>4}  {reason}")


def _print_main_cells(console: Console) -> None:
    """For each profile, how many of the cells that are to be tried are tried, or are not offered by its system."""
    cells = main_cells()
    _line(console, f"\n{len(cells)} cells are tried wherever there is such a door:", "bold")
    by_id = {rule.id: rule for rule in rules()}
    tried = [by_id[cell.rule] for cell in cells if cell.rule]
    for name in shipped():
        missing = _not_offered(load(name), tried)
        counts = f"{len(tried) - missing} tried, {missing} not offered"
        _line(console, f"  {name:<24}{len(tried)} of {len(cells)}: {counts}")


def _not_offered(profile: Profile, tried: Iterable[Rule]) -> int:
    return sum(_is_not_offered(profile, rule) for rule in tried)


def _is_not_offered(profile: Profile, rule: Rule) -> bool:
    promise = profile.promise(rule.id)
    return bool(excluded_by(profile, rule)) or isinstance(promise, NotApplicable)


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Line(text, style), soft_wrap=not console.is_terminal)
