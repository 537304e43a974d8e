"""`ifmatch replay`: does again what a run did, and says whether it comes to the same."""

import argparse
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifmatch.cli.command import Command
from ifmatch.cli.watched import carried_out, watched
from ifmatch.errors import (
    ConfigurationError,
    ExitCode,
    IfmatchError,
    NothingSelected,
    TargetUnusable,
)

if TYPE_CHECKING:
    from ifmatch.fleet.job import Came
    from ifmatch.fleet.processes import Processes
    from ifmatch.report.run import Judged, Run

_EXAMPLES = """examples:
  ifmatch replay update.if-match.stale                     a rule of the newest run
  ifmatch replay reports/2026-11-21T10-12-07-9f0c          all that this run has found wrong
  ifmatch replay artefacts/spine 'race.*' --times 5        of one run, some rules, five times
  ifmatch replay update.if-match.stale --against https://staging.example/fhir

The rules are run as they were: by the same profile, with the same target file, effort, writers and seed, on a resource
of their own; from the folder in which the run was started. An embedded server is started again, with its faults.

It says of each rule: the same, differently, or gone.

exit codes: as of a run: 0 nothing fails (any more), 1 a rule fails, in the same way or differently, 7 that could not be
            told, 4 wrong usage, 5 nothing to replay, 6 target unusable"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        nargs="+",
        metavar="RULE|RUN",
        help="ids of rules or patterns of them, and the folder of a run; without rules, all that it found wrong; "
        "without a run, the newest",
    )
    parser.add_argument("--against", metavar="URL", help="another server than that of the run")
    parser.add_argument(
        "-t",
        "--target",
        metavar="FILE",
        help="another target file than that of the run",
    )
    parser.add_argument(
        "--times", type=int, default=1, metavar="N", help="so often, since a race may be lucky"
    )
    parser.add_argument(
        "-o", "--report-dir", default="", metavar="DIR", help="where the new evidence goes"
    )


def _replay(args: argparse.Namespace) -> int:
    from ifmatch.fleet.gravity import gravest
    from ifmatch.log.reader import read
    from ifmatch.report.again import print_replayed, replayed
    from ifmatch.report.console import console_for
    from ifmatch.report.run import Run
    from ifmatch.report.text import counted
    from ifmatch.suite.folder import new_run_id
    from ifmatch.suite.options import demand_no_blank

    demand_no_blank("--against", args.against)
    demand_no_blank("--target", args.target)
    if args.times < 1:
        raise ConfigurationError("--times is at least 1.")
    evidence, globs = _evidence_and_rules(args.what)
    before = Run.of(read(evidence))
    rules = _rules_of(before, globs, evidence)
    # Not beside the runs: the newest of those is what is replayed next, too.
    folder = Path(args.report_dir or f"reports/replays/{new_run_id()}")
    options = _options(before, rules, args)
    console = console_for()
    server = options["base_url"] or "an embedded server"
    print(f"{counted(len(rules), 'rule')} of run {before.id}, again on {server}\n", flush=True)
    codes, attempts = _attempts(options, folder, args.times)
    print_replayed(console, replayed(before, rules, attempts))
    if any(now.profile.sha256 != before.profile.sha256 for now in attempts):
        print("The profile is not the one of that run: what it promises may have changed.")
    console.print(f"report  {folder}/", soft_wrap=True)
    return gravest(codes)


# ---------------------------------------------------------------- what is done again

#: Where the newest run is found.
_NEWEST = ("reports", "latest")


def _evidence_and_rules(words: Sequence[str]) -> tuple[Path, str]:
    """The folder of the run among these words, and the patterns of rules among them, separated by commas."""
    folders = [word for word in words if Path(word).exists()]
    globs = [word for word in words if word not in folders]
    if len(folders) > 1:
        raise ConfigurationError("Name one run: several cannot be replayed at once.")
    evidence = Path(*folders or _NEWEST)
    _demand_a_run(evidence, globs)
    return evidence, ",".join(globs)


def _demand_a_run(evidence: Path, globs: Sequence[str]) -> None:
    """See that there is one. In a folder of several, one of them may have been meant."""
    from ifmatch.log.reader import FILE_NAME

    if (evidence / FILE_NAME).is_file():
        return
    advice = "`ifmatch run` makes one; or name the folder of a run."
    runs = sorted(path.parent for path in evidence.glob(f"*/{FILE_NAME}"))
    if runs:
        advice = f"It holds several: name one, such as {' '.join([str(runs[0]), *globs])}."
    raise ConfigurationError(f"There is no run in {evidence}. {advice}")


def _rules_of(run: "Run", globs: str, evidence: Path) -> list[str]:
    """The rules that are meant, of those that the run has judged. Raises NothingSelected when there is none."""
    if globs:
        return _matching([judged.rule for judged in run.rules], globs, evidence)
    wrong = [judged.rule for judged in run.rules if not _is_settled(judged)]
    if not wrong:
        raise NothingSelected(f"The run in {evidence} found nothing wrong: name rules of it.")
    return wrong


def _is_settled(judged: "Judged") -> bool:
    from ifmatch.rules.verdict import KEPT, Verdict

    return judged.verdict in KEPT or judged.verdict is Verdict.NOT_APPLICABLE


def _matching(rules: Sequence[str], globs: str, evidence: Path) -> list[str]:
    from ifmatch.rules.catalogue import hint, ids, matches

    for glob in globs.split(","):
        if not any(matches(rule, glob) for rule in rules):
            exists = any(matches(rule, glob) for rule in ids())
            advice = (
                " It left that out: name the folder of a run that did." if exists else hint(glob)
            )
            raise NothingSelected(f'The run in {evidence} did not judge "{glob}".{advice}')
    return [rule for rule in rules if matches(rule, globs)]


def _options(run: "Run", rules: Sequence[str], args: argparse.Namespace) -> dict[str, Any]:
    """What `ifmatch run` is called with, by field: what the run was called with, but for what is named now."""
    header, filled = run.header, run.header.settings.get("placeholders", {})
    said = {
        "profile": header.profile_file or run.profile.id,
        "target_file": args.target or header.target_file,
        "rules": ",".join(_to_run(run, rules)),
        "effort": header.effort,
        "writers": header.writers,
        "strict": header.strict,
        "placeholders": [f"{name}={value}" for name, value in filled.items()],
    }
    given = {field: value for field, value in said.items() if value}
    return {**given, **_server(run, args.against), "seed": run.seed}


def _server(run: "Run", against: str | None) -> dict[str, Any]:
    """Which server it is: the one that is named, else that of the run, which may have been an embedded one."""
    if run.header.embedded and not against:
        return {"base_url": None, "faults": list(run.header.faults)}
    return {"base_url": against or run.target.base_url}


#: Exchanges in which something was seen that is watched: where a server breaks it everywhere, these are enough.
_SIGHTS = 5


def _to_run(run: "Run", rules: Sequence[str]) -> list[str]:
    """The rules to run so that these are judged: what is watched is seen again where it was seen first."""
    from ifmatch.rules.catalogue import is_watched

    watched = [judged for judged in run.rules if judged.rule in rules and is_watched(judged.rule)]
    evidence = [id for judged in watched for id in judged.exchanges[:_SIGHTS]]
    seen_in = [exchange.rule or "" for exchange in run.exchanges_of(evidence)]
    return list(dict.fromkeys(filter(None, [*rules, *seen_in])))


# ---------------------------------------------------------------- doing it


def _attempts(options: dict[str, Any], folder: Path, times: int) -> tuple[list[int], list["Run"]]:
    """Run the rules so often, each time into a folder of its own: the exit codes, and what was seen."""
    from ifmatch.fleet.processes import Processes
    from ifmatch.suite.options import words_for_command

    codes, runs, processes = [], [], Processes()
    for number in range(1, times + 1):
        place = folder / str(number) if times > 1 else folder
        words = words_for_command({**options, "report_dir": str(place)})
        with watched(place, "looking at the server", "again", carried_out(options["rules"])):
            came = _carried_out(processes, ["run", *words])
        codes.append(came.code)
        runs.append(_whole_run(place, came.code, came.printed))
    return codes, runs


def _carried_out(processes: "Processes", words: list[str]) -> "Came":
    """One run to its end; Ctrl-C lets it tidy up."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(processes.run, words)
        try:
            return running.result()
        except KeyboardInterrupt:
            processes.end(signal.SIGINT)
            running.result()
            raise


def _whole_run(place: Path, code: int, printed: str) -> "Run":
    """What a run has left. Raises, in the run's own words, when it did not come to its end."""
    from ifmatch.log.reader import FILE_NAME, read
    from ifmatch.report.run import Run

    run = Run.of(read(place)) if (place / FILE_NAME).is_file() else Run()
    if run.complete:
        return run
    last = (printed.strip().splitlines() or ["Nothing was printed."])[-1]
    kinds = {kind.exit_code: kind for kind in (ConfigurationError, NothingSelected, TargetUnusable)}
    broken = kinds.get(ExitCode(code), IfmatchError)
    raise broken(run.message or last.removesuffix(f"    (exit {code})"))


COMMAND = Command(
    name="replay",
    summary="Do again what a run did, and say whether it comes to the same.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_replay,
)
