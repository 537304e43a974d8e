"""Histories written by hand. A line for each operation, and some more:

A  0-5  PUT 3 -> 200 4    A's update that names version 3, sent at 0, answered at 5 with 200 and version 4
R  6-7  GET -> 200 4 =A   a read that found version 4 with what A sent (`=A=B`: parts of both)
B  2-   PUT 3 -> ?        never answered; `cut`: cut short by the writer; a 5xx is as unknown
anomaly: lost update      what the judge is to find, or `none`
witness: A B              whom it is to name
initial: 3                the version there was before
history: 3=0 4=A@9 5!     the server's own: version 4 with what A sent, last updated at 9; version 5 is a deletion
earlier: ...              an earlier page of it

In `transactions/` several resources stand below each other, and what is said of all of them above the first:
resource: 1st             from here on it is about this one
look: 1st=4=A 2nd=7=B     one answer that shows both: version 4 with what A sent, version 7 with what B sent
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ifmatch.judge.history import Entry, History, Kind, Operation, Outcome

FOLDER = Path(__file__).parent / "histories"
TRANSACTIONS = Path(__file__).parent / "transactions"

KINDS = {
    "GET": Kind.READ,
    "PUT": Kind.UPDATE,
    "PATCH": Kind.PATCH,
    "DELETE": Kind.DELETE,
    "TX": Kind.PART,
    "POST": Kind.CREATE,
    "SEARCH": Kind.SEARCH,
}
_LINE = re.compile(
    r"(?P<who>\w+)\s+(?P<start>\d+)-(?P<end>\d*)\s+(?P<kind>[A-Z]+)(?:\s+(?P<base>[\w*/]+))?"
    r"(?:\s*->\s*(?P<answer>\S+)(?:\s+(?P<version>[\w/]+)(?!\S*=))?"
    r"(?:\s+(?P<seen>=\S+))?(?:\s+marker=(?P<marker>\w+))?)?\s*$"
)
_ENTRY = re.compile(r"(?P<version>[\w/]+)(?P<deleted>!)?(?P<seen>(?:=\w+)*)(?:@(?P<time>\d+))?")


@dataclass
class Example:
    """A history, and what there is to be found in it."""

    name: str
    anomaly: str = "none"
    witness: list[str] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    initial: str | None = None
    entries: tuple[Entry, ...] | None = None
    earlier: tuple[tuple[Entry, ...], ...] = ()

    @property
    def history(self) -> History:
        return History(tuple(self.operations), self.entries, None, self.initial, self.earlier)


@dataclass
class Together:
    """Histories of several resources, and what there is to be found in them together."""

    name: str
    anomalies: list[str]
    histories: dict[str, History]
    looks: list[dict[str, Operation]]


def examples() -> list[Example]:
    """All that there are of one resource."""
    return [read(path) for path in sorted(FOLDER.glob("*.txt"))]


def examples_of_transactions() -> list[Together]:
    """All that there are of several resources."""
    return [read_together(path) for path in sorted(TRANSACTIONS.glob("*.txt"))]


def read(path: Path) -> Example:
    """One history from its file."""
    return read_lines(path.stem, path.read_text(encoding="utf-8").splitlines())


def read_together(path: Path) -> Together:
    """The histories of several resources from their file."""
    head, *parts = path.read_text(encoding="utf-8").split("resource:")
    keys = [line.partition(":")[::2] for line in head.splitlines()]
    histories = {}
    for part in parts:
        name, *lines = part.splitlines()
        histories[name.strip()] = read_lines(path.stem, lines).history
    return Together(
        path.stem,
        [value.strip() for key, value in keys if key == "anomaly"],
        histories,
        [look(value) for key, value in keys if key == "look"],
    )


def look(text: str) -> dict[str, Operation]:
    """What one answer shows of several resources."""
    shown = (word.partition("=")[::2] for word in text.split())
    return {
        name: Operation(
            number, "R", Kind.SEARCH, 0, 9, Outcome.OK, 200, version=e.version, seen=e.markers
        )
        for number, (name, entry) in enumerate(shown)
        for e in entries(entry)
    }


def read_lines(name: str, lines: list[str]) -> Example:
    """One history from its lines."""
    example = Example(name)
    for line in lines:
        key, _, value = line.partition(":")
        if line.startswith("#") or not line.strip():
            continue
        if key == "witness":
            example.witness = value.split()
        elif key == "earlier":
            example.earlier = (*example.earlier, entries(value))
        elif key == "history":
            example.entries = entries(value)
        elif key in ("anomaly", "initial"):
            setattr(example, key, value.strip())
        else:
            example.operations.append(operation(line, len(example.operations) + 1))
    return example


def operation(line: str, number: int) -> Operation:
    """One operation from its line."""
    match = _LINE.match(line)
    assert match, line
    part = match.groupdict()
    kind = KINDS[part["kind"]]
    base, matches = (None, int(part["base"])) if kind is Kind.SEARCH else (part["base"], None)
    status = int(part["answer"]) if (part["answer"] or "").isdigit() else None
    writes = kind not in (Kind.READ, Kind.DELETE, Kind.SEARCH)
    return Operation(
        number,
        part["who"],
        kind,
        int(part["start"]),
        int(part["end"]) if part["end"] else None,
        outcome(kind, part["answer"], status),
        status,
        base,
        (part["marker"] or part["who"]) if writes else None,
        part["version"],
        markers(part["seen"]),
        matches,
    )


def outcome(kind: Kind, answer: str | None, status: int | None) -> Outcome:
    if answer in ("?", "cut"):
        return Outcome.UNKNOWN if answer == "?" else Outcome.ABORTED
    if status is None or status < 300 or kind is Kind.READ:
        return Outcome.OK
    return Outcome.REFUSED if status < 500 else Outcome.UNKNOWN


def entries(text: str) -> tuple[Entry, ...]:
    """A page of history."""
    found = [_ENTRY.fullmatch(word) for word in text.split()]
    assert all(found), text
    return tuple(
        Entry(
            m["version"],
            markers(m["seen"]),
            datetime.fromtimestamp(int(m["time"]), UTC) if m["time"] else None,
            "DELETE" if m["deleted"] else "PUT",
        )
        for m in found
        if m
    )


def markers(text: str | None) -> tuple[str, ...]:
    return tuple(part for part in (text or "").split("=") if part)
