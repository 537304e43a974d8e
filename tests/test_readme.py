"""What the README says is so: its command lines are typed, its tables hold what there is, its links lead somewhere."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ifmatch.cli.main import COMMANDS
from ifmatch.errors import ExitCode
from ifmatch.race.budget import EFFORTS
from ifmatch.reference.server import EmbeddedServer
from ifmatch.report.console import MARKS
from ifmatch.rules import catalogue
from ifmatch.rules.profile import load, shipped
from ifmatch.rules.verdict import Verdict
from ifmatch.suite.options import OPTIONS

HOME = Path(__file__).parents[1]
README = (HOME / "README.md").read_text(encoding="utf-8")

#: What is typed in place of the reader's own: an address, which a test puts in, and the rules that a test has time for.
ADDRESS, FEW = "https://staging.example/fhir", ["--rules", "read.existing"]


def blocks(language):
    """The blocks of the README in a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def lines():
    """Every line of the README that is to be typed, without the remark behind it."""
    typed = [line for block in blocks("sh") for line in block.splitlines()]
    return [re.sub(r"\s{2,}# .*|\s# .*$", "", line).strip() for line in typed if line.strip()]


#: How lines begin that this test does not type, and where they are tried: they need an environment, a key, an hour.
ELSEWHERE = {
    "pip install": ".ci/run",
    "ifmatch serve -p": "tests/test_init.py",
    "ifmatch certify": "tests/test_certify.py",
    "ifmatch verify": "tests/test_verify.py",
}

#: What lies in the folder in which the lines are typed: what a reader has of their own.
FLEET = """[defaults]
rules = "read.existing"
[targets.ours]
profile = "fhir-r4"
"""
HISTORY = """{"type": "initial", "version": "3"}
{"type": "invoke", "process": "A", "f": "update", "time": 0, "base": "3", "marker": "a1"}
{"type": "ok", "process": "A", "f": "update", "time": 5, "status": 200, "version": "4"}
"""

#: Lines with parts that are for the reader to choose: what is typed for them.
CHOSEN = {
    "[BASE_URL]": ADDRESS,
    "[-p PROFILE]": "-p fhir-r4",
    "[--rules GLOB]": "--rules read.existing",
    "[-t target.toml]": "",
    "[-o DIR]": "-o out",
    "[--effort NAME]": "--effort quick",
    "[--seed N]": "--seed 1",
    "[--strict]": "--strict",
    "[--wait SECONDS]": "--wait 1",
    "[DIR]": "",
    "before/": "reports/latest",
    "after/": "reports/latest",
    "DIR": "reports/latest",
    "fhir -p spine": "fhir -p spine --placeholder patient=Patient/1",
    "replay update.if-match.stale": f"replay read.existing --against {ADDRESS}",
}


@pytest.mark.parametrize("line", lines())
def test_a_line_is_understood(line):
    """Each is tried elsewhere, or is a command of ours with options that there are."""
    words = shlex.split(typed(line))
    if words[0] != "ifmatch":
        assert line.startswith(("pytest", "python -m ifmatch.judge", *ELSEWHERE))
        return
    read = COMMANDS[words[1]].parse(words[2:])
    unknown = [word for word in getattr(read, "words", []) if word.startswith("--")]
    assert unknown == []


def typed(line):
    """A line as a reader types it."""
    for part, chosen in CHOSEN.items():
        if f"{part} " in f"{line} ":
            line = line.replace(part, chosen)
    return line


#: How each kind of line ends. Those that need a server are given one, and a run only the rules that there is time for.
SERVED = ("ifmatch run", "ifmatch init", "ifmatch replay", "pytest --base-url")


