"""What the README shows and says beside its command lines: its samples, its exit codes, its target file, its claims."""

import re
import shlex
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
from report_log import footer, header, target, verdict
from running import forked, run, typed

from ifmatch.cli.main import COMMANDS
from ifmatch.client.identity import Identity
from ifmatch.client.settings import settings_for
from ifmatch.errors import ExitCode
from ifmatch.fleet.systems import SYSTEMS
from ifmatch.log.reader import read
from ifmatch.reference.server import EmbeddedServer
from ifmatch.report.console import conclusion
from ifmatch.report.run import Run
from ifmatch.rules.profile import load
from ifmatch.suite.options import OPTIONS, Options

HOME = Path(__file__).parents[1]
README = (HOME / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]

#: The samples of what is printed: blocks without a language.
SAMPLES = [
    text for language, text in re.findall(r"```(\w*)\n(.*?)```", README, re.S) if not language
]


def shape(text):
    """A text without what differs from run to run: numbers, the names of writers and of a run, how long a bar is."""
    text = re.sub(r"\S+/replay/", "RUN/replay/", text)
    text = re.sub(r"[┣├][━─]+[┫┤]", "BAR", text)
    text = re.sub(r"\b[A-D]\b", "W", text)
    return " ".join(re.sub(r"\d+(\.\d+)?", "N", text).split())


# ---------------------------------------------------------------- the samples


@pytest.mark.slow
def test_the_sample_of_a_run_is_what_a_run_prints(tmp_path):
    """Line by line, on a server with the two faults that it shows; and the folder holds what is listed beneath."""
    (sample,) = (block for block in SAMPLES if "✗ update.if-match.stale" in block)
    faults = ["--fault", "conflict-answered-409", "--fault", "check-then-write"]
    rules = ["--rules", "update.if-match.stale,race.update.same-version"]
    ((code, _, printed),) = forked(run, [(["-p", "fhir-r4", *faults, *rules], tmp_path)])
    assert code == 1, printed
    shown = shape(printed)
    assert [line for line in sample.splitlines() if shape(line) not in shown] == []
    listed = README.partition("(or into the one that `-o` names):")[2].partition("a badge")[0]
    names = re.findall(r"`([\w-]+(?:\.\w+|/))`", listed)
    assert [name for name in names if not (tmp_path / "run" / name).exists()] == []
    assert len(names) == 6
    assert (tmp_path / "run" / "badge.svg").is_file()
    assert list((tmp_path / "run" / "replay").glob("*.sh"))
    assert list((tmp_path / "run" / "pictures").iterdir())


@pytest.mark.slow
def test_the_sample_of_a_race_is_what_a_pass_says(tmp_path):
    """And the bound in it is the one for its rounds."""
    (sample,) = (block for block in SAMPLES if "0 lost updates" in block)
    words = ["-p", "fhir-r4", "--rules", "race.update.same-version"]
    ((code, report, printed),) = forked(run, [(words, tmp_path)])
    assert code == 0, printed
    assert shape(report["rules"][0]["message"]).startswith(shape(sample))
    rounds, bound = re.search(r"worth (\d+) .*< ([\d.]+)% at 99%", sample, re.S).groups()
    assert float(bound) == pytest.approx(100 * (1 - 0.01 ** (1 / int(rounds))), abs=0.005)


# ---------------------------------------------------------------- the exit codes

STALE = ["--rules", "update.if-match.stale"]

#: What ends with each code, for what needs no more than words.
ENDINGS = {
    ExitCode.CONFORMANT: ["-p", "fhir-r4", *STALE],
    ExitCode.NOT_CONFORMANT: ["-p", "fhir-r4", *STALE, "--fault", "if-match-ignored"],
    ExitCode.USAGE: ["-p", "spyne"],
    ExitCode.NOTHING_RAN: ["-p", "fhir-r4", "--rules", "nothing.like.it"],
    ExitCode.TARGET_UNUSABLE: ["http://127.0.0.1:9/fhir"],
    ExitCode.INCONCLUSIVE: ["-t", "target.toml", "--rules", "update.if-match.*"],
}


@pytest.mark.parametrize("code", ENDINGS)
def test_each_exit_code_is_seen(code, tmp_path):
    """As the table has it: a writing budget that is spent leaves rules undecided."""
    with EmbeddedServer(load("fhir-r4")) as server:
        (tmp_path / "target.toml").write_text(
            f'base_url = "{server.base_url}"\nprofile = "fhir-r4"\n[limits]\nwrites = 20\n'
        )
        found, printed = typed(["run", *ENDINGS[code]], tmp_path)
    assert found == code, printed


