"""Running cells: the suite against a front that changes one part of one kind of answer, each run in its own process."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from hostile import MISBEHAVIOURS, Turn, hostile
from running import forked, run

from .cells import CELLS, INTERACTIONS, Cell
from .mutate import Memory, interaction_of, mutated, same

PROFILE = "fhir-r4"

#: The rules that are watched throughout, and all others but the races.
WATCHED = "always.*"
#: This one leaves a resource in its first version, which is another than that of whatever was written to.
BESIDE = "create.valid"
SEQUENTIAL = f"{WATCHED},capability.*,conditional-update.*,create.*,patch.*,read.*,update.*"

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


def _turn(cell: Cell, turn: Turn) -> bool:
    """Answer one request as the cell has it."""
    reply = turn.reply()
    memory = turn.front.memory.setdefault("answers", Memory())
    changed = mutated(cell, turn.asked, reply, memory)
    so_far = turn.front.memory.get("changed", 0)
    turn.front.memory["changed"] = so_far + (not same(reply, changed))
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
    """The outcomes of cells, two runs at a time. With a log they are written down at once, and read from it."""
    found = read(log) if log else {}
    missing = [(name, base, log) for name in names if name not in found]
    found.update({one.cell: one for one in forked(_outcome, missing, processes=2)})
    return [found[name] for name in names]


def read(log: Path) -> dict[str, Outcome]:
    """The outcomes that were written down, by cell."""
    lines = log.read_text().splitlines() if log.is_file() else []
    told = [Outcome(**json.loads(line)) for line in lines]
    return {one.cell: one for one in told}


def _outcome(name: str, base: Baseline, log: Path | None) -> Outcome:
    """The outcome of a cell, by the rules that see what it changes."""
    cell = CELLS[name]
    MISBEHAVIOURS["mutated"] = partial(_turn, cell)
    rules = ",".join([WATCHED, BESIDE, *base.seeing[cell.interaction]])
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        with hostile("mutated", profile=PROFILE) as server:
            code, report, printed = run(
                [server.base_url, "-p", PROFILE, "--rules", rules, "--seed", "1"]
            )
            changed = server.memory.get("changed", 0)
        crash = _crash(code, printed, _events(Path(folder)))
    red, unjudged = _turned(report, base, RED), _turned(report, base, UNJUDGED)
    found = Outcome(name, int(code), red, unjudged, crash, changed)
    if log:
        with log.open("a") as file:
            file.write(json.dumps(asdict(found)) + "\n")
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
