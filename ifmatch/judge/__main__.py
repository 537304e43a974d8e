"""The judge by itself: `python -m ifmatch.judge FILE...` names the anomalies in histories of JSON lines.

The format is that of `ifmatch.judge.jsonlines`. The exit code is 0 without anomalies, 1 with some, 4 when a file
cannot be read.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from ifmatch.judge import History, HistoryError, judge, picture, read_histories

_CLEAN, _ANOMALIES, _UNREADABLE = 0, 1, 4


def main(files: Sequence[str]) -> int:
    """Prints what is wrong in each file; the gravest exit code of all."""
    if not files:
        print("usage: python -m ifmatch.judge FILE...", file=sys.stderr)
        return _UNREADABLE
    return max(map(_judge_file, files))


def _judge_file(file: str) -> int:
    try:
        with Path(file).open(encoding="utf-8") as lines:
            histories = read_histories(lines)
    except (OSError, UnicodeDecodeError, HistoryError) as error:
        print(f"{file}: {error}", file=sys.stderr)
        return _UNREADABLE
    return max([_judge_history(file, *named) for named in histories.items()], default=_CLEAN)


def _judge_history(file: str, resource: str, history: History) -> int:
    pictures = [picture.text(history, anomaly) for anomaly in judge(history)]
    print("\n\n".join((_heading(file, resource, history, len(pictures)), *pictures)))
    return _ANOMALIES if pictures else _CLEAN


def _heading(file: str, resource: str, history: History, anomalies: int) -> str:
    name = f"{file}, {resource}" if resource else file
    return f"{name}: {_count(len(list(history)), 'operation')}, {_count(anomalies, 'anomaly', 'anomalies')}"


def _count(number: int, singular: str, plural: str = "") -> str:
    return f"{number or 'no'} {singular if number == 1 else plural or singular + 's'}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
