"""What the suite covers, for a person: the rules of the texts with what proves them, and the table of doors."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text as Line

from ifmatch.report.console import console_for
from ifmatch.rules.catalogue import Rule
from ifmatch.rules.doors import CASES, DOORS, STATES
from ifmatch.rules.expectation import Expectation, Level, NotApplicable
from ifmatch.rules.profile import Profile, load
from ifmatch.rules.texts import TableCell, Text, proofs, table, texts

#: The versions of FHIR whose levels are shown, by the profiles that hold them.
_VERSIONS = ("fhir-dstu2", "fhir-stu3", "fhir-r4", "fhir-r5")

#: What stands for a version in which no scenario promises anything, and in which none has a meaning.
_SILENT, _NONE = "silent", "–"

#: What stands for a cell that a rule of its own tries, that another rule tries, and that none does.
_OWN, _OTHER, _UNTRIED = "●", "○", "·"


def print_coverage() -> None:
    """Every rule of the texts, the level that it has in each version, what proves it or why nothing does; the doors."""
    console, profiles = console_for(), [load(name) for name in _VERSIONS]
    proven = proofs()
    for text in texts():
        _print_text(console, profiles, text, proven[text.id])
    count = sum(1 for text in texts() if proven[text.id])
    _line(
        console, f"\n{count} of {len(texts())} rules of the texts are proven by a scenario", "bold"
    )
    _print_table(console, list(table()))


def _print_text(
    console: Console, profiles: Iterable[Profile], text: Text, proven: list[Rule]
) -> None:
    _line(console, f"\n{text.id:<9}{text.title}", "bold")
    if proven:
        levels = (f"{profile.label} {_level(profile, proven)}" for profile in profiles)
        _line(console, f"         {' · '.join(levels)}")
        _line(console, f"         {', '.join(rule.id for rule in proven)}", "dim")
    if text.left_out:
        _line(console, f"         left out: {text.left_out}", "dim")


def _level(profile: Profile, proven: Iterable[Rule]) -> str:
    """The strongest level at which a version promises what these scenarios prove."""
    promises = [profile.promise(rule.id) for rule in proven]
    levels = {promise.level for promise in promises if isinstance(promise, Expectation)}
    strongest = next((str(level) for level in Level if level in levels), "")
    has_none = all(isinstance(promise, NotApplicable) for promise in promises)
    return strongest or (_NONE if has_none else _SILENT)


# ---------------------------------------------------------------- the table of doors


def _print_table(console: Console, cells: list[TableCell]) -> None:
    """A grid for each state, with a column for each door; then how many cells there are of each kind."""
    by_name = {(cell.state, cell.case, cell.door): cell for cell in cells}
    for number, door in enumerate(DOORS, 1):
        _line(console, f"{number:>4}  {door}")
    for state in STATES:
        columns = "".join(f"{number:>4}" for number in range(1, len(DOORS) + 1))
        _line(console, f"\n{state:<18}{columns}", "bold")
        for case in CASES:
            row = (by_name[state, case, door] for door in DOORS)
            _line(console, f"  {case:<16}{''.join(f'{_sign(cell):>4}' for cell in row)}")
    _line(console, "")
    for text in _counts(cells):
        _line(console, text)


def _sign(cell: TableCell) -> str:
    if cell.rule:
        return _OWN if cell.own else _OTHER
    return _UNTRIED


def _counts(cells: list[TableCell]) -> Iterator[str]:
    signs = [_sign(cell) for cell in cells]
    yield f"{_OWN} {signs.count(_OWN)} cells are tried by a rule of their own"
    yield f"{_OTHER} {signs.count(_OTHER)} cells are tried by another rule"
    yield f"{_UNTRIED} {signs.count(_UNTRIED)} cells are left out:"
    reasons = [cell.left_out for cell in cells if not cell.rule]
    for reason in dict.fromkeys(reasons):
        yield f"    {reasons.count(reason):>4}  {reason}"


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Line(text, style), soft_wrap=not console.is_terminal)
