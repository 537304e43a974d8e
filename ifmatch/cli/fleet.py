"""`ifmatch fleet`: many targets in one night."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ifmatch.cli.command import Command
from ifmatch.errors import ConfigurationError

if TYPE_CHECKING:
    from ifmatch.fleet.night import Night

_EXAMPLES = """examples:
  ifmatch fleet fleet.toml                             every target of the file, two at once on two cores
  ifmatch fleet fleet.toml -n 4 --hosts ssh=build1,ssh=build2//python=/opt/ifmatch/bin/python
  ifmatch fleet fleet.toml --resume                    go on with a night that broke off: what is done stays done
  ifmatch fleet fleet.toml --since artefacts/monday    what is new and what is fixed since another night

a fleet file:
  title = "Staging"
  bound = 900                                          # seconds that a run may take

  [defaults]                                           # what a target file says, for all of them
  effort = "quick"
  auth.token_env = "STAGING_TOKEN"

  [targets.koppeltaal]
  target = "koppeltaal.toml"                           # a target file, beside this one

  [targets.hapi]
  base_url = "https://hapi.staging.example/fhir"
  profile = ["fhir-r4", "hapi"]                        # two runs, one after the other

exit codes: as of `ifmatch run`, the gravest of all runs"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FLEET", help="the fleet file (TOML)")
    parser.add_argument(
        "-n",
        dest="at_once",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="how many runs are made at once on each host; as many as this machine has cores",
    )
    parser.add_argument(
        "--hosts",
        default="",
        metavar="SPECS",
        help="where runs are made, as execnet names it, with commas between; `popen` is this machine",
    )
    parser.add_argument(
        "-o", "--report-dir", default="", metavar="DIR", help="put the night's evidence into DIR"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with the night in DIR, or else with the newest of this fleet",
    )
    parser.add_argument(
        "--since", default="", metavar="DIR", help="compare with the night in DIR, not the last one"
    )


def _fleet(args: argparse.Namespace) -> int:
    from ifmatch.fleet.jobs import Fleet
    from ifmatch.fleet.run_night import night_before, run_night
    from ifmatch.report.console import console_for

    if args.at_once < 1:
        raise ConfigurationError(f"{args.at_once} runs at once are none: choose 1 or more with -n.")
    fleet = Fleet.read(Path(args.file))
    night = _night(args, fleet.title)
    specs = [spec for spec in args.hosts.split(",") if spec] or list(fleet.hosts)
    jobs = fleet.jobs(night.folder)
    last = night_before(night, args.since)
    return run_night(console_for(), night, jobs, specs, args.at_once, last)


def _night(args: argparse.Namespace, title: str) -> "Night":
    """The night to go on with, or a new one."""
    from ifmatch.fleet.night import Night, new_night_folder, nights_beside

    folder = Path(args.report_dir) if args.report_dir else new_night_folder(Path(args.file))
    if not args.resume:
        return Night.new(folder, title)
    if args.report_dir:
        return Night.read(folder)
    newest = next(iter(nights_beside(folder)), None)
    if newest is None:
        raise ConfigurationError(
            f"There is no night of this fleet in {folder.parent} to go on with. Leave --resume out."
        )
    return newest


COMMAND = Command(
    name="fleet",
    summary="Judge many targets in one night, here and on other machines: one matrix, one page, one exit code.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_fleet,
)
