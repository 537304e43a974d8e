"""The kill matrix: which rules are red on which wrong server, as CSV and as a page.

    python tests/kill_matrix.py FOLDER                      every fault, each under the profile that it is meant for
    python tests/kill_matrix.py FOLDER --faults 'door:*'    some of them
    python tests/kill_matrix.py FOLDER --profiles 'fhir-r*' each fault under these profiles
    python tests/kill_matrix.py FOLDER --sample 40 --seed 2 so many of them, drawn by lot

Each fault meets every rule that needs no race, and those races that it is to break. What a run found is kept in
FOLDER/runs as soon as it is done, so the same command goes on where it was stopped; matrix.csv and matrix.html are
made from what is there. Bars: each fault is found by every rule that it breaks, and in 95 % of the runs the first
failure that the report shows names the cause. It does so by its rule, which is one that the fault breaks and none that
only suffers from it, or by its heading: such a rule stands beneath it, or further down under the same one, since it
only warns.
"""

import argparse
import csv
import json
import random
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from jinja2 import Environment
from running import as_finished, run

from ifmatch.log.reader import read
from ifmatch.reference.faults import FAULTS
from ifmatch.report.causes import causes
from ifmatch.report.run import Run
from ifmatch.report.symptoms import symptoms_of
from ifmatch.rules.catalogue import rules
from ifmatch.rules.profile import shipped
from ifmatch.rules.verdict import Verdict

#: Verdicts by which a broken promise shows; a SHOULD shows as a warning.
RED = (Verdict.FAIL, Verdict.WARN)


def rules_broken_by(fault):
    """The rules that must find a fault, and the one whose requests show it, as they are selected."""
    return ",".join(filter(None, (*fault.breaks, fault.seen_in)))


def rules_that_meet(fault):
    """Every rule but the races that a fault is not about: these take their time."""
    wanted = [
        rule.id for rule in rules() if not rule.id.startswith("race.") or rule.id in fault.breaks
    ]
    return ",".join(wanted)


@dataclass(frozen=True)
class Cell:
    """One fault under one profile: the verdicts that it came to, and the first cause that a report shows.

    Of that, `first` are the rules, the one that is shown in full first; `headings` are those of all rules that are red.
    """

    fault: str
    profile: str
    verdicts: dict[str, str]
    first: list[str]
    heading: str
    headings: dict[str, str]
    problem: str = ""

    @property
    def meant(self):
        """The rules that are to find it: none where it is tried under another profile than its own."""
        fault = FAULTS[self.fault]
        return fault.breaks if fault.profile == self.profile else ()

    @property
    def missed(self):
        """Those that did not."""
        return [rule for rule in self.meant if self.verdicts.get(rule) not in RED]

    @property
    def others(self):
        """The rules that are red, too."""
        return [r for r, verdict in self.verdicts.items() if verdict in RED and r not in self.meant]

    @property
    def named_by_its_rule(self):
        """Whether the first failure shown is that of a rule which the fault breaks."""
        return any(rule in self.meant for rule in self.first[:1])

    @property
    def names_the_cause(self):
        """Whether it is, or stands under the heading of such a rule."""
        return any(
            rule in self.first or self.headings.get(rule) == self.heading for rule in self.meant
        )


# ---------------------------------------------------------------- running


def judged(fault, profile, path):
    """One fault judged under one profile, and kept at a path unless the run came to no end: then it is tried again."""
    with tempfile.TemporaryDirectory() as folder:
        selected = rules_that_meet(FAULTS[fault])
        arguments = ["-p", profile, "--fault", fault, "--rules", selected]
        code, _, printed = run(arguments, Path(folder))
        evidence = Path(folder) / "run"
        known = Run.of(read(evidence)) if evidence.is_dir() else Run()
    problem = "" if code in (0, 1, 7) else f"exit {code}: {printed[-500:]}"
    verdicts = {judged.rule: str(judged.verdict) for judged in known.rules}
    cell = Cell(fault, profile, verdicts, *_first_shown(known), _headings(known), problem)
    if not problem:
        path.write_text(json.dumps(asdict(cell)), encoding="utf-8")
    return cell


def _first_shown(run):
    """The rules of the first cause that a report shows, and its heading: warnings stand behind all that fails."""
    for verdict in RED:
        found = causes([judged for judged in run.rules if judged.verdict is verdict], run)
        if found:
            return [judged.rule for judged in found[0].rules], str(found[0].symptom)
    return [], ""


def _headings(run):
    """Under which heading each rule that is red would stand by itself."""
    red = [judged for judged in run.rules if judged.verdict in RED]
    return {judged.rule: str(symptoms_of(judged.spokesman, run)[0]) for judged in red}


