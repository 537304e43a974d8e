"""Makes the page that says, rule by rule, what a pass rests on: from runs against the embedded server, and its faults.

    python docs/what_a_pass_rests_on.py

For each rule the first of the profiles by which it passes is shown: what was sent, what was then looked at, what had to
hold, and the faults on which the rule is seen to fail.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ifmatch.log.events import ExchangeRecorded, StepCarriedOut, VerdictReached
from ifmatch.log.reader import read
from ifmatch.reference.fault_list import ALL
from ifmatch.report.run import Judged, Run
from ifmatch.rules import catalogue
from ifmatch.rules.profile import for_proof
from ifmatch.rules.verdict import Verdict

PAGE = Path(__file__).with_name("what-a-pass-rests-on.md")

#: The profiles that together promise most rules, the one whose words are the plainest first.
_PROFILES = (
    "fhir-r4", "spine", "reasonable-adjustments", "koppeltaal", "aidbox", "medplum", *for_proof(),
)  # fmt: skip

_OPENING = """# What a pass rests on

Made by `python docs/what_a_pass_rests_on.py` from runs against the embedded server. A pass says that all of this was
done and seen; where something could not be looked at, the rule is inconclusive or does not apply. The last column names
faults that were switched on in the embedded server, on each of which the rule is seen to fail.
"""

_HEADS = ("rule", "sent", "looked at", "had to hold", "fails on")

#: What differs from run to run: ids, versions, times, numbers.
_ID = re.compile(r"\b[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\b")
_VARIES = re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)?|\b\d+\b")

#: More kinds of requests, facts or faults than these are counted.
_MOST = 5


def page(runs: Iterable[Run]) -> str:
    """The page: a table with a row for each rule that passes in some run, the rules in the order of their features."""
    passed: dict[str, tuple[Judged, Run]] = {}
    for run in runs:
        for judged in run.rules:
            if judged.verdict is Verdict.PASS:
                passed.setdefault(judged.rule, (judged, run))
    rows = [_row(*passed[rule.id]) for rule in catalogue.rules() if rule.id in passed]
    others = [f"`{rule.id}`" for rule in catalogue.rules() if rule.id not in passed]
    left = f"\nPromised by no profile that was run: {', '.join(others)}.\n" if others else ""
    return "\n".join([_OPENING, _line(_HEADS), _line("---" for _ in _HEADS), *rows, left])


def _row(judged: Judged, run: Run) -> str:
    case = judged.spokesman
    first = next((number for number, step in enumerate(case.steps) if step.keyword == "Then"), None)
    done, seen = case.steps[:first], case.steps[first or len(case.steps) :]
    return _line(
        [
            f"`{judged.rule}`",
            _listed(_requests(done, run)),
            _listed(_requests(seen, run)) or "the answers themselves",
            _listed(_facts(case)),
            _listed(f"`{fault.name}`" for fault in ALL if judged.rule in fault.breaks),
        ]
    )


def _requests(steps: Sequence[StepCarriedOut], run: Run) -> Iterator[str]:
    for step in steps:
        for exchange in run.exchanges_of(step.exchanges):
            yield _request(exchange, run)


def _request(exchange: ExchangeRecorded, run: Run) -> str:
    path = exchange.request.url.removeprefix(run.target.base_url).partition("?")
    shown = _ID.sub("[id]", path[0]) + ("?…" if path[1] else "")
    return f"{exchange.request.method} {re.sub(r'/_history/.+', '/_history/[vid]', shown) or '/'}"


def _facts(case: VerdictReached) -> Iterator[str]:
    if case.expected.text != "any answer":
        yield case.expected.text
    facts = case.observed.get("facts", [])
    yield from (_VARIES.sub("…", _ID.sub("[id]", str(fact))) for fact in facts)
    if "looked_at" in case.observed:
        yield "what its scenario says, in every exchange of the run"


def _listed(items: Iterable[str]) -> str:
    once = list(dict.fromkeys(items))
    more = [f"{len(once) - _MOST} more"] if len(once) > _MOST else []
    return "<br>".join([*once[:_MOST], *more])


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _run(profile: str, folder: Path) -> Run:
    words = [sys.executable, "-m", "ifmatch", "-p", profile, "--seed", "1", "-o", str(folder)]
    subprocess.run(words, check=True, capture_output=True)
    return Run.of(read(folder))


def main() -> None:
    """Run the profiles and write the page."""
    with tempfile.TemporaryDirectory() as place:
        runs = [_run(profile, Path(place, profile)) for profile in _PROFILES]
    PAGE.write_text(page(runs), encoding="utf-8")


if __name__ == "__main__":
    main()
