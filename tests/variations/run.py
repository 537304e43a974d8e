"""Runs of the suite against lawful variations: one line a seed, and what is not explained."""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from running import as_finished, run

from ifmatch.rules.catalogue import rules
from ifmatch.rules.profile import load
from variations.draw import VARIATIONS, Draw, drawn, given
from variations.front import Varied
from variations.tables import is_explained

#: All rules but the races.
RULES = ",".join(rule.id for rule in rules() if not rule.id.startswith("race."))

#: Runs side by side: one waits for half its time, where answers come late or a write is to be sent again.
_PROCESSES = 3

#: Verdicts that need no explanation.
GOOD = ("pass", "observed", "not-applicable")


@dataclass(frozen=True)
class Outcome:
    """What the suite made of a draw: how it ended, and every verdict that is neither good nor explained."""

    draw: Draw
    code: int
    seconds: float
    unexplained: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether nothing needs an explanation."""
        return self.code in (0, 7) and not self.unexplained


def outcomes(draws: Sequence[Draw], rules: str = RULES) -> Iterator[Outcome]:
    """The outcomes of draws as they come, each of a process of its own."""
    return as_finished(outcome, [(draw, rules) for draw in draws], _PROCESSES)


def outcome(draw: Draw, rules: str = RULES) -> Outcome:
    """A run of the suite against one draw."""
    random.seed(draw.seed)
    if "credentials" in draw.varied:
        os.environ["IFMATCH_TOKEN"] = "given"
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        server = Varied(draw).start()
        try:
            arguments = [
                server.base_url,
                "-t",
                _target(draw, Path(folder)),
                "--rules",
                rules,
                "--seed",
                str(draw.seed),
            ]
            code, report, printed = run([*arguments, "-p", draw.profile])
        finally:
            server.stop()
    told = report["rules"] if report else []
    unexplained = _unexplained(draw, told)
    if report is None or code not in (0, 1, 7) or "Traceback (most recent call last)" in printed:
        unexplained["-"] = printed[-1500:]
    return Outcome(draw, int(code), time.monotonic() - began, unexplained)


def _target(draw: Draw, folder: Path) -> str:
    """A target file with what the embedded server of the profile would be told."""
    lines = [
        f"{name} = {json.dumps(value)}"
        for name, value in load(draw.profile).embedded.placeholders.items()
    ]
    path = folder / "target.toml"
    path.write_text("\n".join(["[placeholders]", *lines]))
    return str(path)


def _unexplained(draw: Draw, rules: Sequence[Mapping]) -> dict[str, str]:
    """The verdicts that are neither good nor explained."""
    found = {}
    for rule in rules:
        verdict, message = rule["verdict"], " ".join((rule["message"] or "").split())
        if verdict not in GOOD and not is_explained(draw.varied, rule["rule"], verdict, message):
            found[rule["rule"]] = f"{verdict}: {message}"
    return found


def main() -> None:
    """Run draws, and tell of each in a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", nargs="*", type=int)
    parser.add_argument("--profile", default="fhir-r4", help="with --vary: the profile")
    parser.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="NAME=CHOICE",
        help="this, whatever a seed draws",
    )
    parser.add_argument(
        "--each", action="store_true", help="every variation by itself, with each of its choices"
    )
    parser.add_argument("--rules", default=RULES)
    options = parser.parse_args()
    draws = [drawn(seed) for seed in options.seeds] or [given(1, options.profile, options.vary)]
    if options.each:
        pairs = [f"{name}={choice}" for name, choices in VARIATIONS.items() for choice in choices]
        draws = [given(1, options.profile, [*options.vary, pair]) for pair in pairs]
    good = 0
    for one in outcomes(draws, options.rules):
        good += one.is_good
        print(_line(one), flush=True)
    print(f"{good} of {len(draws)} good")


def _line(one: Outcome) -> str:
    state = "good" if one.is_good else "BAD "
    first = f"{one.draw.seed:4} {state} exit {one.code} {one.seconds:5.1f} s  {one.draw}"
    return "\n".join([first, *(f"       {rule}: {told}" for rule, told in one.unexplained.items())])


if __name__ == "__main__":
    main()
