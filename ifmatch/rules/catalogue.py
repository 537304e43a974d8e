"""The rule catalogue: the feature files themselves. A rule is a scenario with a stable id.

Where the id of an outline names columns of its table, as in `door.<door>.stale`, each row is a rule of its own.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from gherkin.parser import Parser

from ifmatch import HOME
from ifmatch.errors import NothingSelected, did_you_mean
from ifmatch.rules.doors import DOORS
from ifmatch.rules.renamed import names_of

FEATURES = HOME / "features"
_ID_TAG = "@rule:"

#: A column of an outline's table, where a tag or a title names it.
_COLUMN = re.compile(r"<([^<>]+)>")

#: What a row that names a kind of write needs of a target. Who tests updates has them.
_NEEDS_OF_WRITE: Mapping[str, tuple[str, ...]] = {"patch": ("patch",), "delete": ("delete",)}

#: The rules that are watched in every exchange have no steps of their own, and ids of this form.
_WATCHED = "always."


@dataclass(frozen=True)
class Rule:
    """One rule: its id, its title, the feature that explains it, and the tags that gate it.

    `template` and `scenario` are the id and the title as the feature file has them, `rows` are those of its table that
    it is tried on; none: a single empty one.
    """

    id: str
    title: str
    feature: str
    path: str
    tags: frozenset[str]
    scenario: str = ""
    template: str = ""
    rows: tuple[Mapping[str, str], ...] = field(default=({},), compare=False)

    @property
    def row(self) -> str:
        """Of an outline of several rules, the values of this one's row, joined as pytest joins them; else nothing."""
        return "-".join(self.rows[0].values()) if self.template != self.id else ""


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule of the suite, in the order of the feature files."""
    return tuple(rule for path in sorted(FEATURES.rglob("*.feature")) for rule in rules_in(path))


def rules_in(path: Path) -> Iterator[Rule]:
    """The rules of one feature file. Raises ValueError when a scenario has no id, for it could not be spoken of."""
    document: Any = Parser().parse(path.read_text(encoding="utf-8"))
    feature = document["feature"]
    scenarios = (child["scenario"] for child in feature["children"] if "scenario" in child)
    for scenario in scenarios:
        tags = _tags_of(feature) | _tags_of(scenario)
        id_ = _id_in(tags, f"{path.name}: the scenario {scenario['name']!r}")
        rows = tuple(rows_of(scenario)) or ({},)
        is_rule_each = _COLUMN.search(id_) is not None
        for its_rows in [(row,) for row in rows] if is_rule_each else [rows]:
            row = its_rows[0] if is_rule_each else {}
            yield Rule(
                id=for_row(id_, row),
                title=for_row(scenario["name"], row),
                feature=feature["name"],
                path=str(path.relative_to(FEATURES)),
                tags=tags | _needs_of(row),
                scenario=scenario["name"],
                template=id_,
                rows=its_rows,
            )


def for_row(text: str, row: Mapping[str, str]) -> str:
    """An id or a title as it is for one row of an outline: each column that it names replaced by the row's value."""
    return _COLUMN.sub(lambda match: row.get(match[1], match[0]), text)


def rows_of(scenario: Any) -> Iterator[dict[str, str]]:
    """The rows of an outline's tables, by their columns."""
    for table in scenario["examples"]:
        columns = [cell["value"] for cell in table["tableHeader"]["cells"]]
        for row in table["tableBody"]:
            yield dict(zip(columns, (cell["value"] for cell in row["cells"]), strict=True))


def _needs_of(row: Mapping[str, str]) -> frozenset[str]:
    """What a row needs of a target by the door or the kind of write that it names, as the tags that gate it."""
    door = DOORS.get(row.get("door", ""))
    needs = door.needs if door else _NEEDS_OF_WRITE.get(row.get("write", ""), ())
    return frozenset(f"@needs:{need}" for need in needs)


def _id_in(tags: frozenset[str], whose: str) -> str:
    ids = [tag.removeprefix(_ID_TAG) for tag in tags if tag.startswith(_ID_TAG)]
    if len(ids) != 1:
        raise ValueError(f"{whose} needs one {_ID_TAG} tag, not {len(ids)}")
    return ids[0]


def _tags_of(node: Any) -> frozenset[str]:
    return frozenset(tag["name"] for tag in node["tags"])


@cache
def ids() -> frozenset[str]:
    """The ids of all rules."""
    return frozenset(rule.id for rule in rules())


def hint(name: str) -> str:
    """What to do about an id or a pattern of no rule: the one that was meant, and where all are listed.

    Of a pattern where one rule is to be named, that it is one.
    """
    known = sorted(ids())
    meant = next((id for id in known if matches(id, name)), None)
    if meant is not None:
        return (
            f" Here one rule is named, and no pattern, such as {meant}. `ifmatch rules` lists all."
        )
    groups = {f"{id.rpartition('.')[0]}.*" for id in known}
    return (
        f"{did_you_mean(name, sorted(groups) if '*' in name else known)} `ifmatch rules` lists all."
    )


def demand_matching(globs: str) -> None:
    """See that each of these patterns matches a rule: a slip in one would go unseen. Raises NothingSelected."""
    for glob in map(str.strip, globs.split(",")):
        if not any(matches(rule.id, glob) for rule in rules()):
            raise NothingSelected(f'No rule matches "{glob}".{hint(glob)}')


def demand_carried_out(globs: str) -> None:
    """See that these patterns select a rule that is carried out, and that none of them is a slip.

    Raises NothingSelected.
    """
    demand_matching(globs)
    if all(is_watched(rule.id) for rule in rules() if matches(rule.id, globs)):
        raise NothingSelected(
            f'What "{globs}" names is watched in the exchanges of other rules: name some of those, too.'
        )


def is_watched(rule_id: str) -> bool:
    """Whether a rule is watched by a monitor in every exchange, instead of having a scenario to run."""
    return rule_id.startswith(_WATCHED)


def matches(rule_id: str, globs: str) -> bool:
    """Whether a rule id matches one of several patterns, separated by commas: `update.*,read.etag*`.

    The ids that the rule had earlier count, too.
    """
    names, patterns = names_of(rule_id), patterns_in(globs)
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def patterns_in(globs: str) -> list[str]:
    """The patterns that stand there, separated by commas."""
    return [pattern.strip() for pattern in globs.split(",")]
