"""What the monitors say of each exchange that is wrong, word for word, and which exchanges they show.

python tests/monitors_said.py     writes data/monitors_said.txt anew, for you to read what has changed
"""

from collections.abc import Iterator
from pathlib import Path

from test_monitors import CONTENT, CONTRADICTIONS, RIGHT, WRONG
from test_monitors_over_time import BROKEN
from watched import seen

FILE = Path(__file__).parent / "data" / "monitors_said.txt"

#: Each example: the rule, and the exchanges that it is shown.
EXAMPLES = {
    **WRONG,
    **{name: (CONTENT, *exchanges) for name, exchanges in CONTRADICTIONS.items()},
    **BROKEN,
    "relative": RIGHT["relative"],
}


def everything() -> str:
    """All of it, a block for each example."""
    return "\n\n".join("\n".join(_block(name)) for name in EXAMPLES) + "\n"


def _block(name: str) -> Iterator[str]:
    rule, *exchanges = EXAMPLES[name]
    tally = seen(rule, *exchanges)
    yield f"{name} ({rule}): {tally.looked} facts, exchanges {' '.join(tally.exchanges)}".rstrip()
    for finding in tally.findings("SHALL"):
        yield f"  expected {finding.expected}"
        yield f"  got      {finding.got}"
    yield from (f"  note     {note}" for note in tally.notes)


if __name__ == "__main__":
    FILE.write_text(everything(), encoding="utf-8")