@pytest.mark.slow
def test_every_line_does_what_it_says(tmp_path):
    """One after the other, in a folder of its own: what is read by one was written by another."""
    (tmp_path / "fleet.toml").write_text(FLEET)
    (tmp_path / "history.jsonl").write_text(HISTORY)
    for line in lines():
        if line.startswith(tuple(ELSEWHERE)):
            continue
        done = carried_out(line, tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    assert (tmp_path / "target.toml").is_file()
    assert (tmp_path / "out" / "report.html").is_file()


def carried_out(line, folder):
    """One line, on an embedded server of the profile that it names where it needs one."""
    words = shlex.split(typed(line))
    if not line.startswith(SERVED):
        return typed_in(words, folder)
    # What is replayed is the newest run, which was one of Spine.
    usual = "spine" if line.startswith("ifmatch replay") else "fhir-r4"
    profile = words[words.index("-p") + 1] if "-p" in words else usual
    with EmbeddedServer(load(profile)) as server:
        words = [server.base_url if word == ADDRESS else word for word in words]
        few = FEW if line.startswith("ifmatch run") and "--rules" not in words else []
        return typed_in([*words, *few], folder)


def typed_in(words, folder):
    """A command line in a folder; its first word is a program of this environment."""
    features = str(HOME / "features")
    program = {"ifmatch": ["-m", "ifmatch"], "pytest": ["-m", "pytest", features], "python": []}
    if words[0] == "pytest":
        words = [*words, f"--rootdir={HOME}", "-p", "no:cacheprovider"]
        words[words.index("-k") + 1] = "read.existing"
    command = [sys.executable, *program[words[0]], *words[1:]]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


# ---------------------------------------------------------------- what stands beside the lines


def test_every_command_that_there_is_can_be_found_there():
    """Or in one of the pages that it leads to."""
    pages = [path.read_text(encoding="utf-8") for path in (HOME / "docs").rglob("*.md")]
    told = "\n".join([README, *pages])
    assert [name for name in COMMANDS if f"ifmatch {name}" not in told] == []


def test_every_option_that_is_named_is_one():
    """Of ours, or of pytest's."""
    of_pytest = {"--lf", "--junitxml", "--alluredir"}
    of_commands = {"--csv", "--html", "--coverage", "--fault", "--port"}
    known = {option.plain for option in OPTIONS} | of_pytest | of_commands
    for command in COMMANDS.values():
        known |= set(command._parser()._option_string_actions)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README))
    assert named - known == set()


def table(head):
    """The first cells of the rows of a table."""
    rows = README.partition(head)[2].partition("\n\n")[0].splitlines()
    return [row.split("|")[1].strip() for row in rows[2:]]


def test_the_tables_hold_what_there_is():
    """Exit codes, verdicts with their marks, profiles; and the efforts in the text."""
    codes = re.findall(r"\| (\d) \| [^|]+(?=\|)", README)
    assert sorted(map(int, codes)) == sorted(ExitCode)
    verdicts = " ".join(table("| verdict | meaning |")).replace("not applicable", "not-applicable")
    assert all(f"{verdict} {MARKS[verdict][0]}" in verdicts for verdict in Verdict)
    named = re.findall(r"`([\w-]+)`", " ".join(table("| profile | system |")))
    assert sorted(named) == sorted(shipped())
    assert all(f"`{name}`" in README or f"--effort {name}" in README for name in EFFORTS)


def test_every_rule_that_is_named_is_one():
    """In the lines, the example and the text."""
    named = set(re.findall(r"\b(?:update|race)(?:\.[\w-]+)+", README)) - {"update.something"}
    ids = [name.removesuffix(".sh") for name in named]
    assert [id for id in ids if not any(rule.startswith(id) for rule in catalogue.ids())] == []


def test_every_link_leads_somewhere():
    """Within the clone."""
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert [link for link in links if not (HOME / link).exists()] == []


def test_every_room_is_there():
    """The house as it is drawn."""
    house = README.partition("## The house")[2].partition("```\n")[2].partition("```")[0]
    rooms = [line.split()[0] for line in house.splitlines()]
    assert [room for room in rooms if not (HOME / room).is_dir()] == []


def test_the_examples_are_well_formed():
    """TOML that can be read."""
    assert [tomllib.loads(block) for block in blocks("toml")]
