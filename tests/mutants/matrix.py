"""What catches which mutant: a table (CSV) and a page (Markdown), kept in a folder so that a run can go on later."""

import argparse
import csv
import random
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mutants.cells import CELLS
from mutants.run import Baseline, Outcome, baseline, outcomes
from mutants.tables import reason


def sample(count: int, seed: int) -> list[str]:
    """So many cells, drawn by a seed; all of them for 0. Each has a lot of its own, so a new cell moves no other."""
    names = sorted(CELLS, key=lambda name: random.Random(f"{seed} {name}").random())
    return names[:count] if count else names


def state_of(outcome: Outcome) -> tuple[str, str]:
    """What became of a cell, in a word, and by what or why."""
    if outcome.crash:
        return "crash", outcome.crash.splitlines()[-1]
    if outcome.red:
        return "caught", " ".join(outcome.caught_by)
    if why := reason(outcome.cell):
        return "lawful", why
    if outcome.changed == 0:
        return "idle", "no answer of this run had that part"
    if outcome.unjudged:
        rule, message = next(iter(outcome.unjudged.items()))
        return (
            "unjudged",
            f"exit code {outcome.code}, {len(outcome.unjudged)} rules, such as {rule}: {message}",
        )
    return "open", "no rule speaks of it"


def write(found: Iterable[Outcome], folder: Path) -> str:
    """Write the table and the page; returns the figures in one line."""
    rows = [(outcome.cell, *state_of(outcome)) for outcome in found]
    with (folder / "matrix.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("cell", "state", "by or why"), *rows])
    counts = Counter(state for _, state, _ in rows)
    figures = ", ".join(f"{count} {state}" for state, count in counts.most_common())
    lines = [
        "# Answer mutants",
        "",
        f"{len(rows)} cells: {figures}.",
        "",
        "| cell | | |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| {cell} | {state} | {why.replace('|', '/')} |" for cell, state, why in sorted(rows)
    ]
    (folder / "matrix.md").write_text("\n".join(lines) + "\n")
    return figures


def main() -> None:
    """Run cells and write down what became of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sample", type=int, default=0, help="so many cells, drawn by the seed; all without"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cell", action="append", help="this one")
    parser.add_argument("--rules", help="with --cell: only these, so that it is soon done")
    parser.add_argument("--out", type=Path, default=Path("reports/mutants"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    names = given.cell or sample(given.sample, given.seed)
    base = Baseline.of_rules(given.rules) if given.rules else baseline()
    found = outcomes(names, base, None if given.cell else given.out / "cells.jsonl")
    if given.cell:
        for outcome in found:
            print(outcome.cell, *state_of(outcome), sep="\n  ")
            print(
                *(
                    f"    {rule}: {told}"
                    for rule, told in {**outcome.red, **outcome.unjudged}.items()
                ),
                sep="\n",
            )
    else:
        print(write(found, given.out))


if __name__ == "__main__":
    main()
