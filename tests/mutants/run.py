"""Running cells: the suite against a front that changes one part of one kind of answer, each run in its own process."""

import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from hostile import MISBEHAVIOURS, Turn, hostile
from running import forked, run

from .cells import CELLS, INTERACTIONS, Cell
from .mutate import Memory, interaction_of, mutated, same

PROFILE = "fhir-r4"

#: All rules but the races.
SEQUENTIAL = "capability.*,conditional-update.*,create.*,patch.*,read.*,update.*"

#: By these verdicts a wrong answer is caught; by those a rule only says that it could not be judged.
RED = ("fail", "warn")
UNJUDGED = ("error", "inconclusive")


@dataclass(frozen=True)
class Outcome:
    """What the suite made of a cell: the rules that turned red, and those no longer judged, each with its message.

    `crash` is the suite's own failure, in words; empty when there was none. `changed` is how many answers were.
    """

    cell: str
    code: int
    red: Mapping[str, str] = field(default_factory=dict)
    unjudged: Mapping[str, str] = field(default_factory=dict)
    crash: str = ""
    changed: int = -1

    @property
    def caught_by(self) -> list[str]:
        """The rules that turned red, the one that names the cause first."""
        part, _, interaction = self.cell.split(".")
        words = part.replace("-id", "").split("-")

        def far_off(rule: str) -> tuple[bool, bool, int]:
            named = rule.replace("-", ".").split(".")
            return not set(words) & set(named), not rule.startswith(interaction), len(rule)

        return sorted(self.red, key=far_off)


@dataclass(frozen=True)
class Baseline:
    """What the unchanged server gets: the verdicts by rule, and the rules that see each kind of answer."""

    verdicts: Mapping[str, str]
    seeing: Mapping[str, list[str]]

    @classmethod
    def of_rules(cls, globs: str) -> "Baseline":
        """One that takes it for granted that some rules pass, and runs no others."""
        return cls({}, dict.fromkeys(INTERACTIONS, globs.split(",")))


def _turn(cells: Sequence[Cell], turn: Turn) -> bool:
    """Answer one request as the cells have it."""
    reply = changed = turn.reply()
    memory = turn.front.memory.setdefault("answers", Memory())
    counts = turn.front.memory.setdefault("changed", Counter())
    for cell in cells:
        before, changed = changed, mutated(cell, turn.asked, changed, memory)
        counts[cell.id] += not same(before, changed)
    memory.note(reply)
    return turn.send(changed)


def _note(turn: Turn) -> bool:
    """Answer as it should be, and note which interaction it was."""
    reply = turn.reply()
    turn.front.memory.setdefault("interactions", []).append(interaction_of(turn.asked, reply))
    return turn.send(reply)


MISBEHAVIOURS["noted"] = _note


def baseline() -> Baseline:
    """A run without any mutation. A rule whose answers a cell leaves alone need not be run for it."""
    (found,) = forked(_baseline, [()])
    return found


def _baseline() -> Baseline:
    with hostile("noted", profile=PROFILE) as server:
        _, report, printed = run([server.base_url, "-p", PROFILE, "--rules", SEQUENTIAL])
        interactions = server.memory["interactions"]
    assert report is not None, printed
    seeing: dict[str, list[str]] = {name: [] for name in INTERACTIONS}
    for rule in report["rules"]:
        for interaction in {interactions[int(number) - 1] for number in rule["exchanges"]} - {""}:
            seeing[interaction].append(rule["rule"])
    return Baseline({rule["rule"]: rule["verdict"] for rule in report["rules"]}, seeing)


def outcomes(names: Sequence[str], base: Baseline, log: Path | None = None) -> list[Outcome]:
    """The outcomes of cells, two runs at a time. With a log they are written down at once, and read from it if there.

    Cells that nothing is likely to catch share a run. One that is clean clears them all; else each half has its own.
    """
    found = read(log) if log else {}
    groups = grouped([name for name in names if name not in found])
    while groups:
        ran = forked(_outcomes, [(group, base, log) for group in groups], processes=2)
        found.update({one.cell: one for cleared in ran for one in cleared})
        unclear = [group for group, cleared in zip(groups, ran, strict=True) if not cleared]
        groups = [half for group in unclear for half in (group[::2], group[1::2])]
    return [found[name] for name in names]