def _open(folder, faults, profiles):
    """What has not been run yet, with the path at which each is to be kept."""
    for name in faults:
        wanted = [FAULTS[name].profile] if profiles is None else _matching(profiles)
        for profile in wanted:
            path = folder / f"{name}@{profile}.json".replace(":", "_").replace("/", "_")
            if not path.exists():
                yield name, profile, path


def _faults(pattern, sample, seed):
    """The names of the faults that are wanted: those that match, or so many of them, drawn by lot."""
    found = sorted(name for name in FAULTS if fnmatchcase(name, pattern))
    return random.Random(seed).sample(found, min(sample, len(found))) if sample else found


def _matching(pattern):
    return [profile for profile in shipped() if fnmatchcase(profile, pattern)]


# ---------------------------------------------------------------- what came of it


def _cells(folder) -> Iterator[Cell]:
    for path in sorted(folder.glob("*.json")):
        yield Cell(**json.loads(path.read_text(encoding="utf-8")))


def write_csv(path, cells):
    """A line for each rule that is red, or should have been."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(["fault", "profile", "rule", "verdict", "meant"])
        for cell in cells:
            for rule in (*cell.meant, *cell.others):
                verdict = cell.verdicts.get(rule, "not run")
                lines.writerow(
                    [cell.fault, cell.profile, rule, verdict, "yes" if rule in cell.meant else "no"]
                )


def summary(cells):
    """The figures, in sentences."""
    meant = [cell for cell in cells if cell.meant]
    found = [cell for cell in meant if not cell.missed]
    named = [cell for cell in meant if cell.names_the_cause]
    by_rule = [cell for cell in meant if cell.named_by_its_rule]
    broken = {rule for cell in cells for rule in cell.meant if rule not in cell.missed}
    never = sorted({rule.id for rule in rules()} - broken)
    return [
        f"{len(cells)} runs; {_share(found, meant)} faults are found by every rule that they break.",
        f"In {_share(named, meant)} runs the first failure shown names the cause: {len(by_rule)} by its rule.",
        f"{len(never)} rules were not seen red by a fault of their own here"
        + (f": {', '.join(never)}" if len(never) < 40 else "."),
    ]


def _share(some, several):
    return f"{len(some)} of {len(several)} ({len(some) / max(1, len(several)):.1%})"


PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Kill matrix</title>
<style>
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em } table { border-collapse: collapse }
td, th { border: 1px solid #ccc; padding: .2em .5em; text-align: left; vertical-align: top }
.bad { background: #fdd } code { font-size: 90% }
</style>
<h1>Kill matrix</h1>
{% for line in summary %}<p>{{ line }}</p>{% endfor %}
<table><tr><th>fault<th>profile<th>found by<th>missed by<th>first failure shown<th>also red</tr>
{% for cell in cells %}<tr{% if cell.missed or (cell.meant and not cell.names_the_cause) %} class="bad"{% endif %}>
<td><code>{{ cell.fault }}</code><td>{{ cell.profile }}
<td>{% for rule in cell.meant if rule not in cell.missed %}<code>{{ rule }}</code><br>{% endfor %}
<td>{% for rule in cell.missed %}<code>{{ rule }}</code><br>{% endfor %}
<td><code>{{ cell.first | first }}</code> {{ cell.heading }}
<td>{% for rule in cell.others %}<code>{{ rule }}</code> {% endfor %}</tr>
{% endfor %}</table>
"""


def write_page(path, cells):
    """The same for a person: what was missed stands out."""
    page = Environment(autoescape=True).from_string(PAGE)
    path.write_text(page.render(cells=cells, summary=summary(cells)), encoding="utf-8")


def main():
    """The command line; exits with 1 when a bar is not met."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--faults", default="*")
    parser.add_argument("--profiles")
    parser.add_argument("--sample", type=int, help="so many of the faults, drawn by lot")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    runs = arguments.folder / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    faults = _faults(arguments.faults, arguments.sample, arguments.seed)
    jobs = list(_open(runs, faults, arguments.profiles))
    for number, cell in enumerate(as_finished(judged, jobs, arguments.processes), 1):
        wrong = cell.problem or ", ".join(f"missed by {rule}" for rule in cell.missed)
        print(f"{number}/{len(jobs)} {cell.fault} ({cell.profile}) {wrong}", flush=True)
    cells = list(_cells(runs))
    write_csv(arguments.folder / "matrix.csv", cells)
    write_page(arguments.folder / "matrix.html", cells)
    print("\n".join(summary(cells)))
    meant = [cell for cell in cells if cell.meant]
    named = sum(cell.names_the_cause for cell in meant)
    return int(any(cell.missed for cell in meant) or named < 0.95 * len(meant))


if __name__ == "__main__":
    raise SystemExit(main())
