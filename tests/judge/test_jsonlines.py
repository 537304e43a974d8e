"""Histories as JSON lines: read, written, refused; and the judge as a command."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from ifmatch.judge import (
    Entry,
    History,
    HistoryError,
    Kind,
    Operation,
    Outcome,
    history_lines,
    judge,
    read_histories,
)
from ifmatch.judge.__main__ import main
from ifmatch.judge.jsonlines import COMPLETIONS
from tests.judge.reading import Example, examples
from tests.judge.seeded import EPISODES, seeded
from tests.judge.simulate import CHAIN, CLAIMED, VALUES, simulate

EXAMPLES = examples()
TYPES = {outcome: kind for kind, outcome in COMPLETIONS.items()}


def read(*lines: str) -> History:
    """The history of the one resource that lines speak of."""
    [(resource, history)] = read_histories(lines).items()
    assert resource == ""
    return history


def as_events(history: History) -> list[str]:
    """A history as pairs of events, in the order of time."""
    timed = sorted(
        (
            event
            for operation in sorted(history.operations, key=lambda op: op.invoked)
            for event in events(operation)
        ),
        key=lambda event: event[0],
    )
    others = [line for line in history_lines(history) if json.loads(line)["type"] != "operation"]
    return [*others, *(json.dumps(record) for _, record in timed)]


def events(operation: Operation) -> Iterator[tuple[int, dict]]:
    """What Jepsen would write of an operation, with the time at which it would do so."""
    process = {"process": operation.writer, "index": operation.id}
    request = {"f": operation.kind, "base": operation.base, "marker": operation.marker}
    yield operation.invoked, {"type": "invoke", "time": operation.invoked, **process, **request}
    end = operation.invoked if operation.returned is None else operation.returned
    answer = {
        "status": operation.status,
        "version": operation.version,
        "matches": operation.matches,
    }
    seen = {"seen": list(operation.seen)} if operation.seen else {}
    kind = TYPES[operation.outcome]
    yield end, {"type": kind, "time": operation.returned, **process, **answer, **seen}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_what_is_written_is_read_again(example: Example) -> None:
    assert read(*history_lines(example.history)) == example.history


def test_a_final_read_is_read_again() -> None:
    final = Operation(7, "R", Kind.READ, 3, 4, Outcome.OK, 200, version="1", seen=("a",))
    history = History((), final=final)
    assert read(*history_lines(history)) == history


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_pairs_of_events_are_judged_alike(example: Example) -> None:
    assert judge(read(*as_events(example.history))) == judge(example.history)


@pytest.mark.parametrize("world", [CLAIMED, CHAIN, VALUES], ids=["history", "links", "values"])
def test_simulated_histories_are_read_again(world) -> None:
    rng = random.Random(8)
    for _ in range(30):
        history = simulate(world, rng)
        assert read(*history_lines(history)) == history
        assert judge(read(*as_events(history))) == judge(history)


@pytest.mark.parametrize("name", EPISODES, ids=lambda name: name.label)
def test_seeded_faults_are_read_again(name) -> None:
    history = seeded(name, random.Random(1), size=100)
    assert judge(read(*history_lines(history))) == judge(history)
    assert judge(read(*as_events(history))) == judge(history)


def test_each_resource_has_a_history_of_its_own() -> None:
    histories = {f"Patient/{i}": example.history for i, example in enumerate(EXAMPLES)}
    lines = [
        line for resource, history in histories.items() for line in history_lines(history, resource)
    ]
    assert read_histories(lines) == histories


def test_what_is_never_answered_is_of_unknown_outcome() -> None:
    history = read('{"type": "invoke", "process": 7, "f": "delete", "time": 3, "base": "*"}')
    assert history.operations == (
        Operation(1, "7", Kind.DELETE, 3, None, Outcome.UNKNOWN, None, "*"),
    )


def test_blank_lines_and_nulls_say_nothing() -> None:
    history = read(
        "",
        '{"type": "history", "entries": [{"version": "1", "updated": null}], "resource": null}',
        " ",
    )
    assert history.operations == ()
    assert history.entries == (Entry("1"),)


INVOKED = '{"type": "invoke", "process": "A", "f": "read", "time": 0}'
INITIAL = '{"type": "initial", "version": "3"}'
FINAL = (
    '{"type": "operation", "process": "A", "f": "read", "invoked": 0, "returned": 1, '
    '"outcome": "ok", "final": true}'
)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["{"], "Line 1: This is not JSON"),
        (["[]"], "Line 1: Each line is one JSON object"),
        (["", '{"type": "nemesis"}'], 'Line 2: There is no type "nemesis"'),
        (['{"type": ["ok"]}'], "Line 1: There is no type"),
        (['{"type": "initial", "versoin": "3"}'], 'Line 1: "initial" has no field "versoin"'),
        (['{"type": "initial", "version": 3}'], 'Line 1: "version" must be a text, not 3'),
        (['{"type": "initial"}'], 'Line 1: "initial" needs the field "version"'),
        ([INVOKED.replace("0", "true")], 'Line 1: "time" must be a whole number, not true'),
        ([INVOKED.replace("read", "cas")], 'Line 1: "f" must be one of read, update'),
        ([INVOKED, '{"type": "ok", "process": "B", "time": 1}'], "Line 2: There is no process B"),
        (
            [
                INVOKED,
                '{"type": "info", "process": "A"}',
                '{"type": "ok", "process": "A", "time": 1}',
            ],
            "Line 3: Process A completes an operation that it did not invoke",
        ),
        (
            [INVOKED, INVOKED],
            "Line 2: Process A invokes again before its last operation was completed",
        ),
        (
            [INVOKED, '{"type": "ok", "process": "A", "time": 1, "f": "patch"}'],
            'Line 2: Process A asked for "read"',
        ),
        (
            [INVOKED, '{"type": "ok", "process": "A", "time": -5}'],
            "Line 2: Operation 1 of A returned 5 ns before",
        ),
        ([INVOKED, '{"type": "ok", "process": "A"}'], 'Line 2: "ok" needs the field "time"'),
        (
            [INVOKED, '{"type": "invoke", "process": "B", "f": "read", "time": 0, "index": 1}'],
            "Line 2: Index 1 is that of another operation",
        ),
        (
            [
                '{"type": "history", "entries": [{"version": "1", "updated": "2026-01-01T00:00:00"}]}'
            ],
            'Line 1: "updated" must be an ISO 8601 date with its offset',
        ),
        (['{"type": "history", "entries": []}'] * 2, "Line 2: There is a history already"),
        ([INITIAL, INITIAL], "Line 2: The initial version is 3 already"),
        ([FINAL, FINAL], "Line 2: There is a final read already"),
    ],
)
def test_a_line_that_cannot_be_is_refused(lines: list[str], message: str) -> None:
    with pytest.raises(HistoryError) as error:
        read_histories(lines)
    assert str(error.value).startswith(message)


def written(folder: Path, name: str) -> str:
    example = next(example for example in EXAMPLES if example.name == name)
    path = folder / f"{name}.jsonl"
    path.write_text("\n".join(history_lines(example.history, "Patient/1")), encoding="utf-8")
    return str(path)


def test_the_command_shows_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, "lost-update")
    assert main([file]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == f"{file}, Patient/1: 2 operations, 1 anomaly"
    assert shown[2].startswith("LOST UPDATE: ")
    assert [line[:3] for line in shown if line.startswith("▶")] == ["▶ A", "▶ B"]


def test_the_command_finds_nothing_where_nothing_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, "refused-for-good-reason")
    assert main([file]) == 0
    assert "no anomalies" in capsys.readouterr().out


def test_the_command_says_which_file_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"type": "ok"}', encoding="utf-8")
    assert main([written(tmp_path, "lost-update"), str(bad), str(tmp_path / "absent.jsonl")]) == 4
    errors = capsys.readouterr().err.splitlines()
    assert errors[0] == f'{bad}: Line 1: "ok" needs the field "process".'
    assert "absent.jsonl" in errors[1]
    assert main([]) == 4
