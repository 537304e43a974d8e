"""The judge against Porcupine (https://github.com/anishathalye/porcupine), a checker that others wrote.

A small program in Go, `main.go`, describes one versioned resource to it. Both judge the same random histories, half of
them spoilt: with and without `_history`, with writes that name a version, any or none, deletions, and writes whose
outcome nobody knows. Where they differ, the history is cut down to what they still differ on, and shown.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ifmatch.judge.checker import judge
from ifmatch.judge.history import Entry, History, Operation
from ifmatch.judge.jsonlines import history_lines
from tests.judge.differential import CHAIN, CLAIMED, VALUES, histories

HERE = Path(__file__).parent

#: How many histories of each kind are judged by both.
COUNT = int(os.environ.get("IFMATCH_HISTORIES", "10000"))

#: Every write names a version, and the server shows no history; where it does, some name any or none, and some are
#: nobody's. `If-Match` always is what most of the systems ask for.
WORLDS = {
    "if-match always": CHAIN,
    "if-match always, history": replace(CLAIMED, named=1.0, any=0.0),
    "with unconditional writes": VALUES,
    "with unconditional writes, history": CLAIMED,
    "many deletions, history": replace(CLAIMED, deletes=0.3, reads=0.2),
    "many unknown outcomes, history": replace(CLAIMED, unknown=0.5),
}


@pytest.fixture(scope="session")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built from its source. Skips where that cannot be."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, so there is no Porcupine to compare with")
    fetched = _go("mod", "download")
    if fetched.returncode:
        pytest.skip(f"Porcupine cannot be had from the Go module proxy: {fetched.stderr.strip()}")
    program = tmp_path_factory.mktemp("porcupine") / "porcupine"
    built = _go("build", "-o", str(program), ".")
    assert built.returncode == 0, built.stderr
    return program


def _go(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["go", *arguments], cwd=HERE, capture_output=True, encoding="utf-8", check=False
    )


@pytest.mark.parametrize("name", WORLDS)
def test_judge_and_porcupine_agree(checker: Path, name: str) -> None:
    drawn = list(histories(COUNT, seed=11, worlds=(WORLDS[name],), largest=12))
    verdicts = porcupine(checker, drawn)
    told = {verdict: verdicts.count(verdict) for verdict in ("ok", "illegal", "unknown")}
    print(f"{name}: {len(drawn)} histories, by Porcupine {told}")
    assert told["ok"] > COUNT // 10 < told["illegal"], "one that says the same of all shows nothing"
    assert not told["unknown"]
    for history, verdict in zip(drawn, verdicts, strict=True):
        if (verdict == "ok") != (not judge(history)):
            pytest.fail(_difference(checker, history))


def porcupine(checker: Path, several: Iterable[History]) -> list[str]:
    """What Porcupine says of each history: ok, illegal, or unknown when it takes too long."""
    lines = "\n".join(json.dumps(_as_json(history)) for history in several)
    done = subprocess.run(
        [str(checker)], input=lines, capture_output=True, encoding="utf-8", check=True
    )
    return done.stdout.split()


# ---------------------------------------------------------------- as the program reads it


def _as_json(history: History) -> dict[str, object]:
    return {
        "operations": [_operation(operation) for operation in history],
        "entries": [_entry(entry) for entry in history.entries or ()],
        "claimed": history.entries is not None,
        "initial": history.initial or "",
    }


def _operation(operation: Operation) -> dict[str, object]:
    never = operation.end == float("inf")
    return {
        "kind": operation.kind,
        "outcome": operation.outcome,
        "status": operation.status or 0,
        "invoked": operation.invoked,
        "ended": None if never else operation.end,
        "base": operation.base or "",
        "marker": operation.marker or "",
        "version": operation.version or "",
        "seen": operation.seen,
    }


def _entry(entry: Entry) -> dict[str, object]:
    return {"version": entry.version, "markers": entry.markers, "deleted": entry.deleted}


# ---------------------------------------------------------------- where they differ


def _difference(checker: Path, history: History) -> str:
    smallest = _cut_down(checker, history)
    (verdict,) = porcupine(checker, [smallest])
    named = [str(anomaly) for anomaly in judge(smallest)] or ["nothing"]
    lines = [f"Porcupine says {verdict}, the judge finds:", *named, *history_lines(smallest)]
    return "\n".join(lines)


def _cut_down(checker: Path, history: History) -> History:
    """Leaves out one thing after the other for as long as the two still differ."""
    smaller = next((one for one in _smaller(history) if _differ(checker, one)), None)
    return history if smaller is None else _cut_down(checker, smaller)


def _smaller(history: History) -> Iterator[History]:
    for place in range(len(history.operations)):
        rest = history.operations[:place] + history.operations[place + 1 :]
        yield replace(history, operations=rest)
    for place in range(len(history.entries or ())):
        entries = history.entries or ()
        yield replace(history, entries=entries[:place] + entries[place + 1 :])


def _differ(checker: Path, history: History) -> bool:
    return porcupine(checker, [history]) != (["illegal"] if judge(history) else ["ok"])


def test_a_difference_is_cut_down_and_shown(checker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge that finds nothing differs from Porcupine on every spoilt history."""
    monkeypatch.setattr(sys.modules[__name__], "judge", lambda history: ())
    drawn = list(histories(200, seed=12, worlds=(CLAIMED,)))
    verdicts = porcupine(checker, drawn)
    spoilt = next(h for h, verdict in zip(drawn, verdicts, strict=True) if verdict == "illegal")
    shown = _difference(checker, spoilt).splitlines()
    assert shown[:2] == ["Porcupine says illegal, the judge finds:", "nothing"]
    assert len(shown) < 8