#: How many cells share a run.
_TOGETHER = 8

#: Parts that lie in another one.
_WITHIN = {
    "meta": ("version-id", "last-updated", "tag", "profile"),
    "around-the-marker": ("marker",),
    "outcome-issue": ("outcome-severity", "outcome-code", "outcome-details"),
}


def grouped(names: Sequence[str]) -> list[tuple[str, ...]]:
    """The cells in groups whose members do not touch the same part of the same answer."""
    groups: list[list[str]] = []
    for name in names:
        free = next((group for group in groups if _may_join(name, group)), None)
        if free is None:
            groups.append([name])
        else:
            free.append(name)
    return [tuple(group) for group in groups]


def _may_join(name: str, group: Sequence[str]) -> bool:
    if len(group) == _TOGETHER or not all(map(_is_hardly_looked_at, (name, *group))):
        return False
    return not any(_touch(CELLS[name], CELLS[other]) for other in group)


def _is_hardly_looked_at(name: str) -> bool:
    """Whether a cell is likely to be caught by nothing: then it is worth while to try several at once."""
    cell = CELLS[name]
    if cell.part.of in ("status", "body") or cell.interaction == "read":
        return False
    return cell.part.of == "resource" or cell.interaction not in ("create", "update")


def _touch(one: Cell, other: Cell) -> bool:
    if one.interaction != other.interaction:
        return False
    names = {one.part.name, other.part.name}
    return len(names) == 1 or any(
        outer in names and names & set(inner) for outer, inner in _WITHIN.items()
    )


def read(log: Path) -> dict[str, Outcome]:
    """The outcomes that were written down, by cell."""
    lines = log.read_text().splitlines() if log.is_file() else []
    told = [Outcome(**json.loads(line)) for line in lines]
    return {one.cell: one for one in told}


def _outcomes(names: tuple[str, ...], base: Baseline, log: Path | None) -> list[Outcome]:
    """The outcomes of cells that share a run; none when it is not clear which of several was noticed."""
    MISBEHAVIOURS["mutated"] = partial(_turn, [CELLS[name] for name in names])
    rules = {rule for name in names for rule in base.seeing[CELLS[name].interaction]}
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        with hostile("mutated", profile=PROFILE) as server:
            code, report, printed = run(
                [server.base_url, "-p", PROFILE, "--rules", ",".join(rules), "--seed", "1"]
            )
            changed = server.memory.get("changed", Counter())
        crash = _crash(code, printed, _events(Path(folder)))
    red, unjudged = _turned(report, base, RED), _turned(report, base, UNJUDGED)
    if len(names) > 1 and (red or unjudged or crash):
        return []
    found = [Outcome(name, int(code), red, unjudged, crash, changed[name]) for name in names]
    if log:
        with log.open("a") as file:
            file.writelines(json.dumps(asdict(outcome)) + "\n" for outcome in found)
    return found


def _events(folder: Path) -> list[dict]:
    logs = folder.glob("*/run/events.jsonl")
    return [json.loads(line) for log in logs for line in log.read_text().splitlines()]


def _crash(code: int, printed: str, events: list[dict]) -> str:
    """How the suite itself failed: by its exit code, by a traceback, or by blaming itself for a verdict."""
    blamed = [e for e in events if e.get("event") == "verdict" and e.get("culprit") == "suite"]
    if blamed:
        return f"{blamed[0]['rule']} blames the suite: {blamed[0]['message']}"
    if code == 3 or "Traceback (most recent call last)" in printed:
        return printed[-2000:]
    return ""


def _turned(report: dict | None, base: Baseline, verdicts: tuple[str, ...]) -> dict[str, str]:
    """The rules with one of these verdicts that did not have it on the unchanged server, with what they say."""
    return {
        rule["rule"]: f"{rule['verdict']}: {' '.join((rule['message'] or '').split())}"
        for rule in (report or {"rules": []})["rules"]
        if rule["verdict"] in verdicts and base.verdicts.get(rule["rule"]) != rule["verdict"]
    }
