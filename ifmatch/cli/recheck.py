"""`ifmatch recheck`: judges the evidence of a run anew, without the target."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ifmatch.cli.command import Command
from ifmatch.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ifmatch.report.judged_anew import JudgedAnew
    from ifmatch.report.run import Run

_EXAMPLES = """examples:
  ifmatch recheck evidence                       by the judge, the monitors and the profile of today
  ifmatch recheck evidence -p mine.toml          by another profile
  ifmatch recheck evidence -o anew               and write a report of what is found

Nothing is sent. Each scenario is carried out again, and gets the answers that were recorded; of races the recorded
histories are judged. The run must have been made by a version whose scenarios ask the same; where one asks something
else by now, that is told.

exit codes: 0 every verdict is as it was, 1 another one is reached today, 4 wrong usage or no log,
            7 none is another one, but some cannot be judged from the log"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="the folder of a run")
    parser.add_argument(
        "-p", "--profile", default="", metavar="PROFILE", help="judge by this one instead"
    )
    parser.add_argument(
        "-o", "--report-dir", default="", metavar="DIR", help="write the reports of what is found"
    )


def _recheck(args: argparse.Namespace) -> int:
    folder = Path(args.folder)
    if args.report_dir:
        return _rechecked(folder, _new_folder(Path(args.report_dir)), args.profile)
    with TemporaryDirectory() as into:
        return _rechecked(folder, Path(into), args.profile)


def _new_folder(folder: Path) -> Path:
    from ifmatch.log.reader import FILE_NAME

    if (folder / FILE_NAME).exists():
        raise ConfigurationError(f"{folder} holds a run already. Choose another folder with -o.")
    return folder


def _rechecked(folder: Path, into: Path, profile: str) -> int:
    from ifmatch.log.reader import read
    from ifmatch.log.seal import broken_seal
    from ifmatch.report.console import GroupsIn, Steps
    from ifmatch.report.judged_anew import judged_anew
    from ifmatch.report.run import Run
    from ifmatch.suite.live import run_unseen
    from ifmatch.suite.rechecked import Recheck
    from ifmatch.suite.surroundings import on_features

    # There is no last run to be remembered: what failed then is in the evidence.
    arguments, plugins = on_features(["-p", "no:cacheprovider"])
    with Steps() as steps:
        steps.begin("reading the log")
        recheck = Recheck(folder, into, profile, GroupsIn(steps, "judging"))
        run_unseen(arguments, [*plugins, recheck])
        steps.begin("comparing what was found with what is found now")
        events = list(read(folder))
        then, now = Run.of(events), Run.of(read(into))
        cases = judged_anew(then, now)
        broken = broken_seal(folder, events)
    if broken:
        print(
            f"! the log is no evidence as it stands: {broken}. `ifmatch verify {folder}` says more."
        )
    print("\n".join(_lines(then, now, cases)))
    if any(case.changed for case in cases):
        return ExitCode.NOT_CONFORMANT
    is_whole = cases and all(case.now is not None for case in cases)
    return ExitCode.CONFORMANT if is_whole else ExitCode.INCONCLUSIVE


def _lines(then: "Run", now: "Run", cases: "Sequence[JudgedAnew]") -> Iterator[str]:
    from ifmatch.report.text import one_line, with_label

    yield f"run {then.id}: {_by(then)}"
    yield f"judged anew: {_by(now)}{_same_profile(then, now)}"
    odd = [case for case in cases if case.changed or case.now is None]
    for case in odd:
        verdict = case.now.value if case.now else "not judged"
        name = with_label(case.rule, case.label)
        yield f"  {name}   {case.then.value} → {verdict}   {one_line(case.why)}"
    changed = sum(case.changed for case in odd)
    yield (
        f"{len(cases)} cases: {len(cases) - len(odd)} as they were, {changed} changed, "
        f"{len(odd) - changed} cannot be judged from the log"
    )


def _by(run: "Run") -> str:
    return (
        f"{run.suite.name} {run.suite.version}, profile {run.profile.id} {run.profile.sha256[:12]}"
    )


def _same_profile(then: "Run", now: "Run") -> str:
    return "" if then.profile.sha256 == now.profile.sha256 else " (its text has changed)"


COMMAND = Command(
    name="recheck",
    summary="Judge the evidence of a run anew, without the server, and tell what changed.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_recheck,
)