@pytest.mark.parametrize(
    ("ends", "code"),
    [(KeyboardInterrupt(), ExitCode.INTERRUPTED), (RuntimeError("oops"), ExitCode.INTERNAL_ERROR)],
)
def test_what_breaks_off_or_breaks_has_a_code_of_its_own(ends, code, tmp_path, monkeypatch):
    """Never that of a rule that failed."""

    def broken(_):
        raise ends

    monkeypatch.setattr("ifmatch.rules.profile.shipped", broken)
    monkeypatch.setattr("ifmatch.report.catalogue.print_profiles", broken, raising=False)
    command = COMMANDS["profiles"]
    monkeypatch.setitem(COMMANDS, "profiles", type(command)(**{**vars(command), "run": broken}))
    found, _ = typed(["profiles"], tmp_path)
    assert found == code


def test_every_exit_code_is_in_one_of_the_two():
    """Here, where each is seen."""
    assert set(ENDINGS) | {ExitCode.INTERRUPTED, ExitCode.INTERNAL_ERROR} == set(ExitCode)


def test_a_part_of_the_rules_is_partial():
    """Exit 0 says that none of those is broken, and `conformant` is null."""
    part = Run.of([header(), target(), verdict(), footer(left_out=["read.existing"])])
    assert (part.exit_code, part.conformant) == (0, None)
    assert conclusion(part.exit_code, part.counts, part.left_out)[0] == "PARTIAL"


# ---------------------------------------------------------------- the target file


def test_each_key_of_the_sample_arrives(tmp_path, monkeypatch):
    """An option where the options are, all else where the target is reached."""
    (sample,) = re.findall(r"```toml\n(base_url.*?)```", README, re.S)
    for name in re.findall(r'_env = "(\w+)"', sample):
        monkeypatch.setenv(name, f"secret-of-{name}")
    path = tmp_path / "target.toml"
    path.write_text(sample)
    said, settings = tomllib.loads(sample), settings_for("", str(path))
    options = {option.key: option.field for option in OPTIONS if option.key}
    arrived = {
        "timeout": settings.timeout == said["timeout"],
        "auth": set(settings.credentials) == {Identity.FIRST, Identity.SECOND}
        and "secret-of-READER_TOKEN" in " ".join(settings.secrets),
        "tls": [settings.ca_file, settings.client_certificate, settings.client_key]
        == [str(tmp_path / said["tls"][key]) for key in ("ca_file", "certificate", "key")],
        "headers": settings.headers == said["headers"],
        "placeholders": settings.placeholders == said["placeholders"],
        "waivers": settings.waivers.keys() == said["waivers"].keys(),
        "resources": settings.resources == said["resources"],
    }
    assert (settings.base_url, settings.profile) == (said["base_url"], said["profile"])
    assert [key for key in said if not arrived.get(key, key in options)] == []
    assert all(hasattr(Options(), field) for field in options.values())
    assert load(said["profile"]).resources.keys() >= said["resources"].keys()


# ---------------------------------------------------------------- the claims


def test_every_command_in_the_prose_is_understood():
    """Those between backquotes that are more than a name."""
    outside = re.sub(r"```.*?```", "", README, flags=re.S)
    for line in re.findall(r"`ifmatch ([^`]+)`", outside):
        name, *words = shlex.split(line)
        if not words:
            assert name in COMMANDS
            continue
        read_as = COMMANDS[name].parse(words)
        assert [word for word in getattr(read_as, "words", []) if word.startswith("-")] == []


def test_what_is_said_of_the_package_is_so():
    """Its Python, its licence, the libraries that signatures need, and the judge by itself."""
    said = re.search(r"With Python ([\d.]+) or later", README)[1]
    assert PROJECT["requires-python"] == f">={said}"
    assert "Apache License" in (HOME / "LICENSE").read_text()
    assert "one library more" in README
    brought = {_library(one) for one in PROJECT["optional-dependencies"]["certify"]}
    for one in list(brought):
        brought |= {
            _library(need)
            for need in requires(one)
            if 'extra == "crypto"' in need.replace("'", '"')
        }
    there = {
        _library(need) for one in PROJECT["dependencies"] for need in requires(_library(one)) or ()
    }
    assert brought - there == {"securesystemslib"}
    from ifmatch.judge import judge

    assert callable(judge)


def _library(requirement):
    """The name in a requirement such as `a[b]>=1`."""
    return re.match(r"[\w.-]+", requirement)[0]


def test_what_is_said_of_runs_is_so(tmp_path):
    """Five systems, the usual effort, no token as an argument, the budgets, and where the newest run is."""
    assert f"{['', 'one', 'two', 'three', 'four', 'five'][len(SYSTEMS)]} real systems" in README
    assert "`--effort quick` (the default)" in README
    assert Options().effort == "quick"
    assert not [option.name for option in OPTIONS if "token" in option.name]
    code, printed = typed(["rules", "--rules", "race.*"], tmp_path)
    assert (code, "quick" in printed and "thorough" in printed) == (0, True), printed
    typed(["run", "-p", "fhir-r4", "--rules", "read.existing"], tmp_path)
    newest = (tmp_path / "reports" / "latest").resolve()
    assert Run.of(read(newest)).id == newest.name
