"""`ifmatch survey`: what a server does, as a profile that a person edits."""

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ifmatch import HOME
from ifmatch.cli.command import Command
from ifmatch.cli.watched import carried_out, watched
from ifmatch.errors import ConfigurationError, ExitCode
from ifmatch.suite import options

if TYPE_CHECKING:
    from ifmatch.fleet.job import Ending
    from ifmatch.report.survey import Proposal

_EXAMPLES = """examples:
  ifmatch survey https://staging.example/fhir                    over the FHIR base profile of the version stated
  ifmatch survey https://staging.example/fhir -p hapi -o survey  over a profile that is nearer
  ifmatch survey -t target.toml --effort quick                   with races, whose answers no profile can hold
  ifmatch run https://staging.example/fhir -p survey/profile.toml

It carries out every rule, those too of which the base says nothing, and writes profile.toml beside the evidence.
It judges nothing: exit 0 when the survey came to its end, else as `ifmatch run`."""

#: The proposal, in the folder of the run.
_FILE = "profile.toml"

#: What says how a run is judged, or is for the server that is ours: a survey judges nothing, and is of another server.
_OF_A_JUDGEMENT = ("strict", "fail_on", "baseline", "certifies", "dry_run", "faults")

_WITHOUT_RACES = f"--ignore={HOME / 'features' / 'race'}"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", nargs="?", default="", metavar="URL", help="the FHIR end-point")
    options.add_to_command(parser, without=_OF_A_JUDGEMENT)


def _survey(args: argparse.Namespace) -> int:
    from ifmatch.suite.folder import new_folder, new_run_id

    given = options.given_to_command(args)
    given["base_url"] = given["base_url"] or args.url or None
    if not (given["base_url"] or given["target_file"]):
        raise ConfigurationError(
            "A survey is of a server: name its base URL, such as https://staging.example/fhir, or a target file "
            "with -t."
        )
    folder = Path(given["report_dir"]) if given["report_dir"] else new_folder(new_run_id())
    ending = _run(given, folder)
    if ending.sentence:
        sentence = f"The survey did not come to its end: {ending.sentence}"
        print(f"{sentence}    (exit {int(ending.code)})", file=sys.stderr)
        return ending.code
    proposed = _proposal(folder)
    doubtful = f", and {proposed.doubtful} that may be the same defect" if proposed.doubtful else ""
    print(
        f"proposed {folder / _FILE}: {proposed.seen} rules of which the base is silent, {proposed.otherwise} that are "
        f"answered otherwise; {proposed.left} that are not kept are left as they are{doubtful}"
    )
    print(f"evidence {folder}/")
    return ExitCode.CONFORMANT


def _run(given: dict[str, object], folder: Path) -> "Ending":
    """The run that a survey is, in a process that prints nothing here: its conclusion would be a judgement."""
    from ifmatch.fleet.hosts import Here
    from ifmatch.fleet.job import Ending, Job
    from ifmatch.fleet.side_by_side import SideBySide

    is_racing = bool(given["effort"] or given["rules"])
    rest = () if is_racing else (_WITHOUT_RACES,)
    job = Job(name="survey", title="survey", folder=folder, given=given, rest=rest)
    print(f"surveying {given['base_url'] or given['target_file']}", flush=True)
    number = carried_out(str(given["rules"] or "*"), is_racing)
    with watched(folder, "looking at the server", "trying", number):
        events = list(SideBySide([job], [Here()], 1).events())
    (ending,) = (event for event in events if isinstance(event, Ending))
    return ending


def _proposal(folder: Path) -> "Proposal":
    """Write the proposal beside the evidence, and see that it loads and moves no promise by mistake."""
    from ifmatch.report.document import load
    from ifmatch.report.survey import moved_by, proposal
    from ifmatch.rules import profile as profiles

    report = load(folder)
    base = profiles.load(report["profile"]["id"])
    shipped = map(profiles.load, profiles.shipped())
    others = [profile for profile in shipped if profile.fhir == base.fhir]
    id, path = _id_of(report["target"]["software"]), folder / _FILE
    _write(path, proposal(report, base, others, id).text)
    moved = moved_by(profiles.load(str(path)), base, report)
    proposed = proposal(report, base, others, id, moved)
    _write(path, proposed.text)
    profiles.load(str(path))
    return proposed


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}. Choose another folder with -o DIR."
        ) from None


def _id_of(software: str) -> str:
    """An id for the profile of a server, from the name that it gives itself."""
    words = re.findall(r"[a-z0-9]+", software.lower())
    return "-".join(["surveyed", *words[:3]])


COMMAND = Command(
    name="survey",
    summary="See what a server does about every rule, and propose a profile for a person to edit; nothing is judged.",
    examples=_EXAMPLES,
    add_arguments=_add_arguments,
    run=_survey,
)
